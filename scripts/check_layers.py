"""Keeps rooms and third-party headers where docs/ARCHITECTURE.md puts them. Started by check-layers.sh.

The compiler already refuses an include of a room that is not linked; this also sees what the compiler cannot (a
folder inside a visible room, a third-party header that happens to be installed), and proves on tiny files that
the compiler does refuse.
"""
import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
THIRD_PARTY = [  # header, where it may be included (path prefixes, or a suffix after a star)
    (r"boost/beast", ["lib/net/"]),
    (r"boost/asio/ssl", ["lib/net/"]),
    (r"openssl/", ["lib/net/", "lib/certificate/"]),
    (r"boost/asio", ["lib/net/", "lib/certificate/rotator/", "lib/cluster/", "lib/credential/", "lib/kube/",
                     "lib/registry/", "lib/webhook/", "server/"]),
    (r"ares", ["lib/net/client/"]),
    (r"simdjson|rapidjson/", ["lib/json/*.cpp"]),
    (r"CLI/|CLI11", ["server/"]),
    (r"yaml-cpp/", ["server/", "lib/kube/text/yaml_tree.cpp"]),
    (r"yaml\.h", ["lib/yaml/libyaml_reader.cpp"]),
    (r"prometheus/", ["lib/base/"]),
    (r"libpsl|zlib|curl/", ["lib/registry/", "lib/net/"]),
    (r"catch2/", []),
]
# A unit of the first room that includes the header must not compile, and for the reason named.
UPWARD = [
    ("base", "image/reference.hpp"), ("image", "registry/resolver.hpp"), ("image", "json/value.hpp"),
    ("json", "image/reference.hpp"), ("admission", "net/task.hpp"), ("admission", "registry/resolver.hpp"),
    ("net", "json/value.hpp"), ("net", "registry/resolver.hpp"), ("credential", "registry/resolver.hpp"),
    ("kube", "registry/resolver.hpp"), ("kube", "image/reference.hpp"), ("registry", "admission/review.hpp"),
    ("certificate", "net/task.hpp"), ("webhook", "cluster/namespaces.hpp"), ("yaml", "image/reference.hpp"),
    ("manifest", "json/value.hpp"), ("manifest", "net/task.hpp"),
    ("pin", "net/task.hpp"), ("pin", "registry/resolver.hpp"),
    ("process", "image/reference.hpp"), ("known", "net/task.hpp"), ("known", "json/value.hpp"),
    ("setters", "json/value.hpp"), ("setters", "net/task.hpp"),
    ("kustomization", "manifest/images.hpp"), ("kustomization", "net/task.hpp"),
    ("process", "image/reference.hpp"),
    ("report", "manifest/images.hpp"),
    ("files", "json/value.hpp"),
    ("krm", "json/value.hpp"), ("krm", "registry/resolver.hpp"),
    ("prepare", "net/task.hpp"),
]
DOWNWARD = [("image", "base/result.hpp"), ("admission", "image/reference.hpp"), ("registry", "net/task.hpp")]


def read_rooms():
    """name → (folder, linked rooms, sources), from the digester_room() calls."""
    rooms = {}
    for path in sorted((ROOT / "lib").rglob("CMakeLists.txt")):
        text = re.sub(r"#[^\n]*", "", path.read_text())
        for call in re.findall(r"digester_room\(([^)]*)\)", text):
            words = call.split()
            keyword, arguments = None, {}
            for word in words[1:]:
                if word in ("SOURCES", "LINKS", "USES", "USES_PRIVATE", "FOLDER"):
                    keyword = word
                else:
                    arguments.setdefault(keyword, []).append(word)
            rooms[words[0]] = (str(path.parent.relative_to(ROOT / "lib")), arguments.get("LINKS", []),
                               arguments.get("SOURCES", []))
    return rooms


def closure(rooms, name):
    seen, todo = set(), [name]
    while todo:
        room = todo.pop()
        if room not in seen and room in rooms:
            seen.add(room)
            todo += rooms[room][1]
    return seen


def rooms_of(rooms, path):
    """The rooms that may own this path below lib/: the one that compiles its unit, else those of the deepest folder."""
    stem = path.rsplit(".", 1)[0]
    owners = [name for name, (folder, _, sources) in rooms.items()
              if any(f"{folder}/{source}".rsplit(".", 1)[0] == stem for source in sources)]
    if owners:
        return owners
    deepest = max((len(r[0]) for r in rooms.values() if path.startswith(r[0] + "/")), default=None)
    return [name for name, r in rooms.items() if path.startswith(r[0] + "/") and len(r[0]) == deepest]


def allowed(relative, places):
    return any(relative.startswith(place.split("*")[0]) and relative.endswith(place.partition("*")[2])
               for place in places)


def findings(rooms):
    visible = {name: closure(rooms, name) for name in rooms}
    for folder in ("lib", "server"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".hpp", ".cpp"):
                continue
            relative = str(path.relative_to(ROOT))
            owners = rooms_of(rooms, relative.removeprefix("lib/")) if folder == "lib" else []
            for number, line in enumerate(path.read_text().splitlines(), 1):
                included = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
                if not included:
                    continue
                header = included.group(2)
                others = rooms_of(rooms, header)
                if owners and others and not any(other in visible[own] for own in owners for other in others):
                    yield (f"{relative}:{number}: room {owners[0]} includes {header} of room {others[0]}, "
                           "which it does not link")
                for pattern, places in THIRD_PARTY:
                    if re.match(pattern, header) and not others:
                        if not allowed(relative, places):
                            yield f"{relative}:{number}: <{header}> belongs in {' '.join(places) or 'tests alone'}"
                        break


def compile_flags(database, rooms, room):
    folder = ROOT / "lib" / rooms[room][0]
    for entry in database:
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.parent == folder:
            words = entry.get("arguments") or shlex.split(entry["command"])
            return [w for w in words[1:] if w.startswith(("-I", "-D", "-std", "-fcoro", "-isystem"))]
    return None


def self_test(build, rooms):
    """Upward includes fail to compile because the header is not to be found, downward ones compile."""
    database = json.loads((build / "compile_commands.json").read_text())
    with tempfile.TemporaryDirectory() as work:
        for room, header in UPWARD + DOWNWARD:
            if room not in rooms or not (ROOT / "lib" / header).exists():
                yield f"check-layers: its own example is outdated: {room} including {header}"
                continue
            flags = compile_flags(database, rooms, room)
            if flags is None:
                yield f"check-layers: no unit of room {room} in {build}"
                continue
            unit = pathlib.Path(work, "unit.cpp")
            unit.write_text(f'#include "{header}"\n')
            run = subprocess.run(["g++", "-fsyntax-only", *flags, str(unit)], capture_output=True, text=True)
            if (room, header) in DOWNWARD and run.returncode != 0:
                yield f"check-layers: self-test: {room} cannot include {header}: {run.stderr[:300]}"
            if (room, header) in UPWARD and f"{header}: No such file" not in run.stderr:
                yield f"check-layers: self-test: {room} can include {header}"


def main():
    parser = argparse.ArgumentParser(prog="check-layers.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", metavar="DIRECTORY",
                        help="a configured build directory (default: build/release)")
    options = parser.parse_args()
    if not (options.build / "compile_commands.json").exists():
        sys.exit(f"check-layers: {options.build} is not configured: cmake --preset release")
    rooms = read_rooms()
    found = list(findings(rooms)) + list(self_test(options.build.resolve(), rooms))
    print("\n".join(found + [f"check-layers: {len(rooms)} rooms, {len(UPWARD) + len(DOWNWARD)} tries to compile, "
                             f"{len(found)} findings"]))
    sys.exit(1 if found else 0)


main()
