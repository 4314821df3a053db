"""Holds a control plane for a person to play with until it is told to end: what scripts/cluster.sh runs.

    serve.py DIRECTORY [--nodes N] [--digester PROGRAM [--flag=FLAG]…]

With --digester there are also a registry, digester, with further flags if given, and a namespace that is switched on
(playground.py).
DIRECTORY/lock is held while it lives, DIRECTORY/pid is whom to send SIGTERM, DIRECTORY/ready appears when everything
is up and says, a line each, what there is. DIRECTORY/work holds the rest and is removed at the end.
"""
import argparse
import fcntl
import os
import pathlib
import shutil
import signal
import sys
import time

from cluster import Cluster
from harness import Failed, Harness
from kubelet import Kubelet


class StandingHarness(Harness):
    """Works in a directory with a name, so that the next command finds it."""

    def __init__(self, work, program):
        self.work, self.program = work, program
        self.processes = []
        shutil.rmtree(work, ignore_errors=True)  # left by one that was killed
        (work / "home").mkdir(parents=True)

    def start(self, name, command, environment=None):
        """The kernel ends what is started when we end without having done so, even by SIGKILL."""
        return super().start(name, ["setpriv", "--pdeathsig", "KILL", *command], environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--digester", type=pathlib.Path, metavar="PROGRAM")
    parser.add_argument("--flag", action="append", default=[], metavar="FLAG")
    options = parser.parse_args()
    folder = options.directory.resolve()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    lock = open(folder / "lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("a cluster is running already")
    (folder / "pid").write_text(f"{os.getpid()}\n")
    # Ends as after an exception, so that what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    h = StandingHarness(folder / "work", options.digester)
    try:
        with Cluster(h) as cluster, Kubelet(cluster, nodes=options.nodes):
            lines = [f"API server    {cluster.url}, Services in {cluster.range.cidr}",
                     f"nodes         {options.nodes}, played by a stand-in: Pods run without containers"]
            if options.digester:
                import playground
                lines += playground.deploy(h, cluster, options.flag)
            # Appears whole or not at all.
            (folder / "ready.new").write_text("\n".join(lines) + "\n")
            (folder / "ready.new").rename(ready)
            while True:
                time.sleep(1)
                for part in (cluster.etcd, cluster.apiserver, cluster.controllers):
                    if part.process.poll() is not None:
                        sys.exit(f"{part.name} ended with status {part.process.returncode}: {part.log()[-2000:]}")
    except Failed as error:
        sys.exit(str(error))
    finally:
        ready.unlink(missing_ok=True)
        (folder / "pid").unlink(missing_ok=True)
        h.close()


if __name__ == "__main__":
    main()
