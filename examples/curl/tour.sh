#!/usr/bin/env bash
# The whole life of an account, with openssl and curl alone:
#
#   ./tour.sh [URL]        default http://127.0.0.1:3000
#   ./tour.sh --full URL   shows every sealed token whole
#
# The code to recover the account is taken from the newest mail in LETTERLOCK_OUTBOX (default ./data/outbox), where a
# server without a mail server puts them.
set -euo pipefail
LL_SHOW=1
if [ "${1:-}" = --full ]; then
  LL_SHOW=full
  shift
fi
url=${1:-http://127.0.0.1:3000}
outbox=${LETTERLOCK_OUTBOX:-./data/outbox}
# shellcheck source=letterlock.sh
. "$(dirname "$0")/letterlock.sh"

step() { printf '\n== %s\n' "$1"; }

# A call that has to succeed.
must() {
  ll_call "$1" "$2"
  [ "$LL_STATUS" = 200 ] || { printf 'tour.sh: %s was refused: %s\n' "$1" "$LL_BODY" >&2; exit 1; }
}

# A call that has to be refused, with the code.
refused() {
  ll_call "$2" "$3"
  [ "$(json_get code "$LL_BODY")" = "$1" ] || { printf 'tour.sh: %s was not refused as %s\n' "$2" "$1" >&2; exit 1; }
}

# The code in the newest mail to an address, once it is there.
mailed_code() {
  local address=$1 seen=$2 tries=0 mail
  while [ "$tries" -lt 100 ]; do
    for mail in $(find "$outbox" -name '*.eml' 2>/dev/null | sort -r); do
      if [[ " $seen " != *" $mail "* ]] && grep -q "^To: .*$address" "$mail"; then
        tr -d '\r' <"$mail" | sed -nE 's/^ {4}([A-Z2-9]{8})$/\1/p' | head -n 1
        return
      fi
    done
    tries=$((tries + 1))
    sleep 0.1
  done
  printf 'tour.sh: no mail to %s in %s\n' "$address" "$outbox" >&2
  return 1
}

run=$(openssl rand -hex 3)
ada="ada-$run" bert="bert-$run"
first='correct horse battery staple' second='an even better passphrase' third='third time is the charm'

step 'Open a session: a fresh RSA key pair, and the server signs what it sends back'
ll_open_session "$url"
printf '  session %s\n  signed by %s\n' "$LL_SESSION_KEY" "$LL_IDENTITY"

step 'Register two users'
must /register_user "{\"username\":\"$bert\",\"email\":\"$bert@example.org\",\"password\":\"$first\"}"
ll_save bert
ll_open_session "$url"
must /register_user "{\"username\":\"$ada\",\"email\":\"$ada@example.org\",\"password\":\"$first\"}"

step 'Log in, in a session of its own'
ll_open_session "$url"
refused wrong_credentials /login_user "{\"email\":\"$ada@example.org\",\"password\":\"not the password\"}"
must /login_user "{\"email\":\"$ada@example.org\",\"password\":\"$first\"}"
must /me '{}'

step 'Encrypt for the other user'
must "/encrypt/$bert" "{\"message\":$(json_text $'Grüße, "Bert"!\nMeet me at nine.')}"
message=$(json_get message "$LL_BODY")
ll_save ada

step 'Decrypt as that user'
ll_use bert
must /decrypt "{\"message\":\"$message\"}"
[ "$(json_get message "$LL_BODY")" = $'Grüße, "Bert"!\nMeet me at nine.' ] || { echo 'tour.sh: another text' >&2; exit 1; }
ll_use ada
refused not_decryptable /decrypt "{\"message\":\"$message\"}"

step 'Change the name and the password'
must /change_username "{\"new_username\":\"$ada-b\",\"password\":\"$first\"}"
must /change_password "{\"password\":\"$first\",\"new_password\":\"$second\"}"

step 'Recover the account: a code goes out by mail'
before=$(find "$outbox" -name '*.eml' 2>/dev/null | tr '\n' ' ')
ll_open_session "$url"
must /forgot_password "{\"email\":\"$ada@example.org\"}"
code=$(mailed_code "$ada@example.org" "$before")
printf '    mail     the code is %s\n' "$code"
must /confirm_forgot_password "{\"code\":\"$code\"}"
must /final_forgot_password "{\"new_password\":\"$third\"}"
must /me '{}'

step 'Log out'
must /logout '{}'
printf '\nThat was all of it.\n'
