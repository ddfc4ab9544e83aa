"""The programs of a benchmark, each in a process of its own: emulator, bare server, receiver, load generator."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

ROOT = Path(__file__).parents[2]
MESSAGES = f"/2012-04-24/Accounts/{DEFAULT_ACCOUNT_SID}/Messages"
CONTROL = f"/_emulator/accounts/{DEFAULT_ACCOUNT_SID}"
CONNECTIONS = 32
WRK = shutil.which("wrk")


class Program:
    """A program that listens: where, and what it has cost so far."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0

    def cpu(self) -> float:
        """Seconds of processor time it has used, all its threads together; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident megabytes."""
        shown = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return int(shown.stdout) / 1024

    def get(self, path: str) -> Any:
        """The JSON at a path."""
        with urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)


def _environment() -> dict[str, str]:
    """Compiled modules are kept, as they are where a package is installed, but not in the working tree."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "cpaas-benchmark-bytecode")}


@contextmanager
def program(*command: str, terminated: bool = True) -> Iterator[Program]:
    """Start a program and wait for its line `listening on URL`; stop it at the end."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=_environment()
    )
    try:
        assert process.stdout is not None
        yield Program(process, process.stdout.readline().split()[-1])
    finally:
        if terminated:
            process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def emulator(*options: str) -> Iterator[Program]:
    """An emulator on a free port, as users start it."""
    with program(sys.executable, "-m", "emulator", "serve", "--port", "0", *options) as started:
        yield started


@contextmanager
def bare(*options: str) -> Iterator[Program]:
    """A bare aiohttp server: `tests/benchmarks/bare.py`."""
    with program(sys.executable, "-m", "tests.benchmarks.bare", *options) as started:
        yield started


@contextmanager
def receiver() -> Iterator[Program]:
    """The app under test: `tests/benchmarks/receiver.py`."""
    with program(sys.executable, "-m", "tests.benchmarks.receiver") as started:
        yield started


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for database files, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="cpaas-benchmark-") as path:
        yield Path(path)


def send(
    target: Program,
    *,
    seconds: float = 0,
    count: int = 0,
    rate: float = 0,
    first: int = 0,
    callback: str = "",
    path: str = MESSAGES,
) -> dict[str, Any]:
    """POST messages from a process of its own; `rate` 0 means as fast as `CONNECTIONS` connections can."""
    options = {"url": target.url + path, "first": first, "callback": callback, "connections": CONNECTIONS}
    options |= {
        "seconds": seconds,
        "count": count,
        "rate": rate,
        "login": f"{DEFAULT_ACCOUNT_SID}:{DEFAULT_AUTH_TOKEN}",
    }
    before = target.cpu()
    command = [sys.executable, "-m", "tests.benchmarks.load", json.dumps(options)]
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
    told: dict[str, Any] = json.loads(shown.stdout)
    told["server_cpu"] = target.cpu() - before
    return told
