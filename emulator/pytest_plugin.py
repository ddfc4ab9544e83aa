"""The pytest plugin: fixtures `cpaas` and `async_cpaas`, the marker `cpaas`, and failed tests that tell what happened.

Every pytest run imports this module where the package is installed, so it imports pytest and nothing else; what the
fixtures need is imported when the first test asks for one.
"""

from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.client import AsyncEmulator, Emulator
    from emulator.client.scripts import Script
    from emulator.config import Config
    from emulator.testing import Handle, Wish

HANDLES: "pytest.StashKey[list[Handle]]" = pytest.StashKey()
"""The handles that a test has been given."""

MARKER = (
    "cpaas(scenario=None, clock=None, seed=None, account=None): what the fixtures cpaas and async_cpaas are like in a "
    "test: a scenario's path, text or mapping; clock real, manual or instant; account 'default' for an app that was "
    "started with the settings of cpaas_environment."
)


@pytest.fixture(scope="session")
def cpaas_host() -> str:
    """Where the emulator listens; to be overridden."""
    return "127.0.0.1"


@pytest.fixture(scope="session")
def cpaas_port() -> int:
    """The emulator's port, 0 for a free one; to be overridden."""
    return 0


@pytest.fixture(scope="session")
def cpaas_verify_tls() -> bool:
    """Whether the emulator checks certificates of an app that is called back by https; to be overridden."""
    return True


@pytest.fixture
def cpaas_scenario() -> "Script | None":
    """The scenario of tests whose marker names none; to be overridden."""
    return None


@pytest.fixture(scope="session")
def cpaas_server(_cpaas_config: "Config") -> "Iterator[Emulator]":
    """The emulator of this test run, as its default account: for apps that are started once."""
    from emulator import testing  # noqa: PLC0415

    with _clearly(), testing.session(_cpaas_config) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def cpaas_environment(cpaas_server: "Emulator") -> dict[str, str]:
    """Environment variables `EMULATOR_…` that lead an app to the default account of this test run's emulator."""
    return cpaas_server.environment()


@pytest.fixture
def cpaas(request: pytest.FixtureRequest, cpaas_server: "Emulator", _cpaas_wish: "Wish") -> "Iterator[Emulator]":
    """An account of its own for this test, on the emulator of the test run, driven by blocking calls."""
    from emulator import testing  # noqa: PLC0415

    with _clearly(), testing.account(cpaas_server, _cpaas_wish) as emulator, _told_of(request.node, emulator):
        yield emulator


@pytest.fixture
def async_cpaas(request: pytest.FixtureRequest) -> "AsyncEmulator":
    """An emulator on the loop of this test, with an account of its own, driven by awaited calls."""
    fixture = _on_the_loop_of(request)
    emulator: AsyncEmulator = request.getfixturevalue(fixture)
    return emulator


@pytest.fixture
def _cpaas_wish(request: pytest.FixtureRequest, cpaas_scenario: "Script | None") -> "Wish":
    from emulator import testing  # noqa: PLC0415

    given: dict[str, Any] = {}
    for marker in request.node.iter_markers("cpaas"):
        if marker.args:
            pytest.fail("@pytest.mark.cpaas takes names only, as in scenario='bad_day.yaml'", pytrace=False)
        given = {**marker.kwargs, **given}
    workers = getattr(request.config, "workerinput", {}).get("workercount", 1)
    folders = [request.path.parent, request.config.rootpath, request.config.invocation_params.dir]
    with _clearly():
        return testing.wish(given, cpaas_scenario, folders=list(dict.fromkeys(folders)), workers=workers)


@pytest.fixture(scope="session")
def _cpaas_config(cpaas_host: str, cpaas_port: int, cpaas_verify_tls: bool) -> "Config":
    from emulator.config import Config  # noqa: PLC0415

    return Config(host=cpaas_host, port=cpaas_port, verify_tls=cpaas_verify_tls)


@pytest.fixture
async def _cpaas_on_this_loop(
    request: pytest.FixtureRequest, _cpaas_config: "Config", _cpaas_wish: "Wish"
) -> "AsyncIterator[AsyncEmulator]":
    async for emulator in _serve(request, _cpaas_config, _cpaas_wish):
        yield emulator


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and the fixtures that pytest-asyncio runs."""
    config.addinivalue_line("markers", MARKER)
    if _has_asyncio(config):
        from emulator import pytest_loops  # noqa: PLC0415

        config.pluginmanager.register(pytest_loops.fixtures(_serve), "cpaas-loops")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """An error inside the emulator fails the test that it happened in."""
    result = yield
    if handles := item.stash.get(HANDLES, ()):
        from emulator import testing  # noqa: PLC0415

        faults = [fault for handle in handles for fault in testing.faults(handle)]
        if faults:
            pytest.fail("\n".join(("errors inside the emulator:", *faults)), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test tells what was said between the app and the emulator."""
    report = yield
    if report.failed and (handles := item.stash.get(HANDLES, ())):
        from emulator import testing  # noqa: PLC0415

        report.sections += [("cpaas-emulator", testing.story(handle)) for handle in handles]
    return report


async def _serve(request: pytest.FixtureRequest, config: "Config", wish: "Wish") -> "AsyncIterator[AsyncEmulator]":
    from emulator import testing  # noqa: PLC0415

    with _clearly():
        async with testing.async_account(config, wish) as emulator:
            with _told_of(request.node, emulator):
                yield emulator


def _on_the_loop_of(request: pytest.FixtureRequest) -> str:
    """The name of the fixture whose server runs on the test's loop."""
    function = request.function
    # hypothesis wraps a coroutine function in a plain one
    inner = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    if not iscoroutinefunction(inner):
        pytest.fail("async_cpaas lives on the loop of an async test, and this one is not; use cpaas", pytrace=False)
    if "anyio_backend" in request.fixturenames:
        return "_cpaas_on_this_loop"
    if not _has_asyncio(request.config):
        pytest.fail("async_cpaas needs a plugin that runs async tests: install pytest-asyncio", pytrace=False)
    from emulator import pytest_loops  # noqa: PLC0415

    return pytest_loops.name_of(pytest_loops.scope_of_loop(request.node))


def _has_asyncio(config: pytest.Config) -> bool:
    return any(config.pluginmanager.hasplugin(name) for name in ("asyncio", "pytest_asyncio.plugin"))


@contextmanager
def _told_of(item: pytest.Item, handle: "Handle") -> Iterator[None]:
    """While the test runs, its reports can ask this handle."""
    item.stash.setdefault(HANDLES, []).append(handle)
    yield
    item.stash[HANDLES].remove(handle)


@contextmanager
def _clearly() -> Iterator[None]:
    """What a test cannot have is said without a traceback through the fixtures."""
    from emulator import testing  # noqa: PLC0415

    try:
        yield
    except testing.CannotTest as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
