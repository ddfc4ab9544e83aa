"""Running the application: until told to stop, in this loop, or on a thread of its own."""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from msgspec.structs import replace

from emulator.app import create_app, platform_first
from emulator.client.blocking import Emulator
from emulator.client.scripts import Script
from emulator.clock import ClockMode
from emulator.config import Config
from emulator.errors import StartFailed

if TYPE_CHECKING:
    from emulator.client.awaiting import AsyncEmulator

ANYWHERE = Config(port=0)
"""A server on a free port, with its state in memory."""

SHUTDOWN = 0.4
"""Seconds that requests under way get to finish when the server stops; as long again, to end when cut off."""

STOPPED_WITHIN = 10
"""Seconds after which a server on a thread that does not stop is given up."""


class _SendersMistakes(logging.Filter):
    """What is not HTTP was answered with the reason: a line for those who ask for it, no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args, record.exc_info = "not HTTP: %s", (" ".join(str(error).split()),), None
        return True


log = logging.getLogger("emulator.http")
log.addFilter(_SendersMistakes())


@contextlib.asynccontextmanager
async def running_app(config: Config) -> AsyncIterator[str]:
    """Run a server in this loop; gives its base URL once it can be used. Raises StartFailed."""
    runner = web.AppRunner(create_app(config), access_log=None, logger=log, shutdown_timeout=SHUTDOWN)
    try:
        await runner.setup()
        platform_first(runner)
        site = web.TCPSite(runner, config.host, config.port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            raise StartFailed(_cannot_listen(config, error)) from None
        port = runner.addresses[0][1]
        host = f"[{config.host}]" if ":" in config.host else config.host
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def running_async(
    *,
    scenario: Script | None = None,
    clock: str | None = None,
    seed: int | None = None,
    config: Config = ANYWHERE,
) -> AsyncIterator["AsyncEmulator"]:
    """Run a server in this loop, with an instant clock unless told otherwise; gives a handle on it.

    `config` has everything else that can be set. Raises StartFailed, and CallRefused for a bad scenario.
    """
    from emulator.client.awaiting import AsyncEmulator  # noqa: PLC0415 - who runs it on a thread needs none

    async with (
        running_app(_configured(config, clock, seed)) as url,
        AsyncEmulator(url, account_sid=config.account_sid, auth_token=config.auth_token, bound=True) as emulator,
    ):
        if scenario is not None:
            await emulator.scenario(scenario)
        yield emulator


@contextlib.contextmanager
def running(
    *,
    scenario: Script | None = None,
    clock: str | None = None,
    seed: int | None = None,
    config: Config = ANYWHERE,
) -> Iterator[Emulator]:
    """Run a server on a thread of its own; arguments, result and errors as of `running_async`."""
    with (
        _on_a_thread(_configured(config, clock, seed)) as url,
        Emulator(url, account_sid=config.account_sid, auth_token=config.auth_token) as emulator,
    ):
        if scenario is not None:
            emulator.scenario(scenario)
        yield emulator


async def serve(config: Config, ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; `ready` is told the base URL when, and only when, the server can be used."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_app(config) as url:
        # what start-up made lives as long as the server: the collector need not look at it again
        gc.freeze()
        # requests leave few cycles behind: looking for them less often costs little memory and saves time
        gc.set_threshold(20_000, 20, 20)
        gc.enable()
        ready(url)
        await stop.wait()


@contextlib.contextmanager
def _on_a_thread(config: Config) -> Iterator[str]:
    ready: Future[tuple[str, Callable[[], object]]] = Future()
    ended: Future[None] = Future()
    thread = threading.Thread(target=_run, args=(config, ready, ended), name="cpaas-emulator", daemon=True)
    thread.start()
    url, stop = ready.result()
    process = os.getpid()
    try:
        yield url
    finally:
        # a forked process has no such thread, and the server is its parent's
        if os.getpid() == process:
            stop()
            ended.result(STOPPED_WITHIN)
            thread.join(STOPPED_WITHIN)


def _run(config: Config, ready: "Future[tuple[str, Callable[[], object]]]", ended: "Future[None]") -> None:
    async def main() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        async with running_app(config) as url:
            ready.set_result((url, lambda: loop.call_soon_threadsafe(stopping.set)))
            await stopping.wait()

    try:
        asyncio.run(main())
        ended.set_result(None)
    except BaseException as error:  # noqa: BLE001 - handed to the thread that started this one
        (ended if ready.done() else ready).set_exception(error)


def _configured(config: Config, clock: str | None, seed: int | None) -> Config:
    modes = [mode.value for mode in ClockMode]
    if clock is not None and clock not in modes:
        raise ValueError(f"clock must be {', '.join(modes[:-1])} or {modes[-1]}, not {clock!r}")
    mode = ClockMode(clock) if clock is not None else config.clock or ClockMode.INSTANT
    return replace(config, clock=mode, seed=config.seed if seed is None else seed)


def _cannot_listen(config: Config, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"cannot listen on {config.host}: there is no such host; choose another with --host"
    if error.errno in (errno.EADDRNOTAVAIL, None):  # asyncio says in words that there was none to listen on
        return f"cannot listen on {config.host}: this machine has no such address; choose another with --host"
    reason = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
    return (
        f"cannot listen on {config.host}:{config.port}: {reason}; choose another port with --port, or 0 for a free one"
    )
