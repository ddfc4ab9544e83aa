"""Accounts and handsets as rows."""

from emulator.clock import ClockMode
from emulator.model import Account, AccountStatus, Handset
from emulator.store.database import Transaction

_COLUMNS = (
    "id, sid, auth_token, friendly_name, email_address, status, messages_enabled, created, seed, mode, scenario, "
    "clock_mode, clock_instant, clock_offset, clock_started"
)


# one statement that does all of it (RETURNING) takes twice as long: SQLite makes a table for what it returns
_COUNTING = {
    kind: (
        f"SELECT {kind}, state FROM handset WHERE account = ? AND number = ?",
        f"INSERT INTO handset (account, number, state, {kind}) VALUES (?, ?, 'none', 1)",
        f"UPDATE handset SET {kind} = ? WHERE account = ? AND number = ?",
    )
    for kind in ("sends", "fetches", "texts")
}


def every(db: Transaction) -> list[Account]:
    """All accounts, oldest first."""
    return [_account(row) for row in db.execute(f"SELECT {_COLUMNS} FROM account ORDER BY id")]


def save(db: Transaction, account: Account) -> Account:
    """Insert (id 0) or replace an account; returns it with its id."""
    values = (
        account.sid,
        account.auth_token,
        account.friendly_name,
        account.email_address,
        account.status,
        account.messages_enabled,
        account.created,
        account.seed,
        account.mode,
        account.scenario,
        account.clock_mode,
        account.clock_instant,
        account.clock_offset,
        account.clock_started,
    )
    columns = _COLUMNS.removeprefix("id, ")
    if account.id:
        places = ", ".join(f"{column} = ?" for column in columns.split(", "))
        db.execute(f"UPDATE account SET {places} WHERE id = ?", (*values, account.id))
        return account
    # left by a creation that failed halfway: nobody knows of it
    db.execute("DELETE FROM account WHERE sid = ?", (account.sid,))
    places = ", ".join("?" * len(values))
    cursor = db.execute(f"INSERT INTO account ({columns}) VALUES ({places})", values)
    return _account((cursor.lastrowid, *values))


def save_clock(db: Transaction, account: int, mode: ClockMode, instant: int, offset: int, started: int) -> None:
    """Remember where an account's clock stands."""
    db.execute(
        "UPDATE account SET clock_mode = ?, clock_instant = ?, clock_offset = ?, clock_started = ? WHERE id = ?",
        (mode, instant, offset, started, account),
    )


def forget(db: Transaction, account: int) -> None:
    """Forget messages, journals and handsets of an account; the account stays."""
    for table in ("message", "attempt", "handset", "request", "scenario", "notification", "media", "email"):
        db.execute(f"DELETE FROM {table} WHERE account = ?", (account,))
    db.execute(
        "UPDATE account SET mode = 'normal', messages_dropped = 0, requests_dropped = 0, attempts_dropped = 0 "
        "WHERE id = ?",
        (account,),
    )


def forget_provisioning(db: Transaction, account: int) -> None:
    """Forget numbers and applications of an account."""
    for table in ("number", "application"):
        db.execute(f"DELETE FROM {table} WHERE account = ?", (account,))


def delete(db: Transaction, account: int) -> None:
    """Delete an account with all it holds."""
    forget(db, account)
    forget_provisioning(db, account)
    db.execute("DELETE FROM account WHERE id = ?", (account,))


def count_request(db: Transaction, account: int, number: str, kind: str) -> tuple[int, str]:
    """Count one more request about a handset (`sends`, `fetches` or `texts`); returns the new count, and its state."""
    read, insert, update = _COUNTING[kind]
    row = db.execute(read, (account, number)).fetchone()
    if row is None:
        db.execute(insert, (account, number))
        return 1, "none"
    db.execute(update, (row[0] + 1, account, number))
    return row[0] + 1, row[1]


def handset(db: Transaction, account: int, number: str) -> Handset:
    """What is known of a handset; one never seen has state `none` and no counts."""
    row = db.execute(
        "SELECT state, sends, fetches, texts FROM handset WHERE account = ? AND number = ?", (account, number)
    ).fetchone()
    if row is None:
        return Handset(number=number)
    return Handset(number=number, state=row[0], sends=row[1], fetches=row[2], texts=row[3])


def set_state(db: Transaction, account: int, number: str, state: str) -> None:
    """Set a handset's state."""
    db.execute(
        "INSERT INTO handset (account, number, state) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET state = excluded.state",
        (account, number, state),
    )


def _account(row: tuple) -> Account:  # type: ignore[type-arg]  # a row of the columns above
    return Account(
        id=row[0],
        sid=row[1],
        auth_token=row[2],
        friendly_name=row[3],
        email_address=row[4],
        status=AccountStatus(row[5]),
        messages_enabled=bool(row[6]),
        created=row[7],
        seed=row[8],
        mode=row[9],
        scenario=row[10],
        clock_mode=ClockMode(row[11]),
        clock_instant=row[12],
        clock_offset=row[13],
        clock_started=row[14],
    )
