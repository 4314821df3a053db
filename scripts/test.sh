#!/usr/bin/env bash
# Builds and runs all tests. One of the two commands of the README, and what CI runs.
#
#   scripts/test.sh [STEP…]     steps: unit integration guards tidy asan tsan fuzz
#                               manifests e2e tools image, or all (the default)
#
# Each step prints its time; a failing step shows its log, which stays in build/logs. A step whose tool is missing
# is SKIPPED, with the reason. Exit status 0: nothing failed.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

known=(unit integration guards tidy asan tsan fuzz manifests e2e tools image)
chosen=()
for step in "$@"; do
  case $step in
    all) chosen+=("${known[@]}") ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) [[ " ${known[*]} " == *" $step "* ]] || { printf 'test: unknown step %s (try --help)\n' "$step" >&2; exit 2; }
      chosen+=("$step") ;;
  esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${known[@]}")

cd "$ROOT"
logs=$ROOT/build/logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0 failures=()

# step NAME COMMAND…: status 77 means skipped, with the reason as the last line of its output.
step() {
  local name=$1 log=$logs/${1//[^a-z0-9-]/-}.log started=$SECONDS status=0 spent
  shift
  printf '%-34s ' "$name"
  # In a subshell of its own, so that `set -e` holds inside and a failure ends only this step.
  watch_step "$log"
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  unwatch_step
  spent=$((SECONDS - started))
  case $status in
    0)
      passed=$((passed + 1))
      printf '%sok%s      %4d s  %s\n' "$GREEN" "$PLAIN" "$spent" "$DIM$(summary "$log")$PLAIN" ;;
    77)
      skipped=$((skipped + 1))
      printf '%sSKIPPED %s: %s%s\n' "$YELLOW" "$name" "$(tail -n 1 "$log")" "$PLAIN" ;;
    *)
      failed=$((failed + 1))
      failures+=("$name")
      printf '%sFAILED%s  %4d s  status %d, %s\n' "$RED" "$PLAIN" "$spent" "$status" "${log#"$ROOT"/}"
      failure_lines "$log" | sed 's/^/    /' ;;
  esac
  return 0
}

# On a terminal: how long the step has been running, and the latest line of its log.
watch_step() {
  WATCHER=''
  [ -t 1 ] || return 0
  (
    trap 'exit 0' TERM
    while sleep 1; do
      printf '\e7%s%4d s  %s%s\e[K\e8' "$DIM" $((SECONDS - started)) \
        "$(tail -c 400 "$1" 2>/dev/null | tr -d '\000-\010\013-\037' | grep -v '^$' | tail -n 1 | cut -c 1-60)" "$PLAIN"
    done
  ) &
  WATCHER=$!
}
unwatch_step() {
  [ -n "$WATCHER" ] || return 0
  kill "$WATCHER" 2>/dev/null
  wait "$WATCHER" 2>/dev/null || true
  printf '\e[K'
}

# after BUILD NAME COMMAND…: a step that makes sense only if the build did not fail.
after() {
  local build=$1
  shift
  if [[ " ${failures[*]} " == *" $build "* ]]; then
    step "$1" not_run "$build failed"
  else
    step "$@"
  fi
}
not_run() { echo "$1"; exit 77; }

# The one line of a log that says how much was done.
summary() {
  grep -E 'tests passed|checks, |units|rooms, |runs in|executed|files,' "$1" | tail -n 1 | cut -c 1-90
}

# What went wrong comes first in a long log, its end says the rest.
failure_lines() {
  if [ "$(wc -l <"$1")" -le 120 ]; then
    cat "$1"
  elif grep -qE '\*\*\*(Failed|Timeout|Exception|Not Run)' "$1"; then
    # ctest: what the failed tests printed, and its list of them.
    awk '/^ *Start +[0-9]+:|^ *[0-9]+\/[0-9]+ Test +#/ { shown = /\*\*\*/ }
         /tests? passed, / { shown = 1 }
         shown' "$1" | head -n 200
  else
    grep -nE 'FAIL|error:|ERROR: |WARNING: ThreadSanitizer|runtime error' "$1" | head -n 30
    printf '  …\n'
    tail -n 80 "$1"
  fi
}

needs() {
  local tool
  for tool in "$@"; do
    if ! command -v "$tool" >/dev/null; then
      echo "$tool is not installed"
      exit 77
    fi
  done
}

# Tests talk to their own servers on the loopback interface: nothing of the caller's may redirect them.
unset HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy
unset DOCKER_CONFIG DOCKER_AUTH_CONFIG KUBECONFIG SSL_CERT_FILE SSL_CERT_DIR SKIP_PREFIXES OFFLINE DEBUG
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

whole_suite() {
  ctest --test-dir "build/$1" --output-on-failure --no-tests=error -j "$JOBS" --timeout "$2"
}
integration() { # PRESET
  needs docker-registry nginx tinyproxy htpasswd openssl curl
  python3 -B test/integration/run.py --program "build/$1/digester"
}
tools() {
  needs docker-registry curl
  python3 -B test/tools/run.py --jobs "$JOBS"
}
check_fuzz() {
  needs clang++-14
  if [ ! -x scripts/fuzz.sh ]; then
    echo 'scripts/fuzz.sh is missing'
    exit 1
  fi
  scripts/fuzz.sh
}
check_scripts() {
  needs shellcheck
  local scripts
  mapfile -t scripts < <(git ls-files '*.sh' .ci/run; find scripts certs test -name '*.sh')
  mapfile -t scripts < <(printf '%s\n' "${scripts[@]}" | sort -u)
  shellcheck -x "${scripts[@]}"
  echo "${#scripts[@]} files, no findings"
}
check_format() {
  needs clang-format-14
  local files untidy
  mapfile -t files < <(find lib server test -name '*.cpp' -o -name '*.hpp')
  untidy=$(clang-format-14 --dry-run "${files[@]}" 2>&1 | sed -n 's/^\([^:]*\):[0-9]*:.*code should be.*/\1/p' | sort -u)
  if [ -n "$untidy" ]; then
    printf 'clang-format-14 -i %s\n' "${untidy//$'\n'/ }"
    exit 1
  fi
  echo "${#files[@]} files, no findings"
}

heading "digester: ${chosen[*]}"
step 'setup' scripts/setup.sh
for part in "${chosen[@]}"; do
  case $part in
    unit)
      step 'build release' build release all
      after 'build release' 'unit tests' whole_suite release 120 ;;
    integration)
      [[ " ${chosen[*]} " == *' unit '* ]] || step 'build release' build release digester
      after 'build release' 'integration tests' integration release ;;
    guards)
      [ -f build/release/build.ninja ] || step 'configure release' build release -n digester
      step 'coroutines' scripts/check-coroutines.sh
      step 'layers' scripts/check-layers.sh
      step 'format' check_format
      step 'shellcheck' check_scripts ;;
    tidy)
      [ -f build/release/build.ninja ] || step 'configure release' build release -n digester
      step 'clang-tidy' python3 -B scripts/check_tidy.py ;;
    asan | tsan)
      step "build $part" build "$part" all
      after "build $part" "unit tests under $part" whole_suite "$part" 240
      after "build $part" "integration tests under $part" integration "$part" ;;
    fuzz)
      step 'fuzzing' check_fuzz ;;
    manifests)
      step 'control plane' test/e2e/build_control_plane.sh
      step 'the chart is deploy/' python3 -B test/deploy/parity.py
      step 'manifests, nine versions of the API' python3 -B test/deploy/schemas.py
      step 'match conditions' python3 -B test/e2e/match_conditions_checks.py
      step 'install, upgrade, remove' python3 -B test/e2e/install_checks.py ;;
    e2e)
      [ -f build/release/digester ] || step 'build release' build release digester
      step 'control plane' test/e2e/build_control_plane.sh
      step 'end to end' python3 -B test/e2e/run.py --jobs "$JOBS" ;;
    tools)
      [ -f build/release/digester ] || step 'build release' build release digester
      step 'tools' test/tools/build_tools.sh
      step 'with other tools' tools ;;
    image)
      step 'image' python3 -B test/deploy/image.py --quick ;;
  esac
done

heading "$SECONDS s"
for name in "${failures[@]}"; do say "${RED}failed: $name${PLAIN}"; done
say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
