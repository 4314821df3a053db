#!/usr/bin/env bash
# Measures what docs/PERFORMANCE.md reports and prints it as a table.
#
#   scripts/bench.sh [--quick] [--update] [PART…]      parts: warm floor handshakes cold thousand own_digest memory
#                                                      start in_cluster create_pod manifests
# --update puts the table into docs/PERFORMANCE.md. Takes about nine minutes; leave the machine alone meanwhile.
# in_cluster and create_pod need the control plane of the end-to-end tests, which Go 1.26 or newer builds once.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0"
  exit 0
fi
"$ROOT/scripts/setup.sh"
build release digester server_bench measured_run
exec python3 -B "$ROOT/test/bench/bench.py" "$@"
