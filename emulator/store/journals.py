"""What the app was told (attempts), what it asked (requests), and the scenarios that decided."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from emulator.model import Attempt, Outcome, Status
from emulator.store.database import Transaction

SCENARIOS_KEPT = 100
"""How many scenario texts of an account are kept for `explain`."""

_ATTEMPT = (
    "id, account, message, status, error, number, due, sent, outcome, answer, duration, problem, forged, garbled, "
    "url, method, added"
)
_REQUEST = "id, account, at, method, path, parameters, answer, answer_body, rule"
_NEVER_TAKEN = (
    "AS a WHERE account = ? AND outcome = 'failed' AND NOT EXISTS (SELECT 1 FROM attempt AS b "
    "WHERE b.message = a.message AND b.status = a.status AND b.id > a.id "
    "AND (b.number > a.number OR (a.url = '' AND b.url <> '')) AND b.outcome IN ('answered', 'failed', 'pending'))"
)
"""Failed, with no retry and no fallback after it."""

_added = msgspec.json.Decoder(tuple[tuple[str, str], ...])


class Request(Struct, frozen=True, kw_only=True):
    """One request of the app under test. `answer` is the HTTP status, None when the connection was cut."""

    id: int = 0
    account: int
    at: int
    method: str
    path: str
    parameters: str
    answer: int | None
    answer_body: str
    rule: str | None = None


def insert_attempt(db: Transaction, attempt: Attempt) -> int:
    """Store a new attempt (its id does not matter); returns its id."""
    a = attempt
    cursor = db.execute(
        "INSERT INTO attempt (account, message, status, error, number, due, sent, outcome, answer, duration, problem, "
        "forged, garbled, url, method, added) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            a.account,
            a.message,
            a.status,
            a.error,
            a.number,
            a.due,
            a.sent,
            a.outcome,
            a.answer,
            a.duration,
            a.problem,
            a.forged,
            a.garbled,
            a.url,
            a.method,
            msgspec.json.encode(a.added).decode() if a.added else "[]",
        ),
    )
    return cursor.lastrowid or 0


def stored(db: Transaction, attempt: Attempt) -> Attempt:
    """Store a new attempt; returns it with its id."""
    return replace(attempt, id=insert_attempt(db, attempt))


def finish_attempt(db: Transaction, attempt: Attempt) -> bool:
    """Store how an attempt went; False when it was forgotten meanwhile."""
    a = attempt
    changed = db.execute(
        "UPDATE attempt SET sent = ?, outcome = ?, answer = ?, duration = ?, problem = ? WHERE id = ?",
        (a.sent, a.outcome, a.answer, a.duration, a.problem, a.id),
    )
    return changed.rowcount > 0


def attempt(db: Transaction, identity: int) -> Attempt | None:
    """The attempt with this id."""
    row = db.execute(f"SELECT {_ATTEMPT} FROM attempt WHERE id = ?", (identity,)).fetchone()
    return _attempt(row) if row else None


def attempts_of(db: Transaction, message: int) -> list[Attempt]:
    """Every attempt to tell the app of one message, in order."""
    return _attempts(db, "WHERE message = ? ORDER BY id", (message,))


def under_way(db: Transaction, message: int, now: int) -> bool:
    """Whether the app has still to answer something about a message that was due by `now`."""
    found = db.execute(
        "SELECT 1 FROM attempt WHERE message = ? AND outcome = 'pending' AND due <= ? LIMIT 1", (message, now)
    )
    return found.fetchone() is not None


def newest_attempts(db: Transaction, account: int, *, before: int | None, limit: int) -> list[Attempt]:
    """The account's attempts, latest first."""
    return _attempts(
        db,
        "WHERE account = ? AND id < ? ORDER BY id DESC LIMIT ?",
        (account, before if before is not None else 1 << 62, limit),
    )


def attempt_counts(db: Transaction, account: int) -> dict[str, int]:
    """How many attempts of the account had each outcome."""
    return dict(db.execute("SELECT outcome, count(*) FROM attempt WHERE account = ? GROUP BY outcome", (account,)))


def failed_attempts(db: Transaction, account: int, *, limit: int) -> list[Attempt]:
    """Attempts that failed and were not made up for by a later one, oldest first."""
    return _attempts(db, f"{_NEVER_TAKEN} ORDER BY id LIMIT ?", (account, limit))


def count_failed(db: Transaction, account: int) -> int:
    """How many attempts `failed_attempts` would return without a limit."""
    row = db.execute(f"SELECT count(*) FROM attempt {_NEVER_TAKEN}", (account,)).fetchone()
    return int(row[0])


def pending_of(db: Transaction, account: int, *, limit: int) -> list[tuple[Attempt, str]]:
    """The account's attempts still to be made, those due next first, with the SIDs of their messages."""
    found = _attempts(db, "WHERE outcome = 'pending' AND account = ? ORDER BY due, id LIMIT ?", (account, limit))
    sids = {
        each.message: db.execute("SELECT sid FROM message WHERE id = ?", (each.message,)).fetchone() for each in found
    }
    return [(each, sids[each.message][0]) for each in found if sids[each.message]]


def pending_attempts(db: Transaction) -> list[tuple[int, int, int]]:
    """(account, due, id) of every attempt still to be made, in due order.

    One that was overdue when its message's next step was is due with that step, so that it can be told first.
    """
    first = "CASE WHEN m.next_due < a.due AND a.due <= m.updated THEN m.next_due ELSE a.due END"
    return db.execute(
        f"SELECT a.account, {first} AS first, a.id FROM attempt AS a LEFT JOIN message AS m ON m.id = a.message "
        "WHERE a.outcome = 'pending' ORDER BY first, a.id"
    ).fetchall()


def insert_requests(db: Transaction, requests: Sequence[Request]) -> None:
    """Add to the journal of requests."""
    db.executemany(
        "INSERT INTO request (account, at, method, path, parameters, answer, answer_body, rule) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(r.account, r.at, r.method, r.path, r.parameters, r.answer, r.answer_body, r.rule) for r in requests],
    )


def newest_requests(db: Transaction, account: int, *, before: int | None, limit: int) -> list[Request]:
    """The account's requests, latest first."""
    rows = db.execute(
        f"SELECT {_REQUEST} FROM request WHERE account = ? AND id < ? ORDER BY id DESC LIMIT ?",
        (account, before if before is not None else 1 << 62, limit),
    )
    return [_request(row) for row in rows]


def drop_oldest(db: Transaction, account: int, table: str, count: int) -> dict[str, int]:
    """Delete the `count` oldest rows of an account's `request` or `attempt` journal, never a pending attempt.

    Returns how many went.
    """
    spared = "AND outcome <> 'pending'" if table == "attempt" else ""
    old = f"SELECT id FROM {table} WHERE account = ? {spared} ORDER BY id LIMIT ?"
    gone = db.execute(f"DELETE FROM {table} WHERE id IN ({old})", (account, count)).rowcount
    db.execute(f"UPDATE account SET {table}s_dropped = {table}s_dropped + ? WHERE id = ?", (gone, account))
    return {table: gone}


def dropped(db: Transaction, account: int) -> tuple[int, int, int]:
    """How many messages, requests and attempts of the account went because of the limits."""
    row = db.execute(
        "SELECT messages_dropped, requests_dropped, attempts_dropped FROM account WHERE id = ?", (account,)
    ).fetchone()
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


def counts(db: Transaction, account: int) -> dict[str, int]:
    """How many messages, requests and attempts of the account are kept."""
    return {
        table: db.execute(f"SELECT count(*) FROM {table} WHERE account = ?", (account,)).fetchone()[0]
        for table in ("message", "request", "attempt")
    }


def keep_scenario(db: Transaction, account: int, text: str) -> int:
    """Remember a scenario's text; returns the number messages name it by."""
    last = db.execute("SELECT id, text FROM scenario WHERE account = ? ORDER BY id DESC LIMIT 1", (account,)).fetchone()
    if last and last[1] == text:
        return int(last[0])
    number = db.execute("INSERT INTO scenario (account, text) VALUES (?, ?)", (account, text)).lastrowid or 0
    db.execute(
        "DELETE FROM scenario WHERE account = ? AND id <= "
        "(SELECT id FROM scenario WHERE account = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (account, account, SCENARIOS_KEPT),
    )
    return number


def scenario_text(db: Transaction, account: int, number: int) -> str | None:
    """The scenario's text by that number, unless it has been forgotten."""
    row = db.execute("SELECT text FROM scenario WHERE account = ? AND id = ?", (account, number)).fetchone()
    return row[0] if row else None


def _attempts(db: Transaction, where: str, values: tuple[object, ...]) -> list[Attempt]:
    return [_attempt(row) for row in db.execute(f"SELECT {_ATTEMPT} FROM attempt {where}", values)]


def _attempt(row: tuple) -> Attempt:  # type: ignore[type-arg]  # a row of the columns above
    return Attempt(
        id=row[0],
        account=row[1],
        message=row[2],
        status=Status(row[3]),
        error=row[4],
        number=row[5],
        due=row[6],
        sent=row[7],
        outcome=Outcome(row[8]),
        answer=row[9],
        duration=row[10],
        problem=row[11],
        forged=bool(row[12]),
        garbled=bool(row[13]),
        url=row[14],
        method=row[15],
        added=_added.decode(row[16]) if row[16] != "[]" else (),
    )


def _request(row: tuple) -> Request:  # type: ignore[type-arg]  # a row of the columns above
    return Request(
        id=row[0],
        account=row[1],
        at=row[2],
        method=row[3],
        path=row[4],
        parameters=row[5],
        answer=row[6],
        answer_body=row[7],
        rule=row[8],
    )
