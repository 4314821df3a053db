"""Runs groups of checks with other people's tools. A group is a function of (harness); toolbox.py has what it needs.

Each group has a work directory and processes of its own, so that with --jobs N as many run beside each other, each
in a process, whose output is printed whole when it ends.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import traceback

import toolbox  # noqa: F401  finds the harness
from harness import ROOT, Harness, Skipped

END = "counted {} {} {}"
WORKERS = []


def perform(group, program, update):
    """(ok, failed, skipped)"""
    h = Harness(program, update=update)
    try:
        group(h)
    except Skipped as why:
        h.skipped += 1
        print(f"SKIPPED {group.__name__}: {why}", flush=True)
    except Exception:  # its servers do not start: the other groups have their own
        h.failed += 1
        print(f"FAIL {group.__name__} cannot be set up\n{traceback.format_exc()}", flush=True)
    finally:
        h.close()
    return h.ok, h.failed, h.skipped


def perform_apart(group, options):
    """The same in a process of its own, whose output is printed whole."""
    command = [sys.executable, "-B", sys.argv[0], "--worker", "--program", options.program, "--group", group.__name__]
    process = subprocess.Popen(command + ["--update"] * options.update, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    WORKERS.append(process)
    output = process.communicate()[0]
    said, _, end = output.rpartition(END.split()[0])
    counted = re.match(r" (\d+) (\d+) (\d+)\n$", end)
    print(said if counted else f"{output}FAIL {group.__name__} ended with status {process.returncode}\n", end="",
          flush=True)
    return tuple(map(int, counted.groups())) if counted else (0, 1, 0)


def main(groups, description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/digester")
    parser.add_argument("--group", choices=[group.__name__ for group in groups], action="append", metavar="GROUP")
    parser.add_argument("--jobs", type=int, default=1, help="groups at a time")
    parser.add_argument("--list", action="store_true", help="print the names of the groups")
    parser.add_argument("--update", action="store_true", help="write anew what documents show")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.list:
        print(*(group.__name__ for group in groups), sep="\n")
        return 0
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    options.program = options.program.resolve()
    if not options.program.exists():
        sys.exit(f"{options.program} is not built")
    # Ends as after an exception, so that what was started is stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    chosen = [group for group in groups if not options.group or group.__name__ in options.group]
    started = time.monotonic()
    if options.worker:
        print(END.format(*perform(chosen[0], options.program, options.update)), flush=True)
        return 0
    if options.jobs > 1:
        pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
        try:
            counts = list(pool.map(lambda group: perform_apart(group, options), chosen))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in WORKERS:
                worker.terminate()
    else:
        counts = [perform(group, options.program, options.update) for group in chosen]
    ok, failed, skipped = (sum(part) for part in zip(*counts)) if counts else (0, 0, 0)
    print(f"{ok + failed + skipped} checks, {ok} ok, {failed} failed, {skipped} skipped "
          f"({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0
