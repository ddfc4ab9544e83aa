"""`GET /Messages`: paging, filters and sorting of the platform's list."""

import re
from datetime import UTC, datetime

from aiohttp import web

from emulator.api import render
from emulator.api.answers import Call
from emulator.api.messages import require_enabled, restore_plus
from emulator.api.paging import Paging, envelope, read_paging, read_query, read_sort, require_page
from emulator.clock import EARLIEST, LATEST, from_datetime
from emulator.errors import BadRequest
from emulator.model import Message, Status
from emulator.store import lists, messages, texts
from emulator.store.database import Transaction
from emulator.wire import whole_number

WINDOW = 5_000
"""How many matches a list shows at most (page line 550)."""

PAGE_SIZE = 10
"""Rows of a page unless asked otherwise (page line 548)."""

_FILTERS = ("To", "From", "StartTime", "EndTime", "Status", "ErrorCode", "Body")
_PARAMETERS = ("Page", "PageSize", "Limit", "SortBy", *_FILTERS)
_FIELDS = {"DateCreated": "date", "From": "from", "To": "to", "Direction": "direction", "Status": "status"}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")


async def fetch_list(call: Call) -> web.StreamResponse:
    """GET: one page. Raises BadRequest for a page that does not exist and for parameters that make no sense."""
    require_enabled(call)
    given = _parameters(call)
    paging = read_paging(given, size=PAGE_SIZE, window=WINDOW)
    query = _query(call, given, paging.limit or WINDOW)
    total, found, complete = await call.engine.database.run(lambda db: _find(db, query, paging))
    if not complete:
        call.warn(f"of the messages with these words only the {query.sortable_texts} newest were sorted")
    require_page(paging, total, "messages")
    decision = await call.engine.watch(call.tenant, "list")
    rows = [render.item(message, call.account_sid) for message in found]
    return await call.answer(envelope(call.path, given, paging, total, "messages", rows), decision)


def _find(db: Transaction, query: lists.ListQuery, paging: Paging) -> tuple[int, list[Message], bool]:
    found = lists.find(db, query, offset=paging.page * paging.size, size=paging.size)
    return found.total, messages.by_ids(db, found.ids), found.complete


def _parameters(call: Call) -> dict[str, str]:
    given = read_query(call, _PARAMETERS)
    status = given.get("Status", "")
    if status and status not in tuple(Status):
        call.warning = f"no message has Status {status[:40]!a}"
    return given | {name: restore_plus(given[name]) for name in ("To", "From") if name in given}


def _query(call: Call, given: dict[str, str], window: int) -> lists.ListQuery:
    sort, descending = read_sort(call, given.get("SortBy", ""), _FIELDS)
    start, end = given.get("StartTime"), given.get("EndTime")
    error = given.get("ErrorCode")
    if len(texts.words(given.get("Body", ""))) > texts.WORDS_LIMIT:
        raise BadRequest(f"Body has more than {texts.WORDS_LIMIT} words", remedy="search for fewer")
    return lists.ListQuery(
        account=call.tenant.id,
        to=given.get("To", ""),
        sender=given.get("From", ""),
        start=_instant("StartTime", start) if start else None,
        # to the second, and that second is included
        end=_instant("EndTime", end) + 999 if end else None,
        status=given.get("Status", ""),
        error=whole_number("ErrorCode", error, low=0, high=10**9) if error else None,
        body=given.get("Body", ""),
        sort=sort,
        descending=descending,
        window=window,
    )


def _instant(name: str, text: str) -> int:
    try:
        if not _DATE_TIME.fullmatch(text):
            raise ValueError
        instant = from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except ValueError:
        raise BadRequest(
            f"{name} must be a UTC time as 2018-10-05T22:45:32 or a date as 2018-10-05, not {text[:40]!r}"
        ) from None
    return min(max(instant, EARLIEST), LATEST)
