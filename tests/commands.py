"""What tests of the command line stand on: the real program, in a process of its own."""

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import IO

PATIENCE = 60
"""Real seconds after which a program that a test waits for is killed."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A program that has ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Running:
    """A program that runs."""

    process: subprocess.Popen[str]
    url: str = ""

    def line(self, wanted: Callable[[str], bool]) -> str:
        """The next line of standard output that is wanted."""
        return _line(self.process.stdout, wanted)

    def log(self, wanted: Callable[[str], bool]) -> str:
        """The next line of standard error that is wanted."""
        return _line(self.process.stderr, wanted)

    def end(self, number: int = signal.SIGTERM) -> Ended:
        """Send a signal and wait for the end; what was not read yet of its output."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> Ended:
        """Wait for the end; what was not read yet of its output."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return Ended(status=self.process.returncode, out=out, err=err)


def run(*arguments: str, given: str | None = None, **variables: str) -> Ended:
    """Run the command to its end."""
    ended = subprocess.run(
        command(*arguments),
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment(variables),
    )
    return Ended(status=ended.returncode, out=ended.stdout, err=ended.stderr)


@contextlib.contextmanager
def started(*arguments: str, **variables: str) -> Iterator[Running]:
    """Start the command; it is killed if it still runs at the end, and after `PATIENCE`."""
    with subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(variables),
    ) as process:
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            yield Running(process=process)
        finally:
            watchdog.cancel()
            process.kill()


@contextlib.contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[Running]:
    """A server on a free port, ready."""
    with started("serve", "--port", "0", *arguments, **variables) as running:
        url = running.line(lambda line: True).removeprefix("listening on ").rstrip()
        yield Running(process=running.process, url=url)


@contextlib.contextmanager
def answering(status: int, body: bytes = b"", *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A little server in a thread that gives everybody the same answer; gives its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the base class's names

        def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the base class's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def command(*arguments: str) -> list[str]:
    """The command line of the program."""
    return [sys.executable, "-m", "emulator", *arguments]


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any of ours, and the given ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    return {**inherited, **variables}


def _line(stream: IO[str] | None, wanted: Callable[[str], bool]) -> str:
    assert stream is not None
    seen = []
    for line in stream:
        if wanted(line):
            return line
        seen.append(line)
    raise AssertionError(f"it ended without that line; it said {''.join(seen)!r}")
