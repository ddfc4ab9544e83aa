"""Takes up the server's scenario again when its file is saved: the only module that watches files."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from emulator import scenario_file
from emulator.errors import BadScenario, Problem, StorageFailed
from emulator.scenario import Rule, Scenario
from emulator.tenants import Tenants

if TYPE_CHECKING:
    from emulator.scenario_file.reading import Loaded

LOOK_AGAIN = 1_000
"""Milliseconds after which the file is looked at anyway: some file systems, network shares and mounts into a
container among them, do not say when a file changes."""

QUIET = 50
"""Milliseconds without a further change after which a save is complete."""

log = logging.getLogger("emulator")


@contextlib.asynccontextmanager
async def following(path: Path, tenants: Tenants, scenario: Scenario) -> AsyncIterator[None]:
    """Inside the context, each good save of the file replaces the server's scenario, at first `scenario`.

    A bad one changes nothing and is logged with all its problems.
    """
    task = asyncio.create_task(_follow_while_possible(path, tenants, scenario))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow_while_possible(path: Path, tenants: Tenants, scenario: Scenario) -> None:
    try:
        await _follow(path, tenants, scenario)
    except (OSError, RuntimeError) as error:  # such as a limit of the system on watches
        log.error("%s is not watched any more: %s; restart the server to take up changes", path, error)


async def _follow(path: Path, tenants: Tenants, scenario: Scenario) -> None:
    from watchfiles import awatch  # noqa: PLC0415 - an optional extra

    seen: _State | None = None
    first = True
    # the folder is watched, because editors put a new file in the place of the old one
    looks = awatch(path.parent, recursive=False, step=QUIET, rust_timeout=LOOK_AGAIN, yield_on_timeout=True)
    async for _ in looks:
        state = await asyncio.to_thread(_look, path)
        if first or state != seen:
            seen = state
            # at first the file may already be another than the one the server has just read
            scenario = await _take_up(path, tenants, scenario, quiet=first)
        first = False


class _State(NamedTuple):
    modified: int
    size: int
    inode: int


def _look(path: Path) -> _State | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return _State(found.st_mtime_ns, found.st_size, found.st_ino)


async def _take_up(path: Path, tenants: Tenants, before: Scenario, *, quiet: bool) -> Scenario:
    """The scenario that holds after a look at the file: what it says, when that is good.

    `quiet`: says nothing when the file is as before.
    """
    try:
        loaded = await asyncio.to_thread(_read, path)
    except OSError as error:
        log.error("%s: cannot be read: %s; the scenario stays as it was", path, error.strerror)
        return before
    except BadScenario as error:
        log.error("%s has errors; the scenario stays as it was\n%s", path, _listed(path, error.problems))
        return before
    after = loaded.scenario
    if quiet and after.text == before.text:
        return before
    try:
        await tenants.set_server_scenario(after)
    except StorageFailed as error:
        log.error("%s could not be taken up: %s", path, error.message)
        return before
    log.info("%s reloaded: %s", path, "; ".join(differences(before, after)) or "nothing changed")
    if loaded.warnings:
        log.warning("%s has warnings\n%s", path, _listed(path, loaded.warnings))
    return after


def _read(path: Path) -> "Loaded":
    return scenario_file.load(path.read_bytes(), name=str(path))


def _listed(path: Path, problems: Iterable[Problem]) -> str:
    return "\n".join(scenario_file.describe(problem, path) for problem in problems)


def differences(before: Scenario, after: Scenario) -> list[str]:
    """What changed between two scenarios, in words: rules by name, then the other keys."""
    old, new = _by_name(before.rules), _by_name(after.rules)
    kept = [name for name in new if name in old]
    said = [
        _said("added", [name for name in new if name not in old], "rule"),
        _said("removed", [name for name in old if name not in new], "rule"),
        _said("changed", [name for name in kept if old[name] != new[name]], "rule"),
        "rules in another order" if kept != [name for name in old if name in new] else "",
        _said("changed", [key for key in _KEYS if getattr(before, _KEYS[key]) != getattr(after, _KEYS[key])]),
    ]
    return [each for each in said if each]


_KEYS = {
    "seed": "seed",
    "clock": "clock",
    "list": "list_all",
    "callback": "callback",
    "channels": "carries_media",
    "timelines": "timelines",
    "inbound": "inbound",
    "numbers": "numbers",
}
"""The other keys of a scenario, and the fields that hold them."""


def _by_name(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    # where a rule stands in the file is not what it says
    return {rule.name: replace(rule, line=0) for rule in rules}


def _said(verb: str, names: list[str], noun: str = "") -> str:
    if not names:
        return ""
    plural = f"{noun}s " if noun and len(names) > 1 else f"{noun} " if noun else ""
    return f"{verb} {plural}{', '.join(names)}"
