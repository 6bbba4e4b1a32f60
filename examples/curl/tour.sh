#!/usr/bin/env bash
# The whole life of an account, with openssl and curl alone: see README.md beside it.
set -euo pipefail

usage() {
  cat <<'END'
usage: tour.sh [-v | --full] [--outbox FOLDER] [URL]

  URL               the server; default http://127.0.0.1:3000
  -v, --full        show every sealed token whole
  --outbox FOLDER   where the server writes its mails; default LETTERLOCK_OUTBOX, else ./data/outbox
END
}

show=1 url='' outbox=${LETTERLOCK_OUTBOX:-./data/outbox}
while [ $# -gt 0 ]; do
  case $1 in
    -v | --full) show=full ;;
    --outbox)
      [ $# -gt 1 ] || { usage >&2; exit 2; }
      outbox=$2
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *)
      [ -z "$url" ] || { usage >&2; exit 2; }
      url=$1
      ;;
  esac
  shift
done
url=${url:-http://127.0.0.1:3000}

here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=letterlock.sh
. "$here/letterlock.sh"
# shellcheck source=mail.sh
. "$here/mail.sh"
LL_SHOW=$show

step() { printf '\n== %s\n' "$1"; }

stop() {
  printf 'tour.sh: %s\n' "$1" >&2
  exit 1
}

# A call that has to succeed.
must() {
  ll_call "$1" "$2" || stop "$1 got no answer to rely on"
  [ "$LL_STATUS" = 200 ] || stop "$1 was refused: $LL_BODY"
}

# A call that has to be refused, with the code.
refused() {
  ll_call "$2" "$3" || stop "$2 got no answer to rely on"
  [ "$(json_get code "$LL_BODY")" = "$1" ] || stop "$2 was not refused as $1: $LL_BODY"
}

open_session() { ll_open_session "$url" || stop "no session at $url"; }

# Every mail is a file whose name begins with its time.
mails() {
  local mail
  for mail in "$outbox"/*.eml; do
    [ ! -e "$mail" ] || printf '%s\n' "$mail"
  done
}

# The code in the newest mail to an address that was not there before, waiting up to 10 s for it.
mailed_code() {
  local address=$1 before=$2 mail tries
  for tries in {1..100}; do
    while read -r mail; do
      if [[ -n $mail && $'\n'$before$'\n' != *$'\n'$mail$'\n'* && $(mail_to "$mail") == "$address" ]] && mail_code "$mail"; then
        return
      fi
    done <<<"$(mails | sort -r)"
    sleep 0.1
  done
  printf 'tour.sh: no mail with a code to %s in %s: is it the outbox of that server?\n' "$address" "$outbox" >&2
  return 1
}

run=$(openssl rand -hex 3)
ada="ada-$run" bert="bert-$run"
first='correct horse battery staple' second='an even better passphrase' third='third time is the charm'
text=$'Grüße, "Bert" \\ 🗝\nMeet me at nine.'

step 'Open a session: a fresh RSA key pair, and the server signs what it sends back'
open_session
printf '  session %s\n  signed by %s\n' "$LL_SESSION_KEY" "$LL_IDENTITY"
# From here on, no other server will do.
LETTERLOCK_IDENTITY=$LL_IDENTITY

step 'Register two users'
must /register_user "{\"username\":\"$bert\",\"email\":\"$bert@example.org\",\"password\":$(json_text "$first")}"
ll_save bert
open_session
must /register_user "{\"username\":\"$ada\",\"email\":\"$ada@example.org\",\"password\":$(json_text "$first")}"

step 'Log in, in a session of its own'
open_session
refused wrong_credentials /login_user "{\"email\":\"$ada@example.org\",\"password\":\"not the password\"}"
must /login_user "{\"email\":\"$ada@example.org\",\"password\":$(json_text "$first")}"
must /me '{}'
[ "$(json_get user.username "$LL_BODY")" = "$ada" ] || stop 'that is another user'

step 'Encrypt for the other user'
must "/encrypt/$bert" "{\"message\":$(json_text "$text")}"
message=$(json_get message "$LL_BODY")
ll_save ada

step 'Decrypt as that user, and as nobody else'
ll_use bert
must /decrypt "{\"message\":$(json_text "$message")}"
[ "$(json_get message "$LL_BODY")" = "$text" ] || stop 'another text came out'
ll_save bert
ll_use ada
refused not_decryptable /decrypt "{\"message\":$(json_text "$message")}"

step 'Write to the other user, who reads it'
must /send_message "{\"to\":\"$bert\",\"message\":$(json_text "$text")}"
ll_save ada
ll_use bert
must /list_messages "{\"with\":\"$ada\"}"
[ "$(json_get messages.0.message "$LL_BODY")" = "$text" ] || stop 'another message was stored'
ll_use ada

step 'Change the name and the password'
must /change_username "{\"new_username\":\"$ada-b\",\"password\":$(json_text "$first")}"
must /change_password "{\"password\":$(json_text "$first"),\"new_password\":$(json_text "$second")}"

step 'Recover the account: a code goes out by mail'
before=$(mails)
open_session
must /forgot_password "{\"email\":\"$ada@example.org\"}"
code=$(mailed_code "$ada@example.org" "$before")
printf '    mail     the code is %s\n' "$code"
must /confirm_forgot_password "{\"code\":$(json_text "$code")}"
must /final_forgot_password "{\"new_password\":$(json_text "$third")}"

step 'Log in with the new password, and no more with the old'
open_session
refused wrong_credentials /login_user "{\"username\":\"$ada-b\",\"password\":$(json_text "$second")}"
must /login_user "{\"username\":\"$ada-b\",\"password\":$(json_text "$third")}"

step 'Log out'
must /logout '{}'
printf '\nThat was all of it.\n'
