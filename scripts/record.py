#!/usr/bin/env python3
"""Runs a command on a terminal of its own and writes what it showed as an SVG.

    scripts/record.py [--columns N] OUTPUT.svg COMMAND…     e.g. scripts/record.py docs/demo.svg scripts/demo.sh

Lines appear in the order and, but for the longest and the shortest pauses, in the time in which they came; where
nothing moves (printed, or on request) the whole is there. The colours are those of the reader's theme, light or dark;
no font is embedded. Paths below this tree are made relative to it. Exit status: the command's.
"""
import argparse
import dataclasses
import fcntl
import os
import pathlib
import pty
import re
import struct
import sys
import termios
import time
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZE, WIDTH, HEIGHT, MARGIN = 13, 7.83, 18, 16  # pixels: of the font, of a character, of a line, around
LEAST, MOST = 0.08, 1.2                         # seconds between lines
# SGR number: class. The others change nothing.
CLASSES = {1: "b", 2: "d", 31: "r", 32: "g", 33: "y", 36: "c"}
STYLE = """
text{font:%dpx ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;fill:#1f2328;white-space:pre}
.box{fill:#f6f8fa;stroke:#d1d9e0}.b{font-weight:bold}.d{fill:#59636e}.r{fill:#cf222e}.g{fill:#116329}.y{fill:#7d4e00}.c{fill:#0b5f8a}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.box{fill:#0d1117;stroke:#3d444d}.d{fill:#9198a1}.r{fill:#ff7b72}.g{fill:#7ee787}.y{fill:#f2cc60}.c{fill:#79c0ff}}
@keyframes come{from{opacity:0}to{opacity:0}}
@media(prefers-reduced-motion:no-preference){g{animation:come linear backwards}}
""" % SIZE


@dataclasses.dataclass
class Line:
    cells: list             # (character, classes)
    since: float = 0.0      # when it was last written to


class Screen:
    """As much of a terminal as our scripts use: colours, carriage return, erasing to the end of the line, wrapping."""

    def __init__(self, columns):
        self.columns, self.lines, self.at, self.classes = columns, [Line([])], 0, frozenset()

    def write(self, text, when):
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b.|[\s\S]", text):
            if part[0] == "\x1b":
                self.escape(part)
            elif part == "\n":
                self.lines.append(Line([], when))
                self.at = 0
            elif part == "\r":
                self.at = 0
            elif part >= " ":
                self.put(part, when)

    def escape(self, part):
        if part[-1] == "m":
            for number in (int(n or 0) for n in part[2:-1].split(";")):
                self.classes = frozenset() if number == 0 else self.classes | {CLASSES[number]} if number in CLASSES \
                    else self.classes
        elif part[-1] == "K":
            del self.lines[-1].cells[self.at:]

    def put(self, character, when):
        if self.at == self.columns:
            self.lines.append(Line([], when))
            self.at = 0
        line = self.lines[-1]
        line.cells += [(" ", frozenset())] * (self.at - len(line.cells))
        line.cells[self.at:self.at + 1] = [(character, self.classes)]
        line.since = when
        self.at += 1


def run(command, columns):
    """[(seconds since the start, text)], exit status."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": str(columns), "LC_ALL": "C.UTF-8"}
        os.environ.pop("NO_COLOR", None)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", flush=True)
            os._exit(127)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    started, chunks = time.monotonic(), []
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody is at the other end
            break
        if not data:
            break
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        chunks.append((time.monotonic() - started, data))
    os.close(terminal)
    return chunks, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def spans(cells):
    """The line as SVG: one tspan for each run of characters that look the same."""
    parts, start = [], 0
    for end in range(1, len(cells) + 1):
        if end == len(cells) or cells[end][1] != cells[start][1]:
            text = escape("".join(character for character, _ in cells[start:end]))
            look = " ".join(sorted(cells[start][1]))
            parts.append(f'<tspan class="{look}">{text}</tspan>' if look else text)
            start = end
    return "".join(parts)


def draw(screen, title):
    lines = screen.lines
    while lines and not lines[-1].cells:
        lines.pop()
    width, height = round(screen.columns * WIDTH) + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
             f'role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">', f"<style>{STYLE}</style>",
             f'<rect class="box" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>']
    shown, before = 0.0, 0.0
    for number, line in enumerate(lines):
        if not line.cells:
            continue
        shown += min(MOST, max(LEAST, line.since - before))
        before = line.since
        y = MARGIN + number * HEIGHT + SIZE
        parts.append(f'<g style="animation-duration:{shown:.2f}s"><text x="{MARGIN}" y="{y}" xml:space="preserve">'
                     f"{spans(line.cells)}</text></g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, default=118)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("what is to be run?")
    chunks, status = run(options.command, options.columns)
    screen = Screen(options.columns)
    words = " ".join(options.command)
    screen.write(f"\x1b[1m$ {words}\x1b[0m\n", 0.0)
    # A character or the tree's path may be cut in two by a read; a line never is by what we do.
    pending = b""
    for when, data in [*chunks, (chunks[-1][0] if chunks else 0.0, None)]:
        whole, pending = (pending, b"") if data is None else cut(pending + data)
        screen.write(whole.decode(errors="replace").replace(f"{ROOT}/", ""), when)
    if status == 0:
        options.output.write_text(draw(screen, f"A terminal: {words}"))
        print(f"{options.output}: {options.output.stat().st_size / 1024:.1f} KB")
    else:
        print(f"{words}: status {status}; {options.output} stays as it is", file=sys.stderr)
    return status


def cut(data):
    """(up to the last line break, the rest)"""
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    return data[:end], data[end:]


if __name__ == "__main__":
    sys.exit(main())
