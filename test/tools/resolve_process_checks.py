"""`digester resolve` as a process: what signals leave behind, and what a terminal sees."""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import toolbox
from harness import ROOT, expect
from resolve_checks import pod
from servers import INDEX


def resolve_kills(h):
    """SIGINT, SIGTERM and SIGHUP at every moment of writing many files: all are old or all are new, none is between."""
    registry = toolbox.acceptance_registry(h)
    old = {f"{n:04}.yaml": pod(f"{registry.host}/team/web:1.10", f"p{n}").encode() for n in range(120)}
    new = {name: text.replace(b"web:1.10", f"web:1.10@{INDEX}".encode()) for name, text in old.items()}

    def kill_after(seconds, how):
        """Whether the files are new then."""
        folder = toolbox.lay(h, "kills", old)
        process = subprocess.Popen([h.program, "resolve", "-i", folder], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, env=h.environment())
        time.sleep(seconds)
        process.send_signal(how)
        trouble = process.communicate(timeout=30)[1].decode()
        seen = toolbox.contents(folder)
        expect(seen in (old, new), f"after {seconds} s: {len(set(seen) - set(old))} files left over, "
               f"{sum(seen.get(name) == new[name] for name in new)} of {len(new)} written", trouble)
        expect(process.returncode in (0, -how), process.returncode, trouble)
        return seen == new

    with h.check("a signal while files are written leaves all of them old or all of them new, and nothing beside them"):
        # The moment between the two is hunted for.
        early, late = 0.0, 0.1
        while not kill_after(late, signal.SIGTERM):
            early, late = late, late * 2
            expect(late < 60, "they are never written")
        for rounds in range(15):
            moment = early + (late - early) * (rounds % 4 + 1) / 5
            if kill_after(moment, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[rounds % 3]):
                late = moment
            else:
                early = moment


def on_terminal(h, *arguments, **environment):
    """Runs digester with its outputs on a terminal; (status, what the terminal got)."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(h.program, [h.program, *map(str, arguments)], h.environment(TERM="xterm", **environment))
    got = b""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            got += data
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), got.decode(errors="replace")


def resolve_terminal(h):
    registry = toolbox.acceptance_registry(h)
    slow = h.start("slow", [sys.executable, "-B", ROOT / "test/bench/registry.py", "--latency", "400"])
    port = h.wait_for("slow", slow, lambda: re.search(r"^listening on (\d+)$", h.log("slow"), re.M)).group(1)
    folder = toolbox.lay(h, "terminal", {"a.yaml": pod(f"{registry.host}/team/web:1.10"), "slow.yaml": "---\n".join(
        pod(f"127.0.0.1:{port}/a{n}:1") for n in range(40))})
    with h.check("a terminal sees how far the look-ups are, and the line goes again"):
        code, text = on_terminal(h, "resolve", "-i", "--registry-concurrency", "4", folder / "slow.yaml")
        expect(code == 0 and "looking up images: " in text and "\r\x1b[K" in text, repr(text))
        expect("pinned 40 images in 1 file" in text, repr(text))
    with h.check("what is done within moments shows nothing of it; neither does a dumb terminal"):
        expect("looking up" not in on_terminal(h, "resolve", folder / "a.yaml")[1])
    with h.check("differences are coloured on a terminal, unless NO_COLOR is set"):
        expect("\x1b[32m+" in on_terminal(h, "resolve", "--diff", folder / "a.yaml")[1])
        expect("\x1b" not in on_terminal(h, "resolve", "--diff", folder / "a.yaml", NO_COLOR="1")[1])


GROUPS = (resolve_kills, resolve_terminal)
