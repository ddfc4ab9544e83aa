"""Messages as rows: written once, updated with each step, found by SID, by arrival, by due time."""

from collections.abc import Sequence
from sqlite3 import IntegrityError

import msgspec
from msgspec.structs import replace

from emulator.model import Direction, Media, Message, Status, Step
from emulator.store import listing
from emulator.store.database import Transaction

ARRIVAL_BITS = 20
"""Low bits of a message's id that hold its arrival number; the bits above hold the instant of its creation."""

LOOKED_AT = 20_000
"""How many messages a search looks at in one go, so that nobody else waits long for the database."""

_COLUMNS = (
    "id, account, sid, arrival, created, updated, sent, sender, recipient, body, media, status, direction, segments, "
    "error, callback_url, callback_method, steps, rule, nth, state, mode, scenario, legacy"
)
_INSERT = f"INSERT INTO message ({_COLUMNS}, next_due, listed) VALUES ({', '.join('?' * 26)})"  # one place per column
_UPDATE = (
    "UPDATE message SET updated = ?, sent = ?, status = ?, error = ?, steps = ?, next_due = ?, listed = ? WHERE id = ?"
)
_UPDATE_UNCHANGED = f"{_UPDATE} AND next_due IS ? AND status = ?"
_SELECT = f"SELECT {_COLUMNS} FROM message"

_json = msgspec.json.Encoder()
_steps = msgspec.json.Decoder(tuple[Step, ...])
_media = msgspec.json.Decoder(tuple[Media, ...])


def last_arrival(db: Transaction) -> int:
    """The highest arrival number in use."""
    row = db.execute("SELECT max(last) FROM (SELECT max(arrival) AS last FROM message GROUP BY account)").fetchone()
    return row[0] or 0


def identity(created: int, arrival: int) -> int:
    """The id of the message that arrived as number `arrival` and is dated `created`."""
    return created << ARRIVAL_BITS | arrival & ((1 << ARRIVAL_BITS) - 1)


def first_identity(created: int) -> int:
    """The smallest id a message dated `created` can have."""
    return created << ARRIVAL_BITS


def insert(db: Transaction, message: Message, *, listed: bool) -> Message:
    """Store a new message; returns it as stored, with the next free id of its instant when its own is taken."""
    while True:
        try:
            _insert(db, message, listed=listed)
            return message
        except IntegrityError:
            # a million messages may have arrived while a clock stood still
            if by_id(db, message.id) is None:
                raise
            message = replace(message, id=identity(message.id >> ARRIVAL_BITS, message.id + 1))


def _insert(db: Transaction, message: Message, *, listed: bool) -> None:
    m = message
    db.execute(
        _INSERT,
        (
            m.id,
            m.account,
            m.sid,
            m.arrival,
            m.created,
            m.updated,
            m.sent,
            m.sender,
            m.recipient,
            m.body,
            _json.encode(m.media).decode() if m.media else "[]",
            m.status,
            m.direction,
            m.segments,
            m.error,
            m.callback_url,
            m.callback_method,
            _json.encode(m.steps).decode(),
            m.rule,
            m.nth,
            m.state,
            m.mode,
            m.scenario,
            m.legacy,
            next_due(m),
            listed,
        ),
    )


def update(db: Transaction, message: Message, *, listed: bool, before: Message | None = None) -> bool:
    """Store what a step changed; False, and nothing is, when the row is not `before` any more."""
    m = message
    values = (m.updated, m.sent, m.status, m.error, _json.encode(m.steps).decode(), next_due(m), listed, m.id)
    if before is None:
        db.execute(_UPDATE, values)
    else:
        # whoever changes a timeline changes what is due next
        return db.execute(_UPDATE_UNCHANGED, (*values, next_due(before), before.status)).rowcount > 0
    return True


def next_due(message: Message) -> int | None:
    """When the message's next step is due; None when its timeline has ended."""
    for step in message.steps:  # they are in the order they are due
        if step.happened is None:
            return step.due
    return None


def by_id(db: Transaction, identity: int) -> Message | None:
    """The message with this id."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (identity,)).fetchone()
    return _message(row) if row else None


def by_sid(db: Transaction, sid: str, account: int) -> Message | None:
    """The account's message with this SID; failing that, another account's."""
    row = db.execute(f"{_SELECT} WHERE sid = ? ORDER BY account = ? DESC LIMIT 1", (sid, account)).fetchone()
    return _message(row) if row else None


def newest(db: Transaction, account: int, *, before: int | None, limit: int) -> list[Message]:
    """The account's messages of any status, latest arrival first, those that arrived before number `before`."""
    return _rows(
        db,
        "WHERE account = ? AND arrival < ? ORDER BY arrival DESC LIMIT ?",
        (account, before if before is not None else 1 << 62, limit),
    )


def arrived_after(
    db: Transaction,
    account: int,
    arrival: int,
    *,
    limit: int,
    recipients: Sequence[str] = (),
    senders: Sequence[str] = (),
) -> tuple[list[Message], int | None]:
    """The account's messages in the order they arrived, from the one after number `arrival` on.

    Of those with one of these recipients and one of these senders, if any are named. At most `LOOKED_AT` are looked
    at in one go; the number returned is where to go on, None when these were the last.
    """
    edge = db.execute(
        "SELECT arrival FROM message WHERE account = ? AND arrival > ? ORDER BY arrival LIMIT 1 OFFSET ?",
        (account, arrival, LOOKED_AT - 1),
    ).fetchone()
    where = "WHERE account = ? AND arrival > ?"
    values: list[object] = [account, arrival]
    if edge is not None:
        where, values = f"{where} AND arrival <= ?", [*values, edge[0]]
    for column, wanted in (("recipient", recipients), ("sender", senders)):
        if wanted:
            where, values = f"{where} AND {column} IN ({', '.join('?' * len(wanted))})", [*values, *wanted]
    found = _rows(db, f"{where} ORDER BY arrival LIMIT ?", (*values, limit))
    if len(found) == limit:
        return found, found[-1].arrival
    return found, edge[0] if edge is not None else None


def by_ids(db: Transaction, ids: list[int]) -> list[Message]:
    """These messages, in this order; those that are gone are left out."""
    found = (by_id(db, each) for each in ids)
    return [message for message in found if message is not None]


def pending(db: Transaction) -> list[tuple[int, int, int]]:
    """(account, due, id) of every message whose timeline goes on, in due order."""
    return db.execute(
        "SELECT account, next_due, id FROM message INDEXED BY message_pending "
        "WHERE next_due IS NOT NULL ORDER BY next_due, id"
    ).fetchall()


def bodies_to(db: Transaction, account: int, recipients: tuple[str, str], *, within: int, limit: int) -> list[str]:
    """What was texted to one of these identities, latest first, among the account's latest `within` messages."""
    rows = db.execute(
        "SELECT body FROM (SELECT arrival, recipient, direction, body FROM message WHERE account = ? "
        "ORDER BY arrival DESC LIMIT ?) WHERE direction <> 'inbound' AND recipient IN (?, ?) "
        "ORDER BY arrival DESC LIMIT ?",
        (account, within, *recipients, limit),
    )
    return [row[0] for row in rows]


def pending_of(db: Transaction, account: int, *, limit: int) -> list[Message]:
    """The account's messages whose timeline goes on, those due next first."""
    return _rows(db, "WHERE next_due IS NOT NULL AND account = ? ORDER BY next_due, id LIMIT ?", (account, limit))


def relist(db: Transaction, account: int, *, everything: bool) -> None:
    """Make the platform's list show all messages of the account, or only the documented ones."""
    if everything:
        db.execute("UPDATE message SET listed = 1 WHERE account = ? AND listed = 0", (account,))
    else:
        listing.refresh(db)
        under_way = "SELECT id FROM listing WHERE account = ? AND status IN ('queued', 'sending', 'sent')"
        db.execute(f"UPDATE message SET listed = 0 WHERE id IN ({under_way})", (account,))


def drop_oldest(db: Transaction, account: int, count: int) -> dict[str, int]:
    """Delete the account's `count` oldest messages, with their attempts; returns how many of each went."""
    old, values = "SELECT id FROM message WHERE account = ? ORDER BY arrival LIMIT ?", (account, count)
    untold = db.execute(f"DELETE FROM attempt WHERE message IN ({old})", values).rowcount
    gone = db.execute(f"DELETE FROM message WHERE id IN ({old})", values).rowcount
    db.execute(
        "UPDATE account SET messages_dropped = messages_dropped + ?, attempts_dropped = attempts_dropped + ? "
        "WHERE id = ?",
        (gone, untold, account),
    )
    return {"message": gone, "attempt": untold}


def _rows(db: Transaction, where: str, values: tuple[object, ...]) -> list[Message]:
    return [_message(row) for row in db.execute(f"{_SELECT} {where}", values)]


def _message(row: tuple) -> Message:  # type: ignore[type-arg]  # a row of the columns above
    return Message(
        id=row[0],
        account=row[1],
        sid=row[2],
        arrival=row[3],
        created=row[4],
        updated=row[5],
        sent=row[6],
        sender=row[7],
        recipient=row[8],
        body=row[9],
        media=_media.decode(row[10]) if row[10] != "[]" else (),
        status=Status(row[11]),
        direction=Direction(row[12]),
        segments=row[13],
        error=row[14],
        callback_url=row[15],
        callback_method=row[16],
        steps=_steps.decode(row[17]),
        rule=row[18],
        nth=row[19],
        state=row[20],
        mode=row[21],
        scenario=row[22],
        legacy=bool(row[23]),
    )
