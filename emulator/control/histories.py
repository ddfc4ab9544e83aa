"""`otp`, `export` and `seed`: what an account's messages say, and bringing in more of them."""

import re
from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct

from emulator.control.reading import restore_plus
from emulator.control.routing import Call, PlainText, Route, Yaml
from emulator.errors import BadRequest, NotFound
from emulator.history import seed as bring_in
from emulator.model import Message, is_number, number_of
from emulator.patterns import compile_regex
from emulator.repeating import repeat
from emulator.store import journals, messages
from emulator.store.database import Transaction
from emulator.store.journals import Request

SEARCHED = 10_000
"""Among how many of the latest messages `otp` looks for those to the number."""

READ = 100
"""How many of those it reads."""

EXPORTED = 1_000
"""How many of the latest messages an export repeats."""

REPEATED = 5_000
"""Among how many of the latest requests it looks for those that were refused."""

_CODE = re.compile(r"(?<![0-9])[0-9]{4,8}(?![0-9])")


class OtpQuery(Struct, frozen=True, kw_only=True):
    """Whose code. `pattern` is a regular expression (RE2); its first group, or all of it, is the code."""

    to: Annotated[str, Meta(max_length=64)]
    pattern: Annotated[str, Meta(max_length=500)] = ""


class Past(Struct, frozen=True, kw_only=True):
    """How many messages of how many days before now; the same `seed` tells the same stories."""

    messages: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    days: Annotated[int, Meta(ge=1, le=3650)] = 30
    seed: Annotated[int, Meta(ge=-(2**53), le=2**53)] = 1


class Seeded(Struct, frozen=True):
    """How many messages were brought in."""

    messages: int


async def otp(call: Call, query: OtpQuery) -> PlainText:
    """Read the last code texted to a number: the first run of 4 to 8 digits, or what `pattern` finds."""
    number = number_of(restore_plus(query.to))
    if not is_number(number):
        raise BadRequest(f"to: {query.to!r} is not an E.164 number", remedy="write it as %2B15550100001")
    find = _finder(query.pattern)
    account, identities = call.tenant.id, (f"sms:{number}", f"mms:{number}")
    bodies = await call.engine.database.run(
        lambda db: messages.bodies_to(db, account, identities, within=SEARCHED, limit=READ)
    )
    for body in bodies:
        if (code := find(body)) is not None:
            return PlainText(code)
    if bodies:
        remedy = f"the last text to it is {bodies[0][:200]!r}: say what the code looks like with pattern="
    else:
        remedy = "nothing was texted to it: GET wait?to=… waits for that"
    raise NotFound(f"no code was texted to {number}", remedy=remedy)


async def export(call: Call) -> Yaml:
    """Read what happened as a scenario that repeats it: to the latest messages (at most 1000) and refused requests.

    Texts from handsets are not in it, and neither are rules about reading messages.
    """
    account = call.tenant.id

    def work(db: Transaction) -> tuple[list[Message], list[Request]]:
        return (
            messages.newest(db, account, before=None, limit=EXPORTED),
            journals.newest_requests(db, account, before=None, limit=REPEATED),
        )

    told, asked = await call.engine.database.run(work)
    return Yaml(repeat(told[::-1], asked[::-1], call.tenant.scenario))


async def seed(call: Call, body: Past) -> Seeded:
    """Bring in a plausible past; answered when all of it is stored."""
    await call.wait(bring_in(call.engine, call.tenant, messages=body.messages, days=body.days, seed=body.seed))
    return Seeded(body.messages)


def _finder(pattern: str) -> Callable[[str], str | None]:
    if not pattern:
        return lambda body: found[0] if (found := _CODE.search(body)) else None
    try:
        compiled = compile_regex(pattern).compiled
    except ValueError as error:
        raise BadRequest(
            f"pattern: {error}", remedy="write a regular expression of RE2, such as code ([A-Z0-9]+)"
        ) from None
    group = 1 if compiled.groups else 0
    return lambda body: found[group] if (found := compiled.search(body)) else None


ROUTES = (
    Route("GET", "/accounts/{account}/otp", otp),
    Route("GET", "/accounts/{account}/export", export),
    Route("POST", "/accounts/{account}/seed", seed),
)
