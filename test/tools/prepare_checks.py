"""`digester prepare`. gke-deploy cannot be had as a Go module: the checks are against what it is known to write, in
test/data; kubectl is the real one where it only reads what was written, and a stand-in that notes how it is called where it
would need a cluster."""
import re

import toolbox
from harness import expect
from servers import INDEX

FILE = "aggregated-resources.yaml"
KUBECTL = """#!/bin/sh
echo "kubectl $*" >>"$KUBECTL_CALLS"
echo "said of $1"
case "$1" in "$KUBECTL_FAILS") echo "error: no such cluster" >&2; exit 1 ;; esac
"""


def prepare(h):
    registry = toolbox.acceptance_registry(h)
    host = registry.host
    source, wanted = toolbox.fixture("prepare/d.yaml", registry), toolbox.fixture("prepare/expanded.yaml", registry)
    folder = toolbox.lay(h, "prepare", {"d.yaml": source, "bin/kubectl": KUBECTL})
    (folder / "bin/kubectl").chmod(0o755)
    web = f"{host}/team/web:1.10"

    def run(*arguments, stdin=b"", **env):
        return toolbox.run(h, "digester", "prepare", *arguments, cwd=folder, stdin=stdin, env=env)

    with h.check("prepare (fixture): the expanded file, byte for byte; -v is the subcommand's version"):
        done = run("-f", "d.yaml", "-i", web, "--version", "1.10")
        expect(done.code == 0 and not done.out, done)
        toolbox.same((folder / "output/expanded" / FILE).read_bytes(), wanted)
        done = run("-f", "d.yaml", "-i", web, "-v", "1.10", "-o", "short")
        toolbox.same((folder / "short/expanded" / FILE).read_bytes(), wanted)
    with h.check("prepare: the suggested file has the image without its tag, and neither version nor namespace"):
        text = (folder / "output/suggested" / FILE).read_text()
        expect(f"- image: {host}/team/web  # Will be set" in text and f"image: {host}/team/migrate:2" in text, text)
        expect("namespace" not in text and "version: " not in text.lower().replace("apiversion: ", ""), text)
    with h.check("prepare: a second run fails, the directory is not empty; nothing is touched, nobody asked"):
        before, asked = toolbox.contents(folder), len(registry.requests())
        done = run("-f", "d.yaml", "-i", web, "--version", "1.11")
        expect(done.code == 3 and re.fullmatch(r"digester prepare: \S*output/suggested: the directory is not empty; .*\n",
                                               done.trouble), done)
        expect(toolbox.contents(folder) == before and len(registry.requests()) == asked)
    with h.check("prepare: one of the two directories is in use, or the output is a file: refused before anything is written"):
        (folder / "half/expanded").mkdir(parents=True)
        (folder / "half/expanded/mine").write_text("mine")
        for output in ("half", "d.yaml"):
            before = toolbox.contents(folder)
            done = run("-f", "d.yaml", "-i", web, "-o", output)
            expect(done.code == 3 and toolbox.contents(folder) == before and not (folder / "half/suggested").exists(), done)
    with h.check("prepare: empty directories are taken"):
        (folder / "empty/expanded").mkdir(parents=True)
        expect(run("-f", "d.yaml", "-i", web, "-o", "empty").code == 0)
    with h.check("prepare: -n makes the namespace before what goes into it, -a and -L label, standard input is read"):
        done = run("-f", "-", "-i", web, "-a", "shop", "-n", "prod", "-L", "team=a,tier=b", "-o", "deep/er", stdin=source)
        expect(done.code == 0, done)
        text = (folder / "deep/er/expanded" / FILE).read_text()
        expect(text.startswith("apiVersion: v1\nkind: Namespace\nmetadata:\n"), text)
        for line in ("  namespace: prod\n", "    app.kubernetes.io/name: shop\n", "    team: a\n", "    tier: b\n",
                     f"image: {host}/team/web@{INDEX}\n"):
            expect(line in text, line, text)
    with h.check("prepare: a directory's manifests, sorted; without -f a Deployment of the image"):
        lots = toolbox.lay(h, "lots", {f"{name}.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
                                       for name in "ba"})
        done = run("-f", lots, "-o", "lots-out")
        expect(done.code == 0, done)
        text = (folder / "lots-out/expanded" / FILE).read_text()
        expect(text.index("name: a\n") < text.index("---\n") < text.index("name: b\n"), text)
        done = run("-i", web, "-o", "made")
        expect(done.code == 0 and f"- image: {host}/team/web@{INDEX}\n" in (folder / "made/expanded" / FILE).read_text(), done)
    with h.check("prepare: an image that is not there: 3, one line that names it, nothing written"):
        done = run("-f", "d.yaml", "-i", f"{host}/team/web:nope", "-o", "not")
        expect(done.code == 3 and f"{host}/team/web:nope" in done.trouble and not (folder / "not").exists(), done)
    with h.check("prepare: an image that no container has is a warning"):
        done = run("-f", "d.yaml", "-i", f"{host}/team/model:3", "-o", "warned")
        expect(done.code == 0 and f"no container has an image of {host}/team/model" in done.trouble, done)
    with h.check("prepare: bad input is one line with file, line, cause and cure; nothing is written"):
        toolbox.lay(h, "bad", {"a.yaml": "kind: [\n", "b.yaml": "values: 1\n"})
        for name, words in (("../bad/a.yaml", r"a\.yaml: line "), ("../bad/b.yaml", r"b\.yaml: line 1: no Kubernetes object"),
                            ("../bad/none.yaml", r"none\.yaml")):
            done = run("-f", name, "-i", web, "-o", "bad-out")
            expect(done.code == 3 and re.search(words, done.trouble), done)
            expect(len(done.trouble.splitlines()) == 1 and not (folder / "bad-out").exists(), done)
    with h.check("prepare: usage errors end with 2"):
        for arguments in ((), ("-f", "d.yaml", "-L", "x"), ("-f", "d.yaml", "-L", "app.kubernetes.io/version=1"),
                          ("-f", "d.yaml", "-i", "A B"), ("-f", "d.yaml", "-n", "Prod"), ("-f", "d.yaml", "--wait")):
            done = run(*arguments, "-o", "usage")
            expect(done.code == 2 and not (folder / "usage").exists(), done)
    with h.check("prepare (stand-in for kubectl): --apply and --wait hand the expanded file and the workload over"):
        calls = folder / "calls"
        path = f"{folder}/bin:{toolbox.environment(h)['PATH']}"
        done = run("-f", "d.yaml", "-i", web, "-o", "applied", "--apply", "--wait", "--wait-timeout", "90s", PATH=path,
                   KUBECTL_CALLS=calls, KUBECTL_FAILS="nothing")
        expect(done.code == 0 and done.text == "said of apply\nsaid of rollout\n", done)
        expect(calls.read_text() == f"kubectl apply -f applied/expanded/{FILE}\n"
               "kubectl rollout status deployment/web --namespace=default --timeout=90s\n", calls.read_text())
        done = run("-f", "d.yaml", "-i", web, "-o", "failed", "--apply", "--wait", PATH=path, KUBECTL_CALLS=calls,
                   KUBECTL_FAILS="apply")
        expect(done.code == 3 and "error: no such cluster" in done.trouble, done)
        expect("kubectl apply -f failed/expanded/aggregated-resources.yaml failed with exit code 1" in done.trouble, done)
        expect(calls.read_text().count("rollout") == 1, calls.read_text())
    with h.check("prepare: without kubectl --apply writes nothing"):
        done = run("-f", "d.yaml", "-i", web, "-o", "without", "--apply", PATH="/nonexistent")
        expect(done.code == 3 and "no kubectl in PATH" in done.trouble and not (folder / "without").exists(), done)


@toolbox.needs("kubectl")
def prepared_objects(h):
    registry = toolbox.acceptance_registry(h)
    folder = toolbox.lay(h, "objects", {"d.yaml": toolbox.fixture("prepare/d.yaml", registry)})
    with h.check("prepare: kubectl reads both files as the same objects as before"):
        done = toolbox.run(h, "digester", "prepare", "-f", "d.yaml", "-i", f"{registry.host}/team/web:1.10", cwd=folder)
        expect(done.code == 0, done)
        for name in ("suggested", "expanded"):
            (folder / "output" / name / "kustomization.yaml").write_text(f"resources: [{FILE}]\n")
            seen = toolbox.run(h, "kubectl", "kustomize", folder / "output" / name)
            expect(seen.code == 0 and "name: web\n" in seen.text and "image: " in seen.text, seen)


GROUPS = [prepare, prepared_objects]
