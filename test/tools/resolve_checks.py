"""`digester resolve`: one text, directories, files in place, whatever goes wrong. With git, kustomize and kubectl where
they have a say."""
import json
import os
import resource
import subprocess
import time

import toolbox
from harness import expect, free_port
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


def resolve_directory(h):
    registry = toolbox.acceptance_registry(h)
    web, migrate = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
    files = {
        "b.yaml": pod(web, "b"), "a.yml": "---\n" + pod(migrate, "a"), "c.json": json.dumps(
            {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": web}]}}),
        "values.yaml": "image: nginx\n", "notes.txt": "no manifest", "sub/d.yaml": pod(web, "d"),
        ".git/x.yaml": pod(web, "hidden"), "chart/Chart.yaml": "apiVersion: v2\nname: c\n",
        "chart/templates/t.yaml": "{{- if .Values.x }}\nkind: Pod\n{{- end }}\n",
        "chart/files/sub/f.yaml": "apiVersion: v1\n{{- if .Values.x }}\nkind: Pod\n{{- end }}\n"}

    def pinned(name):
        return files[name].replace(web, f"{web}@{INDEX}").replace(migrate, f"{migrate}@{MANIFEST}")

    with h.check("a directory comes out sorted, with --- between its files, without what is no manifest"):
        folder = toolbox.lay(h, "dir", files)
        done = resolve(h, "-f", folder)
        expect(done.code == 0, done)
        toolbox.same(done.text.encode(), (pinned("a.yml") + "---\n" + pinned("b.yaml") + "---\n" + pinned("c.json")).encode())
        expect("1 file without apiVersion and kind left out" in done.trouble, done)
    with h.check("-R goes below, but into no chart's templates and nothing hidden, and counts those"):
        done = resolve(h, "-R", folder)
        expect(done.code == 0 and pinned("sub/d.yaml").encode() in done.out and b"hidden" not in done.out, done)
        for words in ("2 files without apiVersion and kind left out", "2 files of Helm templates left out",
                      "1 hidden left out"):
            expect(words in done.trouble, words, done)
    with h.check("what comes out is one stream of YAML that kubectl reads"):
        read = toolbox.run(h, "kubectl", "create", "--dry-run=client", "--validate=false", "-o", "name", "-f", "-",
                           stdin=resolve(h, "-R", folder).out, env={"KUBECONFIG": "/dev/null"})
        if "connection refused" not in read.trouble:  # kubectl 1.2x asks a server for the kinds
            expect(read.code == 0 and read.text.split() == [f"pod/{n}" for n in "ab"] + ["pod/d"], read)
    with h.check("a pattern in quotes is expanded, in order"):
        done = resolve(h, "-f", f"{folder}/*.y*ml")
        expect(done.code == 0 and done.text.startswith(pinned("a.yml")), done)
    with h.check("-i writes what changes, and nothing else"):
        before = {name: (path.stat().st_mtime_ns, path.read_text()) for name in files
                  for path in [folder / name]}
        done = resolve(h, "-i", "-R", folder)
        expect(done.code == 0 and done.out == b"" and "pinned 4 images in 4 files" in done.trouble, done)
        for name in files:
            changed = pinned(name) != files[name] and not name.startswith(".git")
            expect((folder / name).read_text() == (pinned(name) if changed else files[name]), name)
            expect(changed or (folder / name).stat().st_mtime_ns == before[name][0], f"{name} was touched")
        expect(sorted(toolbox.contents(folder)) == sorted(files), toolbox.contents(folder).keys())
        expect("nothing to pin in 4 files; 4 already pinned" in resolve(h, "-i", "-R", folder).trouble)
    with h.check("one broken file in a directory: nothing of the others is written; with --keep-going it is"):
        folder = toolbox.lay(h, "broken", {"a.yaml": pod(web), "b.yaml": "a: [\n"})
        fails(resolve(h, "-i", folder), "b.yaml:2: ")
        expect((folder / "a.yaml").read_text() == pod(web))
        (folder / "c.yaml").write_bytes(pod(web).encode("utf-16"))
        done = resolve(h, "--keep-going", folder)
        expect((done.code, done.text) == (3, pod(f"{web}@{INDEX}")) and "cannot be printed" not in done.trouble, done)
        done = resolve(h, "-i", "--keep-going", folder)
        expect(done.code == 3 and (folder / "a.yaml").read_text() == pod(web).replace(web, f"{web}@{INDEX}"), done)
    with h.check("JSON with comments that names no apiVersion is no manifest, and in the way of nothing but itself"):
        others = {"tsconfig.json": '{\n  // of the page\n  "strict": true,\n}\n', "jsconfig.json": "{ // none\n}\n"}
        folder = toolbox.lay(h, "no-manifest", {"a.yaml": pod(web), **others})
        done = resolve(h, folder)
        expect((done.code, done.text) == (0, pod(f"{web}@{INDEX}")), done)
        expect("2 files without apiVersion and kind left out" in done.trouble, done)
        done = toolbox.run(h, "digester", "check", "--offline", folder)
        expect(done.code == 1 and "1 found; 2 files without apiVersion and kind left out" in done.trouble, done)
        fails(resolve(h, folder / "tsconfig.json"), "tsconfig.json:3: ")
        for name, text in (("kustomization.yaml", "resources: [\n"), ("b.json", "{\"kind\": \"Pod\", // web\n\"apiVersion\": \"v1\"}\n"),
                           ("c.yaml", pod(web).encode("utf-16"))):
            folder = toolbox.lay(h, f"manifest-{name}", {"a.yaml": pod(web), name: text})
            fails(resolve(h, "-i", folder), f"{name}:")
    with h.check("a file that ends within a block of text is printed as it is read"):
        note = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    x"
        folder = toolbox.lay(h, "blocks", {"a.yaml": note, "b.yaml": note})
        done = resolve(h, folder)
        expect((done.code, done.text) == (0, note.replace("|", "|-") + "\n---\n" + note), done)
    with h.check("--diff is what git apply takes, CRLF and names with blanks too; its status is 1, then 0"):
        folder = toolbox.lay(h, "diff", {
            "a.yaml": pod(web), "with blanks.yaml": pod(migrate).replace("\n", "\r\n"), "ä.yaml": pod(web).rstrip()})
        done = resolve(h, "--diff", ".", cwd=folder)
        expect(done.code == 1 and "would pin 3 images in 3 files" in done.trouble, done)
        expect((folder / "a.yaml").read_text() == pod(web), "--diff wrote")
        subprocess.run(["git", "apply", "-"], input=done.out, cwd=folder, check=True, env=h.environment())
        expect((folder / "with blanks.yaml").read_bytes() == pod(f"{migrate}@{MANIFEST}").replace("\n", "\r\n").encode())
        expect((folder / "ä.yaml").read_text() == pod(f"{web}@{INDEX}").rstrip())
        again = resolve(h, "--diff", ".", cwd=folder)
        expect((again.code, again.out) == (0, b""), again)
    with h.check("an output that is one of the inputs, or another output, is refused before anything is written"):
        folder = toolbox.lay(h, "outputs", {"a.yaml": pod(web), "lock.yml": ""})
        (folder / "link.yaml").symlink_to("a.yaml")
        for flags in (("--report", "./a.yaml"), ("--report", "link.yaml"), ("--image-refs", "a.yaml"),
                      ("--report", "new", "--image-refs", "./new")):
            fails(resolve(h, "-i", "a.yaml", *flags, cwd=folder), flags[1])
            expect((folder / "a.yaml").read_text() == pod(web) and not (folder / "new").exists(), flags)
        done = toolbox.run(h, "digester", "check", "--offline", "a.yaml", "--report", "link.yaml", cwd=folder)
        expect(done.code == 3 and (folder / "a.yaml").read_text() == pod(web), done)
    with h.check("--diff is what git apply takes in a directory of a repository, too"):
        top = toolbox.lay(h, "diff-below", {"app.yaml": "another: file\n", "sub/app.yaml": pod(web)})
        subprocess.run(["git", "init", "-q", top], check=True, env=h.environment())
        done = resolve(h, "--diff", "app.yaml", cwd=top / "sub")
        subprocess.run(["git", "apply", "-"], input=done.out, cwd=top / "sub", check=True, env=h.environment())
        expect((top / "sub/app.yaml").read_text() == pod(f"{web}@{INDEX}"), (top / "sub/app.yaml").read_text())


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


def resolve_hostile(h):
    """Bad input: one line with file, line, cause and cure; nothing written."""
    registry = toolbox.acceptance_registry(h)
    good = pod(f"{registry.host}/team/web:1.10")
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(ord('a') + i)}: &{chr(ord('a') + i)} [{','.join(['*' + chr(ord('a') + i - 1)] * 9)}]\n" for i in range(1, 9))
    inputs = {
        "helm.yaml": ("apiVersion: v1\n{{- if .Values.x }}\nkind: Pod\n{{- end }}\n", ("helm.yaml:3: ", "helm template")),
        "text.yaml": ("a: [1\n", ("text.yaml:2: ",)), "tab.yaml": ("a:\n\tb: 1\n", ("tab.yaml:2: ",)),
        "nul.yaml": ("a: \0\n", ("nul.yaml", )), "bomb.yaml": (bomb, ("bomb.yaml", "alias")),
        "deep.yaml": ("[" * 5000, ("deep.yaml:1: ",)), "utf16.yaml": ("a: 1\n".encode("utf-16"), ("utf16.yaml", "UTF-16")),
        "unknown.yaml": ("a: *x\n", ("unknown.yaml:1: ",))}
    for name, (text, words) in inputs.items():
        with h.check(f"{name}: one line with its place, and the file beside it is not written"):
            folder = toolbox.lay(h, "hostile", {"a.yaml": good, name: text})
            started = time.monotonic()
            fails(resolve(h, "-i", folder), *words)
            expect(time.monotonic() - started < 5, "took too long")
            expect((folder / "a.yaml").read_text() == good)
    with h.check("what is not there, a pipe, a circle of links, a directory without manifests"):
        folder = toolbox.lay(h, "odd", {"none/readme.md": "x", "values/values.yaml": "a: 1\n"})
        os.mkfifo(folder / "pipe.yaml")
        (folder / "round.yaml").symlink_to("round.yaml")
        fails(resolve(h, folder / "gone.yaml"), "gone.yaml: cannot be read: No such file", "is the name right?")
        fails(resolve(h, folder / "pipe.yaml"), "pipe.yaml: it is no regular file", '"-"')
        fails(resolve(h, folder / "round.yaml"), "round.yaml: cannot be read", "circle")
        fails(resolve(h, folder / "none"), "none: no *.yaml", "-R")
        fails(resolve(h, folder / "values"), "values: no manifest is here", "apiVersion and kind")
        fails(resolve(h, f"{folder}/*.json"), "no file fits the pattern")
        fails(resolve(h, "-f", "/dev/zero"), "/dev/zero: it is no regular file")
    with h.check("a file that may not be read or written (as nobody), and a directory of somebody else"):
        folder = toolbox.lay(h, "rights", {"a.yaml": good, "b.yaml": good})
        (folder / "b.yaml").chmod(0o600)
        (folder / "a.yaml").chmod(0o444)
        if os.geteuid() == 0:
            for path in [h.work, *h.work.glob("names"), folder]:
                path.chmod(0o755)
            as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", h.program, "resolve", "-i"]
            for name, words in (("b.yaml", "b.yaml: cannot be read: Permission denied"),
                                ("a.yaml", "a.yaml: cannot be written: Permission denied")):
                done = toolbox.run(h, toolbox.tool("setpriv"), *as_nobody[1:], folder / name)
                fails(done, words, "check its permissions")
            expect(toolbox.contents(folder) == {"a.yaml": good.encode(), "b.yaml": good.encode()})
    with h.check("beyond the limit on the size of files, nothing is written and nothing left behind"):
        folder = toolbox.lay(h, "limit", {"a.yaml": good, "b.yaml": good + "# " + "x" * 5000 + "\n"})
        before = toolbox.contents(folder)
        done = subprocess.run([h.program, "resolve", "-i", folder], capture_output=True, env=h.environment(),
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        expect(done.returncode == 3 and b"File too large" in done.stderr and b"nothing was changed" in done.stderr, done)
        expect(done.stderr.endswith(b"digester resolve: nothing was written\n") and b"pinned" not in done.stderr, done)
        expect(toolbox.contents(folder) == before)
    with h.check("on a full disk nothing is written and nothing left behind"):
        folder = toolbox.lay(h, "disk", {})
        folder.mkdir(exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "digester-test", folder]).returncode == 0:
            try:
                for name in ("a.yaml", "b.yaml"):
                    (folder / name).write_text(good + "# " + "x" * 16000 + "\n")
                before = toolbox.contents(folder)
                (folder / "fill").write_bytes(b"x" * 4096 * 5)
                done = resolve(h, "-i", folder)
                fails(done, "No space left on device; make room on the disk; nothing was changed")
                (folder / "fill").unlink()
                expect(toolbox.contents(folder) == before, *toolbox.contents(folder))
            finally:
                subprocess.run(["umount", folder], check=True)
    with h.check("a file with hard links is refused, a symbolic link is followed and stays"):
        folder = toolbox.lay(h, "links", {"a.yaml": good, "real/b.yaml": good})
        (folder / "b.yaml").symlink_to("real/b.yaml")
        os.link(folder / "a.yaml", folder / "a2.txt")
        fails(resolve(h, "-i", folder), "a.yaml: it has 2 hard links", "cp ")
        expect((folder / "real/b.yaml").read_text() == good)
        (folder / "a2.txt").unlink()
        expect(resolve(h, "-i", folder).code == 0)
        expect((folder / "b.yaml").is_symlink() and INDEX in (folder / "real/b.yaml").read_text())
    with h.check("a standard output that cannot be written ends with 3"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([h.program, "resolve", "--offline", folder / "a.yaml"], stdout=full,
                                  stderr=subprocess.PIPE, env=h.environment())
        expect(done.returncode == 3 and b"standard output cannot be written" in done.stderr, done)
    with h.check("nobody listens: 3, one line an image, and the file stays"):
        folder = toolbox.lay(h, "down", {"a.yaml": pod(f"127.0.0.1:{free_port()}/team/web:1")})
        before = toolbox.contents(folder)
        fails(resolve(h, "-i", folder), "a.yaml:8: ", "refused", "is the registry up")
        expect(toolbox.contents(folder) == before)


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


GROUPS = (resolve_stream, resolve_directory, resolve_reports, resolve_hostile, resolve_setters, resolve_kustomization)
