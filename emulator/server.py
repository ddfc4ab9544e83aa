"""Running the application: until told to stop, in this loop, or on a thread of its own."""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from emulator.app import create_app
from emulator.config import Config
from emulator.errors import StartFailed

SHUTDOWN = 0.4
"""Seconds that requests under way get to finish when the server stops; as long again, to end when cut off."""


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


async def serve(config: Config, ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; `ready` is told the base URL when, and only when, the server can be used."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_app(config) as url:
        # what start-up made lives as long as the server: the collector need not look at it again
        gc.freeze()
        ready(url)
        await stop.wait()


def _cannot_listen(config: Config, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"cannot listen on {config.host}: there is no such host; choose another with --host"
    reason = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
    return (
        f"cannot listen on {config.host}:{config.port}: {reason}; choose another port with --port, or 0 for a free one"
    )
