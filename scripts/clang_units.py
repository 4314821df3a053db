"""Runs a clang tool over units that g++ builds, and remembers what was clean. Used by check_*.py beside it."""
import concurrent.futures
import hashlib
import json
import pathlib
import re
import shlex
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def find_tool(name):
    tool = shutil.which(f"{name}-14") or shutil.which(name)
    if not tool:
        print(f"{name}-14 is not installed", file=sys.stderr)
        sys.exit(77)
    return tool


def clang_arguments(entry):
    """The unit's compile command as clang takes it: no launcher, no output, no flags of g++ alone."""
    given = entry.get("arguments") or shlex.split(entry["command"])
    while given and "ccache" in given[0]:
        given = given[1:]
    kept, skip = ["clang++-14"], False
    for argument in given[1:]:
        if skip or argument == "-o":
            skip = not skip
        elif argument not in ("-fcoroutines", "-c") and not argument.startswith(("-W", "-fsanitize", "-fno-sanitize")):
            kept.append(argument)
    return kept + ["-w"]


def sources(folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp"):
                yield path


def units(build, folders):
    """(path, compilation database entry for clang) of each of our units below the folders."""
    database = build / "compile_commands.json"
    if not database.exists():
        sys.exit(f"{database} is missing: cmake --preset release")
    for entry in json.loads(database.read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.exists() and any(path.is_relative_to(ROOT / folder) for folder in folders):
            yield path, {"directory": entry["directory"], "file": str(path), "arguments": clang_arguments(entry)}


def own_headers(path):
    """The unit and every header of ours that it includes, directly or not."""
    seen, todo = {path}, [path]
    while todo:
        file = todo.pop()
        for header in re.findall(r'^\s*#\s*include\s*"([^"]+)"', file.read_text(), re.M):
            for folder in (file.parent, ROOT / "lib", ROOT / "server"):
                found = (folder / header).resolve()
                if found.is_file() and found not in seen:
                    seen.add(found)
                    todo.append(found)
    return sorted(seen)


def run_over(chosen, check, memory, rules, jobs):
    """Calls check(path, entry) → anything true is a finding, for units not yet known to be clean under `rules`.

    `memory` is the file that remembers; a unit's key is made of its text, its flags, our headers that it includes
    and the rules. Returns the number of units read and [(path, finding)].
    """
    clean = set(memory.read_text().split()) if memory.exists() else set()
    known, todo, found = set(), [], []
    for path, entry in chosen:
        text = "".join(f"{file}\n{file.read_text()}" for file in own_headers(path))
        key = hashlib.sha256(f"{rules}{entry}{text}".encode()).hexdigest()
        known.add(key)
        if key not in clean:
            todo.append((path, entry, key))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(check, path, entry): (path, key) for path, entry, key in todo}
        for job in concurrent.futures.as_completed(running):
            path, key = running[job]
            if job.result():
                found.append((path, job.result()))
            else:
                clean.add(key)
    memory.write_text("\n".join(sorted(clean & known)) + "\n")
    return len(todo), found
