# JSON with nothing but bash and awk: letterlock.sh sources this.
#
#   json_text TEXT        a text as a JSON string, quotes and all
#   json_get PATH JSON    a text, number or boolean of a JSON document: "message", "user.username", "keys.0.x"

# Text is taken as it is: UTF-8 stays UTF-8. What JSON forbids inside a string is escaped (RFC 8259 §7).
json_text() {
  local text=$1 code character escaped
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\r'/\\r}
  text=${text//$'\t'/\\t}
  for code in {1..31}; do
    printf -v character '\\x%02x' "$code"
    printf -v character '%b' "$character"
    printf -v escaped '\\u%04x' "$code"
    text=${text//$character/$escaped}
  done
  printf '"%s"' "$text"
}

# Reads the whole document and follows the path from its top, so that nothing inside a text, and no member of the same
# name elsewhere in it, is taken for the member that is meant. Fails when the document is no JSON, or the member is
# missing, null, an object or an array. $( ) drops newlines at the end of a text, as always in a shell.
json_get() {
  local found
  found=$(printf '%s' "$2" | LC_ALL=C JSON_PATH=$1 awk '
    function skip() { sub(/^[ \t\r\n]+/, "", rest) }

    function string(   text) {
      skip()
      if (!match(rest, /^"([^"\\]|\\.)*"/)) exit 1
      text = substr(rest, 2, RLENGTH - 2)
      rest = substr(rest, RLENGTH + 1)
      return text
    }

    function punctuation(   mark) {
      skip()
      mark = substr(rest, 1, 1)
      rest = substr(rest, 2)
      return mark
    }

    # After a member: 1 when another follows, 0 at the closing mark.
    function another(closing,   mark) {
      mark = punctuation()
      if (mark != "," && mark != closing) exit 1
      return mark == ","
    }

    function empty(closing) {
      skip()
      if (substr(rest, 1, 1) != closing) return 0
      rest = substr(rest, 2)
      return 1
    }

    function value(path,   first, name, i) {
      skip()
      first = substr(rest, 1, 1)
      if (first == "{") {
        punctuation()
        if (empty("}")) return
        do {
          name = string()
          if (punctuation() != ":") exit 1
          value(path "." name)
        } while (another("}"))
      } else if (first == "[") {
        punctuation()
        if (empty("]")) return
        i = 0
        do value(path "." i++); while (another("]"))
      } else if (first == "\"") {
        give(path, printable(string()))
      } else if (match(rest, /^(-?[0-9][-+.eE0-9]*|true|false|null)/)) {
        name = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        if (name != "null") give(path, name)
      } else exit 1
    }

    function give(path, text) {
      if (path != wanted || found) return
      found = 1
      result = text
    }

    function hex(digits,   i, digit, sum) {
      if (length(digits) != 4) exit 1
      for (i = 1; i <= 4; i++) {
        digit = index("0123456789abcdef", tolower(substr(digits, i, 1)))
        if (digit == 0) exit 1
        sum = sum * 16 + digit - 1
      }
      return sum
    }

    function utf8(code) {
      if (code < 128) return sprintf("\\0%03o", code)
      if (code < 2048) return sprintf("\\0%03o\\0%03o", 192 + int(code / 64), 128 + code % 64)
      if (code < 65536)
        return sprintf("\\0%03o\\0%03o\\0%03o", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
      return sprintf("\\0%03o\\0%03o\\0%03o\\0%03o", 240 + int(code / 262144), 128 + int(code / 4096) % 64,
        128 + int(code / 64) % 64, 128 + code % 64)
    }

    # The escapes of JSON as those of printf "%b", which come to the same but for three: \u, \" and \/.
    function printable(text,   n, piece, i, kind, code, out) {
      n = split(text, piece, /\\/)
      out = piece[1]
      for (i = 2; i <= n; i++) {
        kind = substr(piece[i], 1, 1)
        if (kind == "") {
          i++
          out = out "\\\\" piece[i]
        } else if (kind == "u") {
          code = hex(substr(piece[i], 2, 4))
          if (code >= 55296 && code < 56320 && length(piece[i]) == 5 && piece[i + 1] ~ /^u[dD][c-fC-F]/) {
            i++
            code = 65536 + (code - 55296) * 1024 + hex(substr(piece[i], 2, 4)) - 56320
          } else if (code >= 55296 && code < 57344) code = 65533
          out = out utf8(code) substr(piece[i], 6)
        } else if (kind == "\"" || kind == "/") out = out piece[i]
        else if (index("bfnrt", kind)) out = out "\\" piece[i]
        else exit 1
      }
      return out
    }

    { rest = rest $0 "\n" }
    END {
      wanted = "." ENVIRON["JSON_PATH"]
      value("")
      skip()
      if (rest != "" || !found) exit 1
      printf "%s", result
    }') || return 1
  printf '%b' "$found"
}
