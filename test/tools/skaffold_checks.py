"""Skaffold's artifacts. Skaffold itself cannot be had as a Go module: the checks are against the file that
`skaffold build --file-output` writes and what Skaffold's own `render --build-artifacts` makes of it, in test/data."""
import json
import re

import toolbox
from harness import expect
from servers import INDEX, MANIFEST


def resolve(h, folder, *arguments, stdin=b""):
    return toolbox.run(h, "digester", "resolve", *arguments, cwd=folder, stdin=stdin)


def skaffold(h):
    registry = toolbox.acceptance_registry(h)
    folder = toolbox.lay(h, "skaffold", {name: toolbox.fixture(f"skaffold/{name}") for name in
                                         ("artifacts.json", "pod.yaml")})
    wanted = toolbox.fixture("skaffold/expected.yaml")
    with h.check("Skaffold (fixture): --offline --build-artifacts writes the tags that were built, the comment stays"):
        done = resolve(h, folder, "--offline", "--build-artifacts", "artifacts.json", "-f", "pod.yaml")
        expect(done.code == 0, done)
        toolbox.same(done.out, wanted)
    with h.check("Skaffold (fixture): --build-artifacts - reads standard input"):
        done = resolve(h, folder, "--offline", "--build-artifacts", "-", "-f", "pod.yaml",
                       stdin=toolbox.fixture("skaffold/artifacts.json"))
        expect(done.code == 0, done)
        toolbox.same(done.out, wanted)
    with h.check("Skaffold (fixture): in place, and a second run changes nothing"):
        (folder / "copy.yaml").write_bytes(toolbox.fixture("skaffold/pod.yaml"))
        for _ in range(2):
            done = resolve(h, folder, "--offline", "--build-artifacts", "artifacts.json", "-i", "copy.yaml")
            expect(done.code == 0, done)
            toolbox.same((folder / "copy.yaml").read_bytes(), wanted)
    with h.check("Skaffold (fixture): what was built without a digest gets one from the registry, others are resolved"):
        builds = {"builds": [{"imageName": "app", "tag": f"{registry.host}/team/web:1.10"}]}
        (folder / "tags.json").write_text(json.dumps(builds))
        pod = ("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: app\n"
               f"  - image: {registry.host}/team/migrate:2\n")
        done = resolve(h, folder, "--build-artifacts", "tags.json", "-f", "-", stdin=pod)
        expect(done.code == 0, done)
        toolbox.same(done.out, pod.replace("image: app", f"image: {registry.host}/team/web:1.10@{INDEX}").replace(
            "migrate:2", f"migrate:2@{MANIFEST}").encode())
    with h.check("Skaffold: --offline, what was built without a digest is not counted as pinned"):
        done = resolve(h, folder, "--offline", "--build-artifacts", "tags.json", "-f", "-", stdin=pod)
        expect(done.code == 0 and f"image: {registry.host}/team/web:1.10\n" in done.text, done)
        expect("pinned 0 images in 1 file; 1 replaced without a digest; 1 left without a digest\n" in done.trouble, done)
    with h.check("Skaffold: an artifact that no manifest has is a warning, unless it stands there already"):
        builds["builds"].append({"imageName": "typo", "tag": f"r.example/typo:1@{INDEX}"})
        (folder / "more.json").write_text(json.dumps(builds, indent=1))
        done = resolve(h, folder, "--offline", "--build-artifacts", "more.json", "-f", "-", stdin=pod)
        expect(done.code == 0 and done.trouble.count("warning") == 1, done)
        expect(re.search(r"more\.json:\d+: warning: typo was built, and no manifest that was read has it; ", done.trouble), done)
        again = pod.replace("image: app", f"image: r.example/typo:1@{INDEX}")
        done = resolve(h, folder, "--offline", "--build-artifacts", "more.json", "-f", "-", stdin=again)
        expect("warning: app was built" in done.trouble and "typo" not in done.trouble, done)
    with h.check("Skaffold (fixture): a file that is none is one line with file, line and cure, and nothing is printed"):
        (folder / "wrong.json").write_text('{"builds":[\n  {"imageName": "app"}\n]}\n')
        for name, words in (("wrong.json", r"wrong\.json: line 2: .*skaffold build"), ("pod.yaml", r"pod\.yaml: line 1: "),
                            ("none.json", "none.json: ")):
            done = resolve(h, folder, "--offline", "--build-artifacts", name, "-f", "pod.yaml")
            expect(done.code == 3 and not done.out, done)
            expect(re.search(words, done.trouble) and len(done.trouble.splitlines()) == 1, done)
    with h.check("Skaffold: artifacts and manifests cannot both come from standard input"):
        done = resolve(h, folder, "--build-artifacts", "-", "-f", "-")
        expect(done.code == 2 and "standard input" in done.trouble, done)


GROUPS = [skaffold]
