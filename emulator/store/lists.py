"""The platform's message list at any size: filters, sorts and a result window, each answered from an index.

Each index holds every column that can be asked for, so rows are read only to be shown. Nothing is counted beyond the
window. A filter with few matches is read through its own index and sorted; otherwise the index that has the order
wanted is walked until the page is full.
"""

import re
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct

from emulator.clock import EARLIEST, LATEST
from emulator.model import Direction, Status
from emulator.store import listing, texts
from emulator.store.database import Transaction
from emulator.store.messages import first_identity

_LAST_CHARACTER = "\U0010ffff"
_COLUMNS = {"date": "id", "from": "sender", "to": "recipient", "direction": "direction", "status": "status"}
_VALUES: dict[str, tuple[str, ...]] = {"direction": tuple(sorted(Direction)), "status": tuple(sorted(Status))}
"""Columns that have few values: each value is read from where it begins."""

_SORTING = 8
"""How many entries of an index can be walked in the time that sorting one takes."""

_FILTERING = 3
"""How many times more matches than can be sorted may be read once for each value of a column."""

_PROBED = 200
"""With fewer candidates than this each one's text is looked up; that costs FTS5 much more than a row of a scan."""


class ListQuery(Struct, frozen=True, kw_only=True):
    """What a list asks for.

    `to` and `sender` may contain `%` for any text; `start` and `end` are instants in milliseconds, both included;
    `sort` is one of date, from, to, direction, status; `window` is how many matches are looked at. The last two bound
    the work: how many matches of a filter are sorted rather than looked for in order, and how many of the newest
    texts with the words are sorted by anything but date.
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
    window: int = 5_000
    sortable: int = 20_000
    sortable_texts: int = 5_000

    @property
    def column(self) -> str:
        """The column that decides the order: a filter may leave nothing to sort but the date."""
        fixed = {"to": bool(self.to) and "%" not in self.to, "from": bool(self.sender) and "%" not in self.sender}
        return "id" if fixed.get(self.sort) or (self.sort == "status" and self.status) else _COLUMNS[self.sort]

    @property
    def order(self) -> str:
        """The order in SQL: rows of equal value are newest first in both directions."""
        if self.column != "id":
            return f"m.{self.column} {'DESC' if self.descending else 'ASC'}, m.id DESC"
        return f"m.id {'ASC' if self.sort == 'date' and not self.descending else 'DESC'}"


class Found(NamedTuple):
    """How many messages match (the window at most), the ids of a page, whether every match was looked at."""

    total: int
    ids: list[int]
    complete: bool = True


class _Filter(NamedTuple):
    """One condition, the index that finds its matches, and the column by which they are sorted there, then by date."""

    where: str
    values: tuple[object, ...]
    by: str
    sorted: str = "id"


class _Rows(NamedTuple):
    """Which rows of which index: the middle of a statement, with its values."""

    text: str
    values: tuple[object, ...]

    def where(self, condition: str, *values: object) -> "_Rows":
        """Those of them that also satisfy this."""
        return _Rows(f"{self.text} AND {condition}", (*self.values, *values))


def find(db: Transaction, query: ListQuery, *, offset: int, size: int) -> Found:
    """The messages at this place of the list."""
    listing.refresh(db)
    filters = _filters(query)
    if query.body:
        wanted = texts.words(query.body)
        return _find_texts(db, query, filters, wanted, offset, size) if wanted else Found(0, [])
    count, least = _least(db, query, filters)
    total = _count(db, _rows(query, filters, least.by), query.window)
    size = min(size, total - offset)
    if size <= 0:
        return Found(total, [])
    return Found(total, _sorted(db, query, filters, least, count, offset + size)[offset:])


def _least(db: Transaction, query: ListQuery, filters: list[_Filter]) -> tuple[int, _Filter]:
    """The filter with the fewest matches, and how many, as far as that matters."""
    if not filters:
        return query.sortable, _Filter("TRUE", (), f"listing_{query.column}".replace("_id", "_date"), query.column)
    if len(filters) == 1 and filters[0].sorted == query.column:
        return query.sortable, filters[0]
    counts = [(_count(db, _rows(query, [each], each.by), _limit(query, each)), each) for each in filters]
    return min(counts, key=itemgetter(0))


def _limit(query: ListQuery, each: _Filter) -> int:
    """With how many matches it may still be better to read all of the filter's than to look for them in order."""
    return query.sortable * (_FILTERING if each.sorted == "id" and query.column in _VALUES else 1)


def _sorted(
    db: Transaction, query: ListQuery, filters: list[_Filter], least: _Filter, count: int, size: int
) -> list[int]:
    """The first ids of the list; `least` is the filter with the fewest matches, `count` how many."""
    column = query.column
    if least.sorted == column:
        return _walk(db, query, _rows(query, filters, least.by), size)
    if count < _limit(query, least):
        walked = size * _messages(db, query.account) // count
        if column in _VALUES and least.sorted == "id" and least.by != "listing_date":
            return _by_value(db, query, _rows(query, filters, least.by), size, few=True)
        # few are sorted even if a walk should be shorter: it is not when filter and sort have to do with each other
        if count <= query.window or count * _SORTING < walked:
            return _page(db, _rows(query, filters, least.by), query.order, size)
    own = "listing_date" if column == "id" else f"listing_{column}"
    rows = _rows(query, filters, next((each.by for each in filters if each.sorted == column), own))
    return _by_value(db, query, rows, size, few=False) if column in _VALUES else _walk(db, query, rows, size)


def _walk(db: Transaction, query: ListQuery, rows: _Rows, size: int) -> list[int]:
    """The first ids, from an index that has the rows by the column and then the date."""
    if query.column == "id" or query.descending:
        return _page(db, rows, query.order, size)
    # ascending, but those of equal value newest first
    sql = f"SELECT m.{query.column}, m.id {rows.text} ORDER BY m.{query.column}, m.id LIMIT ?"
    found = db.execute(sql, (*rows.values, size)).fetchall()
    ids: list[int] = []
    for value, group in groupby(found, key=itemgetter(0)):
        if value == found[-1][0]:  # these may go on beyond the limit; the plus leaves the index to the equality
            last = _Rows(rows.text.replace(f"m.{query.column} ", f"+m.{query.column} "), rows.values)
            last = last.where(f"m.{query.column} = ?", value)
            return ids + _page(db, last, "m.id DESC", size - len(ids))
        ids += [row[1] for row in group][::-1]
    return ids


def _by_value(db: Transaction, query: ListQuery, rows: _Rows, size: int, *, few: bool) -> list[int]:
    """The first ids by a column that has few values, one value after the other; `few` when all rows may be read."""
    ids: list[int] = []
    column = f"m.{query.column}"
    if few:  # reading all of them once costs as much as looking in vain for one value
        values = sorted(row[0] for row in db.execute(f"SELECT DISTINCT {column} {rows.text}", rows.values))
    else:
        values = [value for value in _VALUES[query.column] if _is_in_use(db, query, value)]
    for value in values[::-1] if query.descending else values:
        ids += _page(db, rows.where(f"{column} = ?", value), "m.id DESC", size - len(ids))
        if len(ids) == size:
            break
    return ids


def _is_in_use(db: Transaction, query: ListQuery, value: str) -> bool:
    one = _Filter(f"m.{query.column} = ?", (value,), f"listing_{query.column}")
    return _count(db, _rows(query, [one], one.by), 1) > 0


def _find_texts(
    db: Transaction, query: ListQuery, filters: list[_Filter], wanted: list[str], offset: int, size: int
) -> Found:
    expression = texts.expression(query.account, wanted)
    few = _few_with_texts(db, query, filters, expression)
    rows = few or _texts(query, filters, expression)
    total = _count(db, rows, query.window)
    size = min(size, total - offset)
    if size <= 0:
        return Found(total, [])
    if few:
        return Found(total, _page(db, few, query.order, size, offset))
    if query.column == "id":
        # FTS5 knows the order of its own rowid only
        sql = f"SELECT t.rowid {rows.text} ORDER BY {query.order.replace('m.id', 't.rowid')} LIMIT ? OFFSET ?"
        return Found(total, [row[0] for row in db.execute(sql, (*rows.values, size, offset))])
    newest = f"SELECT t.rowid AS seen {rows.text} ORDER BY t.rowid DESC LIMIT ?"
    candidates = _Rows(f"FROM ({newest}) CROSS JOIN listing AS m ON m.id = seen", (*rows.values, query.sortable_texts))
    complete = total < query.window or _count(db, rows, query.sortable_texts + 1) <= query.sortable_texts
    return Found(total, _page(db, candidates, query.order, size, offset), complete)


def _few_with_texts(db: Transaction, query: ListQuery, filters: list[_Filter], expression: str) -> _Rows | None:
    """The matches by way of a filter that leaves few, None when there is none."""
    for each in filters:
        count = _count(db, _rows(query, [each], each.by), query.window + 1)
        if count <= query.window:
            matches = "SELECT rowid FROM message_text WHERE message_text MATCH ?"
            probe = f"EXISTS ({matches} AND rowid = m.id)" if count < _PROBED else f"m.id IN ({matches})"
            return _rows(query, filters, each.by).where(probe, expression)
    return None


def _texts(query: ListQuery, filters: list[_Filter], expression: str) -> _Rows:
    """The matches by way of the words."""
    span, matches = _span(query), "message_text MATCH ?"
    values: tuple[object, ...] = (expression,)
    if span is not None:
        matches, values = f"{matches} AND t.rowid >= ? AND t.rowid < ?", (*values, *span)
    if all(each.by == "listing_date" for each in filters):
        return _Rows(f"FROM message_text AS t WHERE {matches}", values)
    rows = _rows(query, filters, "listing_date")
    text = rows.text.replace("FROM listing AS m", "FROM message_text AS t CROSS JOIN listing AS m")
    return _Rows(f"{text} AND {matches} AND t.rowid = m.id", (*rows.values, *values))


def _count(db: Transaction, rows: _Rows, limit: int) -> int:
    found = db.execute(f"SELECT count(*) FROM (SELECT 1 {rows.text} LIMIT ?)", (*rows.values, limit)).fetchone()
    return int(found[0])


def _page(db: Transaction, rows: _Rows, order: str, size: int, offset: int = 0) -> list[int]:
    sql = f"SELECT m.id {rows.text} ORDER BY {order} LIMIT ? OFFSET ?"
    return [row[0] for row in db.execute(sql, (*rows.values, size, offset))]


def _rows(query: ListQuery, filters: list[_Filter], index: str) -> _Rows:
    conditions = ["m.account = ?", *(each.where for each in filters)]
    values = (query.account, *(value for each in filters for value in each.values))
    return _Rows(f"FROM listing AS m INDEXED BY {index} WHERE {' AND '.join(conditions)}", values)


def _messages(db: Transaction, account: int) -> int:
    """About how many messages the account has, and never fewer."""
    edges = "SELECT arrival FROM message WHERE account = ? ORDER BY arrival"
    row = db.execute(f"SELECT ({edges} DESC LIMIT 1) - ({edges} LIMIT 1) + 1", (account, account)).fetchone()
    return row[0] or 0


def _filters(query: ListQuery) -> list[_Filter]:
    found = []
    suffix = "" if query.column == "id" else f"_{query.column}"
    if query.error is not None:
        found.append(_Filter("m.error = ?", (query.error,), f"listing_error{suffix}", query.column))
    if query.to.strip("%"):
        found.append(_identity("recipient", query.to))
    if query.sender.strip("%"):
        found.append(_identity("sender", query.sender))
    if query.status and query.column == "direction":
        found.append(_Filter("m.status = ?", (query.status,), "listing_status_direction", "direction"))
    elif query.status == Status.DELIVERED:
        found.append(_Filter("m.status = 'delivered'", (), "listing_status"))
    elif query.status:
        where = "m.status = ? AND m.status <> 'delivered'"
        found.append(_Filter(where, (query.status,), f"listing_status{suffix}", query.column))
    if (span := _span(query)) is not None:
        found.append(_Filter("m.id >= ? AND m.id < ?", span, "listing_date"))
    return found


def _span(query: ListQuery) -> tuple[int, int] | None:
    if query.start is None and query.end is None:
        return None
    start = query.start if query.start is not None else EARLIEST
    end = query.end if query.end is not None else LATEST
    return first_identity(start), first_identity(end + 1)


def _identity(column: str, wanted: str) -> _Filter:
    index = f"listing_{column}"
    prefix, percent, rest = wanted.partition("%")
    if not percent:
        return _Filter(f"m.{column} = ?", (wanted,), index)
    where, values = f"m.{column} >= ? AND m.{column} < ?", (prefix, prefix + _LAST_CHARACTER)
    if rest:
        pattern = "*".join(re.sub(r"([*?\[])", r"[\1]", part) for part in wanted.split("%"))
        return _Filter(f"{where} AND m.{column} GLOB ?", (*values, pattern), index, column)
    return _Filter(where, values, index, column)
