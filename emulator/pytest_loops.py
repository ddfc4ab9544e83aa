"""Fixtures for pytest-asyncio: one server for each kind of loop that a test may run on.

pytest-asyncio decides a fixture's loop when the fixture is defined and a test's loop when the test is; the two must
be the same loop, for a server on a loop that stands still answers nobody.
"""

from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from emulator.client import AsyncEmulator
    from emulator.config import Config
    from emulator.testing import Wish

Serve = Callable[[pytest.FixtureRequest, "Config", "Wish"], "AsyncIterator[AsyncEmulator]"]

SCOPES = ("function", "class", "module", "package", "session")


def fixtures(serve: Serve) -> ModuleType:
    """Fixtures `_cpaas_on_<scope>_loop`, as a plugin to register."""
    plugin = ModuleType("emulator.pytest_loops.fixtures")
    for scope in SCOPES:
        setattr(plugin, name_of(scope), _fixture(serve, scope))
    return plugin


def name_of(scope: str) -> str:
    """The name of the fixture whose server runs on the loop of that scope."""
    return f"_cpaas_on_{scope}_loop"


def scope_of_loop(item: pytest.Item) -> str:
    """The scope of the loop that pytest-asyncio runs this test on."""
    marker = item.get_closest_marker("asyncio")
    given = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope") if marker else None
    return str(given or item.config.getini("asyncio_default_test_loop_scope") or "function")


def _fixture(serve: Serve, scope: str) -> object:
    async def on_that_loop(
        request: pytest.FixtureRequest, _cpaas_config: "Config", _cpaas_wish: "Wish"
    ) -> "AsyncIterator[AsyncEmulator]":
        async for emulator in serve(request, _cpaas_config, _cpaas_wish):
            yield emulator

    return pytest_asyncio.fixture(on_that_loop, loop_scope=scope, name=name_of(scope))  # type: ignore[call-overload]
