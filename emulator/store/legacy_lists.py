"""The list of the older SMS API: LIKE patterns, days, seven sorts, over the messages that arrived last.

No index serves `%text`, so the work is bounded by the number of messages looked at.
"""

from msgspec import Struct

from emulator.store.database import Transaction

WINDOW = 20_000
"""How many messages are looked at, those that arrived last: a few hundredths of a second of work."""

_SHOWN = "CASE WHEN m.{0} GLOB 'sms:*' THEN substr(m.{0}, 5) ELSE m.{0} END"
_COLUMNS = {
    "date": "m.id",
    "from": _SHOWN.format("sender"),
    "to": _SHOWN.format("recipient"),
    "direction": "m.direction",
    "status": "m.status",
    "body": "m.body",
    "price": "m.account",  # one price for all
}
_NEWEST = "SELECT id AS seen FROM message WHERE account = ? ORDER BY arrival DESC LIMIT ?"


class LegacyQuery(Struct, frozen=True, kw_only=True):
    """What a list asks for.

    `to`, `sender`, `status` and `body` are LIKE patterns; `start` and `beyond` are instants in milliseconds, of which
    the second is not included; `sort` is one of date, from, to, direction, status, body, price.
    """

    account: int
    to: str = ""
    sender: str = ""
    start: int | None = None
    beyond: int | None = None
    status: str = ""
    body: str = ""
    sort: str = "date"
    descending: bool = True


def find(db: Transaction, query: LegacyQuery, *, offset: int, size: int) -> tuple[int, list[int]]:
    """How many messages match, and the ids of those at this place of the list."""
    where, values = _where(query)
    source = f"FROM ({_NEWEST}) CROSS JOIN message AS m ON m.id = seen {where}"
    values = (query.account, WINDOW, *values)
    total = int(db.execute(f"SELECT count(*) {source}", values).fetchone()[0])
    if offset >= total:
        return total, []
    direction = "DESC" if query.descending else "ASC"
    order = f"{_COLUMNS[query.sort]} {direction}, m.id DESC"
    rows = db.execute(f"SELECT m.id {source} ORDER BY {order} LIMIT ? OFFSET ?", (*values, size, offset))
    return total, [row[0] for row in rows]


def exceeds_window(db: Transaction, account: int) -> bool:
    """Whether the account has more messages than are looked at."""
    row = db.execute(f"SELECT count(*) FROM ({_NEWEST})", (account, WINDOW + 1)).fetchone()
    return bool(row[0] > WINDOW)


def _where(query: LegacyQuery) -> tuple[str, tuple[object, ...]]:
    conditions = [
        ("m.recipient LIKE ?", query.to),
        ("m.sender LIKE ?", query.sender),
        ("m.status LIKE ?", query.status),
        ("m.body LIKE ?", query.body),
        ("m.created >= ?", query.start),
        ("m.created < ?", query.beyond),
    ]
    asked = [(condition, value) for condition, value in conditions if value not in ("", None)]
    if not asked:
        return "", ()
    return "WHERE " + " AND ".join(condition for condition, _ in asked), tuple(value for _, value in asked)
