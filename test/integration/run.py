"""Integration checks: the program against real servers, each check a line, `ok` or `FAIL`.

    run.py [--program build/release/digester] [--group NAME] [--update]

Needs docker-registry, nginx, tinyproxy, htpasswd and openssl (scripts/setup.sh). --update writes the expected
answers to the captured reviews anew (test/data/expected), to be read before they are committed.
"""
import argparse
import os
import pathlib
import sys
import traceback

import digest_checks
import front_checks
import webhook_checks
from harness import ROOT, Harness

GROUPS = digest_checks.GROUPS + front_checks.GROUPS + webhook_checks.GROUPS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/digester")
    parser.add_argument("--group", choices=[group.__name__ for group in GROUPS], action="append")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if not options.program.exists():
        sys.exit(f"{options.program} is not built")
    ok = failed = 0
    for group in GROUPS:
        if options.group and group.__name__ not in options.group:
            continue
        h = Harness(options.program, update=options.update)
        try:
            group(h)
        except Exception:  # its servers did not start: the other groups have their own
            h.failed += 1
            print(f"FAIL {group.__name__} cannot be set up\n{traceback.format_exc()}", flush=True)
        finally:
            h.close()
        ok, failed = ok + h.ok, failed + h.failed
    print(f"{ok + failed} checks, {ok} ok, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
