"""`GET /Messages`: paging, filters and sorting of the platform's list."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

from aiohttp import web
from msgspec import Struct

from emulator.api import render
from emulator.api.answers import Call
from emulator.api.messages import require_enabled, restore_plus
from emulator.clock import EARLIEST, LATEST, from_datetime
from emulator.errors import BadRequest
from emulator.model import Message, Status
from emulator.store import lists, messages
from emulator.store.database import Transaction
from emulator.wire import check_text, unknown_parameters, whole_number

WINDOW = 5_000
"""How many matches a list shows at most (page line 550)."""

PAGE_SIZE = 10
"""Rows of a page unless asked otherwise (page line 548)."""

_FILTERS = ("To", "From", "StartTime", "EndTime", "Status", "ErrorCode", "Body")
_PARAMETERS = ("Page", "PageSize", "Limit", "SortBy", *_FILTERS)
_FIELDS = {"DateCreated": "date", "From": "from", "To": "to", "Direction": "direction", "Status": "status"}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")
_SORT_ERROR = "Error parsing the SortBy parameter: "


class Paging(Struct, frozen=True, kw_only=True):
    """Which page of how many rows, and how many matches are looked at."""

    page: int
    size: int
    limit: int


async def fetch_list(call: Call) -> web.StreamResponse:
    """GET: one page. Raises BadRequest for a page that does not exist and for parameters that make no sense."""
    require_enabled(call)
    given = _parameters(call)
    paging = Paging(
        page=whole_number("Page", given.get("Page") or "0", low=0, high=10**9),
        size=whole_number("PageSize", given.get("PageSize") or str(PAGE_SIZE), low=1, high=WINDOW),
        limit=whole_number("Limit", given.get("Limit") or str(WINDOW), low=1, high=WINDOW),
    )
    query = _query(call.tenant.id, given, paging.limit)
    total, found = await call.engine.database.run(lambda db: _find(db, query, paging))
    if paging.page > total // paging.size:
        raise BadRequest(
            f"Page {paging.page} does not exist: there are {total} messages, {paging.size} on a page, from page 0 on"
        )
    decision = await call.engine.watch(call.tenant, "list")
    rows = [render.item(message, call.account_sid) for message in found]
    return await call.answer(envelope(call.path, given, paging, total, "messages", rows), decision)


def envelope(
    path: str, given: dict[str, str], paging: Paging, total: int, key: str, rows: list[dict[str, object]]
) -> dict[str, object]:
    """The platform's page object (page lines 545-558), with its quirks.

    `num_pages` is rounded down; `start` and `end` are text; `end` is one past the last row on the last page and the
    last row itself elsewhere; a missing neighbour is the text "null". Our URIs carry the filters too.
    """
    page, size = paging.page, paging.size
    last = total // size
    kept = {name: value for name, value in given.items() if name not in ("Page", "PageSize", "Limit")}

    def uri(number: int) -> str:
        return f"{path}?" + urlencode({"Page": number, "PageSize": size, "Limit": paging.limit} | kept)

    return {
        "page": page,
        "num_pages": last,
        "page_size": size,
        "total": total,
        "limit": paging.limit,
        "start": str(page * size),
        "end": str(page * size + (len(rows) if page == last else size - 1)),
        "uri": path,
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else "null",
        "next_page_uri": uri(page + 1) if (page + 1) * size < total else "null",
        "last_page_uri": uri(last),
        key: rows,
    }


def _find(db: Transaction, query: lists.ListQuery, paging: Paging) -> tuple[int, list[Message]]:
    total, ids = lists.find(db, query, offset=paging.page * paging.size, size=paging.size)
    return total, messages.by_ids(db, ids)


def _parameters(call: Call) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in call.request.query.items():
        if name in given:
            raise BadRequest(f"{name[:60]} is given twice")
        if problem := check_text(name, value, limit=2_048):
            raise BadRequest(problem)
        given[name] = restore_plus(value) if name in ("To", "From") else value
    call.parameters = dict(given)
    call.warning = unknown_parameters(given, _PARAMETERS)
    status = given.get("Status", "")
    if status and status not in tuple(Status):
        call.warning = f"no message has Status {status[:40]!a}"
    return {name: value for name, value in given.items() if name in _PARAMETERS}


def _query(account: int, given: dict[str, str], window: int) -> lists.ListQuery:
    sort, descending = _sort(given.get("SortBy", ""))
    start, end = given.get("StartTime"), given.get("EndTime")
    error = given.get("ErrorCode")
    return lists.ListQuery(
        account=account,
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


def _sort(text: str) -> tuple[str, bool]:
    if not text:
        return "date", True
    field, colon, direction = text.partition(":")
    if not field:
        raise BadRequest(f"{_SORT_ERROR}missing field to sort by")
    if colon and direction.lower() not in ("asc", "desc"):
        raise BadRequest(f"{_SORT_ERROR}sort direction needs to be either ASC or DESC")
    if field not in _FIELDS:
        return "date", True  # the platform keeps its default order for a field it does not know
    return _FIELDS[field], direction.lower() == "desc"


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
