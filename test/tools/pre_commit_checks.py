"""The hooks of .pre-commit-hooks.yaml, run by the real pre-commit."""
import toolbox
from harness import ROOT, expect

MANIFEST = """# the shop
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - {name: web, image: "REGISTRY/team/web:1.10"} # keep me
"""


def git(h, folder, *words):
    done = toolbox.run(h, "git", "-c", "user.name=t", "-c", "user.email=t@t.example", "-c",
                       "init.defaultBranch=main", *words, cwd=folder)
    expect(done.code == 0, done)
    return done.text.strip()


@toolbox.needs("pre-commit", "git")
def pre_commit(h):
    registry = toolbox.acceptance_registry(h)
    # What pre-commit clones has to be committed: a repository that holds the file as it is now.
    hooks = toolbox.lay(h, "hooks", {".pre-commit-hooks.yaml": (ROOT / ".pre-commit-hooks.yaml").read_bytes()})
    git(h, hooks, "init", "-q")
    git(h, hooks, "add", "-A")
    git(h, hooks, "commit", "-qm", "hooks")
    revision = git(h, hooks, "rev-parse", "HEAD")
    plain = MANIFEST.replace("REGISTRY", registry.host).encode()

    def repository(hook, **more):
        config = (f"repos:\n- repo: {hooks}\n  rev: {revision}\n  hooks:\n  - id: {hook}\n    files: ^deploy/\n")
        folder = toolbox.lay(h, "repository", {
            ".pre-commit-config.yaml": config, "deploy/web.yaml": plain, "other/web.yaml": plain,
            "deploy/chart/templates/web.yaml": "image: {{ .Values.image }}\n{{- if .Values.on }}\n", **more})
        git(h, folder, "init", "-q")
        git(h, folder, "add", "-A")
        return folder

    def hook(folder):
        return toolbox.run(h, "pre-commit", "run", "--all-files", "--color", "never", "--verbose", cwd=folder)

    with h.check("pre-commit: digester-pin writes digests, which fails the commit, and passes the second time"):
        folder = repository("digester-pin")
        done = hook(folder)
        expect(done.code == 1 and "files were modified by this hook" in done.text, done)
        changed = (folder / "deploy/web.yaml").read_bytes()
        toolbox.same(toolbox.without_digests(changed), plain)
        expect(changed.count(b"@sha256:") == 1, changed)
        toolbox.same((folder / "other/web.yaml").read_bytes(), plain)
        git(h, folder, "add", "-A")
        again = hook(folder)
        expect(again.code == 0 and "Passed" in again.text, again)
    with h.check("pre-commit: digester-check names file and line, and passes what is pinned"):
        folder = repository("digester-check")
        done = hook(folder)
        expect(done.code == 1 and "deploy/web.yaml:7" in done.text and "files were modified" not in done.text, done)
        (folder / "deploy/web.yaml").write_bytes(changed)
        git(h, folder, "add", "-A")
        again = hook(folder)
        expect(again.code == 0, again)
    with h.check("pre-commit: a registry that does not answer fails the hook and changes nothing"):
        folder = repository("digester-pin")
        h.stop(registry.process)
        done = hook(folder)
        expect(done.code == 1 and registry.host in done.text, done)
        toolbox.same((folder / "deploy/web.yaml").read_bytes(), plain)


GROUPS = (pre_commit,)
