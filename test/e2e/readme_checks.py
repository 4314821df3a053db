"""What the README tells people to type, typed: in a control plane of its own, started by scripts/cluster.sh."""
import os
import re
import subprocess

import documents
from harness import ROOT, expect
from servers import DIGESTS

SECTION = "## A pinned Deployment in a cluster of its own"


def readme(h, cluster):
    commands, shown, last = documents.blocks("README.md", SECTION)
    # Whoever runs these checks has installed what they need, and may have a cluster of their own running.
    commands = commands.replace("scripts/setup.sh\n", "")
    folder = h.work / "readme-cluster"

    def bash(script):
        return subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=200,
                              env=h.environment(CLUSTER_STATE=folder, DIGESTER_PROGRAM=h.program,
                                                **{k: v for k, v in os.environ.items() if k in ("GOFLAGS", "GOPROXY")}))

    try:
        with h.check("README: from nothing to a pinned Deployment, as it is written there"):
            done = bash(commands)
            expect(done.returncode == 0, done.stdout, done.stderr)
            seen = done.stdout[done.stdout.index("POD "):].splitlines()
            expect(seen[0].split() == shown.splitlines()[0].split(), seen[0], shown)
            expect(len(seen) == len(shown.splitlines()), done.stdout, shown)
            for line in seen[1:]:
                expect(line.split()[1] == "Running", line)
                expect(line.endswith(f"/team/web:1.10@{DIGESTS['team/web:1.10']}"), line)
        with h.check("README: the digest that it shows is the one that comes out"):
            for line in shown.splitlines()[1:]:
                digest = line.split("@")[1].removesuffix("…")
                expect(DIGESTS["team/web:1.10"].startswith(digest), line)
        with h.check("scripts/cluster.sh up prints commands that pin, too"):
            next_steps = re.findall(r"^  (kubectl .*|eval .*)$", done.stdout, re.M)
            expect(len(next_steps) == 3, done.stdout)
            done = bash("\n".join(next_steps).replace("deployment web ", "deployment other "))
            expect(done.returncode == 0, done.stdout, done.stderr)
            made = bash('eval "$(scripts/cluster.sh env)"; '
                        "kubectl -n demo get deployment other -o jsonpath='{.spec.template.spec.containers[0].image}'")
            expect(made.stdout.endswith(DIGESTS["team/web:1.10"]), made.stdout, made.stderr)
    finally:
        with h.check("README: nothing is left after scripts/cluster.sh down"):
            done = bash(last)
            expect(done.returncode == 0, done.stdout, done.stderr)
            expect(bash("scripts/cluster.sh status").returncode == 3, "it still runs")
            left = subprocess.run(["pgrep", "-af", str(folder)], capture_output=True, text=True).stdout
            expect(not left, left)
            expect(not (folder / "work").exists(), "its files are still there")


GROUPS = (readme,)
