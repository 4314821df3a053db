"""Lock files. kbld and imgpkg cannot be had as Go modules: the checks are against a lock in kbld's form, in test/data."""
import re

import toolbox
from harness import expect
from servers import INDEX, MANIFEST


def locks(h):
    registry = toolbox.acceptance_registry(h)
    host = registry.host
    pod, wanted = toolbox.fixture("lock/pod.yaml", registry), toolbox.fixture("lock/expected.lock.yml", registry)
    folder = toolbox.lay(h, "locks", {"pod.yaml": pod})

    def run(*arguments, stdin=b""):
        return toolbox.run(h, "digester", *arguments, cwd=folder, stdin=stdin)

    with h.check("lock (fixture): --imgpkg-lock-output writes the lock as kbld does"):
        done = run("resolve", "-f", "pod.yaml", "--imgpkg-lock-output", "lock.yml")
        expect(done.code == 0, done)
        toolbox.same((folder / "lock.yml").read_bytes(), wanted)
        online = done.out
        expect(f"web:1.10@{INDEX}\n".encode() in online, done)
    with h.check("lock: a second run writes the same bytes, and other images join in their order"):
        run("resolve", "-f", "pod.yaml", "--imgpkg-lock-output", "lock.yml")
        toolbox.same((folder / "lock.yml").read_bytes(), wanted)
        both = pod + f"  - name: m\n    image: {host}/team/migrate:2\n".encode()
        done = run("resolve", "-f", "-", "--imgpkg-lock-output", "both.yml", stdin=both)
        expect(done.code == 0, done)
        text = (folder / "both.yml").read_text()
        expect(text.index(f"id: {host}/team/migrate:2") < text.index(f"id: {host}/team/web:1.10"), text)
    with h.check("lock: what is in it already stays, and is reported where no manifest has it"):
        (folder / "merged.yml").write_bytes((folder / "both.yml").read_bytes())
        done = run("resolve", "-f", "pod.yaml", "--imgpkg-lock-output", "merged.yml")
        expect(done.code == 0, done)
        expect(f"merged.yml: {host}/team/migrate:2 is locked and no manifest" in done.trouble, done)
        toolbox.same((folder / "merged.yml").read_bytes(), (folder / "both.yml").read_bytes())
    with h.check("lock: with --diff nothing is written, nor where something fails"):
        done = run("resolve", "--diff", "-f", "pod.yaml", "--imgpkg-lock-output", "none.yml", "--image-refs", "none.txt")
        expect(done.code == 1, done)
        done = run("resolve", "-f", "-", "--imgpkg-lock-output", "none.yml", stdin=pod.replace(b"1.10", b"nope"))
        expect(done.code == 3, done)
        expect(not (folder / "none.yml").exists() and not (folder / "none.txt").exists())
    with h.check("--image-refs writes what was pinned, one a line"):
        done = run("resolve", "-f", "-", "--image-refs", "refs.txt", stdin=pod + pod.replace(b"apiVersion", b"---\napiVersion", 1))
        expect(done.code == 0, done)
        toolbox.same((folder / "refs.txt").read_bytes(), f"{host}/team/web:1.10@{INDEX}\n".encode())

    with h.check("lock update: nothing changes, nothing is printed on standard output"):
        done = run("lock", "update", "--lock", "lock.yml", f"{host}/team/web:1.10")
        expect((done.code, done.text, done.trouble) ==
               (0, "", "digester lock update: nothing has moved: the image is as it is in lock.yml\n"), done)
        toolbox.same((folder / "lock.yml").read_bytes(), wanted)
    with h.check("lock update: a tag that has moved, and one that is new; what else the lock has stays"):
        registry.move("team/web:1.10", MANIFEST)
        done = run("lock", "update", "--lock", "both.yml", f"{host}/team/web:1.10", f"{host}/team/model:3")
        expect(done.code == 0, done)
        expect(done.text == f"{host}/team/web:1.10 {INDEX} -> {MANIFEST}\n{host}/team/model:3 (new) -> {MANIFEST}\n", done)
        text = (folder / "both.yml").read_text()
        expect(text.count(MANIFEST) == 3 and INDEX not in text, text)
        registry.move("team/web:1.10", INDEX)
        done = run("lock", "update", "--all", "--lock", "both.yml")
        expect(done.code == 0 and done.text == f"{host}/team/web:1.10 {MANIFEST} -> {INDEX}\n", done)
    with h.check("lock update --all: a lock that is not there is an error, and none is made"):
        done = run("lock", "update", "--all", "--lock", "missing.yml")
        expect(done.code == 3 and "missing.yml: there is no such lock; check its name" in done.trouble, done)
        expect(not (folder / "missing.yml").exists())
    with h.check("lock update: makes images.lock.yml where there is no lock"):
        done = run("lock", "update", f"{host}/team/web:1.10")
        expect(done.code == 0, done)
        toolbox.same((folder / "images.lock.yml").read_bytes(), wanted)
    with h.check("lock update: an image that is not there ends with 3, one line that names it, and the lock as it was"):
        before = (folder / "both.yml").read_bytes()
        done = run("lock", "update", "--lock", "both.yml", f"{host}/team/web:1.10", f"{host}/team/web:nope")
        expect(done.code == 3 and f"{host}/team/web:nope" in done.trouble, done)
        toolbox.same((folder / "both.yml").read_bytes(), before)
    with h.check("lock update: without an image, with a digest, with both"):
        expect(run("lock", "update").code == 2 and run("lock", "update", "--all", "a").code == 2)
        done = run("lock", "update", f"{host}/team/web@{INDEX}")
        expect(done.code == 3 and "names a digest" in done.trouble, done)

    registry.h.stop(registry.process)
    with h.check("lock (fixture): with the registry down, --offline --lock gives the same manifest"):
        done = run("resolve", "--offline", "--lock", "lock.yml", "-f", "pod.yaml")
        expect(done.code == 0, done)
        toolbox.same(done.out, online)
    with h.check("lock: --offline says which images no lock has, and what puts them there"):
        other = f"{host}/team/web:1.11"
        done = run("resolve", "--offline", "--lock", "lock.yml", "-f", "-", stdin=pod.replace(b"web:1.10", b"web:1.11"))
        expect(done.code == 0 and re.search(rf"standard input:\d+: warning: {other} stays without a digest: no lock has it; "
                                            rf"digester lock update --lock lock.yml {other}\n", done.trouble), done)
        done = run("resolve", "--offline", "--lock", "lock.yml", "-f", "pod.yaml")
        expect("warning" not in done.trouble, done)
    with h.check("lock: without --offline what the lock has is not asked for, and the rest is"):
        done = run("resolve", "--lock", "lock.yml", "-f", "pod.yaml")
        expect(done.code == 0, done)
        toolbox.same(done.out, online)
        done = run("resolve", "--lock", "lock.yml", "-f", "-", stdin=pod.replace(b"1.10", b"1.11"))
        expect(done.code == 3 and "1.11" in done.trouble and not done.out, done)
    with h.check("lock: several locks, of which no two say different things"):
        done = run("resolve", "--offline", "--lock", "lock.yml", "--lock", "both.yml", "-f", "pod.yaml")
        expect(done.code == 0, done)
        (folder / "other.yml").write_bytes(wanted.replace(INDEX.encode(), MANIFEST.encode()))
        done = run("resolve", "--offline", "--lock", "lock.yml", "--lock", "other.yml", "-f", "pod.yaml")
        expect(done.code == 3 and re.search(r"other\.yml:\d+: .* has another digest in lock\.yml; ", done.trouble), done)
    with h.check("lock: what is no lock is one line with file, line, cause and cure, and nothing is written"):
        for flag in ("--lock", "--imgpkg-lock-output"):
            done = run("resolve", "--offline", flag, "pod.yaml", "-f", "pod.yaml")
            expect(done.code == 3 and not done.out, done)
            expect(re.fullmatch(r"digester resolve: pod\.yaml: line 1: no lock; .*\n", done.trouble), done)
        toolbox.same((folder / "pod.yaml").read_bytes(), pod)


GROUPS = [locks]
