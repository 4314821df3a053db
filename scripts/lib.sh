# Shared by the scripts beside it: output, free ports, background processes, clean-up. Sourced, not run.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
JOBS=$(nproc)
export ROOT JOBS

# Colour on terminals alone; https://no-color.org is honoured.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' CYAN=$'\e[36m' PLAIN=$'\e[0m'
else
  BOLD='' DIM='' RED='' GREEN='' YELLOW='' CYAN='' PLAIN=''
fi
export BOLD DIM RED GREEN YELLOW CYAN PLAIN

say() { printf '%s\n' "$*"; }
heading() { printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }
die() { printf '%s%s%s\n' "$RED" "$*" "$PLAIN" >&2; exit 1; }

# Milliseconds of a clock that serves for differences.
now_ms() { printf '%s' $((${EPOCHREALTIME/[.,]/} / 1000)); }

# A directory that is gone when the script ends, and with it every process started by `background` and what else a
# script names in REMOVED_AT_END.
WORK=''
PIDS=()
REMOVED_AT_END=()
clean_up() {
  local status=$? pid
  trap - EXIT INT TERM
  for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${PIDS[@]}"; do
    for _ in {1..30}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf ${WORK:+"$WORK"} "${REMOVED_AT_END[@]}"
  exit "$status"
}
make_work_directory() {
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/digester.XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# background NAME COMMAND…: starts it, its output in $WORK/NAME.log, its id in LAST_PID.
background() {
  local name=$1
  shift
  "$@" >"$WORK/$name.log" 2>&1 </dev/null &
  LAST_PID=$!
  PIDS+=("$LAST_PID")
}

# free_ports N: N different ports of the loopback interface that nobody listens on, below the range from which
# the kernel takes ports for outgoing connections, so that none of those can take them before we do.
free_ports() {
  python3 - "$1" <<'PY'
import random, socket, sys
held = []
for port in random.sample(range(20000, 32000), 2000):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
    except OSError:
        continue
    held.append(s)
    if len(held) == int(sys.argv[1]):
        break
print(*(s.getsockname()[1] for s in held))
PY
}

# wait_until SECONDS PID COMMAND…: until the command succeeds; fails when the process ends or time runs out.
wait_until() {
  local seconds=$1 pid=$2 end
  shift 2
  end=$(($(now_ms) + seconds * 1000))
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || return 1
    [ "$(now_ms)" -lt "$end" ] || return 1
    sleep 0.02
  done
}

# start_registry NAME [YAML…]: Debian's docker-registry with storage under $WORK, on a port that the kernel
# chooses, left in REGISTRY_PORT. Further arguments are appended to its configuration, a line each.
start_registry() {
  local name=$1
  shift
  {
    printf '%s\n' 'version: 0.1' 'log: {level: info, accesslog: {disabled: true}}' \
      "storage: {filesystem: {rootdirectory: $WORK/$name.storage}, delete: {enabled: true}}" \
      'http: {addr: "127.0.0.1:0"}'
    [ $# -eq 0 ] || printf '%s\n' "$@"
  } >"$WORK/$name.yml"
  background "$name" docker-registry serve "$WORK/$name.yml"
  wait_until 10 "$LAST_PID" grep -q 'listening on' "$WORK/$name.log" ||
    { cat "$WORK/$name.log" >&2; die "docker-registry does not start"; }
  REGISTRY_PORT=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$WORK/$name.log" | head -n 1)
  export REGISTRY_PORT
}

# build PRESET TARGET…: configures when needed, then builds. Quiet unless it fails; on a terminal one moving
# line of progress.
build() {
  local preset=$1 log
  shift
  log=$ROOT/build/$preset.log
  mkdir -p "$ROOT/build"
  # A clone in another place finds what was compiled before.
  export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
  if [ ! -f "$ROOT/build/$preset/build.ninja" ]; then
    (cd "$ROOT" && cmake --preset "$preset") >"$log" 2>&1 || { cat "$log" >&2; die "cmake --preset $preset failed"; }
  fi
  if [ -t 1 ]; then
    NINJA_STATUS='[%f/%t %es] ' ninja -C "$ROOT/build/$preset" -j "$JOBS" "$@" || die "the build failed"
  else
    ninja -C "$ROOT/build/$preset" -j "$JOBS" "$@" >"$log" 2>&1 || { tail -n 60 "$log" >&2; die "the build failed"; }
  fi
}
