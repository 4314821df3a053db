#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while on its kept corpus. Any finding fails, its input is kept.
#
#   scripts/fuzz.sh [SECONDS [TARGET…]]   20 seconds for each of: certificate challenge docker_config json
#                                known kubeconfig krm kustomization label_selector manifest pull_secret reference
#                                request review setters
#
# FUZZ_SEED=N takes another way through the inputs than the usual one, which is always the same, so that CI does not
# depend on luck.
#
# Kept corpora are in test/fuzz/corpus, what a run discovers in build/fuzz/corpus, findings in
# build/fuzz/findings: build/fuzz/test/fuzz/fuzz_TARGET FILE shows one again. After a long run,
# scripts/fuzz.sh --keep TARGET… moves the discoveries that add coverage into the kept corpus.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

all=(certificate challenge docker_config json known kubeconfig krm kustomization label_selector manifest pull_secret
  reference request review setters)
keep=no seconds=20
case ${1:-} in
  -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
  --keep) keep=yes; shift ;;
  '') ;;
  *[!0-9]*) printf 'fuzz: %s is not a number of seconds (try --help)\n' "$1" >&2; exit 2 ;;
  *) seconds=$1; shift ;;
esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
for target in "${targets[@]}"; do
  [[ " ${all[*]} " == *" $target "* ]] || { printf 'fuzz: unknown target %s (try --help)\n' "$target" >&2; exit 2; }
done

build fuzz fuzzers
make_work_directory
cd "$ROOT"
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
mkdir -p build/fuzz/findings

# What is at hand anyway: real reviews, for the two targets that read JSON.
further_seeds() {
  case $1 in
    review | json) echo test/data/reviews ;;
  esac
}

run_target() {
  local target=$1 seeds
  mapfile -t seeds < <(further_seeds "$target")
  mkdir -p "build/fuzz/corpus/$target"
  "build/fuzz/test/fuzz/fuzz_$target" -max_total_time="$seconds" -seed="${FUZZ_SEED:-1}" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/findings/$target-" -dict="test/fuzz/dictionaries/$target.dict" \
    "build/fuzz/corpus/$target" "test/fuzz/corpus/$target" "${seeds[@]}"
}

keep_target() {
  local target=$1 seeds
  mapfile -t seeds < <(further_seeds "$target")
  mkdir -p "$WORK/merged" "build/fuzz/corpus/$target"
  # The kept corpus and the real inputs come first: of the rest only what goes further is taken.
  cp "test/fuzz/corpus/$target"/* "$WORK/merged/"
  for seed in "${seeds[@]}"; do cp "$seed"/* "$WORK/merged/"; done
  "build/fuzz/test/fuzz/fuzz_$target" -merge=1 -use_counters=0 -max_len=1024 "$WORK/merged" "build/fuzz/corpus/$target"
  for seed in "${seeds[@]}"; do (cd "$seed" && printf '%s\0' *) | (cd "$WORK/merged" && xargs -0 rm -f); done
  cp -n "$WORK/merged"/* "test/fuzz/corpus/$target/"
  rm -rf "$WORK/merged"
}

if [ $keep = yes ]; then
  for target in "${targets[@]}"; do keep_target "$target"; done
  exit 0
fi

failed=() runs=0 started=$SECONDS
for ((first = 0; first < ${#targets[@]}; first += JOBS)); do
  pids=()
  batch=("${targets[@]:first:JOBS}")
  for target in "${batch[@]}"; do
    run_target "$target" >"$WORK/$target.log" 2>&1 </dev/null &
    pids+=($!)
    PIDS+=($!)
  done
  for i in "${!batch[@]}"; do
    target=${batch[i]}
    if wait "${pids[i]}"; then
      done_runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$WORK/$target.log")
      printf '%-14s %s runs\n' "$target" "$done_runs"
      runs=$((runs + done_runs))
    else
      failed+=("$target")
      printf '%s%-14s FINDING%s\n' "$RED" "$target" "$PLAIN"
      grep -vE '^#[0-9]+\s+(NEW|REDUCE|pulse|RELOAD)' "$WORK/$target.log" | tail -n 60 | sed 's/^/    /'
    fi
  done
  PIDS=()
done
[ ${#failed[@]} -eq 0 ] || die "findings in: ${failed[*]}; their inputs are in build/fuzz/findings"
say "${#targets[@]} targets, $runs runs in $((SECONDS - started)) s, no findings"
