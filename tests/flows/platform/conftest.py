"""A server for all tests of a module that change nothing in it: starting one is most of what such a test costs."""

from collections.abc import AsyncIterator

import pytest_asyncio

from emulator.clock import ClockMode
from tests.running import Server, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Server]:
    """A running server; its tests are marked `asyncio(loop_scope="module")`."""
    async with running(clock=ClockMode.MANUAL) as server:
        yield server
