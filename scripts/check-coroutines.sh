#!/usr/bin/env bash
# Finds coroutine code that compiles but is wrong: the guard of docs/COMMON_ERRORS.md.
#
#   scripts/check-coroutines.sh [--build DIRECTORY] [--jobs N]
#
# Needs a configured build directory (default build/release) and clang-query-14. Exit status 77: no clang-query.
exec python3 -B "$(dirname "$0")/check_coroutines.py" "$@"
