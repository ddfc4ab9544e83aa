"""`messages`: every message of an account, the truth about each, and forcing its fate."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from emulator.control.routing import Call, Route
from emulator.control.views import (
    Explanation,
    MessageView,
    WholeMessage,
    message_view,
    whole_message,
)
from emulator.errors import BadRequest, Conflict, NotFound
from emulator.explaining import explain as explained
from emulator.model import Attempt, Direction, Message, Status
from emulator.store import journals, messages
from emulator.store.database import Transaction

Limit = Annotated[int, Meta(ge=1, le=1000)]
Before = Annotated[int, Meta(ge=1, le=2**53)]
ErrorCode = Annotated[int, Meta(ge=1, le=999_999_999)]
Forcible = Literal["sending", "sent", "delivered", "undelivered", "failed"]


class Page(Struct, frozen=True, kw_only=True):
    """Which part of a list: at most `limit` (1 to 1000) entries from the one before cursor `before` on."""

    limit: Limit = 50
    before: Before | None = None


class MessageList(Struct, frozen=True, kw_only=True):
    """Messages, newest first. `before` is the cursor of the next page, null on the last.

    `dropped` counts those that went because of the server's limit; `cursor` is that of the newest.
    """

    messages: list[MessageView]
    before: int | None
    cursor: int
    dropped: int


class Forced(Struct, frozen=True, kw_only=True):
    """A status to bring a message to; `error_code` only for failed and undelivered."""

    status: Forcible
    error_code: ErrorCode | None = None


async def list_messages(call: Call, query: Page) -> MessageList:
    """List messages of any status, newest first."""
    tenant = call.tenant
    account = tenant.id

    def work(db: Transaction) -> tuple[list[Message], list[Message], int]:
        page = messages.newest(db, account, before=query.before, limit=query.limit + 1)
        latest = messages.newest(db, account, before=None, limit=1)
        return page, latest, journals.dropped(db, account)[0]

    page, latest, dropped = await call.engine.database.run(work)
    shown = page[: query.limit]
    return MessageList(
        messages=[message_view(tenant, message) for message in shown],
        before=shown[-1].arrival if len(page) > len(shown) else None,
        cursor=latest[0].arrival if latest else 0,
        dropped=dropped,
    )


async def read(call: Call) -> WholeMessage:
    """Read one message: its timeline, every attempt to tell the app, and why it met this fate."""
    tenant, sid = call.tenant, call.argument("message")
    account = tenant.id

    def work(db: Transaction) -> tuple[Message, list[Attempt]]:
        message = _own(db, sid, account)
        return message, journals.attempts_of(db, message.id)

    message, attempts = await call.engine.database.run(work)
    return whole_message(tenant, message, attempts, await _explanation(call, message))


async def explain(call: Call) -> Explanation:
    """Say which rules were tried on a message, and the first condition of each that failed."""
    account, sid = call.tenant.id, call.argument("message")
    return await _explanation(call, await call.engine.database.run(lambda db: _own(db, sid, account), brief=True))


async def force(call: Call, body: Forced) -> MessageView:
    """Bring a message to a status now; answered when the app was told. Later steps of its timeline are dropped."""
    tenant, sid = call.tenant, call.argument("message")
    status = Status(body.status)
    if body.error_code is not None and status not in (Status.FAILED, Status.UNDELIVERED):
        raise BadRequest(f"{status} carries no error_code", remedy="send one with failed or undelivered only")
    account = tenant.id
    message = await call.engine.database.run(lambda db: _own(db, sid, account), brief=True)
    if message.direction is Direction.INBOUND:
        raise Conflict("a text from a handset is received, and has no other fate", remedy="force an outbound message")
    forced = await call.wait(call.engine.force(tenant, message, status, body.error_code))
    return message_view(tenant, forced)


async def _explanation(call: Call, message: Message) -> Explanation:
    rules, note = await explained(call.engine, call.tenant, message)
    return Explanation(message=message.sid, rule=message.rule, rules=rules, note=note)


def _own(db: Transaction, sid: str, account: int) -> Message:
    message = messages.by_sid(db, sid, account)
    if message is None or message.account != account:
        raise NotFound(f"this account has no message {sid[:60]}", remedy="GET messages lists them")
    return message


ROUTES = (
    Route("GET", "/accounts/{account}/messages", list_messages),
    Route("GET", "/accounts/{account}/messages/{message}", read),
    Route("POST", "/accounts/{account}/messages/{message}/status", force, errors=(409,)),
    Route("GET", "/accounts/{account}/explain/{message}", explain),
)
