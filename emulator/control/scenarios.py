"""`scenario`, `rules` and `mode`: what the carrier does to the messages of an account."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from emulator.control.reading import Source
from emulator.control.routing import Call, Lint, Route, Yaml, lint
from emulator.errors import Problem
from emulator.tenant import Tenant

Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]


class ScenarioView(Struct, frozen=True, kw_only=True):
    """A scenario that is now active: how many rules it has, and what was odd about it."""

    rules: int
    warnings: list[Lint]


class Mode(Struct, frozen=True):
    """The account's state, which rules may ask for with `mode`."""

    mode: Word


async def read(call: Call) -> Yaml:
    """Read the active scenario, as YAML."""
    return Yaml(call.tenant.scenario.text)


async def replace(call: Call, body: Source) -> ScenarioView:
    """Replace the scenario; when it has errors the old one stays."""
    return await _set(call, body.text)


async def restore(call: Call) -> ScenarioView:
    """Go back to the scenario that the server was started with."""
    return await _set(call, None)


async def put_rule(call: Call, body: Source) -> ScenarioView:
    """Put one rule before all others."""
    return _view(call.tenant, await call.engine.tenants.add_rule(call.tenant, body.text))


async def read_mode(call: Call) -> Mode:
    """Read the account's mode."""
    return Mode(call.tenant.account.mode)


async def set_mode(call: Call, body: Mode) -> Mode:
    """Set the account's mode."""
    await call.engine.tenants.change(call.tenant, mode=body.mode)
    return body


async def _set(call: Call, text: str | None) -> ScenarioView:
    tenant = call.tenant
    mode = tenant.clock.mode
    warnings = await call.engine.tenants.set_scenario(tenant, text)
    if tenant.clock.mode is not mode:
        await call.engine.clock_moved(tenant)
    return _view(tenant, warnings)


def _view(tenant: Tenant, warnings: Sequence[Problem]) -> ScenarioView:
    return ScenarioView(
        rules=len(tenant.scenario.rules),
        warnings=[lint(each) for each in warnings],
    )


ROUTES = (
    Route("GET", "/accounts/{account}/scenario", read),
    Route("PUT", "/accounts/{account}/scenario", replace, errors=(409, 422)),
    Route("DELETE", "/accounts/{account}/scenario", restore, errors=(409,)),
    Route("POST", "/accounts/{account}/rules", put_rule, status=201, errors=(409, 422)),
    Route("GET", "/accounts/{account}/mode", read_mode),
    Route("PUT", "/accounts/{account}/mode", set_mode),
)
