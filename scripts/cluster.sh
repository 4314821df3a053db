#!/usr/bin/env bash
# A Kubernetes control plane on this machine to play with: the one that the end-to-end tests use. Real API server
# and controllers, no containers: a stand-in for nodes says that Pods run. On loopback addresses alone.
#
#   scripts/cluster.sh up          starts it in the background (builds it first, which takes a while once)
#   eval "$(scripts/cluster.sh env)"   then kubectl, helm and kustomize in this shell are the cluster's
#   scripts/cluster.sh status      says whether it runs, and what is in it
#   scripts/cluster.sh down        stops it and forgets what was in it
#
# For example: kubectl create deployment web --image=registry.example/team/web:1 --replicas=3; kubectl get pods
# State and logs are in build/cluster. Needs Go 1.26 or newer once, and scripts/setup.sh's packages. Exit status of
# status: 0 it runs, 3 it does not.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

state=$ROOT/build/cluster
plane=$state/work  # serve.py's own
kubeconfig=$plane/cluster/admin.kubeconfig
help() { sed -n '2,12s/^# \{0,1\}//p' "$0"; }
# The lock is held by the process that holds the cluster, so it tells the truth after a kill -9, too.
runs() { [ -e "$state/lock" ] && ! flock --nonblock "$state/lock" true; }
next_steps() {
  # Written as it is to be typed.
  # shellcheck disable=SC2016
  printf '%s\n' '' 'Next:' \
    '  eval "$(scripts/cluster.sh env)"      # this shell: KUBECONFIG, and PATH with kubectl, helm, kustomize' \
    '  kubectl create deployment web --image=registry.example/team/web:1 --replicas=3' \
    '  kubectl get pods -o wide' \
    '  scripts/cluster.sh down               # stops it and forgets what was in it'
}

up() {
  if runs; then
    say "it is running (scripts/cluster.sh status; down stops it)"
    return
  fi
  local tool pid status=0
  for tool in etcd openssl setpriv python3; do
    command -v "$tool" >/dev/null || die "$tool is not installed: scripts/setup.sh installs it"
  done
  "$ROOT/test/e2e/build_control_plane.sh" || status=$?
  [ "$status" -eq 0 ] || exit "$status"
  mkdir -p "$state"
  rm -f "$state/ready"
  local started
  started=$(now_ms)
  # A session of its own: neither Ctrl-C here nor the end of this terminal ends it.
  PATH=$PATH:/usr/sbin:/sbin setsid python3 -B "$ROOT/test/e2e/serve.py" "$state" >"$state/serve.log" 2>&1 </dev/null &
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
  say 'stopped'
}

environment() {
  if ! runs || [ ! -e "$state/ready" ]; then die 'it is not running: scripts/cluster.sh up'; fi
  printf 'export KUBECONFIG=%q\n' "$kubeconfig"
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
  up) up ;;
  down) down ;;
  env) environment ;;
  status) report ;;
  -h | --help) help ;;
  *) help >&2; exit 2 ;;
esac
