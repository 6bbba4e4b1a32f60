# Reads the mails that a server without a mail server leaves in its outbox: tour.sh sources this.
#
#   mail_to FILE         the address that the mail goes to
#   mail_text FILE       the plain text of the mail
#   mail_code FILE       the code in it, of 8 characters on a line of its own

mail_to() { sed -nE -e '/^[[:space:]]*$/q' -e 's/^To:[[:space:]]*(.*<)?([^<>[:space:]]+).*$/\2/p' "$1"; }

# The first text/plain part, decoded (RFC 2045 §6).
mail_text() {
  local section encoding body
  section=$(tr -d '\r' <"$1" | LC_ALL=C awk '
    function finish_header(   name) {
      name = tolower(header)
      if (name ~ /^content-type:[ \t]*text\/plain/) plain = 1
      if (name ~ /^content-transfer-encoding:/) {
        encoding = name
        gsub(/^[^:]*:|[ \t]/, "", encoding)
      }
      if (match(name, /boundary="?[^";]+/)) {
        boundary = substr(header, RSTART, RLENGTH)
        sub(/^[^=]*="?/, "", boundary)
      }
      header = ""
    }
    BEGIN { place = "header" }
    boundary != "" && index($0, "--" boundary) == 1 {
      if (place == "text") exit
      place = "header"
      plain = 0
      encoding = ""
      next
    }
    place == "text" { print; next }
    place != "header" { next }
    /^[ \t]/ { header = header $0; next }
    { finish_header() }
    $0 != "" { header = $0; next }
    plain { place = "text"; print encoding; next }
    { place = "elsewhere" }')
  encoding=${section%%$'\n'*}
  body=${section#*$'\n'}
  case $encoding in
    base64) printf '%s' "$body" | tr -d '\n' | openssl base64 -d -A ;;
    quoted-printable)
      # Soft line ends are joined; =C3 becomes \xC3 for printf.
      body=$(printf '%s\n' "$body" | LC_ALL=C sed -E -e 's/\\/\\\\/g' -e ':join' -e '/=$/{' -e 'N' -e 's/=\n//' -e 'b join' -e '}' \
        -e 's/=([0-9A-Fa-f]{2})/\\x\1/g')
      printf '%b\n' "$body"
      ;;
    *) printf '%s\n' "$body" ;;
  esac
}

mail_code() {
  local code
  code=$(mail_text "$1" | tr -d '\r' | sed -nE 's/^[[:space:]]*([A-Z2-9]{8})[[:space:]]*$/\1/p' | head -n 1)
  [ -n "$code" ] && printf '%s' "$code"
}
