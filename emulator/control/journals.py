"""`requests`, `callbacks` and `report`: what the app asked, what it was told, and how well it took it."""

from msgspec import Struct

from emulator.clock import iso
from emulator.control.messages import Page
from emulator.control.routing import Call, Route
from emulator.control.views import CallbackView, RequestView, callback_view, request_view
from emulator.model import Attempt, Message, Outcome
from emulator.store import journals, messages
from emulator.store.database import Transaction
from emulator.tenant import Tenant

FAILURES_SHOWN = 1_000
"""How many failures a report lists; `failures_total` counts further ones too."""


class RequestList(Struct, frozen=True, kw_only=True):
    """Requests of the app, newest first; `before` and `dropped` as in a list of messages."""

    requests: list[RequestView]
    before: int | None
    dropped: int


class CallbackList(Struct, frozen=True, kw_only=True):
    """Attempts to tell the app, newest first; `before` and `dropped` as in a list of messages."""

    callbacks: list[CallbackView]
    before: int | None
    dropped: int


class Failure(Struct, frozen=True):
    """A callback that the app never took, and the problem with its last attempt."""

    callback: CallbackView
    problem: str


class Fault(Struct, frozen=True):
    """Something that went wrong inside the emulator itself."""

    at: str
    message: str


class Report(Struct, frozen=True, kw_only=True):
    """The verdict on the receiver. `callbacks` counts all attempts, `outcomes` those with each outcome.

    `errors` are the emulator's own, the latest 100, and not the receiver's fault.
    """

    ok: bool
    callbacks: int
    outcomes: dict[Outcome, int]
    failures: list[Failure]
    failures_total: int
    errors: list[Fault]


async def list_requests(call: Call, query: Page) -> RequestList:
    """List what the app asked of the platform's API, newest first."""
    account = call.tenant.id

    def work(db: Transaction) -> tuple[list[journals.Request], int]:
        found = journals.newest_requests(db, account, before=query.before, limit=query.limit + 1)
        return found, journals.dropped(db, account)[1]

    found, dropped = await call.engine.database.run(work)
    shown = found[: query.limit]
    return RequestList(
        requests=[request_view(request) for request in shown],
        before=shown[-1].id if len(found) > len(shown) else None,
        dropped=dropped,
    )


async def list_callbacks(call: Call, query: Page) -> CallbackList:
    """List each attempt to tell the app, also those still to come, newest first."""
    tenant = call.tenant
    account = tenant.id

    def work(db: Transaction) -> tuple[list[Attempt], dict[int, Message], int]:
        found = journals.newest_attempts(db, account, before=query.before, limit=query.limit + 1)
        return found, _messages(db, found), journals.dropped(db, account)[2]

    found, whose, dropped = await call.engine.database.run(work)
    shown = found[: query.limit]
    return CallbackList(
        callbacks=_views(tenant, shown, whose),
        before=shown[-1].id if len(found) > len(shown) else None,
        dropped=dropped,
    )


async def report(call: Call) -> Report:
    """Judge the receiver: every callback must have been answered with 2xx, at the latest by its last attempt."""
    tenant = call.tenant
    account = tenant.id

    def work(db: Transaction) -> tuple[dict[str, int], list[Attempt], dict[int, Message], int]:
        failed = journals.failed_attempts(db, account, limit=FAILURES_SHOWN)
        total = journals.count_failed(db, account) if len(failed) == FAILURES_SHOWN else len(failed)
        return journals.attempt_counts(db, account), failed, _messages(db, failed), total

    counts, failed, whose, total = await call.engine.database.run(work)
    return Report(
        ok=not failed,
        callbacks=sum(counts.values()),
        outcomes={outcome: counts.get(outcome, 0) for outcome in Outcome},
        failures=[Failure(view, view.error) for view in _views(tenant, failed, whose)],
        failures_total=total,
        errors=[Fault(iso(at), said) for at, said in tenant.errors],
    )


def _messages(db: Transaction, attempts: list[Attempt]) -> dict[int, Message]:
    ids = sorted({attempt.message for attempt in attempts})
    return {message.id: message for message in messages.by_ids(db, ids)}


def _views(tenant: Tenant, attempts: list[Attempt], whose: dict[int, Message]) -> list[CallbackView]:
    return [callback_view(tenant, whose[each.message], each) for each in attempts if each.message in whose]


ROUTES = (
    Route("GET", "/accounts/{account}/requests", list_requests),
    Route("GET", "/accounts/{account}/callbacks", list_callbacks),
    Route("GET", "/accounts/{account}/report", report),
)
