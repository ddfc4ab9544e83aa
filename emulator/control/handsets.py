"""`handsets` and `reset`: what is remembered of customers, and forgetting."""

from msgspec import Struct

from emulator.control.routing import Call, Route
from emulator.control.scenarios import Word
from emulator.errors import BadRequest
from emulator.model import Handset, is_number
from emulator.store import accounts


class HandsetView(Struct, frozen=True, kw_only=True):
    """A customer's number: its state, and how often the app sent to it, fetched, and was texted by it."""

    number: str
    state: str
    sends: int
    fetches: int
    texts: int


class HandsetChange(Struct, frozen=True):
    """The state to bring a handset to."""

    state: Word


class Reset(Struct, frozen=True, kw_only=True):
    """`all` forgets numbers, applications and the account's own scenario too."""

    all: bool = False


async def read(call: Call) -> HandsetView:
    """Read what is known of a handset; one never seen has state none."""
    account, number = call.tenant.id, _number(call)
    return _view(await call.engine.database.run(lambda db: accounts.handset(db, account, number), brief=True))


async def change(call: Call, body: HandsetChange) -> HandsetView:
    """Set a handset's state."""
    account, number = call.tenant.id, _number(call)
    await call.engine.database.run(lambda db: accounts.set_state(db, account, number, body.state), brief=True)
    return await read(call)


async def reset(call: Call, body: Reset) -> None:
    """Forget messages, journals, handsets, pending events and draws of the account."""
    await call.engine.reset(call.tenant, everything=body.all)


def _number(call: Call) -> str:
    number = call.argument("number")
    if not is_number(number):
        raise BadRequest(f"{number[:40]!r} is not an E.164 number", remedy="write it as +15550100001")
    return number


def _view(handset: Handset) -> HandsetView:
    return HandsetView(
        number=handset.number,
        state=handset.state,
        sends=handset.sends,
        fetches=handset.fetches,
        texts=handset.texts,
    )


ROUTES = (
    Route("GET", "/accounts/{account}/handsets/{number}", read),
    Route("PUT", "/accounts/{account}/handsets/{number}", change),
    Route("POST", "/accounts/{account}/reset", reset, status=204),
)
