#!/usr/bin/env python3
"""A stand-in for `docker`, where no container can be run: says what it was asked for, and starts the program itself.

What it keeps to, because kpt and kustomize rely on it: `docker run [flags] IMAGE` runs the image's entry point with
standard input and output, in the environment that the flags give and no other, without a network for `--network none`
(in a network namespace of its own), and fails for a user whom the image does not know. Not here: the image's files and
mounts; what is mounted at a path is found where it is mounted from.

DIGESTER_STAND_IN names a JSON file: {"program": …, "users": […], "log": …}.
"""
import json
import os
import pathlib
import sys

# Flags of `docker run` with a value of their own.
VALUES = {"--network", "--user", "--mount", "-e", "--env", "-a", "--security-opt", "--name", "-v", "--volume", "-w",
          "--workdir", "--pull", "-u", "--net"}


def main():
    settings = json.loads(pathlib.Path(os.environ["DIGESTER_STAND_IN"]).read_text())
    with open(settings["log"], "a") as log:
        print(json.dumps(sys.argv[1:]), file=log)
    if sys.argv[1:2] != ["run"]:
        print("27.0.0" if sys.argv[1:2] == ["version"] else "[{}]")
        return 0
    words, flags, environment = sys.argv[2:], {}, {"HOME": "/home/nonroot", "PATH": "/usr/bin"}
    while words and words[0].startswith("-"):
        name, given, value = words.pop(0).partition("=")
        if name in VALUES and not given:
            value = words.pop(0)
        if name in ("-e", "--env"):
            key, given, text = value.partition("=")
            if given or key in os.environ:
                environment[key] = text if given else os.environ[key]
        flags.setdefault(name, []).append(value)
    user = (flags.get("--user") or flags.get("-u") or ["65532"])[0].split(":")[0]
    if not user.isdigit() and user not in settings["users"]:
        print(f"docker: unable to find user {user}: no matching entries in passwd file", file=sys.stderr)
        return 125
    for mount in flags.get("--mount", []):
        fields = dict(part.partition("=")[::2] for part in mount.split(","))
        source, target = (fields.get(a) or fields.get(b) for a, b in (("source", "src"), ("target", "dst")))
        environment = {key: value.replace(target, source) for key, value in environment.items()}
    command = [settings["program"], *words[1:]]
    if (flags.get("--network") or flags.get("--net") or ["bridge"])[0] == "none":
        command = ["unshare", "-n", *command]
    os.execvpe(command[0], command, environment | {"PATH": os.environ["PATH"]})


if __name__ == "__main__":
    sys.exit(main())
