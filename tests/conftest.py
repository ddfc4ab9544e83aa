"""Fixtures for whole stories: servers in the test's loop, and an app under test that records what it is told."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from emulator.clock import ClockMode
from tests.running import AppUnderTest, Server, running, serving

pytest_plugins = ["pytester"]  # the plugin is tried in suites of its own

Start = Callable[..., Awaitable[Server]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a server with settings of `Config`, as often as asked; all stop when the test ends."""
    async with contextlib.AsyncExitStack() as stack:

        async def begin(**settings: object) -> Server:
            return await stack.enter_async_context(running(**settings))

        yield begin


@pytest.fixture
async def emulator(start: Start) -> Server:
    """A server with an account on a manual clock: nothing happens until it is advanced."""
    return await start(clock=ClockMode.MANUAL)


@pytest.fixture
async def app() -> AsyncIterator[AppUnderTest]:
    """A running app under test."""
    app = AppUnderTest()
    async with serving(app.handle) as app.url:
        yield app
