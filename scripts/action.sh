#!/usr/bin/env bash
# What action.yml starts, with its inputs in the environment.
#
#   scripts/action.sh program     finds the program, or builds it, and says where it is
#   scripts/action.sh run         runs one command over the files of the workspace
set -euo pipefail

die() { printf '::error title=digester::%s\n' "$*"; exit 2; }
output() { printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }
# lines NAME TEXT: a line each into the array NAME, without those that are empty.
lines() {
  local -n array=$1
  local line
  array=()
  while IFS= read -r line; do
    line=${line%$'\r'}
    [ -z "$line" ] || array+=("$line")
  done <<<"$2"
}

program() {
  local found=${PROGRAM:-} source
  if [ -n "$found" ]; then
    [[ $found == */* ]] || found=$(command -v -- "$found") || die "the input program is $PROGRAM, which is not in PATH"
    [ -x "$found" ] || die "the input program is $PROGRAM, which is no program"
    found=$(realpath -- "$found")
  elif found=$(command -v digester); then
    :
  else
    source=$(cd "$(dirname "$0")/.." && pwd)
    echo '::group::Building digester'
    "$source/scripts/setup.sh" --build
    (cd "$source" && cmake --preset release -DDIGESTER_BUILD_TESTS=OFF && ninja -C build/release digester)
    echo '::endgroup::'
    found=$source/build/release/digester
  fi
  output program "$found"
  "$found" --version
}

run() {
  local named further words=() status=0 before='' file
  lines named "$FILES"
  lines further "$ARGUMENTS"
  [ ${#named[@]} -gt 0 ] || die 'the input files names nothing: give files or directories, one a line'
  for file in "${named[@]}"; do words+=(-f "$file"); done
  case $COMMAND in
    check)
      if [ -n "$REPORT" ]; then
        words+=(--report "$REPORT" --report-format "$REPORT_FORMAT")
      else
        words+=(--report-format github)
      fi ;;
    resolve)
      words+=(--in-place)
      if [ -n "$REPORT" ]; then words+=(--report "$REPORT" --report-format "$REPORT_FORMAT"); fi
      before=$(sums) ;;
    *) die "the input command is $COMMAND: check and resolve are what there is" ;;
  esac
  "$PROGRAM" "$COMMAND" -R "${words[@]}" "${further[@]}" || status=$?
  output findings "$([ "$COMMAND" = check ] && [ "$status" -eq 1 ] && echo true || echo false)"
  output changed "$([ "$COMMAND" = resolve ] && [ "$(sums)" != "$before" ] && echo true || echo false)"
  case $status in
    0 | 1) ;;
    2) echo '::error title=digester::wrong usage: see the log of this step' ;;
    *) echo '::error title=digester::a registry or a file could not be read, which says nothing of the images: see the log of this step' ;;
  esac
  exit "$status"
}
# Of everything that the files input names, to tell whether anything was changed.
sums() { find -L "${named[@]}" -type f -print0 2>/dev/null | sort -z | xargs -0 -r sha256sum | sha256sum; }

case ${1:-} in
  program | run) "$1" ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
