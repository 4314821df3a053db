"""docs/CI.md: its files for other programs are valid by their published schemas, and say what there is."""
import re

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


GROUPS = (ci_docs,)
