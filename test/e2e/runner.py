"""Runs groups of end-to-end checks on a control plane of their own: what a module of checks calls when it is started
as a script. A group is a function of (harness, cluster).

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
from harness import ROOT, Harness
from kubelet import Kubelet


def tools():
    """None when everything is there, else (exit status, what is missing)."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    try:
        import yaml  # noqa: F401
    except ImportError:
        return 77, "Python's yaml module (python3-yaml) is not installed"
    if missing := control_plane.missing_programs():
        return 77, f"{missing[0]} is not installed"
    built = subprocess.run([ROOT / "test/e2e/build_control_plane.sh"]).returncode
    return (built, "the control plane cannot be built") if built else None


def run(groups, description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/digester")
    parser.add_argument("--group", choices=[group.__name__ for group in groups], action="append")
    parser.add_argument("--list", action="store_true", help="print the names of the groups")
    options = parser.parse_args()
    if options.list:
        print(*(group.__name__ for group in groups), sep="\n")
        return 0
    # Ends as after an exception, so that what was started is stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    if trouble := tools():
        print(trouble[1])
        return trouble[0]
    h = Harness(options.program)
    try:
        started = time.monotonic()
        cluster = control_plane.Cluster(h)
        print(f"     control plane ready in {time.monotonic() - started:.1f} s, Services in {cluster.range.cidr}",
              flush=True)
        with cluster, Kubelet(cluster):
            for group in groups:
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


def main(groups, description):
    sys.exit(run(groups, description))
