#!/usr/bin/env bash
# Keeps rooms and third-party headers where docs/ARCHITECTURE.md puts them, and proves that a room which reaches
# upward does not compile.
#
#   scripts/check-layers.sh [--build DIRECTORY]
#
# Needs a configured build directory (default build/release).
exec python3 -B "$(dirname "$0")/check_layers.py" "$@"
