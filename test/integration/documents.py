"""What documents tell people to type, and what they show for it.

`blocks` gives the fenced texts of a section. `sessions` gives what is in blocks marked `console`: a line that begins with
`$ ` is a command (with the lines of a here-document, and those after a backslash), what follows is its output as a
terminal shows it, both streams. In a shown output … stands for the rest of a digest, else for anything within a line,
and a line … for any lines; ports of 127.0.0.1 may differ. A line `<!-- needs: NAME… -->` below a heading names the tools that its commands need.
"""
import dataclasses
import os
import re
import selectors
import signal
import subprocess
import time

from harness import ROOT, Failed, expect

PORT = re.compile(r"127\.0\.0\.1:\d+")
SHOWN_PORT = "127.0.0.1:36511"
# How what is long, or different each time, is shown.
SHORT = ((re.compile(r"(sha256:[0-9a-f]{8})[0-9a-f]{56}"), r"\1…"), (re.compile(r" in \d+(\.\d+)?m?s$"), " in …"),
         (re.compile(r"^(LAST DEPLOYED: ).*"), r"\1…"))


def section(document, heading):
    """The text below a heading of the second level, up to the next one."""
    text = (ROOT / document).read_text()
    expect(f"{heading}\n" in text, f"no section {heading!r} in {document}")
    return text.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]


def blocks(document, heading):
    """What stands between plain fences in a section, one text each."""
    return re.findall(r"^```\n(.*?)^```$", section(document, heading), re.M | re.S)


@dataclasses.dataclass
class Command:
    line: int      # of the document, from 1
    text: str      # what is typed
    shown: list    # lines of output, as the document has them
    span: tuple    # where those lines are, [first, last) from 0


@dataclasses.dataclass
class Session:
    heading: str
    needs: list
    commands: list


def sessions(document):
    lines = (ROOT / document).read_text().splitlines()
    found, at = [Session(document, [], [])], 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("## "):
            found.append(Session(line.removeprefix("## "), [], []))
        elif needs := re.fullmatch(r"<!-- needs: (.*) -->", line):
            found[-1].needs = needs[1].split()
        elif line == "```console":
            end = lines.index("```", at)
            found[-1].commands += commands(lines, at + 1, end)
            at = end
        at += 1
    return [session for session in found if session.commands]


def commands(lines, at, end):
    found = []
    while at < end:
        expect(lines[at].startswith("$ "), f"line {at + 1}: output before a command: {lines[at]}")
        first, text = at, lines[at].removeprefix("$ ")
        until = re.search(r"<<-?'?(\w+)'?", text)
        while at + 1 < end and (text.endswith("\\") or (until and lines[at] != until[1])):
            at += 1
            text += "\n" + lines[at]
        at += 1
        start = at
        while at < end and not lines[at].startswith("$ "):
            at += 1
        found.append(Command(first + 1, text, lines[start:at], (start, at)))
    return found


def with_shown_ports(text):
    return PORT.sub(SHOWN_PORT, text)


def in_short(line):
    for pattern, short in SHORT:
        line = pattern.sub(short, line)
    return with_shown_ports(line).rstrip()


def pattern_of(line):
    """Of one shown line."""
    if line == "…":
        return "(?:.*\n)*?"
    parts = re.split(r"(sha256:[0-9a-f]{4,63})…|(…)", with_shown_ports(line))
    texts = (re.escape(text or "") + (f"{digest}[0-9a-f]{{{71 - len(digest)}}}" if digest else ".*?" if any_text else "")
             for text, digest, any_text in zip(parts[0::3], parts[1::3] + [None], parts[2::3] + [None]))
    return "".join(texts) + "[ \t]*\n"


def alike(shown, seen):
    """Whether lines of output are as shown, but for blanks at their ends."""
    pattern = "".join(map(pattern_of, shown))
    return re.fullmatch(pattern, "".join(f"{with_shown_ports(line)}\n" for line in seen)) is not None


class Shell:
    """A bash that commands are typed into one after the other, in one directory and environment, like a person's."""
    END = "--- end of a command"

    def __init__(self, folder, environment):
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.waiting = selectors.DefaultSelector()
        self.waiting.register(self.process.stdout, selectors.EVENT_READ)

    def type(self, command, seconds=120):
        """(lines that it printed, exit status). What is typed has no standard input of ours to read."""
        # The next command finds the status of this one in $?.
        script = f"{{ {command}\n}} </dev/null\nstatus=$?; printf '%s %d\\n' '{self.END}' $status; (exit $status)\n"
        self.process.stdin.write(script.encode())
        self.process.stdin.flush()
        said, until = b"", time.monotonic() + seconds
        while not (end := re.search(self.END.encode() + rb" (\d+)\n\Z", said)):
            if not self.waiting.select(max(0, until - time.monotonic())):
                raise Failed(f"not within {seconds} s: {command}", said.decode(errors="replace"))
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Failed(f"it ended the shell: {command}", said.decode(errors="replace"))
            said += more
        return said[:end.start()].decode(errors="replace").splitlines(), int(end[1])

    def close(self):
        """Ends it, and what it started and did not end; what has a session of its own is its starter's to end."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def shown_anew(document, ran):
    """Writes the document with what was printed in the place of what it shows, where that is another thing: for
    --update, to be read before it is committed. ran: (command, lines) in their order."""
    path = ROOT / document
    lines = path.read_text().splitlines()
    for command, seen in reversed(ran):
        if not alike(command.shown, seen):
            lines[slice(*command.span)] = [in_short(line) for line in seen]
    path.write_text("\n".join(lines) + "\n")
