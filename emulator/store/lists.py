"""The platform's message list at any size: filters, sorts and a result window, each answered from an index.

Nothing is counted beyond the window. A filter with fewer matches than that is read by its own index and sorted;
otherwise an index that already has the order wanted is walked until the page is full.
"""

import re
from typing import NamedTuple

from msgspec import Struct

from emulator.clock import EARLIEST, LATEST
from emulator.store.database import Transaction
from emulator.store.messages import first_identity

WORDS_LIMIT = 32
"""How many words of a `Body` filter are searched for."""

_LAST_CHARACTER = "\U0010ffff"
_COLUMNS = {"date": "id", "from": "sender", "to": "recipient", "direction": "direction", "status": "status"}
_TEXT = "message_text"


class ListQuery(Struct, frozen=True, kw_only=True):
    """What a list asks for.

    `to` and `sender` may contain `%` for any text; `start` and `end` are instants in milliseconds, both included;
    `sort` is one of date, from, to, direction, status; `window` is how many matches are looked at.
    """

    account: int
    to: str = ""
    sender: str = ""
    start: int | None = None
    end: int | None = None
    status: str = ""
    error: int | None = None
    body: str = ""
    sort: str = "date"
    descending: bool = True
    window: int = 5000


class _Filter(NamedTuple):
    """One condition, and the index that finds its matches; `dated` when they come in date order there."""

    where: str
    values: tuple[object, ...]
    by: str
    dated: bool = False


class _Plan(NamedTuple):
    """The rest of a statement after its SELECT, with its values."""

    source: str
    values: tuple[object, ...]
    order: str


def find(db: Transaction, query: ListQuery, *, offset: int, size: int) -> tuple[int, list[int]]:
    """How many messages match (the window at most), and the ids of those at this place of the list."""
    if query.body and not _words(query):
        return 0, []
    filters = _filters(query)
    driver = _driver(db, query, filters)
    total = _count(db, _plan(query, filters, driver or _walked(query, filters)), query.window)
    size = min(size, total - offset)
    if size <= 0:
        return total, []
    plan = _plan(query, filters, driver or _sorted_index(query))
    sql = f"SELECT m.id {plan.source} ORDER BY {plan.order} LIMIT ? OFFSET ?"
    return total, [row[0] for row in db.execute(sql, (*plan.values, size, offset))]


def _driver(db: Transaction, query: ListQuery, filters: list[_Filter]) -> str | None:
    """The index of a filter that alone leaves less than a window, or that already has the order wanted."""
    for each in filters:
        if _count(db, _plan(query, [each], each.by), query.window) < query.window:
            return each.by
    if query.sort != "date":
        return None
    return next((each.by for each in filters if each.dated), None)


def _walked(query: ListQuery, filters: list[_Filter]) -> str:
    # only counting: any index will do, and the text's own is the one that need not look at every row
    return _TEXT if any(each.by == _TEXT for each in filters) else _sorted_index(query)


def _count(db: Transaction, plan: _Plan, limit: int) -> int:
    row = db.execute(f"SELECT count(*) FROM (SELECT 1 {plan.source} LIMIT ?)", (*plan.values, limit)).fetchone()
    return int(row[0])


def _plan(query: ListQuery, filters: list[_Filter], index: str) -> _Plan:
    conditions, values = ["m.account = ?", "m.listed = 1"], [query.account]
    source = f"FROM message AS m INDEXED BY {index}"
    for each in filters:
        if each.by != _TEXT:
            conditions.append(each.where)
        elif index == _TEXT:
            source = "FROM message_text AS t CROSS JOIN message AS m ON m.id = t.rowid"
            conditions.append("message_text MATCH ?")
        else:
            conditions.append("EXISTS (SELECT 1 FROM message_text WHERE message_text MATCH ? AND rowid = m.id)")
        values += each.values  # type: ignore[arg-type]  # values of any SQL type
    return _Plan(f"{source} WHERE {' AND '.join(conditions)}", tuple(values), _order(query, index))


def _order(query: ListQuery, index: str) -> str:
    direction = "DESC" if query.descending else "ASC"
    if query.sort == "date":
        # FTS5 knows the order of its own rowid only
        return f"{'t.rowid' if index == _TEXT else 'm.id'} {direction}"
    return f"m.{_COLUMNS[query.sort]} {direction}, m.id DESC"


def _sorted_index(query: ListQuery) -> str:
    if query.sort == "date":
        return "message_date"
    return f"message_{_COLUMNS[query.sort]}_{'desc' if query.descending else 'asc'}"


def _filters(query: ListQuery) -> list[_Filter]:
    found = []
    if query.error is not None:
        # an error means outbound: saying so keeps a sort by direction from walking all inbound messages
        where = "m.error = ? AND m.direction > 'inbound' AND m.status IN ('failed', 'undelivered')"
        found.append(_Filter(where, (query.error,), "message_error", dated=True))
    if query.body:
        found.append(_Filter("", (_match(query),), _TEXT, dated=True))
    if query.to:
        found.append(_identity("recipient", query.to))
    if query.sender:
        found.append(_identity("sender", query.sender))
    if query.status:
        direction = "= 'inbound'" if query.status == "received" else "> 'inbound'"
        where = f"m.status = ? AND m.direction {direction}"
        found.append(_Filter(where, (query.status,), "message_status_desc", dated=True))
    if query.start is not None or query.end is not None:
        first = first_identity(query.start if query.start is not None else EARLIEST)
        beyond = first_identity((query.end if query.end is not None else LATEST) + 1)
        found.append(_Filter("m.id >= ? AND m.id < ?", (first, beyond), "message_date", dated=True))
    return found


def _identity(column: str, wanted: str) -> _Filter:
    index = f"message_{column}_desc"
    prefix, percent, rest = wanted.partition("%")
    if not percent:
        return _Filter(f"m.{column} = ?", (wanted,), index, dated=True)
    where, values = f"m.{column} >= ? AND m.{column} < ?", (prefix, prefix + _LAST_CHARACTER)
    if rest:
        pattern = "*".join(re.sub(r"([*?\[])", r"[\1]", part) for part in wanted.split("%"))
        return _Filter(f"{where} AND m.{column} GLOB ?", (*values, pattern), index)
    return _Filter(where, values, index)


def _match(query: ListQuery) -> str:
    """An FTS5 expression: each word of the text, in any order."""
    return f'account : "{query.account}" AND body : (' + " AND ".join(f'"{word}"' for word in _words(query)) + ")"


def _words(query: ListQuery) -> list[str]:
    return re.findall(r"[^\W_]+", query.body)[:WORDS_LIMIT]
