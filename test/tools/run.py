"""Checks with the tools that people use beside digester: kpt, kubectl, kustomize, helm, ko. A line each: `ok`, `FAIL`,
or `SKIPPED`, where the machine lacks a tool.

    run.py [--program build/release/digester] [--group NAME]… [--jobs N] [--list] [--update]

Needs docker-registry (scripts/setup.sh), and what test/tools/build_tools.sh builds. The groups are those of every
<name>_checks.py beside this file, in its GROUPS. --update with --group tutorial writes what docs/TUTORIAL.md shows
anew where something else is printed now, to be read before it is committed.
"""
import importlib
import pathlib
import sys

import runner

MODULES = [importlib.import_module(path.stem) for path in sorted(pathlib.Path(__file__).parent.glob("*_checks.py"))]

if __name__ == "__main__":
    sys.exit(runner.main([group for module in MODULES for group in module.GROUPS], __doc__))
