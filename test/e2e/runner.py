"""Runs groups of end-to-end checks on a control plane of their own: what a module of checks calls when it is started
as a script. A group is a function of (harness, cluster).

Builds the control plane first when it is not there (build_control_plane.sh). Exit status 77: something that cannot
be built is missing, the last line says what.
"""
import argparse
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
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


def perform(h, cluster, group):
    lives = (cluster.etcd.starts, cluster.apiserver.starts)
    try:
        group(h, cluster)
    except Exception:  # what it needs does not start: the other groups have their own
        h.failed += 1
        print(f"FAIL {group.__name__} cannot be set up\n{traceback.format_exc()}", flush=True)
    if lives != (cluster.etcd.starts, cluster.apiserver.starts):
        cluster.controllers.restart()  # by themselves they come back up to half a minute later


def run_here(groups, program):
    """Performs groups, which may be a generator, on one control plane. (ok, failed)"""
    h = Harness(program)
    try:
        started = time.monotonic()
        cluster = control_plane.Cluster(h)
        print(f"     control plane ready in {time.monotonic() - started:.1f} s, Services in {cluster.range.cidr}",
              flush=True)
        with cluster, Kubelet(cluster):
            for group in groups:
                perform(h, cluster, group)
    finally:
        h.close()
    return h.ok, h.failed


END_OF_GROUP = "--- end of a group"


def handed_out(groups):
    """What a worker is told to perform: the name of a group a line. Its output ends with END_OF_GROUP."""
    known = {group.__name__: group for group in groups}
    for line in sys.stdin:
        yield known[line.strip()]
        print(END_OF_GROUP, flush=True)


class Worker(threading.Thread):
    """A process with a control plane of its own, which takes groups from a queue. What one prints is printed whole."""

    def __init__(self, names, program):
        super().__init__()
        self.names = names
        self.process = subprocess.Popen([sys.executable, "-B", sys.argv[0], "--worker", "--program", program],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.ok = self.failed = 0
        self.start()

    def run(self):
        try:
            while name := self.next_name():
                print(name, file=self.process.stdin, flush=True)
                self.pass_on(name)
        except BrokenPipeError:
            pass
        finally:
            self.process.stdin.close()
            rest = self.process.stdout.read()
            if self.process.wait() not in (0, 1):
                self.failed += 1
                print(f"FAIL a control plane's checks ended with status {self.process.returncode}\n{rest}", flush=True)

    def next_name(self):
        try:
            return self.names.get_nowait()
        except queue.Empty:
            return None

    def pass_on(self, name):
        said = []
        for line in self.process.stdout:
            if line.rstrip() == END_OF_GROUP:
                break
            said.append(line)
            self.ok += line.startswith("ok ")
            self.failed += line.startswith("FAIL ")
        else:
            self.failed += 1
            said.append(f"FAIL {name} did not come to its end\n")
        print("".join(said), end="", flush=True)


def run_in_parallel(groups, program, jobs):
    names = queue.SimpleQueue()
    for group in groups:
        names.put(group.__name__)
    workers = [Worker(names, program) for _ in range(jobs)]
    try:
        for worker in workers:
            worker.join()
    finally:
        for worker in workers:
            worker.process.terminate()
    return sum(w.ok for w in workers), sum(w.failed for w in workers)


def run(groups, description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/digester")
    parser.add_argument("--group", choices=[group.__name__ for group in groups], action="append")
    parser.add_argument("--jobs", type=int, default=1, help="control planes at a time, each with a part of the groups")
    parser.add_argument("--list", action="store_true", help="print the names of the groups")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.list:
        print(*(group.__name__ for group in groups), sep="\n")
        return 0
    # Ends as after an exception, so that what was started is stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    if options.worker:
        return 1 if run_here(handed_out(groups), options.program)[1] else 0
    if trouble := tools():
        print(trouble[1])
        return trouble[0]
    chosen = [group for group in groups if not options.group or group.__name__ in options.group]
    if options.jobs > 1:
        ok, failed = run_in_parallel(chosen, options.program, options.jobs)
    else:
        ok, failed = run_here(chosen, options.program)
    print(f"{ok + failed} checks, {ok} ok, {failed} failed")
    return 1 if failed else 0


def main(groups, description):
    sys.exit(run(groups, description))
