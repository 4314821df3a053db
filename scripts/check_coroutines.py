"""Finds coroutine code that compiles but is wrong (docs/COMMON_ERRORS.md). Started by check-coroutines.sh.

clang-query reads every unit of lib/ and server/ that holds a co_await, with the flags of a build directory less
those that clang does not know. Then a few patterns are looked for in the text. Before that the guard proves on
test/lint/ that it still sees what it should: each line marked BAD there must be reported, and no other.
What was found clean is remembered in the build directory, by the hash of all that it depends on.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import clang_units
from clang_units import ROOT

TEXT_RULES = [  # pattern, where, where not, what to say
    (r"\bdetached\b", "lib server", "", "8: `detached` swallows exceptions"),
    (r"\btcp::resolver\b", "lib server", "", "15: asio's resolver blocks and cannot be cancelled"),
    (r"\bawaitable_operators\b", "lib server", "lib/net/", "7: a && b on awaitables hides the cause"),
    (r"::now\(\)", "lib", "lib/base/clock", "30: a clock read in place, tests cannot own time"),
]
MATCH = re.compile(r"^(/[^:\n]+):(\d+):\d+: note: \"root\" binds here$", re.M)


def query(tool, entry, queries):
    """Lines that match, as (path, line), or an error text when the unit does not parse."""
    with tempfile.TemporaryDirectory() as work:
        pathlib.Path(work, "compile_commands.json").write_text(json.dumps([entry]))
        pathlib.Path(work, "queries").write_text(queries)
        run = subprocess.run([tool, "-p", work, "-f", f"{work}/queries", entry["file"]], capture_output=True, text=True,
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


def plain_entry(file):
    return {"directory": "/", "file": str(file), "arguments": ["clang++-14", "-std=c++20", "-w", str(file)]}


def self_test(tool):
    folder = ROOT / "test/lint"
    queries = queries_for([folder])
    for file in sorted(folder.glob("*.cpp")):
        expected = {n for n, line in enumerate(file.read_text().splitlines(), 1) if "// BAD" in line}
        found, error = query(tool, plain_entry(file), queries)
        if found is None:
            sys.exit(f"check-coroutines: its own example {file.name} does not parse: {error}")
        got = {line for _, line in found}
        if got != expected:
            sys.exit(f"check-coroutines: self-test: {file.name}: lines marked BAD {sorted(expected)}, "
                     f"reported {sorted(got)}")
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as broken:
        broken.write("#include \"no/such/header.hpp\"\nint f() { return 1; }\n")
        broken.flush()
        found, _ = query(tool, plain_entry(broken.name), queries)
        if found is not None:
            sys.exit("check-coroutines: self-test: a unit that does not parse passed for clean")


def without_comments_and_strings(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def text_findings():
    for pattern, folders, excepted, message in TEXT_RULES:
        for path in clang_units.sources(folders.split()):
            relative = str(path.relative_to(ROOT))
            if excepted and relative.startswith(excepted):
                continue
            for number, line in enumerate(without_comments_and_strings(path.read_text()).splitlines(), 1):
                if re.search(pattern, line) and "#include" not in line:
                    yield f"{relative}:{number}: COMMON_ERRORS {message}"


def main():
    parser = argparse.ArgumentParser(prog="check-coroutines.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", metavar="DIRECTORY",
                        help="a configured build directory (default: build/release)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="units read at a time")
    options = parser.parse_args()
    build = options.build.resolve()
    tool = clang_units.find_tool("clang-query")
    self_test(tool)

    # Rooms are seen through links in the build directory, so headers answer to either name.
    queries = queries_for([ROOT / "lib", ROOT / "server", build / "rooms"])
    findings, errors = set(), []

    def check(path, entry):
        found, error = query(tool, entry, queries)
        if found is None:
            errors.append(f"{path.relative_to(ROOT)}: clang cannot read it, so it is not checked: {error}")
        findings.update(found or ())
        return found is None or found

    chosen = [unit for unit in clang_units.units(build, ["lib", "server"]) if "co_await" in unit[0].read_text()]
    read, _ = clang_units.run_over(chosen, check, build / "coroutines-clean", queries, options.jobs)

    lines = [f"{os.path.relpath(path, ROOT)}:{line}: COMMON_ERRORS 1 to 4: g++ 12 miscompiles this co_await; "
             "name the temporary or the result first" for path, line in sorted(findings)]
    lines += sorted(text_findings()) + sorted(errors)
    print("\n".join(lines + [f"check-coroutines: {len(chosen)} units with co_await ({read} read now), "
                             f"{len(lines)} findings"]))
    sys.exit(1 if lines else 0)


main()
