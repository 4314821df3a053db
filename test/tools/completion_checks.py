"""Shell completions in the shells themselves, and the manual page in the programs that show it.

Whatever a command's --help lists must be completed and be in the manual: both are made of the same table.
"""
import os
import pty
import re
import select
import shutil
import signal
import time

import toolbox
from harness import expect

BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_digester
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "source $argv[1]; complete -C $argv[2]"


def commands_of(h):
    """The command lines that `digester --help` leads to, with their own help."""
    text = toolbox.run(h, "digester", "--help").text
    names = re.findall(r"^  ([a-z]+) {2,}\S", text.split("Subcommands:")[1].split("\n\n")[0], re.MULTILINE)
    out = {}
    for name in names:
        about = toolbox.run(h, "digester", name, "--help").text
        if "Subcommands:" not in about:
            out[name] = about
            continue
        for below in re.findall(r"^  ([a-z]+) {2,}\S", about.split("Subcommands:")[1].split("\n\n")[0], re.MULTILINE):
            out[f"{name} {below}"] = toolbox.run(h, "digester", name, below, "--help").text
    return out


def flags_in(about):
    return set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", about, re.MULTILINE))


def script(h, shell):
    done = toolbox.run(h, "digester", "completion", shell)
    expect(done.code == 0 and not done.err, done)
    path = h.work / f"completion.{shell}"
    path.write_bytes(done.out)
    return path


def every_word(h, shell, complete):
    """`complete` gives the proposals for a line of words, the last of which is being written."""
    lines = commands_of(h)
    with h.check(f"{shell}: all commands are proposed, and those of a group"):
        expect({line.split()[0] for line in lines} <= set(complete("")), complete(""))
        expect("resolve" in complete("reso") and "digest" not in complete("reso"), complete("reso"))
        for line in lines:
            if " " in line:
                expect(line.split()[1] in complete(line.split()[0], ""), complete(line.split()[0], ""))
    with h.check(f"{shell}: every flag of every command's help is proposed for it"):
        for line, about in lines.items():
            missing = flags_in(about) - set(complete(*line.split(), "--"))
            expect(not missing, f"{line}: {sorted(missing)}", complete(*line.split(), "--"))
    with h.check(f"{shell}: the words that a value can be are proposed, and files where it is one"):
        expect(set(complete("webhook", "--on-reapply", "")) == {"resolve", "keep"},
               complete("webhook", "--on-reapply", ""))
        expect(set(complete("digest", "--output", "")) == {"text", "json"}, complete("digest", "--output", ""))
        expect(set(complete("completion", "")) == {"bash", "zsh", "fish"}, complete("completion", ""))
        (h.work / "some.yaml").write_text("")
        expect("some.yaml" in complete("resolve", "-f", "some"), complete("resolve", "-f", "some"))


def completion_bash(h):
    path = script(h, "bash")

    def complete(*words):
        return toolbox.run(h, "/bin/bash", "-c", BASH, "bash", path, "digester", *words).text.split()
    every_word(h, "bash", complete)
    with h.check("bash: --flag=value is completed as --flag value is"):
        expect(complete("webhook", "--on-reapply", "=", "ke") == ["keep"], complete("webhook", "--on-reapply", "=", "ke"))


@toolbox.needs("fish")
def completion_fish(h):
    path = script(h, "fish")

    def complete(*words):
        done = toolbox.run(h, "fish", "-c", FISH, path, " ".join(["digester", *words]), env={"HOME": h.work})
        return [line.split("\t")[0] for line in done.text.splitlines()]
    every_word(h, "fish", complete)


class Zsh:
    """An interactive zsh on a terminal: what it lists for a line that is typed."""
    LIST, MARK, CLEAR, END = b"\x14", b"\x07", b"\x15", "-listed-"

    def __init__(self, h, path):
        folder = h.work / "zsh"
        folder.mkdir()
        shutil.copy(path, folder / "_digester")
        (folder / ".zshrc").write_text(
            f"fpath=({folder} $fpath)\nautoload -Uz compinit\ncompinit -u -d {folder}/dump\n"
            "zstyle ':completion:*' verbose no\nLISTMAX=10000\nPS1='READY> '\nunset zle_bracketed_paste\n"
            f"mark() {{ print -n -- {self.END}$((++marks)) }}\nzle -N mark\nbindkey -e\n"
            "bindkey '^T' list-choices\nbindkey '^G' mark\nbindkey '^U' kill-whole-line\n")
        self.marks = 0
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(h.work)
            os.execvpe(toolbox.tool("zsh"), ["zsh", "-i"], toolbox.environment(
                h, ZDOTDIR=folder, HOME=folder, TERM="vt100", COLUMNS="400", LINES="500"))
        self.read("READY> ")

    def read(self, until):
        text, end = "", time.monotonic() + 30
        while until not in text:
            expect(time.monotonic() < end, f"no {until!r} in", text)
            if select.select([self.terminal], [], [], 0.5)[0]:
                text += os.read(self.terminal, 65536).decode(errors="replace").replace("\0", "")
        return text

    def complete(self, *words):
        # The second mark: all that the first line brought has come.
        os.write(self.terminal, " ".join(["digester", *words]).encode() + self.LIST + self.MARK + self.CLEAR + self.MARK)
        self.marks += 2
        listed = self.read(f"{self.END}{self.marks}").split(f"{self.END}{self.marks - 1}")[0]
        listed = re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])", " ", listed.split("\n", 1)[1]).split()
        # Behind the list the line is drawn anew, with or without its prompt.
        return [word for word in listed if word not in ("READY>", "digester", *words)]

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@toolbox.needs("zsh")
def completion_zsh(h):
    zsh = Zsh(h, script(h, "zsh"))
    try:
        every_word(h, "zsh", zsh.complete)
    finally:
        zsh.close()


def manual(h):
    done = toolbox.run(h, "digester", "man")
    path = h.work / "digester.1"
    path.write_bytes(done.out)
    with h.check("the manual page has every command, and every flag of its help"):
        plain = re.sub(r"\\f.", "", done.text).replace("\\-", "-")
        for line, about in commands_of(h).items():
            expect(f".SS digester {line}" in plain, line)
            section = plain.split(f".SS digester {line}")[1].split(".SS ")[0]
            missing = [flag for flag in flags_in(about) if flag not in section]
            expect(not missing, line, missing)
    for name, arguments in (("mandoc", ["-Tlint", "-Werror"]), ("groff", ["-man", "-ww", "-Tutf8", "-z"])):
        with h.check(f"{name} has nothing to say against the manual page"):
            shown = toolbox.run(h, name, *arguments, path)
            expect(shown.code == 0 and not shown.out and not shown.err, shown)


GROUPS = (completion_bash, completion_fish, completion_zsh, manual)
