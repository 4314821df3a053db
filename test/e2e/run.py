"""End-to-end checks: a real API server and real controllers, each check a line, `ok` or `FAIL`.

    run.py [--program build/release/digester] [--group NAME] [--list]

Builds the control plane first when it is not there (build_control_plane.sh). Exit status 77: something that cannot
be built is missing, the last line says what.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time
import traceback

import cluster as control_plane
import plane_checks
import webhook_checks
from harness import ROOT, Harness
from kubelet import Kubelet

GROUPS = (*plane_checks.GROUPS, *webhook_checks.GROUPS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/digester")
    parser.add_argument("--group", choices=[group.__name__ for group in GROUPS], action="append")
    parser.add_argument("--list", action="store_true", help="print the names of the groups")
    options = parser.parse_args()
    if options.list:
        print(*(group.__name__ for group in GROUPS), sep="\n")
        return 0
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    # Ends as after an exception, so that what was started is stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    if missing := control_plane.missing_programs():
        print(f"{missing[0]} is not installed")
        return 77
    built = subprocess.run([ROOT / "test/e2e/build_control_plane.sh"]).returncode
    if built != 0:
        return built

    h = Harness(options.program)
    try:
        started = time.monotonic()
        cluster = control_plane.Cluster(h)
        print(f"     control plane ready in {time.monotonic() - started:.1f} s, Services in {cluster.range.cidr}",
              flush=True)
        with cluster, Kubelet(cluster):
            for group in GROUPS:
                if options.group and group.__name__ not in options.group:
                    continue
                try:
                    group(h, cluster)
                except Exception:  # what it needs does not start: the other groups have their own
                    h.failed += 1
                    print(f"FAIL {group.__name__} cannot be set up\n{traceback.format_exc()}", flush=True)
    finally:
        h.close()
    print(f"{h.ok + h.failed} checks, {h.ok} ok, {h.failed} failed")
    return 1 if h.failed else 0


if __name__ == "__main__":
    sys.exit(main())
