"""docs/CI.md: its files for other programs are valid by their published schemas, and say what there is. And the list of
images in docs/FUNCTION.md."""
import re
import shlex

import documents
import toolbox
import yaml
from harness import ROOT, expect

TEXT = (ROOT / "docs/CI.md").read_text()
SCHEMAS = {".github/workflows/": "vendor.github-workflows", ".gitlab-ci.yml": "vendor.gitlab-ci"}


def ci_docs(h):
    blocks = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.M | re.S)
    with h.check("docs/CI.md: every block of YAML is YAML"):
        expect(len(blocks) >= 6, blocks)
        for block in blocks:
            yaml.safe_load(block)
    for block in blocks:
        name = block.splitlines()[0].removeprefix("# ")
        schema = next((schema for place, schema in SCHEMAS.items() if name.startswith(place)), None)
        if schema:
            with h.check(f"docs/CI.md: {name} is valid by {schema}"):
                folder = toolbox.lay(h, "schema", {"file.yml": block})
                done = toolbox.run(h, "check-jsonschema", "--builtin-schema", schema, folder / "file.yml")
                expect(done.code == 0, done)
    with h.check("docs/CI.md: the table of the action's inputs is the action's"):
        known = yaml.safe_load((ROOT / "action.yml").read_text())
        table = TEXT.split("| input |", 1)[1].split("\n\n", 1)[0]
        expect(set(re.findall(r"`([a-z-]+)`", "\n".join(row.split("|")[1] for row in table.splitlines()[2:]))) ==
               known["inputs"].keys(), table)
        jobs = [job for block in blocks for job in (yaml.safe_load(block).get("jobs") or {}).values()]
        uses = [step for job in jobs for step in job["steps"] if step.get("uses", "").startswith("OWNER/digester@")]
        expect(len(uses) >= 3, uses)
        for step in uses:
            expect(step["with"].keys() <= known["inputs"].keys(), step)
    with h.check("docs/CI.md: a clean report is uploaded, too"):
        step, = (step for job in jobs for step in job["steps"] if "upload-sarif" in step.get("uses", ""))
        expect(step["if"] == f"always() && hashFiles('{step['with']['sarif_file']}') != ''", step)
    with h.check("docs/CI.md: no version is named that the repository has no tag of"):
        named = set(re.findall(r"(?:digester@|[?]ref=|rev: )(v\S+)", TEXT))
        expect(not named, named)
    with h.check("docs/CI.md: hooks, plugin and function are those that ship"):
        hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
        used = {hook["id"] for block in blocks for repo in (yaml.safe_load(block).get("repos") or []) for hook in repo["hooks"]}
        expect(used == hooks, used, hooks)
        expect("deploy/argocd" in TEXT and (ROOT / "deploy/argocd/kustomization.yaml").exists())
    with h.check("docs/CI.md: what it links to is there"):
        missing = [link for link in re.findall(r"\]\(([\w./-]+)", TEXT) if not (ROOT / "docs" / link).exists()]
        expect(not missing, missing)


PLACES = """apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: p}
spec: {image: "registry.example/prometheus:3"}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: c}
spec: {imageName: "registry.example/postgresql:17"}
"""


def image_places(h):
    """docs/FUNCTION.md: which images are looked at, and how others are named."""
    section = documents.section("docs/FUNCTION.md", "## Which images")
    with h.check("docs/FUNCTION.md names every kind that has places of its own"):
        kinds = set(re.findall(r'"([A-Z]\w+)"', (ROOT / "lib/manifest/rules.cpp").read_text()))
        expect(len(kinds) >= 10 and all(f"`{kind}`" in section for kind in kinds), kinds)
    folder = toolbox.lay(h, "places", {"k8s/all.yaml": PLACES})
    with h.check("docs/FUNCTION.md: other places are named by --image-path"):
        done = toolbox.run(h, "digester", "check", "--offline", "-f", "k8s", cwd=folder)
        expect(done.code == 0, done)
        command, = documents.blocks("docs/FUNCTION.md", "## Which images")
        done = toolbox.run(h, "digester", *shlex.split(command.replace("\\\n", ""))[1:], "--offline", cwd=folder)
        expect(done.code == 1, done)
        expect("prometheus:3 has no digest" in done.text and "postgresql:17 has no digest" in done.text, done)
    with h.check("docs/FUNCTION.md: other places are named by a functionConfig"):
        spec = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```$", section, re.M | re.S)[1])["spec"]
        config = {"apiVersion": "digester.dev/v1", "kind": "Digester", "metadata": {"name": "d"},
                  "spec": spec | {"ignore-errors": True}}
        items = list(yaml.safe_load_all(PLACES))
        given = yaml.safe_dump({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList",
                                "functionConfig": config, "items": items})
        done = toolbox.run(h, "digester", "fn", "--timeout", "1s", stdin=given)
        expect(done.code == 0, done)
        for image in ("registry.example/prometheus:3", "registry.example/postgresql:17"):
            expect(image in done.trouble, image, done)


GROUPS = (ci_docs, image_places)
