"""docs/TUTORIAL.md, typed: every command in its order, in one shell, and what it prints compared with what is shown."""
import os
import subprocess

import documents
import toolbox
from harness import ROOT, Failed, expect

DOCUMENT = "docs/TUTORIAL.md"


class Reader:
    """Who types it: in the clone, with a cluster, a home and a folder of its own."""

    def __init__(self, h):
        self.h, self.ran, self.state = h, [], h.work / "tutorial-cluster"
        settings = {k: v for k, v in os.environ.items() if k in ("GOFLAGS", "GOPROXY", "GOCACHE", "GOMODCACHE")}
        for name, place in (("GOCACHE", ".cache/go-build"), ("GOMODCACHE", "go/pkg/mod")):
            settings.setdefault(name, os.path.expanduser(f"~/{place}"))
        self.shell = documents.Shell(ROOT, toolbox.environment(
            h, CLUSTER_STATE=self.state, DIGESTER_PROGRAM=h.program, NO_COLOR=1, **settings))

    def type(self, command):
        """Fails where something else is printed than shown."""
        text = command.text.replace("build/tutorial", str(self.h.work / "tutorial")).replace(
            "$PWD/build/release", os.path.dirname(self.h.program))
        seen, _ = self.shell.type(text, seconds=300)
        self.ran.append((command, seen))
        if not self.h.update and not documents.alike(command.shown, seen):
            raise Failed("\n".join([f"{DOCUMENT}:{command.line}: {command.text}", "--- shown", *command.shown,
                                    "--- seen", *seen]))

    def close(self):
        self.shell.close()
        if (self.state / "pid").exists():
            subprocess.run([ROOT / "scripts/cluster.sh", "down"], env=self.h.environment(CLUSTER_STATE=self.state),
                           capture_output=True)


@toolbox.needs("kube-apiserver", "etcd", "setpriv", "openssl", "curl")
def tutorial(h):
    if os.geteuid() != 0:
        raise toolbox.Skipped("the webhook listens on port 443, which needs root")
    sessions = documents.sessions(DOCUMENT)
    reader = Reader(h)
    try:
        for session in sessions:
            with h.check(f"{DOCUMENT}: {session.heading}"):
                for name in session.needs:
                    toolbox.tool(name)
                # What a command prints matters more than that of the one before: all are typed.
                wrong = []
                for command in session.commands:
                    try:
                        reader.type(command)
                    except Failed as difference:
                        wrong.append(str(difference))
                expect(not wrong, *wrong)
        with h.check(f"{DOCUMENT}: nothing is left"):
            expect(not (h.work / "tutorial").exists() and not (reader.state / "pid").exists())
            plugins = list((h.work / "home").rglob("helm/plugins/*"))
            expect(not plugins, plugins)
        if h.update:
            documents.shown_anew(DOCUMENT, reader.ran)
    finally:
        reader.close()


GROUPS = (tutorial,)
