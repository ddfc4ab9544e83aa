"""What the pytest plugin does, apart from pytest: servers for a test run, accounts for tests, reports on failures."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from msgspec import Struct

from emulator import server
from emulator.client.awaiting import AsyncEmulator
from emulator.client.blocking import Emulator
from emulator.client.failures import CallRefused, EmulatorError, WrongLoop
from emulator.client.scripts import Script, is_text
from emulator.config import Config, variable
from emulator.errors import StartFailed

Handle = Emulator | AsyncEmulator


class CannotTest(Exception):
    """A test cannot have what it asks for; the text says why and the remedy."""


class Wish(Struct, frozen=True, kw_only=True):
    """What a test wants of its emulator."""

    scenario: Script | None = None
    clock: str | None = None
    seed: int | None = None
    account: str | None = None


def wish(given: Mapping[str, Any], scenario: Script | None, *, folders: list[Path], workers: int) -> Wish:
    """What the markers of a test ask for; `scenario` unless they name one. Raises CannotTest.

    Scenario files are looked for in `folders`; `workers` is how many processes run tests at the same time.
    """
    for name in given:
        if name not in Wish.__struct_fields__:
            near = get_close_matches(name, Wish.__struct_fields__, n=1)
            known = f"did you mean {near[0]}?" if near else f"known are {', '.join(Wish.__struct_fields__)}"
            raise CannotTest(f"@pytest.mark.cpaas has no {name!r}; {known}")
    wanted = Wish(**{"scenario": scenario, **given})
    if wanted.account not in (None, "default"):
        raise CannotTest(f"@pytest.mark.cpaas(account={wanted.account!r}): only 'default' can be asked for")
    if wanted.account and workers > 1 and variable("URL") is not None:
        raise CannotTest(
            "several pytest-xdist workers would share the default account of EMULATOR_URL; leave account='default' "
            "away, or run without -n"
        )
    return Wish(
        scenario=_found(wanted.scenario, folders),
        clock=wanted.clock,
        seed=wanted.seed,
        account=wanted.account,
    )


@contextmanager
def session(config: Config) -> Iterator[Emulator]:
    """The emulator of a test run, as its default account: that of EMULATOR_URL or one of its own. Raises CannotTest."""
    url = variable("URL")
    if url is not None:
        with _refusals(url):
            emulator = Emulator(url)
            emulator.health()
            default = emulator.default_account()
        with emulator:
            yield emulator.of(default)
        return
    with _start_failures(), server.running(config=config) as emulator:
        yield emulator


@contextmanager
def account(of: Emulator, wanted: Wish) -> Iterator[Emulator]:
    """A test's account: a fresh one that is deleted, or the default account, emptied before and after."""
    process = os.getpid()
    settings: dict[str, Any] = {"scenario": wanted.scenario, "clock": wanted.clock, "seed": wanted.seed}
    with _refused_wishes():
        made = of.fresh_account(**settings) if wanted.account is None else of.emptied_account(**settings)
    emulator = of.of(made)
    yield emulator
    if os.getpid() != process:
        return  # a forked process that came this far has an account only on loan
    if wanted.account is None:
        emulator.delete_account()
    else:
        emulator.reset()


@asynccontextmanager
async def async_account(config: Config, wanted: Wish) -> AsyncIterator[AsyncEmulator]:
    """A test's account on an emulator in this loop, or on that of EMULATOR_URL. Raises CannotTest."""
    settings: dict[str, Any] = {"scenario": wanted.scenario, "clock": wanted.clock, "seed": wanted.seed}
    async with _async_session(config) as of:
        with _refused_wishes():
            made = await (of.fresh_account if wanted.account is None else of.emptied_account)(**settings)
        emulator = of.of(made)
        yield emulator
        if wanted.account is None:
            await emulator.delete_account()
        else:
            await emulator.reset()


def story(handle: Handle) -> str:
    """What happened in an account, for the report of a failed test; why that cannot be told, if it cannot."""
    try:
        return handle.story() if isinstance(handle, Emulator) else handle.finish(handle.story())
    except (EmulatorError, WrongLoop) as error:
        return f"cannot be told: {error}"


def faults(handle: Handle) -> list[str]:
    """What went wrong inside the emulator while it served this account."""
    try:
        report = handle.report() if isinstance(handle, Emulator) else handle.finish(handle.report())
    except EmulatorError as error:
        return [str(error)]
    except WrongLoop:
        return []  # whatever runs this test has not let go of its loop
    return [each.message for each in report.errors]


@asynccontextmanager
async def _async_session(config: Config) -> AsyncIterator[AsyncEmulator]:
    url = variable("URL")
    if url is not None:
        with _refusals(url):
            emulator = AsyncEmulator(url)
        async with emulator:
            with _refusals(url):
                await emulator.health()
                default = await emulator.default_account()
            yield emulator.of(default)
        return
    with _start_failures():
        async with server.running_async(config=config) as emulator:
            yield emulator


@contextmanager
def _refusals(url: str) -> Iterator[None]:
    try:
        yield
    except (EmulatorError, ValueError) as error:
        raise CannotTest(f"EMULATOR_URL is {url}: {error}; unset it, and the tests start their own") from None


@contextmanager
def _refused_wishes() -> Iterator[None]:
    try:
        yield
    except CallRefused as error:
        raise CannotTest(f"the test cannot have the account it asks for: {error}") from None


@contextmanager
def _start_failures() -> Iterator[None]:
    try:
        yield
    except StartFailed as error:
        raise CannotTest(
            f"the emulator could not be started: {error}. For the fixtures: cpaas_port gives the port, 0 (as it is "
            "unless overridden) picks a free one"
        ) from None


def _found(script: Script | None, folders: list[Path]) -> Script | None:
    """The scenario, its path made absolute: it is looked for beside the test, then in the folders above."""
    if script is None or isinstance(script, Mapping) or (isinstance(script, str) and is_text(script)):
        return script
    for folder in folders:
        if (folder / script).is_file():
            return folder / script
    looked = " or ".join(map(str, folders))
    raise CannotTest(f"there is no scenario file {script} in {looked}")
