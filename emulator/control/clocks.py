"""`clock`: an account's time, and moving it."""

from typing import Any

from msgspec import Struct

from emulator.clock import LATEST, Clock, ClockMode, iso, parse_instant
from emulator.control.reading import duration
from emulator.control.routing import Call, Route
from emulator.control.views import event_view, instant
from emulator.errors import BadRequest, Conflict
from emulator.events import Watcher
from emulator.tenant import Tenant

EVENTS_SHOWN = 1_000
"""How many of the events of one advance its answer holds, the first ones; `events_total` counts them all."""


class ClockView(Struct, frozen=True, kw_only=True):
    """Where a clock stands. `pending` counts steps and callbacks still to come, `in_flight` those under way."""

    mode: ClockMode
    now: str
    started: str
    pending: int
    next_due: str | None
    in_flight: int


class ClockChange(Struct, frozen=True, kw_only=True):
    """A new mode, and the instant to start afresh at (ISO 8601); without `now` time goes on from where it is."""

    mode: ClockMode | None = None
    now: str | None = None


class Advance(Struct, frozen=True, kw_only=True):
    """How far: `by` a duration, or `to` the word next, the word idle, or an instant (ISO 8601). One of the two."""

    by: str | float | None = None
    to: str | None = None


class Advanced(Struct, frozen=True, kw_only=True):
    """Where the clock stands, and what happened on the way (the first 1000 events; `events_total` counts all)."""

    now: str
    events: list[dict[str, Any]]
    events_total: int


async def read(call: Call) -> ClockView:
    """Read the clock."""
    return _view(call.tenant)


async def change(call: Call, body: ClockChange) -> ClockView:
    """Change the clock's mode or set it; what is pending keeps the instants it is due at."""
    if body.mode is None and body.now is None:
        raise BadRequest("nothing to change", remedy='send {"mode": "manual"}, {"now": "2026-01-01T00:00:00Z"} or both')
    tenant = call.tenant
    if tenant.scheduler.advancing:
        raise Conflict("the clock is being advanced", remedy="change it when that call has returned")
    tenant.clock.switch(body.mode or tenant.clock.mode, None if body.now is None else _instant("now", body.now))
    tenant.scheduler.wake()
    await call.engine.clock_moved(tenant)
    return _view(tenant)


async def advance(call: Call, body: Advance) -> Advanced:
    """Advance a manual clock; answered after every event due was applied and every callback due was answered."""
    tenant = call.tenant
    target = _target(body, tenant.clock)
    with call.engine.chronicle.events.watching(tenant.id) as watcher:
        await call.wait(_advance(call, target, single=body.to == "next"))
        events, total = _seen(watcher)
    await call.engine.clock_moved(tenant)
    return Advanced(now=iso(tenant.clock.now()), events=events, events_total=total)


async def _advance(call: Call, target: int | None, *, single: bool) -> None:
    await call.tenant.scheduler.advance(target, single=single)
    await call.engine.messenger.recorded(call.tenant)


def _target(body: Advance, clock: Clock) -> int | None:
    if (body.by is None) is (body.to is None):
        raise BadRequest(
            "say how far, one way", remedy='send {"by": "72h"}, {"to": "next"}, {"to": "idle"} or an instant'
        )
    if body.to in ("next", "idle"):
        return None
    now = clock.now()
    target = now + duration("by", body.by) if body.by is not None else _instant("to", body.to or "")
    if target < now:
        raise BadRequest(
            f"to: {body.to} is in the past, the clock stands at {iso(now)}",
            remedy='time only goes forward here; PUT clock {"now": …} starts it afresh at any instant',
        )
    if target > LATEST:
        raise BadRequest(f"by: {body.by} is too far", remedy=f"the clock ends at {iso(LATEST)}")
    return target


def _instant(name: str, text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        remedy = "next, idle or an ISO 8601 instant" if name == "to" else "an ISO 8601 instant"
        raise BadRequest(f"{name}: {error}", remedy=f"send {remedy}") from None


def _seen(watcher: Watcher) -> tuple[list[dict[str, Any]], int]:
    shown: list[dict[str, Any]] = []
    total = watcher.missed
    while (event := watcher.take()) is not None:
        total += 1
        if len(shown) < EVENTS_SHOWN:
            shown.append(event_view(event))
    return shown, total


def _view(tenant: Tenant) -> ClockView:
    return ClockView(
        mode=tenant.clock.mode,
        now=iso(tenant.clock.now()),
        started=iso(tenant.clock.started),
        pending=tenant.scheduler.pending,
        next_due=instant(tenant.scheduler.next_due),
        in_flight=tenant.scheduler.in_flight,
    )


ROUTES = (
    Route("POST", "/accounts/{account}/clock/advance", advance, errors=(409,)),
    Route("GET", "/accounts/{account}/clock", read),
    Route("PUT", "/accounts/{account}/clock", change, errors=(409,)),
)
