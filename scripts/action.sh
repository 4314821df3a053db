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
  local named further built words=() status=0 worst=0 before='' findings=false file folder
  lines named "$FILES"
  lines further "$ARGUMENTS"
  lines built "$KUSTOMIZATIONS"
  [ ${#named[@]} -gt 0 ] || [ ${#built[@]} -gt 0 ] || named=(.)
  # A name that begins with a dash is no flag, neither to digester nor to find, which has -delete.
  named=("${named[@]/#-/./-}")
  built=("${built[@]/#-/./-}")
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
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if [ ${#named[@]} -gt 0 ]; then
    heard "$PROGRAM" "$COMMAND" -R "${words[@]}" "${further[@]}"
    # Something may be found where something else could not be told: then the status is the latter's.
    if [ "$COMMAND" = check ] && grep -Eq '^digester check: .*; [0-9]+ found(;|$)' "$work/said"; then findings=true; fi
  fi
  for folder in "${built[@]}"; do
    if [ "$COMMAND" = check ]; then
      heard "$PROGRAM" kustomize --check "$folder" >"$work/found"
      annotations <"$work/found"
      [ "$status" -ne 1 ] || findings=true
    else
      heard "$PROGRAM" kustomize "$folder"
    fi
  done
  output findings "$findings"
  output changed "$([ "$COMMAND" = resolve ] && [ "$(sums)" != "$before" ] && echo true || echo false)"
  case $worst in
    0 | 1) ;;
    2) echo '::error title=digester::wrong usage: see the log of this step' ;;
    *) echo '::error title=digester::a registry or a file could not be read, so that not all is known of the images: see the log of this step' ;;
  esac
  exit "$worst"
}
# Runs a command, whose standard error goes to the log and into $work/said; its status is $status, the highest of all $worst.
heard() {
  status=0
  { "$@" 2>&1 >&3 3>&- | tee "$work/said" >&2; } 3>&1 || status=$?
  [ "$status" -le "$worst" ] || worst=$status
}
# "FILE: error: MESSAGE [RULE]", a line each, as annotations.
annotations() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^(.+):\ error:\ (.*)\ \[([a-z-]+)\]$ ]]; then
      printf '::error file=%s,title=%s::%s\n' "$(property "${BASH_REMATCH[1]}")" "${BASH_REMATCH[3]}" \
        "$(message "${BASH_REMATCH[2]}")"
    else
      printf '%s\n' "$line"
    fi
  done
}
# Escaped as the runner wants it.
message() { local text=${1//'%'/%25}; printf '%s' "${text//$'\r'/%0D}"; }
property() { local text; text=$(message "$1"); text=${text//:/%3A}; printf '%s' "${text//,/%2C}"; }
# Of everything that the inputs name, to tell whether anything was changed.
sums() { find -L "${named[@]}" "${built[@]}" -type f -print0 2>/dev/null | sort -z | xargs -0 -r sha256sum | sha256sum; }

case ${1:-} in
  program | run) "$1" ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
