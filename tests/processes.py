"""The emulator in a process of its own, as people run it."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from emulator.config import Config
from tests.running import PATIENCE, Server

LISTENING = "listening on "
_COMPLAINTS = ("WARNING", "ERROR", "CRITICAL", "Traceback", "never retrieved", "was destroyed")


@dataclass(kw_only=True)
class Ended:
    """How a process ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """What it logged as worse than plain information, and tracebacks."""
        return [line for line in self.err.splitlines() if any(word in line for word in _COMPLAINTS)]


@dataclass(kw_only=True)
class Emulator:
    """A running process, and the server in it."""

    process: asyncio.subprocess.Process
    server: Server

    async def end(self, signal: int) -> Ended:
        """Send it a signal and wait for its end."""
        self.process.send_signal(signal)
        return await _ended(self.process)


async def run_to_its_end(*arguments: object, command: str = "serve") -> Ended:
    """Run a command that ends by itself."""
    return await _ended(await _start(command, *arguments))


@contextlib.asynccontextmanager
async def emulator(*arguments: object) -> AsyncIterator[Emulator]:
    """Run `serve` on a free port until the block is left, whatever way."""
    process = await _start("serve", "--port", "0", *arguments)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = (await process.stdout.readline()).decode()
        if not line.startswith(LISTENING):
            raise AssertionError(f"said {line!r}: {await _ended(process)}")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            server = Server(url=line.removeprefix(LISTENING).strip(), session=session, config=Config())
            yield Emulator(process=process, server=server)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def _start(command: str, *arguments: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "emulator", command, *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _ended(process: asyncio.subprocess.Process) -> Ended:
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(status=process.returncode, out=out.decode(), err=err.decode())
