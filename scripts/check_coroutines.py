"""Finds coroutine code that compiles but is wrong (docs/COMMON_ERRORS.md). Started by check-coroutines.sh.

clang-query reads every unit of lib/ and server/ that holds a co_await, with the flags of a build directory less
those that clang does not know. Then a few patterns are looked for in the text. Before that the guard proves on
test/lint/ that it still sees what it should: each line marked BAD there must be reported, and no other.
What was found clean is remembered in the build directory, by the hash of all that it depends on.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEXT_RULES = [  # pattern, where, where not, what to say
    (r"\bdetached\b", "lib server", "", "8: `detached` swallows exceptions"),
    (r"\btcp::resolver\b", "lib server", "", "15: asio's resolver blocks and cannot be cancelled"),
    (r"\bawaitable_operators\b", "lib server", "lib/net/", "7: a && b on awaitables hides the cause"),
    (r"::now\(\)", "lib", "lib/base/clock", "30: a clock read in place, tests cannot own time"),
]
MATCH = re.compile(r"^(/[^:\n]+):(\d+):\d+: note: \"root\" binds here$", re.M)


def find_tool():
    for name in ("clang-query-14", "clang-query"):
        for folder in os.environ.get("PATH", "").split(":"):
            if os.access(f"{folder}/{name}", os.X_OK):
                return f"{folder}/{name}"
    print("check-coroutines: clang-query-14 is not installed", file=sys.stderr)
    sys.exit(77)


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


def query(tool, directory, file, arguments, queries):
    """Lines that match, as (path, line), or an error text when the unit does not parse."""
    with tempfile.TemporaryDirectory() as work:
        database = [{"directory": directory, "file": file, "arguments": arguments}]
        pathlib.Path(work, "compile_commands.json").write_text(json.dumps(database))
        pathlib.Path(work, "queries").write_text(queries)
        run = subprocess.run([tool, "-p", work, "-f", f"{work}/queries", file], capture_output=True, text=True,
                             stdin=subprocess.DEVNULL)
    output = run.stdout + run.stderr
    # A unit that does not parse matches nothing: that must not pass for clean.
    wrong = [line for line in output.splitlines() if "error:" in line or "rror while processing" in line
             or "rror building" in line or re.match(r"\d+:\d+: ", line)]
    answered = len(re.findall(r"^\d+ match(?:es)?\.$", output, re.M))
    if run.returncode != 0 or wrong or answered != len(re.findall(r"^m ", queries, re.M)):
        return None, "\n".join(wrong[:5] or [output[-500:]])
    return {(os.path.realpath(path), int(line)) for path, line in MATCH.findall(output)}, ""


def queries_for(folders):
    text = (ROOT / "scripts/coroutines.query").read_text()
    return text.replace("@FILES@", "^(" + "|".join(re.escape(str(f)) for f in folders) + ")/")


def self_test(tool):
    folder = ROOT / "test/lint"
    queries = queries_for([folder])
    for file in sorted(folder.glob("*.cpp")):
        expected = {n for n, line in enumerate(file.read_text().splitlines(), 1) if "// BAD" in line}
        found, error = query(tool, str(folder), str(file), ["clang++-14", "-std=c++20", "-w", str(file)], queries)
        if found is None:
            sys.exit(f"check-coroutines: its own example {file.name} does not parse: {error}")
        got = {line for _, line in found}
        if got != expected:
            sys.exit(f"check-coroutines: self-test: {file.name}: lines marked BAD {sorted(expected)}, "
                     f"reported {sorted(got)}")
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as broken:
        broken.write("#include \"no/such/header.hpp\"\nint f() { return 1; }\n")
        broken.flush()
        found, _ = query(tool, "/", broken.name, ["clang++-14", "-std=c++20", broken.name], queries)
        if found is not None:
            sys.exit("check-coroutines: self-test: a unit that does not parse passed for clean")


def without_comments_and_strings(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def sources(folders):
    for folder in folders.split():
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp"):
                yield path


def text_findings():
    for pattern, folders, excepted, message in TEXT_RULES:
        for path in sources(folders):
            relative = str(path.relative_to(ROOT))
            if excepted and relative.startswith(excepted):
                continue
            for number, line in enumerate(without_comments_and_strings(path.read_text()).splitlines(), 1):
                if re.search(pattern, line) and "#include" not in line:
                    yield f"{relative}:{number}: COMMON_ERRORS {message}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    database = options.build / "compile_commands.json"
    if not database.exists():
        sys.exit(f"check-coroutines: {database} is missing: cmake --preset release")
    tool = find_tool()
    self_test(tool)

    # Rooms are seen through links in the build directory, so headers answer to either name.
    queries = queries_for([ROOT / "lib", ROOT / "server", options.build.resolve() / "rooms"])
    headers = hashlib.sha256()
    for path in sources("lib server"):
        if path.suffix == ".hpp":
            headers.update(path.read_bytes() + b"\0")
    remembered = options.build / "coroutines-clean"
    clean = set(remembered.read_text().split()) if remembered.exists() else set()
    units, known = [], set()
    for entry in json.loads(database.read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        inside = any(path.is_relative_to(ROOT / folder) for folder in ("lib", "server"))
        if not inside or not path.exists() or "co_await" not in path.read_text():
            continue
        arguments = clang_arguments(entry)
        key = hashlib.sha256(headers.digest() + path.read_bytes() + repr((str(path), arguments, queries)).encode())
        known.add(key.hexdigest())
        if key.hexdigest() not in clean:
            units.append((path, entry["directory"], arguments, key.hexdigest()))

    findings, errors = set(), []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {pool.submit(query, tool, directory, str(path), arguments, queries): (path, key)
                for path, directory, arguments, key in units}
        for job in concurrent.futures.as_completed(jobs):
            path, key = jobs[job]
            found, error = job.result()
            if found is None:
                errors.append(f"{path.relative_to(ROOT)}: clang cannot read it, so it is not checked: {error}")
            elif not found:
                clean.add(key)
            else:
                findings |= found
    remembered.write_text("\n".join(sorted(clean & known)) + "\n")

    lines = [f"{os.path.relpath(path, ROOT)}:{line}: COMMON_ERRORS 1 to 4: g++ 12 miscompiles this co_await; "
             "name the temporary or the result first" for path, line in sorted(findings)]
    lines += sorted(text_findings()) + sorted(errors)
    print("\n".join(lines + [f"check-coroutines: {len(known)} units with co_await ({len(units)} read now), "
                             f"{len(lines)} findings"]))
    sys.exit(1 if lines else 0)


main()
