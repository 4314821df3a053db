"""Runs groups of end-to-end checks on their own: what a module of checks calls when it is started as a script."""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
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
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/digester")
    parser.add_argument("--group", choices=[group.__name__ for group in groups], action="append")
    options = parser.parse_args()
    # Ends as after an exception, so that what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if trouble := tools():
        print(trouble[1])
        return trouble[0]
    h = Harness(options.program)
    try:
        with control_plane.Cluster(h) as cluster, Kubelet(cluster):
            for group in groups:
                if options.group and group.__name__ not in options.group:
                    continue
                try:
                    group(h, cluster)
                except Exception:
                    h.failed += 1
                    print(f"FAIL {group.__name__} cannot be set up\n{traceback.format_exc()}", flush=True)
    finally:
        h.close()
    print(f"{h.ok + h.failed} checks, {h.ok} ok, {h.failed} failed")
    return 1 if h.failed else 0


def main(groups, description):
    try:
        sys.exit(run(groups, description))
    except KeyboardInterrupt:
        sys.exit(130)
