#!/usr/bin/env bash
# A Kubernetes control plane on this machine to play with, and digester in it: the ones that the end-to-end tests use.
# Real API server and controllers, no containers: a stand-in for nodes says that Pods run. On loopback addresses alone.
#
#   scripts/cluster.sh up              starts it in the background, with a registry, digester as it is shipped, and a
#                                      namespace `demo` that is switched on (builds what is missing, once)
#   scripts/cluster.sh up --without-digester    the control plane alone
#   scripts/cluster.sh up -- FLAG…     gives the server these flags as well, e.g. -- --on-error=refuse --log-level=debug
#   eval "$(scripts/cluster.sh env)"   then kubectl, helm and kustomize in this shell are the cluster's, and $REGISTRY
#                                      is the registry's address
#   scripts/cluster.sh status          says whether it runs, and what is in it
#   scripts/cluster.sh down            stops it and forgets what was in it
#
# State and logs are in build/cluster, or where CLUSTER_STATE says; the program is build/release/digester, or
# DIGESTER_PROGRAM. Needs Go 1.26 or newer once, and scripts/setup.sh's packages. Exit status of status: 0 it runs,
# 3 it does not.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

state=${CLUSTER_STATE:-$ROOT/build/cluster}
program=${DIGESTER_PROGRAM:-$ROOT/build/release/digester}
plane=$state/work  # serve.py's own
kubeconfig=$plane/cluster/admin.kubeconfig
misused() { printf 'cluster.sh: %s\n\n' "$1" >&2; help >&2; exit 2; }
help() { sed -n '2,16s/^# \{0,1\}//p' "$0"; }
# The lock is held by the process that holds the cluster, so it tells the truth after a kill -9, too.
runs() { [ -e "$state/lock" ] && ! flock --nonblock "$state/lock" true; }
next_steps() {
  local image=registry.example/team/web:1 in=()
  if [ -e "$plane/registry" ]; then image=$(<"$plane/registry")/team/web:1.10 in=(-n demo); fi
  # Written as it is to be typed.
  # shellcheck disable=SC2016
  printf '%s\n' '' 'Next:' \
    '  eval "$(scripts/cluster.sh env)"      # this shell: KUBECONFIG, REGISTRY, and PATH with kubectl, helm, kustomize' \
    "  kubectl ${in[*]}${in:+ }create deployment web --image=$image --replicas=3" \
    "  kubectl ${in[*]}${in:+ }get pods -o 'custom-columns=POD:.metadata.name,PHASE:.status.phase,IMAGE:.spec.containers[0].image'" \
    '  scripts/cluster.sh down               # stops it and forgets what was in it'
}

# The program, built when it is not there; brought up to date where it was built.
need_program() {
  if [ -n "${DIGESTER_PROGRAM:-}" ]; then
    [ -x "$program" ] || die "DIGESTER_PROGRAM=$program is no program: build it with 'ninja -C build/release digester', or unset DIGESTER_PROGRAM"
    return
  fi
  local tool
  for tool in cmake ninja g++; do
    if ! command -v "$tool" >/dev/null; then
      [ ! -x "$program" ] || return 0
      die "build/release/digester is not built, and $tool is not installed: scripts/setup.sh --build installs it; or scripts/cluster.sh up --without-digester"
    fi
  done
  [ -x "$program" ] || say 'building digester, which takes some five minutes the first time'
  build release digester
}
# It takes its Service's place, whose port is 443.
may_listen() {
  [ "$(id -u)" -eq 0 ] || [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)" -le 443 ]
}

up() {
  local with=(--digester "$program")
  case ${1:-} in
    '') ;;
    --without-digester) with=(); [ $# -eq 1 ] || misused "up --without-digester takes nothing more: $2" ;;
    --) shift; with+=("${@/#/--flag=}") ;;
    *) misused "up does not know $1; flags for the server come after --" ;;
  esac
  if runs; then
    [ ${#with[@]} -le 2 ] || die 'it is running, with the flags that it was started with: scripts/cluster.sh down first'
    say "it is running (scripts/cluster.sh status; down stops it)"
    return
  fi
  local tool pid status=0
  for tool in etcd openssl setpriv python3 ${with:+docker-registry curl}; do
    command -v "$tool" >/dev/null || die "$tool is not installed: scripts/setup.sh installs it"
  done
  if [ ${#with[@]} -gt 0 ]; then
    may_listen || die 'digester listens on port 443 here, which needs root: run this as root or with sudo; or sudo sysctl net.ipv4.ip_unprivileged_port_start=443; or scripts/cluster.sh up --without-digester'
    need_program
  fi
  "$ROOT/test/e2e/build_control_plane.sh" || status=$?
  [ "$status" -eq 0 ] || exit "$status"
  mkdir -p "$state"
  rm -f "$state/ready"
  local started
  started=$(now_ms)
  # A session of its own: neither Ctrl-C here nor the end of this terminal ends it.
  PATH=$PATH:/usr/sbin:/sbin setsid python3 -B "$ROOT/test/e2e/serve.py" "$state" "${with[@]}" \
    >"$state/serve.log" 2>&1 </dev/null &
  pid=$!
  wait_until 90 "$pid" test -e "$state/ready" ||
    { kill "$pid" 2>/dev/null || true; cat "$state/serve.log" >&2; die 'the control plane does not start, its log is above'; }
  say "up after $(($(now_ms) - started)) ms"
  cat "$state/ready"
  next_steps
}

down() {
  if ! runs; then
    say 'it is not running'
    return
  fi
  local pid
  pid=$(<"$state/pid")
  kill "$pid"
  # Gone when the lock is free: everything else ended before that.
  flock --timeout 30 "$state/lock" true || die "process $pid does not end"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
  say 'stopped'
}

environment() {
  if ! runs || [ ! -e "$state/ready" ]; then die 'it is not running: scripts/cluster.sh up'; fi
  printf 'export KUBECONFIG=%q\n' "$kubeconfig"
  [ ! -e "$plane/registry" ] || printf 'export REGISTRY=%q\n' "$(<"$plane/registry")"
  # Once, however often this is evaluated.
  case :$PATH: in
    *":$ROOT/build/e2e/bin:"*) ;;
    *) printf 'export PATH=%q:%s\n' "$ROOT/build/e2e/bin" "\"\$PATH\"" ;;
  esac
}

report() {
  if ! runs; then
    say 'it is not running: scripts/cluster.sh up'
    exit 3
  fi
  say "it is running, process $(<"$state/pid")"
  [ -e "$state/ready" ] || { say 'it is still starting'; return; }
  cat "$state/ready"
  KUBECONFIG=$kubeconfig "$ROOT/build/e2e/bin/kubectl" get nodes,namespaces
}

case ${1:-} in
  down | env | status) [ $# -eq 1 ] || misused "$1 takes nothing more: $2" ;;
esac
case ${1:-} in
  up) up "${@:2}" ;;
  down) down ;;
  env) environment ;;
  status) report ;;
  -h | --help) help ;;
  '') misused 'a command is missing' ;;
  *) misused "no such command: $1" ;;
esac
