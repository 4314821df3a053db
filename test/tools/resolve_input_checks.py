"""`digester resolve` on directories, and on whatever goes wrong. With git where it has a say."""
import json
import os
import resource
import subprocess
import time

import toolbox
from harness import expect, free_port
from resolve_checks import fails, pod, resolve
from servers import INDEX, MANIFEST


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


GROUPS = (resolve_directory, resolve_hostile)
