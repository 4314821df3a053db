"""`digester resolve`: one text, reports, setters, kustomizations. With git, kustomize and kubectl where they have a
say."""
import json
import os

import toolbox
from harness import expect
from servers import ARM64, INDEX, MANIFEST

POD = """apiVersion: v1
kind: Pod
metadata:
  name: NAME
spec:
  containers:
  - name: c
    image: IMAGE # the app
"""


def pod(image, name="p"):
    return POD.replace("IMAGE", image).replace("NAME", name)


def resolve(h, *arguments, **more):
    return toolbox.run(h, "digester", "resolve", *arguments, **more)


def fails(done, *words, code=3):
    """With this status, nothing on standard output, and a line on standard error that holds all the words."""
    expect(done.code == code and done.out == b"", done)
    lines = done.trouble.rstrip("\n").split("\n")
    expect(all(line.isprintable() for line in lines), done)
    expect(any(all(word in line for word in words) for line in lines), *words, done)


def resolve_stream(h):
    registry = toolbox.acceptance_registry(h)
    mixed, wanted = (toolbox.fixture(name, registry) for name in ("mixed.yaml", "mixed.expected.yaml"))
    windows = [b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n") for data in (mixed, wanted)]
    with h.check("scenario C: every style in one stream, byte for byte but for the digests"):
        folder = toolbox.lay(h, "c", {"mixed.yaml": mixed})
        done = resolve(h, "-f", folder / "mixed.yaml")
        expect(done.code == 0, done)
        toolbox.same(done.out, wanted)
        expect("pinned 6 images in 1 file; 1 already pinned" in done.trouble, done)
        expect((folder / "mixed.yaml").read_bytes() == mixed, "the file was touched")
    with h.check("scenario C: a second run changes nothing, and asks nobody"):
        before = len(registry.requests())
        done = resolve(h, "-f", "-", stdin=wanted)
        expect((done.code, done.out) == (0, wanted), done)
        expect(len(registry.requests()) == before, registry.requests()[before:])
    with h.check("scenario C: Windows' line ends and a byte order mark stay"):
        done = resolve(h, "-f", "-", stdin=windows[0])
        expect(done.code == 0, done)
        toolbox.same(done.out, windows[1])
        expect(resolve(h, "-f", "-", stdin=windows[1]).out == windows[1], "the second run changed something")
    with h.check("each image is asked for once, by one HEAD"):
        before = len(registry.requests())
        resolve(h, "-f", "-", stdin=mixed)
        asked = sorted(registry.requests()[before:])
        expect(asked == [("HEAD", "/v2/team/migrate/manifests/2"), ("HEAD", "/v2/team/web/manifests/1.10")], asked)
    with h.check("--digest-only, --platform and both prefixes to skip do what they say"):
        text = pod(f"{registry.host}/team/web:1.10").encode()
        seen = {flags: resolve(h, *flags, "-f", "-", stdin=text).out for flags in (
            ("--digest-only",), ("--platform", "linux/arm64"), ("--skip-prefix", f"{registry.host}/team/"),
            ("--skip-prefixes", "127.0.0.1:gcr.io/x"), ("--offline",))}
        tag, full = b"/team/web:1.10 ", f"/team/web:1.10@{INDEX} ".encode()
        wanted_ends = [f"/team/web@{INDEX} ".encode(), f"/team/web:1.10@{ARM64} ".encode(), tag, tag, tag]
        for (flags, out), wanted_end in zip(seen.items(), wanted_ends):
            toolbox.same(out, text.replace(tag, wanted_end))
        expect(full in resolve(h, "-f", "-", stdin=text).out)
    with h.check("--image-path and --image-config add places of images"):
        task = (f"apiVersion: example.dev/v1\nkind: Task\nspec:\n  steps:\n  - runner: {registry.host}/team/web:1.10\n"
                f"  base: {registry.host}/team/migrate:2\n")
        config = toolbox.lay(h, "config", {"images.yaml": "images:\n- path: spec/base\n  kind: Task\n"})
        expect(resolve(h, "-f", "-", stdin=task).text == task, "it was found without them")
        done = resolve(h, "--image-path", "spec/steps[]/runner,kind=Task", "--image-config", config / "images.yaml", "-f",
                       "-", stdin=task)
        expect(f"runner: {registry.host}/team/web:1.10@{INDEX}\n" in done.text, done)
        expect(f"base: {registry.host}/team/migrate:2@{MANIFEST}\n" in done.text, done)
    with h.check("an image that is not there fails, named with file, line, cause and cure; nothing is printed"):
        folder = toolbox.lay(h, "wrong", {"a.yaml": pod(f"{registry.host}/team/web:nope")})
        fails(resolve(h, folder / "a.yaml"), "a.yaml:8: ", "team/web:nope", "no such image", "check its name and tag")
    with h.check("a placeholder that is no image is refused, with the flag that leaves it alone"):
        text = pod("IMAGE_URL")
        fails(resolve(h, "-f", "-", stdin=text), "input:8: ", '"IMAGE_URL" is not an image reference',
              "correct it, or leave it as it is: --skip-prefix IMAGE_URL")
        fails(resolve(h, "-f", "-", stdin=pod("<image>")), "--skip-prefix '<image>'")
        done = resolve(h, "-f", "-", "--skip-prefix", "IMAGE_URL", stdin=text)
        expect((done.code, done.text) == (0, text) and "1 skipped" in done.trouble, done)
        done = resolve(h, "-f", "-", stdin=pod("$IMAGE"))
        expect(done.code == 0 and "standard input:8: warning: " in done.trouble, done)
    with h.check("--ignore-errors leaves it as it is, with a warning; --keep-going fails at the end"):
        text = pod(f"{registry.host}/team/web:nope") + "---\n" + pod(f"{registry.host}/team/web:1.10")
        pinned = text.replace("web:1.10", f"web:1.10@{INDEX}")
        done = resolve(h, "--ignore-errors", "-f", "-", stdin=text)
        expect((done.code, done.text) == (0, pinned) and "standard input:8: warning: " in done.trouble, done)
        done = resolve(h, "--keep-going", "-f", "-", stdin=text)
        expect((done.code, done.text) == (3, pinned) and "1 failed" in done.trouble, done)


def resolve_reports(h):
    registry = toolbox.acceptance_registry(h)
    web = f"{registry.host}/team/web:1.10"
    folder = toolbox.lay(h, "reports", {"k8s/a.yaml": pod(web), "k8s/b.yaml": pod(f"{registry.host}/team/web:nope")})

    def report(form, *arguments):
        done = resolve(h, "--report", "report", "--report-format", form, *arguments, cwd=folder)
        return done, (folder / "report").read_text()

    with h.check("a JSON report says what was pinned, where, and to what"):
        done, text = report("json", "k8s/a.yaml")
        told = json.loads(text)
        expect(done.code == 0 and told["counts"] == {"error": 0, "warning": 0, "note": 1}, text)
        expect(told["findings"][0]["proposed"] == f"{web}@{INDEX}", text)
        expect((told["findings"][0]["file"], told["findings"][0]["line"]) == ("k8s/a.yaml", 8), text)
        expect(told["findings"][0]["object"] == {"apiVersion": "v1", "kind": "Pod", "name": "p"}, text)
    with h.check("a report is also written of what fails"):
        done, text = report("json", "k8s")
        rules = [finding["rule"] for finding in json.loads(text)["findings"]]
        expect(done.code == 3 and rules == ["pinned-image", "unresolved-image"], text)
    with h.check("SARIF names files by URIs below the root of the sources"):
        done, text = report("sarif", "k8s")
        results = json.loads(text)["runs"][0]["results"]
        places = [r["locations"][0]["physicalLocation"] for r in results]
        expect([p["artifactLocation"] for p in places] == [{"uri": f"k8s/{n}.yaml", "uriBaseId": "%SRCROOT%"} for n in "ab"],
               text)
    with h.check("GitHub's commands annotate file and line"):
        done, text = report("github", "k8s")
        expect(text.startswith("::notice file=k8s/a.yaml,line=8,title=pinned-image::") and
               "\n::error file=k8s/b.yaml,line=8,title=unresolved-image::" in text, text)
    with h.check("a report that cannot be written ends with 3"):
        done = resolve(h, "--report", "none/report", "k8s/a.yaml", cwd=folder)
        expect(done.code == 3 and "none/report: cannot be written: No such file" in done.trouble, done)
    with h.check("outputs that could not be written are found before any manifest is"):
        (folder / "file").write_text("")
        (folder / "locked").mkdir(mode=0o555)
        before = toolbox.contents(folder)
        for flag in ("--report", "--image-refs", "--imgpkg-lock-output"):
            for path in ("none/x", "k8s", "file/x", "locked/x"):
                if path == "locked/x" and os.access(folder / "locked", os.W_OK):
                    continue  # root may
                done = resolve(h, "-i", flag, path, "k8s/a.yaml", cwd=folder)
                fails(done, f"{path}: ", "nothing was written")
                expect("pinned" not in done.trouble, done)
        expect(toolbox.contents(folder) == before)
        done = resolve(h, "-i", "--image-refs", "/dev/stdout", "k8s/a.yaml", cwd=folder)
        expect((done.code, done.text) == (0, f"{web}@{INDEX}\n"), done)


def resolve_setters(h):
    """Setters of kpt packages: a stand-in for the next render, kpt's apply-setters, needs containers (setters_checks)."""
    registry = toolbox.acceptance_registry(h)
    web = f"{registry.host}/team/web:1.10"
    kptfile = ("apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\npipeline:\n  mutators:\n"
               f"  - image: gcr.io/kpt-fn/apply-setters:v0.2\n    configMap:\n      web: {web} # ours\n")
    files = {"Kptfile": kptfile, "app/a.yaml": pod(web).replace("# the app", "# kpt-set: ${web}")}
    pinned = {name: text.replace(web, f"{web}@{INDEX}").encode() for name, text in files.items()}
    with h.check("a field that a setter will write over is a warning, with the setter's place and the cure"):
        folder = toolbox.lay(h, "package", files)
        done = resolve(h, "-i", "-R", folder)
        expect(done.code == 0 and "a.yaml:8: warning: " in done.trouble and "Kptfile:9" in done.trouble, done)
        expect("--pin-setters" in done.trouble, done)
        expect(toolbox.contents(folder) == {"Kptfile": kptfile.encode(), "app/a.yaml": pinned["app/a.yaml"]})
    with h.check("--pin-setters pins the Kptfile's value with the field, comments kept; --diff shows both"):
        folder = toolbox.lay(h, "package", files)
        done = resolve(h, "--diff", "--pin-setters", "-R", ".", cwd=folder)
        expect(done.code == 1 and done.text.count("\n+") == 4 and "+++ b/Kptfile\n" in done.text, done)
        done = resolve(h, "-i", "--pin-setters", "-R", folder)
        expect(done.code == 0 and "warning" not in done.trouble, done)
        expect(toolbox.contents(folder) == pinned, *toolbox.contents(folder).values())
    with h.check("--pin-setters: a Kptfile's configPath, or a link behind it, moves nothing outside of its package"):
        values = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: v}}\ndata:\n  web: {web}\n"
        for path in ("../out/v.yaml", "v.yaml"):
            place = toolbox.lay(h, "outside", {
                "out/v.yaml": values, "p/app.yaml": pod(f"{web} # kpt-set: ${{web}}"),
                "p/Kptfile": "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\npipeline:\n  mutators:\n"
                             f"  - image: gcr.io/kpt-fn/apply-setters:v0.2\n    configPath: {path}\n"})
            if path == "v.yaml":
                (place / "p/v.yaml").symlink_to("../out/v.yaml")
            done = resolve(h, "-i", "--pin-setters", ".", cwd=place / "p")
            expect((place / "out/v.yaml").read_text() == values, path, done)
    with h.check("--pin-setters where Kptfiles cannot be written is wrong usage"):
        expect(resolve(h, "--pin-setters", "-R", folder).code == 2)


def resolve_kustomization(h):
    """-k"""
    registry = toolbox.acceptance_registry(h)
    web = f"{registry.host}/team/web"
    tree = {
        "base/kustomization.yaml": "resources: [pod.yaml]\n", "base/pod.yaml": pod(f"{web}:1.0"),
        "prod/kustomization.yaml": f"resources: [../base]\nnamePrefix: prod-\nimages:\n- name: {web}\n  newTag: \"1.10\"\n"}
    for name in ("kustomize", "kubectl"):
        with h.check(f"-k builds with {name}, and pins what comes out"):
            folder = toolbox.lay(h, "tree", tree)
            names = h.work / f"only-{name}"
            names.mkdir(exist_ok=True)
            (names / name).symlink_to(toolbox.tool(name))
            done = resolve(h, "-k", folder / "prod", env={"PATH": str(names)})
            expect(done.code == 0 and f"image: {web}:1.10@{INDEX}\n" in done.text and "name: prod-p\n" in done.text, done)
    with h.check("-k without either program says so, and what helps"):
        fails(resolve(h, "-k", folder / "prod", env={"PATH": "/nonexistent"}), "neither is in PATH", "-f -")
    with h.check("-k of a tree that cannot be built: the tool's own words"):
        broken = toolbox.lay(h, "broken", {"kustomization.yaml": "resources: [none.yaml]\n"})
        fails(resolve(h, "-k", broken), "failed with status 1", "none.yaml")
        fails(resolve(h, "-k", h.work), "no kustomization.yaml")
    function = ("apiVersion: digester.dev/v1\nkind: Digester\nmetadata:\n  name: d\n  annotations:\n"
                "    config.kubernetes.io/function: |\n      exec: {path: digester}\n")
    with h.check("-k refuses a function that the host would leave out without a word, wherever it is named"):
        for where, more in (
                ("prod/kustomization.yaml", {"prod/kustomization.yaml": tree["prod/kustomization.yaml"] +
                                             "transformers: [f.yaml]\n", "prod/f.yaml": function}),
                ("base", {"base/kustomization.yaml": tree["base/kustomization.yaml"] + "validators: [v]\n",
                          "base/v/kustomization.yaml": "resources: [f.yaml]\n", "base/v/f.yaml": function}),
                ("inline", {"prod/kustomization.yaml": tree["prod/kustomization.yaml"] + "generators:\n- |\n" +
                            "".join(f"  {line}\n" for line in function.splitlines())})):
            folder = toolbox.lay(h, "function", tree | more)
            done = resolve(h, "-k", folder / "prod")
            fails(done, "this is a function", "--enable-alpha-plugins", ": ")
    with h.check("-k takes the places of images that the kustomization's configurations name"):
        folder = toolbox.lay(h, "places", {
            "kustomization.yaml": "resources: [t.yaml]\nconfigurations: [c.yaml]\n",
            "c.yaml": "images:\n- path: spec/runner\n  kind: Task\n",
            "t.yaml": f"apiVersion: example.dev/v1\nkind: Task\nmetadata: {{name: t}}\nspec: {{runner: '{web}:1.10'}}\n"})
        done = resolve(h, "-k", folder)
        expect(done.code == 0 and f"runner: {web}:1.10@{INDEX}\n" in done.text, done)


GROUPS = (resolve_stream, resolve_reports, resolve_setters, resolve_kustomization)
