# Functions that speak Letterlock's sealed API with openssl and curl: source this file. See README.md beside it.
#
#   ll_open_session URL         opens a session and verifies the server's signature: LL_SESSION_KEY, LL_IDENTITY
#   ll_call PATH JSON           seals a request, sends it, opens the answer: LL_STATUS and LL_BODY
#   ll_events [JSON]            prints what happens, an event a line, until it is interrupted
#   ll_save NAME, ll_use NAME   sets a session aside, and takes it up again
#   ll_end                      removes what was kept in files; runs by itself when the shell ends
#   json_get, json_text         see json.sh
#
# Each of them says on standard error what is wrong and returns 1. Call them in the shell itself, not inside $( ): they
# count the session's requests in LL_SEQ. What ll_events does in one shell, another can talk to: two calls at a time in
# the same one would use the same files.
#
# Sealed means JWE compact, alg "dir", enc "A256CBC-HS512" (RFC 7518 §5.2.5): AES-256-CBC and HMAC-SHA-512, which
# openssl has on its command line. Passwords, messages and the RSA key reach openssl and curl through pipes and files
# of a folder that nobody else may enter. The session key does not: `openssl enc -K` and `-macopt hexkey:` take it from
# the command line only, where other users of the machine may see it while openssl runs.

ll_fail() {
  # What came from the network may hold sequences that act on a terminal.
  printf 'letterlock.sh: %s\n' "$(printf '%s' "$1" | LC_ALL=C tr -d '\000-\037\177')" >&2
  return 1
}

if [ -z "${BASH_VERSINFO:-}" ] || [ "${BASH_VERSINFO[0]}" -lt 4 ]; then
  ll_fail 'bash 4 or newer is needed'
  return 1
fi
case $(openssl version 2>&1) in
  'OpenSSL '[3-9].*) ;;
  *)
    ll_fail 'OpenSSL 3 or newer is needed, as `openssl` in the PATH'
    return 1
    ;;
esac

ll_end() { [ -z "${LL_DIR:-}" ] || rm -rf "$LL_DIR"; }

LL_DIR=$(mktemp -d) || return 1
# A script with a trap of its own calls ll_end there.
[ -n "$(trap -p EXIT)" ] || trap ll_end EXIT

# shellcheck source=json.sh
. "$(dirname "${BASH_SOURCE[0]}")/json.sh"

b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# Text on standard input, bytes on standard output.
b64url_decode() {
  local text
  text=$(tr -- '-_' '+/' | tr -d '\n')
  while [ $((${#text} % 4)) -ne 0 ]; do text="$text="; done
  printf '%s' "$text" | openssl base64 -d -A
}

is_b64url() { [[ $1 =~ ^[A-Za-z0-9_-]+$ ]]; }

to_hex() { od -An -v -tx1 | tr -d ' \n'; }

from_hex() { printf '%b' "$(printf '%s' "$1" | sed 's/../\\x&/g')"; }

sha256_b64url() { openssl dgst -sha256 -binary | b64url; }

# JSON from standard input to the server. Further arguments are curl's.
ll_post() {
  local path=$1
  shift
  curl -sS --max-time 60 -H 'Content-Type: application/json' --data-binary @- "$@" "$LL_URL$path"
}

# The hex of an HMAC-SHA-512 over standard input, cut to the 32 bytes that make the tag.
ll_tag() { openssl dgst -sha512 -mac HMAC -macopt "hexkey:$LL_MAC_KEY" -binary | head -c 32 | to_hex; }

# What the tag is made over: header, IV, ciphertext, and the header's length in bits (RFC 7518 §5.2.2.1).
ll_authenticated() {
  local header=$1 iv=$2 ciphertext=$3
  printf '%s' "$header"
  from_hex "$iv"
  cat "$ciphertext"
  from_hex "$(printf '%016x' $((${#header} * 8)))"
}

# The Ed25519 key of the server's JWKS whose thumbprint (RFC 7638) is the id: its `x`.
ll_identity_key() {
  local id=$1 jwks i=0 kty x
  jwks=$(curl -sS --max-time 60 "$LL_URL/.well-known/jwks.json") || return 1
  while kty=$(json_get "keys.$i.kty" "$jwks"); do
    if [ "$kty" = OKP ] && [ "$(json_get "keys.$i.crv" "$jwks")" = Ed25519 ] && x=$(json_get "keys.$i.x" "$jwks") &&
      [ "$(printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | sha256_b64url)" = "$id" ]; then
      printf '%s' "$x"
      return
    fi
    i=$((i + 1))
  done
  ll_fail 'the server publishes no identity key that is the one it names'
}

# Opens a session. Its RSA key pair is made for it alone, and thrown away in any case.
ll_open_session() {
  LL_URL=${1%/}
  LL_SESSION_KEY='' LL_MAC_KEY='' LL_ENC_KEY='' LL_IDENTITY='' LL_SEQ=0
  local private="$LL_DIR/client.pem"
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$private" 2>/dev/null ||
    { ll_fail 'openssl made no RSA key'; return 1; }
  if ll_handshake "$private"; then
    rm -f "$private"
  else
    rm -f "$private"
    return 1
  fi
}

ll_handshake() {
  local private=$1 public answer session wrapped signature id enc x key
  public=$(openssl pkey -in "$private" -pubout) || return 1
  answer=$(printf '{"public_key":%s,"enc":"A256CBC-HS512"}' "$(json_text "$public")" |
    ll_post /create_session_key) || return 1
  session=$(json_get session_key "$answer") && wrapped=$(json_get key "$answer") &&
    signature=$(json_get signature "$answer") && id=$(json_get server_key_id "$answer") &&
    enc=$(json_get enc "$answer") && is_b64url "$session" && is_b64url "$wrapped" && is_b64url "$signature" ||
    { ll_fail "no session: $answer"; return 1; }
  [ "$enc" = A256CBC-HS512 ] || { ll_fail 'the server chose another enc than the one asked for'; return 1; }

  # Who it was the last time, where that is known.
  [ -z "${LETTERLOCK_IDENTITY:-}" ] || [ "$LETTERLOCK_IDENTITY" = "$id" ] ||
    { ll_fail "the server has another identity than LETTERLOCK_IDENTITY"; return 1; }
  # Who signs is who the server says it is.
  x=$(ll_identity_key "$id") || return 1

  # An Ed25519 key as openssl reads it: the fixed start of its DER (RFC 8410 §4), then its 32 bytes.
  { from_hex 302a300506032b6570032100; printf '%s' "$x" | b64url_decode; } >"$LL_DIR/identity.der"
  printf '%s' "$signature" | b64url_decode >"$LL_DIR/signature"
  printf 'letterlock session 1\n%s\n%s\n%s\n%s\n' "$session" "$enc" "$wrapped" \
    "$(openssl pkey -in "$private" -pubout -outform DER | sha256_b64url)" >"$LL_DIR/transcript"
  openssl pkeyutl -verify -pubin -inkey "$LL_DIR/identity.der" -keyform DER -rawin \
    -in "$LL_DIR/transcript" -sigfile "$LL_DIR/signature" >/dev/null 2>&1 ||
    { ll_fail "the server's signature is wrong: somebody may stand in between"; return 1; }

  printf '%s' "$wrapped" | b64url_decode >"$LL_DIR/wrapped"
  key=$(openssl pkeyutl -decrypt -inkey "$private" -in "$LL_DIR/wrapped" -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 2>/dev/null | to_hex)
  [ ${#key} -eq 128 ] || { ll_fail 'the session key does not open to 64 bytes'; return 1; }
  LL_SESSION_KEY=$session
  LL_IDENTITY=$id
  LL_MAC_KEY=${key:0:64}
  LL_ENC_KEY=${key:64}
}

ll_save() {
  printf '%s\n' "$LL_URL" "$LL_SESSION_KEY" "$LL_IDENTITY" "$LL_MAC_KEY" "$LL_ENC_KEY" "$LL_SEQ" >"$LL_DIR/$1.session"
}

ll_use() {
  [ -f "$LL_DIR/$1.session" ] || { ll_fail "no session was saved as $1"; return 1; }
  {
    read -r LL_URL; read -r LL_SESSION_KEY; read -r LL_IDENTITY
    read -r LL_MAC_KEY; read -r LL_ENC_KEY; read -r LL_SEQ
  } <"$LL_DIR/$1.session"
}

# Seals a request for a path: LL_HEADER and LL_TOKEN. Every request has a number of its own.
ll_seal() {
  local path=$1 plaintext=$2 header iv tag
  [ -n "${LL_ENC_KEY:-}" ] || { ll_fail 'open a session first'; return 1; }
  LL_SEQ=$((LL_SEQ + 1))
  LL_HEADER="{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\",\"seq\":$LL_SEQ,\"htu\":$(json_text "$path")}"
  header=$(printf '%s' "$LL_HEADER" | b64url)
  iv=$(openssl rand -hex 16)
  printf '%s' "$plaintext" | openssl enc -aes-256-cbc -K "$LL_ENC_KEY" -iv "$iv" -out "$LL_DIR/ciphertext" || return 1
  tag=$(ll_authenticated "$header" "$iv" "$LL_DIR/ciphertext" | ll_tag)
  LL_TOKEN="$header..$(from_hex "$iv" | b64url).$(b64url <"$LL_DIR/ciphertext").$(from_hex "$tag" | b64url)"
}

# Opens what the server sealed for the request of that number: LL_ANSWER_HEADER and LL_BODY. Nothing of the token is
# believed, nor decrypted, before its tag is verified.
ll_unseal() {
  local token=$1 seq=$2 header iv tag given
  LL_ANSWER_HEADER='' LL_BODY=''
  [[ $token =~ ^([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$ ]] ||
    { ll_fail 'the answer is no JWE'; return 1; }
  header=${BASH_REMATCH[1]}
  printf '%s' "${BASH_REMATCH[3]}" | b64url_decode >"$LL_DIR/answer"
  given=$(printf '%s' "${BASH_REMATCH[4]}" | b64url_decode | to_hex)
  iv=$(printf '%s' "${BASH_REMATCH[2]}" | b64url_decode | to_hex)
  tag=$(ll_authenticated "$header" "$iv" "$LL_DIR/answer" | ll_tag)
  [ ${#tag} -eq 64 ] && [ "$tag" = "$given" ] || { ll_fail 'the answer was altered: its tag is wrong'; return 1; }
  header=$(printf '%s' "$header" | b64url_decode)
  [ "$(json_get alg "$header")" = dir ] && [ "$(json_get enc "$header")" = A256CBC-HS512 ] ||
    { ll_fail 'the answer is sealed in another way'; return 1; }
  [ "$(json_get re "$header")" = "$seq" ] || { ll_fail 'the answer belongs to another request'; return 1; }
  LL_BODY=$(openssl enc -d -aes-256-cbc -K "$LL_ENC_KEY" -iv "$iv" -in "$LL_DIR/answer") ||
    { ll_fail 'the answer does not decrypt'; return 1; }
  LL_ANSWER_HEADER=$header
}

# Opens an answer: LL_STATUS beside what ll_unseal sets.
ll_open() {
  LL_STATUS=''
  ll_unseal "$1" "$2" || return 1
  LL_STATUS=$(json_get status "$LL_ANSWER_HEADER") || { LL_BODY=''; ll_fail 'the answer has no status'; return 1; }
}

# A token as it is shown: whole with LL_SHOW=full.
ll_shown() {
  if [ "$LL_SHOW" = full ]; then
    printf '%s' "$1"
  else
    printf '%s…%s (%d characters)' "${1:0:40}" "${1: -12}" "${#1}"
  fi
}

# A whole request. LL_SHOW=1 shows it as it goes, LL_SHOW=full with its tokens whole.
ll_call() {
  local path=$1 plaintext=$2 answer status token next
  LL_STATUS='' LL_BODY=''
  ll_seal "$path" "$plaintext" || return 1
  [ -z "${LL_SHOW:-}" ] || printf '\n  POST %s\n    header   %s\n    inside   %s\n    sealed   %s\n' \
    "$path" "$LL_HEADER" "$plaintext" "$(ll_shown "$LL_TOKEN")"
  answer=$(printf '{"session_key":"%s","payload":"%s"}' "$LL_SESSION_KEY" "$LL_TOKEN" |
    ll_post "$path" -w '\n%{http_code}') || return 1
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
  token=$(json_get payload "$answer") || { ll_fail "answered in the clear: $answer"; return 1; }
  ll_open "$token" "$LL_SEQ" || return 1
  if [ "$LL_STATUS" != "$status" ]; then
    LL_BODY=''
    ll_fail 'the status was altered'
    return 1
  fi
  [ -z "${LL_SHOW:-}" ] || printf '    answered %s\n    header   %s\n    inside   %s\n' \
    "$(ll_shown "$token")" "$LL_ANSWER_HEADER" "$LL_BODY"
  # The server has seen more of this session than the shell has, such as one that was saved, used and taken up again.
  if [ "$status" = 409 ] && [ "$(json_get code "$LL_BODY")" = replayed ] && next=$(json_get next_seq "$LL_BODY"); then
    LL_SEQ=$((next - 1))
  fi
}

# Server-sent events: each line `data:` holds one, sealed. Their numbers run 1, 2, 3, …: a gap or a repeat shows.
ll_events() {
  local plaintext=${1:-'{}'} seq n=0 line
  ll_seal /events "$plaintext" || return 1
  seq=$LL_SEQ
  # An answer, unlike a stream, has no line end.
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      'data: '*)
        ll_unseal "${line#data: }" "$seq" || return 1
        n=$((n + 1))
        [ "$(json_get n "$LL_ANSWER_HEADER")" = "$n" ] || { ll_fail 'an event is missing, or came twice'; return 1; }
        printf '%s\n' "$LL_BODY"
        ;;
      '{'*)
        ll_open "$(json_get payload "$line")" "$seq" && ll_fail "no events: $LL_BODY"
        return 1
        ;;
    esac
  done < <(printf '{"session_key":"%s","payload":"%s"}' "$LL_SESSION_KEY" "$LL_TOKEN" |
    curl -sSN -H 'Content-Type: application/json' --data-binary @- "$LL_URL/events")
}
