"""What the platform's lists have in common: pages, sorting, dates and the envelope around the rows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from msgspec import Struct

from emulator.api.answers import Call
from emulator.clock import EARLIEST, LATEST, from_datetime
from emulator.errors import BadRequest
from emulator.wire import check_text, require_encoded, unknown_parameters, whole_number

ROWS_LIMIT = 5_000
"""Most rows of one page; our choice, the platform names no limit."""

LEGACY_PAGE_SIZE = 50
"""Rows of a page of the older resources unless asked otherwise."""

PARAMETER_CHARACTERS = 2_048
"""Longest value of a list's parameter; our choice."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PAGING = ("Page", "PageSize", "Limit", "AfterSid")
_SORT_ERROR = "Error parsing the SortBy parameter: "


class Paging(Struct, frozen=True, kw_only=True):
    """Which page of how many rows, and how many matches are looked at; only `/Messages` shows that `limit`."""

    page: int
    size: int
    limit: int | None = None


def read_query(call: Call, known: Iterable[str]) -> dict[str, str]:
    """The list's parameters; the rest is warned of. Raises BadRequest for one given twice, or that is no text."""
    known = tuple(known)
    given: dict[str, str] = {}
    require_encoded(call.request.rel_url.raw_query_string, call.request.query.items())
    for name, value in call.request.query.items():
        if name in given:
            raise BadRequest(f"{name[:60]} is given twice")
        if problem := check_text(name, value, limit=PARAMETER_CHARACTERS):
            raise BadRequest(problem)
        given[name] = value
    call.parameters = dict(given)
    call.warn(unknown_parameters(given, known))
    return {name: value for name, value in given.items() if name in known}


def read_paging(given: Mapping[str, str], *, size: int = LEGACY_PAGE_SIZE, window: int | None = None) -> Paging:
    """The page asked for: `size` rows unless PageSize, out of `window` matches unless Limit, says otherwise.

    Raises BadRequest.
    """
    return Paging(
        page=whole_number("Page", given.get("Page") or "0", low=0, high=10**9),
        size=whole_number("PageSize", given.get("PageSize") or str(size), low=1, high=ROWS_LIMIT),
        limit=whole_number("Limit", given.get("Limit") or str(window), low=1, high=window) if window else None,
    )


def require_page(paging: Paging, total: int, what: str) -> None:
    """Raise BadRequest for a page that does not exist; the one after the last full page always does."""
    if paging.page > total // paging.size:
        # the platform's list goes no further, however many match
        most = "at most " if total == paging.limit else ""
        raise BadRequest(
            f"Page {paging.page} does not exist: there are {most}{total} {what}, {paging.size} on a page, "
            "from page 0 on"
        )


def read_sort(call: Call, text: str, fields: Mapping[str, str]) -> tuple[str, bool]:
    """The column that `Field:asc` or `Field:desc` names, and whether it descends. Raises BadRequest.

    The platform keeps its default order, newest first, for a field it does not know; that is warned of.
    """
    if not text:
        return "date", True
    field, colon, direction = text.partition(":")
    if not field:
        raise BadRequest(f"{_SORT_ERROR}missing field to sort by")
    if colon and direction.lower() not in ("asc", "desc"):
        raise BadRequest(f"{_SORT_ERROR}sort direction needs to be either ASC or DESC")
    if field not in fields:
        call.warn(f"there is no sorting by {field[:40]!a}; known are {', '.join(fields)}")
        return "date", True
    return fields[field], direction.lower() == "desc"


def read_days(call: Call, given: Mapping[str, str]) -> tuple[int | None, int | None]:
    """StartTime and EndTime of the older lists: whole days, both included, as [first, beyond). Raises BadRequest."""
    for name in ("StartTime", "EndTime"):
        if len(given.get(name, "")) > len("2018-10-05"):
            call.warn(f"{name} is read by the day here: its time is ignored")
    start, end = given.get("StartTime"), given.get("EndTime")
    return (_day("StartTime", start, days=0) if start else None, _day("EndTime", end, days=1) if end else None)


def envelope(
    path: str,
    given: Mapping[str, str],
    paging: Paging,
    total: int,
    key: str,
    rows: Sequence[Mapping[str, object]],
) -> dict[str, object]:
    """The platform's page object (page lines 545-558), with its quirks.

    `num_pages` is rounded down; `start` and `end` are text; `end` is one past the last row on the last page and the
    last row itself elsewhere; a missing neighbour is the text "null". Our URIs carry the filters too.
    """
    page, size = paging.page, paging.size
    last = total // size
    kept = {name: value for name, value in given.items() if name not in _PAGING}
    limit = {} if paging.limit is None else {"Limit": paging.limit}

    # the older lists name the last row in the next page's URI, and never read it back
    after = {"AfterSid": rows[-1]["sid"]} if rows and paging.limit is None else {}

    def uri(number: int, **more: object) -> str:
        return f"{path}?" + urlencode({"Page": number, "PageSize": size, **limit, **kept, **more})

    return {
        "page": page,
        "num_pages": last,
        "page_size": size,
        "total": total,
        **{name.lower(): value for name, value in limit.items()},
        "start": str(page * size),
        "end": str(page * size + (len(rows) if page == last else size - 1)),
        "uri": path,
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else "null",
        "next_page_uri": uri(page + 1, **after) if (page + 1) * size < total else "null",
        "last_page_uri": uri(last),
        key: rows,
    }


def _day(name: str, text: str, *, days: int) -> int:
    try:
        found = _DAY.match(text)
        if found is None:
            raise ValueError
        midnight = datetime.fromisoformat(found[0]).replace(tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise BadRequest(f"{name} must be a UTC date such as 2018-10-05, not {text[:40]!r}") from None
    return min(max(from_datetime(midnight), EARLIEST), LATEST)
