"""`wait` and `idle`: calls that return when something has happened."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field, to_builtins

from emulator.clock import ClockMode, format_duration, iso, stopwatch
from emulator.control.reading import restore_plus, timeout
from emulator.control.routing import Call, Route
from emulator.control.views import MessageView, instant, message_view
from emulator.errors import TimedOut
from emulator.model import Attempt, Channel, Message, Status, Step
from emulator.store import journals, messages
from emulator.store.database import Transaction
from emulator.tenant import Tenant
from emulator.waiting import Near, Wanted, first_match, nearest, told

PENDING_SHOWN = 20
"""How many steps and how many callbacks still to come a time-out lists; `pending` counts them all."""

Way = Literal["inbound", "outbound", "outbound-api", "outbound-call"]
Text = Annotated[str, Meta(max_length=1000)]
Cursor = Annotated[int, Meta(ge=0, le=2**53)]


class IdleQuery(Struct, frozen=True, kw_only=True):
    """How long to wait, at most 600s."""

    timeout: str = "5s"


class Idle(Struct, frozen=True):
    """Nothing is pending or in flight."""

    now: str


class WaitQuery(Struct, frozen=True, kw_only=True):
    """Which message: text with `*` or /regex/ as in `when`. A repeated name lists alternatives.

    With `told` the answer comes once the app has answered the callbacks about it that are due.
    """

    to: tuple[Text, ...] = ()
    sender: tuple[Text, ...] = field(name="from", default=())
    body: tuple[Text, ...] = ()
    channel: tuple[Channel, ...] = ()
    direction: tuple[Way, ...] = ()
    status: tuple[Status, ...] = ()
    after: Cursor = 0
    told: bool = False
    timeout: str = "5s"


class Waited(Struct, frozen=True):
    """The message, and the cursor to wait on from for the one after it."""

    message: MessageView
    cursor: int


async def idle(call: Call, query: IdleQuery) -> Idle:
    """Return when nothing is pending or in flight, whatever the clock's mode."""
    tenant, limit = call.tenant, timeout(query.timeout)
    try:
        await call.wait(tenant.scheduler.idle(), limit)
    except TimeoutError:
        raise await _still_pending(call, tenant, limit) from None
    return Idle(iso(tenant.clock.now()))


async def wait(call: Call, query: WaitQuery) -> Waited:
    """Return the first message after cursor `after` that matches, as soon as there is one."""
    tenant, limit = call.tenant, timeout(query.timeout)
    wanted = Wanted(
        to=[restore_plus(each) for each in query.to],
        sender=[restore_plus(each) for each in query.sender],
        body=query.body,
        channel=query.channel,
        direction=query.direction,
        status=query.status,
    )
    passed = stopwatch()
    try:
        message = await first_match(
            call.engine, tenant, wanted, query.after, within=lambda work: call.wait(work, limit)
        )
    except TimeoutError:
        near = await nearest(call.engine, tenant, wanted, query.after)
        raise await _nothing_came(call, tenant, wanted, near, limit) from None
    if query.told:
        try:
            await call.wait(told(call.engine, tenant, message), max(0, limit - round(passed())))
        except TimeoutError:
            raise await _not_told(call, tenant, message, limit) from None
    return Waited(message_view(tenant, message), message.arrival)


async def _still_pending(call: Call, tenant: Tenant, limit: int) -> TimedOut:
    scheduler = tenant.scheduler
    return TimedOut(
        f"not idle after {format_duration(limit)}: {scheduler.pending} pending, {scheduler.in_flight} in flight",
        remedy=_advance_remedy(tenant),
        details=await _pending(call, tenant),
    )


async def _nothing_came(call: Call, tenant: Tenant, wanted: Wanted, near: list[Near], limit: int) -> TimedOut:
    said = f"no message matched within {format_duration(limit)}"
    remedy = _advance_remedy(tenant)
    if near:
        first = near[0]
        said += f"; nearest: {first.message.sid} differs in {', '.join(first.differs)}"
        due = _due_status(first, wanted)
        if due is not None:
            remedy = _due_remedy(tenant, due)
    else:
        said += "; there is none to compare with"
    shown = [
        {"message": to_builtins(message_view(tenant, each.message)), "differs": to_builtins(each.differs)}
        for each in near
    ]
    return TimedOut(said, remedy=remedy, details={"near": shown, **await _pending(call, tenant)})


async def _not_told(call: Call, tenant: Tenant, message: Message, limit: int) -> TimedOut:
    return TimedOut(
        f"{message.sid} matches, but the app has not answered the callback about it within {format_duration(limit)}",
        remedy="does its handler wait for the caller of this wait? leave told away to return before it answers",
        details={"near": [], "untold": to_builtins(message_view(tenant, message)), **await _pending(call, tenant)},
    )


def _due_status(near: Near, wanted: Wanted) -> Step | None:
    """The step still due that would make the message match."""
    if list(near.differs) != ["status"]:
        return None
    return next(
        (step for step in near.message.steps if step.happened is None and step.status in wanted.status),
        None,
    )


def _due_remedy(tenant: Tenant, step: Step) -> str:
    distance = format_duration(max(0, step.due - tenant.clock.now()))
    said = f"it is due to become {step.status} at {iso(step.due)}"
    if tenant.clock.mode is ClockMode.MANUAL:
        return f'{said}: POST clock/advance {{"by": "{distance}"}}'
    return f"{said}, {distance} from now: wait longer, or use a manual clock"


def _advance_remedy(tenant: Tenant) -> str:
    due = tenant.scheduler.next_due
    if due is None:
        return "nothing is pending: GET requests shows what the app has asked"
    if tenant.clock.mode is ClockMode.MANUAL:
        return f'the clock is manual, and the next event is due at {iso(due)}: POST clock/advance {{"to": "idle"}}'
    return f"the next event is due at {iso(due)}: wait longer, or use a manual clock"


async def _pending(call: Call, tenant: Tenant) -> dict[str, Any]:
    account, scheduler = tenant.id, tenant.scheduler

    def work(db: Transaction) -> tuple[list[Message], list[tuple[Attempt, str]]]:
        return (
            messages.pending_of(db, account, limit=PENDING_SHOWN),
            journals.pending_of(db, account, limit=PENDING_SHOWN),
        )

    waiting, untold = await call.engine.database.run(work)
    return {
        "pending": scheduler.pending,
        "in_flight": scheduler.in_flight,
        "now": iso(tenant.clock.now()),
        "next_due": instant(scheduler.next_due),
        "steps": [_step(message) for message in waiting],
        "callbacks": [
            {"message": sid, "status": attempt.status, "attempt": attempt.number, "due": iso(attempt.due)}
            for attempt, sid in untold
        ],
    }


def _step(message: Message) -> dict[str, Any]:
    step = min((step for step in message.steps if step.happened is None), key=lambda step: step.due)
    what = {"status": step.status} if step.status is not None else {"replies": step.replies}
    return {"message": message.sid, **what, "due": iso(step.due)}


ROUTES = (
    Route("GET", "/accounts/{account}/wait", wait, errors=(408, 503)),
    Route("GET", "/accounts/{account}/idle", idle, errors=(408, 503)),
)
