# For scripts that need Python packages; to be sourced.

# Usage: venv FOLDER REQUIREMENTS CONSTRAINTS. Nothing is installed again while its two files are the same.
venv() {
  local stamp
  stamp=$(cat "$2" "$3" | sha256sum)
  [ "$(cat "$1/installed" 2>/dev/null || true)" = "$stamp" ] && return
  rm -rf "${1:?}"
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check --no-compile --requirement "$2" --constraint "$3"
  printf '%s\n' "$stamp" >"$1/installed"
}
