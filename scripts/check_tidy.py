"""clang-tidy over the rooms without I/O, by .clang-tidy. Exit status 77: no clang-tidy."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import clang_units
from clang_units import ROOT

ROOMS = ["lib/base", "lib/image", "lib/json", "lib/yaml", "lib/manifest", "lib/pin", "lib/known", "lib/prepare",
         "lib/setters", "lib/kustomization", "lib/krm", "lib/report", "lib/admission"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("rooms", nargs="*", default=ROOMS)
    options = parser.parse_args()
    tool = clang_units.find_tool("clang-tidy")

    def check(path, entry):
        with tempfile.TemporaryDirectory() as work:
            pathlib.Path(work, "compile_commands.json").write_text(json.dumps([entry]))
            run = subprocess.run([tool, "--quiet", f"--config-file={ROOT}/.clang-tidy", "-p", work, str(path)],
                                 capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return run.stdout or (run.stderr if run.returncode else "")

    chosen = list(clang_units.units(options.build.resolve(), options.rooms))
    read, found = clang_units.run_over(chosen, check, options.build / "tidy-clean",
                                       (ROOT / ".clang-tidy").read_text(), options.jobs)
    for _, finding in found:
        print(finding)
    print(f"clang-tidy: {len(chosen)} units ({read} read now), {len(found)} with findings")
    sys.exit(1 if found else 0)


main()
