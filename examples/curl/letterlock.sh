# Functions that speak Letterlock's sealed API with openssl and curl: source this file. See README.md beside it.
#
#   ll_open_session URL      opens a session and verifies the server's signature
#   ll_call PATH JSON        seals a request, sends it, opens the answer: LL_STATUS and LL_BODY
#   ll_save NAME, ll_use NAME   sets a session aside, and takes it up again
#   json_get NAME JSON       a text or number in a JSON object
#   json_text TEXT           a text as JSON
#
# Sealed means JWE compact, alg "dir", enc "A256CBC-HS512" (RFC 7518 5.2.5): AES-256-CBC and HMAC-SHA-512, which
# openssl has on its command line. The session key stands on openssl's command line while it runs, where other users
# of the machine may see it; there is no other way with these tools.

umask 077
LL_DIR=$(mktemp -d)
trap 'rm -rf "$LL_DIR"' EXIT

ll_fail() {
  printf 'letterlock.sh: %s\n' "$1" >&2
  return 1
}

b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# Text on standard input, bytes on standard output.
b64url_decode() {
  local text
  text=$(tr -- '-_' '+/' | tr -d '\n')
  while [ $((${#text} % 4)) -ne 0 ]; do text="$text="; done
  printf '%s' "$text" | openssl base64 -d -A
}

to_hex() { od -An -v -tx1 | tr -d ' \n'; }

from_hex() { printf '%b' "$(printf '%s' "$1" | sed 's/../\\x&/g')"; }

sha256_b64url() { openssl dgst -sha256 -binary | b64url; }

json_text() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\r'/\\r}
  text=${text//$'\t'/\\t}
  printf '"%s"' "$text"
}

# Reads the last member of that name; answers are compact JSON. Fails when there is none.
json_get() {
  local name=$1 json=$2 found
  found=$(printf '%s' "$json" | sed -nE 's/.*"'"$name"'":"(([^"\\]|\\.)*)".*/\1/p')
  if [ -n "$found" ]; then
    printf '%s' "$found" | sed -e 's/\\n/\n/g' -e 's/\\"/"/g' -e 's/\\\\/\\/g'
    return
  fi
  found=$(printf '%s' "$json" | sed -nE 's/.*"'"$name"'":(-?[0-9]+).*/\1/p')
  [ -n "$found" ] || return 1
  printf '%s' "$found"
}

# The hex of an HMAC-SHA-512 over standard input, cut to the 32 bytes that make the tag.
ll_tag() { openssl dgst -sha512 -mac HMAC -macopt "hexkey:$LL_MAC_KEY" -binary | head -c 32 | to_hex; }

# What the tag is made over: header, IV, ciphertext, and the header's length in bits (RFC 7518 5.2.2.1).
ll_authenticated() {
  local header=$1 iv=$2 ciphertext=$3
  printf '%s' "$header"
  from_hex "$iv"
  cat "$ciphertext"
  from_hex "$(printf '%016x' $((${#header} * 8)))"
}

# Opens a session: a fresh RSA key pair, of which the private half is thrown away at the end.
ll_open_session() {
  LL_URL=$1
  local private="$LL_DIR/client.pem" public answer wrapped signature kid x enc
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$private" 2>/dev/null
  public=$(openssl pkey -in "$private" -pubout)
  answer=$(curl -sS -H 'Content-Type: application/json' "$LL_URL/create_session_key" \
    --data "{\"public_key\":$(json_text "$public"),\"enc\":\"A256CBC-HS512\"}") || return 1
  LL_SESSION_KEY=$(json_get session_key "$answer") || { ll_fail "no session: $answer"; return 1; }
  wrapped=$(json_get key "$answer")
  signature=$(json_get signature "$answer")
  kid=$(json_get server_key_id "$answer")
  enc=$(json_get enc "$answer")

  # Who signs is who the server says it is: the key's thumbprint (RFC 7638) is its id.
  x=$(json_get x "$(curl -sS "$LL_URL/.well-known/jwks.json")") || return 1
  [ "$(printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | sha256_b64url)" = "$kid" ] ||
    { ll_fail "the identity key is not the one that signed"; return 1; }
  # And who it was the last time, where that is known.
  [ -z "${LETTERLOCK_IDENTITY:-}" ] || [ "$LETTERLOCK_IDENTITY" = "$kid" ] ||
    { ll_fail "the server has another identity than LETTERLOCK_IDENTITY"; return 1; }
  LL_IDENTITY=$kid

  { from_hex 302a300506032b6570032100; printf '%s' "$x" | b64url_decode; } >"$LL_DIR/identity.der"
  printf '%s' "$signature" | b64url_decode >"$LL_DIR/signature"
  printf 'letterlock session 1\n%s\n%s\n%s\n%s\n' "$LL_SESSION_KEY" "$enc" "$wrapped" \
    "$(openssl pkey -in "$private" -pubout -outform DER | sha256_b64url)" >"$LL_DIR/transcript"
  openssl pkeyutl -verify -pubin -inkey "$LL_DIR/identity.der" -keyform DER -rawin \
    -in "$LL_DIR/transcript" -sigfile "$LL_DIR/signature" >/dev/null 2>&1 ||
    { ll_fail "the server's signature is wrong: somebody may stand in between"; return 1; }

  printf '%s' "$wrapped" | b64url_decode >"$LL_DIR/wrapped"
  local key
  key=$(openssl pkeyutl -decrypt -inkey "$private" -in "$LL_DIR/wrapped" -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 | to_hex)
  rm -f "$private"
  [ ${#key} -eq 128 ] || { ll_fail "the session key has not 64 bytes"; return 1; }
  LL_MAC_KEY=${key:0:64}
  LL_ENC_KEY=${key:64}
  LL_SEQ=0
}

ll_save() { printf '%s\n' "$LL_URL" "$LL_SESSION_KEY" "$LL_MAC_KEY" "$LL_ENC_KEY" "$LL_SEQ" >"$LL_DIR/$1.session"; }

ll_use() {
  { read -r LL_URL; read -r LL_SESSION_KEY; read -r LL_MAC_KEY; read -r LL_ENC_KEY; read -r LL_SEQ; } \
    <"$LL_DIR/$1.session"
}

# Seals a request for a path: LL_TOKEN. Every request has a number of its own.
ll_seal() {
  local path=$1 plaintext=$2 header iv tag
  LL_SEQ=$((LL_SEQ + 1))
  LL_HEADER="{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\",\"seq\":$LL_SEQ,\"htu\":\"$path\"}"
  header=$(printf '%s' "$LL_HEADER" | b64url)
  iv=$(openssl rand -hex 16)
  printf '%s' "$plaintext" | openssl enc -aes-256-cbc -K "$LL_ENC_KEY" -iv "$iv" -out "$LL_DIR/ciphertext"
  tag=$(ll_authenticated "$header" "$iv" "$LL_DIR/ciphertext" | ll_tag)
  LL_TOKEN="$header..$(from_hex "$iv" | b64url).$(b64url <"$LL_DIR/ciphertext").$(from_hex "$tag" | b64url)"
}

# Opens an answer to the request of that number: LL_STATUS and LL_BODY. The tag is looked at before anything else.
ll_open() {
  local token=$1 seq=$2 header iv tag given
  local -a parts
  IFS=. read -r -a parts <<<"$token"
  [ ${#parts[@]} -eq 5 ] && [ -z "${parts[1]}" ] || { ll_fail "the answer is no JWE"; return 1; }
  header=${parts[0]}
  iv=$(printf '%s' "${parts[2]}" | b64url_decode | to_hex)
  printf '%s' "${parts[3]}" | b64url_decode >"$LL_DIR/answer"
  given=$(printf '%s' "${parts[4]}" | b64url_decode | to_hex)
  tag=$(ll_authenticated "$header" "$iv" "$LL_DIR/answer" | ll_tag)
  [ "$tag" = "$given" ] || { ll_fail "the answer was altered: its tag is wrong"; return 1; }
  header=$(printf '%s' "$header" | b64url_decode)
  [ "$(json_get re "$header")" = "$seq" ] || { ll_fail "the answer belongs to another request"; return 1; }
  LL_STATUS=$(json_get status "$header")
  LL_BODY=$(openssl enc -d -aes-256-cbc -K "$LL_ENC_KEY" -iv "$iv" -in "$LL_DIR/answer")
}

# A whole request. LL_SHOW=1 shows it as it goes, LL_SHOW=full with its token whole.
ll_call() {
  local path=$1 plaintext=$2 answer status token
  ll_seal "$path" "$plaintext"
  if [ -n "${LL_SHOW:-}" ]; then
    token=$LL_TOKEN
    [ "$LL_SHOW" = full ] || token="${LL_TOKEN:0:40}…${LL_TOKEN: -12} (${#LL_TOKEN} characters)"
    printf '\n  POST %s\n    header   %s\n    inside   %s\n    sealed   %s\n' "$path" "$LL_HEADER" "$plaintext" "$token"
  fi
  answer=$(curl -sS -w '\n%{http_code}' -H 'Content-Type: application/json' "$LL_URL$path" \
    --data "{\"session_key\":\"$LL_SESSION_KEY\",\"payload\":\"$LL_TOKEN\"}") || return 1
  status=${answer##*$'\n'}
  token=$(json_get payload "$answer") || { ll_fail "answered in the clear: ${answer%$'\n'*}"; return 1; }
  ll_open "$token" "$LL_SEQ" || return 1
  [ "$LL_STATUS" = "$status" ] || { ll_fail "the status was altered"; return 1; }
  [ -z "${LL_SHOW:-}" ] || printf '    answer   %s %s\n' "$LL_STATUS" "$LL_BODY"
}
