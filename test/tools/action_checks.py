"""action.yml: valid by its schema, and its steps run in order, with inputs and outputs as GitHub's runner does it."""
import json
import pathlib
import re
import uuid

import toolbox
import yaml
from harness import ROOT, expect
from servers import INDEX

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
POD = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: web
    image: REGISTRY/team/web:1.10 # the app
"""


class Step:
    """What a step of a workflow that uses the action comes to."""

    def __init__(self, h, workspace, env=None, source=ROOT, **inputs):
        known = {name: spec.get("default", "") for name, spec in ACTION["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        expect(given.keys() <= known.keys(), given)
        self.scope = {f"inputs.{name}": str(value) for name, value in (known | given).items()}
        self.code, self.text = 0, ""
        for step in ACTION["runs"]["steps"]:
            self.step(h, workspace, step, dict(env or {}), source)
            if self.code:
                break
        self.outputs = {name: self.filled(spec["value"]) for name, spec in ACTION["outputs"].items()}

    def filled(self, text):
        return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda match: self.scope.get(match[1], ""), str(text))

    def step(self, h, workspace, step, env, source):
        place = h.work / uuid.uuid4().hex
        place.mkdir()
        (place / "script.sh").write_text(self.filled(step["run"]))
        (place / "output").touch()
        expect(step["shell"] == "bash", step)
        env |= {name: self.filled(value) for name, value in step.get("env", {}).items()}
        done = toolbox.run(
            h, "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", place / "script.sh",
            cwd=pathlib.Path(workspace) / self.filled(step.get("working-directory", ".")),
            env=env | {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_ACTION_PATH": source,
                       "GITHUB_OUTPUT": place / "output", "GITHUB_WORKSPACE": workspace})
        for line in (place / "output").read_text().splitlines():
            name, _, value = line.partition("=")
            self.scope[f"steps.{step['id']}.outputs.{name}"] = value
        self.code, self.text = done.code, self.text + str(done)

    def __str__(self):
        return f"{self.text}\n{self.outputs}"


def action(h):
    with h.check("action.yml is valid by the schema of GitHub's actions"):
        done = toolbox.run(h, "check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
        expect(done.code == 0, done)
    registry = toolbox.acceptance_registry(h)
    pod = POD.replace("REGISTRY", registry.host).encode()

    def workspace(**more):
        return toolbox.lay(h, "workspace", {"deploy/app/web.yaml": pod, "README.md": "image: x:1\n"} | more)

    with h.check("the action finds what is not pinned, as an annotation of file and line, and fails"):
        step = Step(h, workspace(), files="deploy")
        expect(step.code == 1 and step.outputs == {"findings": "true", "changed": "false"}, step)
        expect(re.search(r"^::(error|warning) .*file=deploy/app/web\.yaml,.*line=7", step.text, re.M), step)
    with h.check("the action pins in place, and then finds nothing"):
        folder = workspace()
        step = Step(h, folder, command="resolve", files="deploy\n")
        expect(step.code == 0 and step.outputs == {"findings": "false", "changed": "true"}, step)
        toolbox.same((folder / "deploy/app/web.yaml").read_bytes(),
                     pod.replace(b"web:1.10", b"web:1.10@" + INDEX.encode()))
        step = Step(h, folder, command="resolve", working_directory="deploy")
        expect(step.code == 0 and step.outputs["changed"] == "false", step)
        step = Step(h, folder, files="deploy")
        expect(step.code == 0 and step.outputs["findings"] == "false", step)
    with h.check("the action writes a report, SARIF by default"):
        folder = workspace()
        step = Step(h, folder, files="deploy", report="digester.sarif")
        expect(step.code == 1 and '"2.1.0"' in (folder / "digester.sarif").read_text(), step)
    with h.check("a registry that cannot be reached is another failure than something unpinned"):
        folder = workspace(**{"deploy/app/web.yaml": pod.replace(registry.host.encode(), b"127.0.0.1:1")})
        step = Step(h, folder, command="resolve", files="deploy")
        expect(step.code == 3 and "127.0.0.1:1" in step.text and step.outputs["changed"] == "false", step)
        toolbox.same((folder / "deploy/app/web.yaml").read_bytes(), pod.replace(registry.host.encode(), b"127.0.0.1:1"))
    with h.check("what is found counts as found where a registry failed as well"):
        both = pod + b"  - {name: far, image: 'FAR'}\n".replace(b"FAR", f"127.0.0.1:1/far:1@{INDEX}".encode())
        step = Step(h, workspace(**{"deploy/app/web.yaml": both}), files="deploy", report="digester.sarif")
        expect(step.code == 3 and step.outputs["findings"] == "true", step)
        step = Step(h, workspace(**{"deploy/app/web.yaml": both.replace(b"web:1.10", b"web:1.10@" + INDEX.encode())}))
        expect(step.code == 3 and step.outputs["findings"] == "false", step)
    with h.check("a report is there where nothing was found, so that it can be uploaded"):
        folder = workspace(**{"deploy/app/web.yaml": pod.replace(b"web:1.10", b"web:1.10@" + INDEX.encode())})
        step = Step(h, folder, files="deploy", report="digester.sarif")
        expect(step.code == 0 and json.loads((folder / "digester.sarif").read_text())["runs"][0]["results"] == [], step)
    kustomizations(h, registry, pod, workspace)
    with h.check("an input is no program: what a shell would run is the name of a file"):
        folder = workspace(**{"a $(touch stolen) b/web.yaml": pod})
        step = Step(h, folder, files="a $(touch stolen) b\n\n", command="resolve")
        expect(step.code == 0 and not (folder / "stolen").exists(), step)
        expect(b"@sha256:" in (folder / "a $(touch stolen) b/web.yaml").read_bytes(), step)
        folder = workspace(**{"-delete/web.yaml": pod})
        step = Step(h, folder, files="-delete", command="resolve")
        expect(step.code == 0 and step.outputs["changed"] == "true", step)
        expect(b"@sha256:" in (folder / "-delete/web.yaml").read_bytes(), step)
        expect((folder / "deploy/app/web.yaml").exists(), step)
        step = Step(h, folder, command="check; touch stolen")
        expect(step.code == 2 and not (folder / "stolen").exists(), step)
    with h.check("the input program is the program; one that is none is an error"):
        other = toolbox.lay(h, "other", {"mine": f"#!/bin/sh\necho mine >>{h.work}/mine\nexec {h.program} \"$@\"\n"})
        (other / "mine").chmod(0o755)
        step = Step(h, workspace(), files="deploy", program=other / "mine")
        expect(step.code == 1 and (h.work / "mine").exists(), step)
        step = Step(h, workspace(), files="deploy", program="no-such-digester")
        expect(step.code == 2 and "no-such-digester" in step.text, step)
    with h.check("where there is no program, it is built from the action's source (compiler: a stand-in)"):
        # The tree of the action with a setup and a build that only say that they were asked.
        source = toolbox.lay(h, "source", {
            "scripts/action.sh": (ROOT / "scripts/action.sh").read_bytes(),
            "scripts/setup.sh": f"#!/bin/sh\necho setup \"$@\" >>{h.work}/built\n",
            "bin/cmake": f"#!/bin/sh\necho cmake \"$@\" >>{h.work}/built\n",
            "bin/ninja": f"#!/bin/sh\necho ninja \"$@\" >>{h.work}/built\nmkdir -p build/release\n"
                         f"ln -s {h.program} build/release/digester\n"})
        for name in ("scripts/action.sh", "scripts/setup.sh", "bin/cmake", "bin/ninja"):
            (source / name).chmod(0o755)
        step = Step(h, workspace(), env={"PATH": f"{source}/bin:/usr/bin:/bin"}, source=source, files="deploy")
        expect(step.code == 1 and step.outputs["findings"] == "true", step)
        expect((h.work / "built").read_text() == "setup --build\ncmake --preset release -DDIGESTER_BUILD_TESTS=OFF\n"
               "ninja -C build/release digester\n", (h.work / "built").read_text())


def kustomizations(h, registry, pod, workspace):
    """Bases have placeholders there, overlays the images: the latter are what counts."""
    try:
        toolbox.tool("kustomize")
    except toolbox.Skipped:
        toolbox.tool("kubectl")

    def overlay(name, more=""):
        return {f"overlays/{name}/kustomization.yaml":
                "resources: [../../base]\nimages:\n- name: web\n"
                f"  newName: {registry.host}/team/web\n  newTag: '1.10'\n{more}"}

    base = {"base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": pod.replace(f"{registry.host}/team/web:1.10".encode(), b"web")}
    with h.check("the action looks at what kustomize builds of each overlay, not at the bases"):
        folder = workspace(**base, **overlay("one", f"  digest: {INDEX}\n"), **overlay("two,b"))
        step = Step(h, folder, kustomizations="overlays/one\noverlays/two,b\n")
        expect(step.code == 1 and step.outputs == {"findings": "true", "changed": "false"}, step)
        expect(re.findall(r"^::error file=(.*?),title=(.*?)::", step.text, re.M) ==
               [("overlays/two%2Cb/kustomization.yaml", "unpinned-image")], step)
        step = Step(h, folder, kustomizations="overlays/one")
        expect(step.code == 0 and step.outputs["findings"] == "false", step)
        step = Step(h, folder, kustomizations="overlays/one", files="deploy")
        expect(step.code == 1 and step.outputs["findings"] == "true", step)
        step = Step(h, folder, kustomizations="overlays/none")
        expect(step.code == 3 and step.outputs["findings"] == "false", step)
    with h.check("the action pins overlays, and leaves the base as it is"):
        folder = workspace(**base, **overlay("one"), **overlay("two"))
        step = Step(h, folder, command="resolve", kustomizations="overlays/one\noverlays/two")
        expect(step.code == 0 and step.outputs == {"findings": "false", "changed": "true"}, step)
        for name in ("one", "two"):
            expect(f"  digest: {INDEX}\n" in (folder / f"overlays/{name}/kustomization.yaml").read_text(), step)
        expect((folder / "base/web.yaml").read_bytes() == base["base/web.yaml"], step)


GROUPS = (action,)
