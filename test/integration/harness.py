"""What every integration check needs: a place for files, processes that end, named results, the program itself."""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Failed(AssertionError):
    pass


class Skipped(Exception):
    """What a check, or a whole group, needs is not on this machine; the text says what."""


def expect(condition, *what):
    """Like assert, but says what was seen."""
    if not condition:
        raise Failed("\n".join(str(w) for w in what) or "expectation not met")


def cpu_seconds(pid):
    """User and system time of all threads of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Harness:
    def __init__(self, program, update=False):
        self.program = str(pathlib.Path(program).resolve())
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="digester-integration."))
        self.update = update
        self.ok = self.failed = self.skipped = 0
        self.processes = []
        (self.work / "home").mkdir()

    # Results -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def check(self, name):
        started = time.monotonic()
        try:
            yield
        except Skipped as why:
            self.skipped += 1
            print(f"SKIPPED {name}: {why}", flush=True)
        except Exception as error:  # any trouble is this check's own, the others go on
            self.failed += 1
            print(f"FAIL {name}", flush=True)
            text = str(error) if isinstance(error, Failed) else traceback.format_exc()
            print("\n".join(f"     {line}" for line in text.splitlines()), flush=True)
        else:
            self.ok += 1
            print(f"ok   {name} ({(time.monotonic() - started) * 1000:.0f} ms)", flush=True)

    # Processes -----------------------------------------------------------------------------------------------

    def start(self, name, command, environment=None):
        """Starts a background process; its output goes to <name>.log."""
        log = open(self.work / f"{name}.log", "wb")
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, env=environment or self.environment())
        log.close()
        self.processes.append(process)
        return process

    def log(self, name):
        return (self.work / f"{name}.log").read_text(errors="replace")

    def wait_for(self, name, process, condition, seconds=15):
        """Waits until condition() is true (and returns that), or fails when the process ends or time runs out."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            if process.poll() is not None:
                raise Failed(f"{name}: ended with status {process.returncode}: {self.log(name)[-2000:]}")
            time.sleep(0.02)
        raise Failed(f"{name}: not within {seconds} s: {self.log(name)[-2000:]}")

    def stop(self, process, how=signal.SIGTERM, seconds=10):
        """Ends a process and returns its exit status."""
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.work, ignore_errors=True)

    # Surroundings --------------------------------------------------------------------------------------------

    def environment(self, **more):
        """A clean one: nobody's proxies, credentials or trust."""
        base = {"PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin", "HOME": str(self.work / "home"),
                "LC_ALL": "C.UTF-8"}
        base.update({key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")})
        return base | {key: str(value) for key, value in more.items()}

    def digest(self, *arguments, seconds=40, **environment):
        """Runs `digester digest …` to its end."""
        return subprocess.run([self.program, "digest", *(str(a) for a in arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=seconds, env=self.environment(**environment))


def free_port():
    """Below the range from which the kernel takes ports for outgoing connections, so that it stays free."""
    while True:
        with socket.socket() as s:
            port = random.randrange(20000, 32000)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def listens(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0
