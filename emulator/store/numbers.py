"""Provisioned numbers and the applications they are bound to, as rows."""

import json
from collections.abc import Sequence

from msgspec import Struct

from emulator.model import Application, Number
from emulator.store.database import Transaction

_NUMBER = "id, account, sid, number, friendly_name, created, updated, settings, from_scenario"
_APPLICATION = "id, account, sid, friendly_name, created, updated, settings"
_BINDINGS = ("voice_application_sid", "sms_application_sid", "ussd_application_sid", "refer_application_sid")


class NumberQuery(Struct, frozen=True, kw_only=True):
    """What a list of numbers asks for: parts of the number and of its name; `sort` is id, number or friendly_name."""

    account: int
    number: str = ""
    friendly_name: str = ""
    sort: str = "id"
    descending: bool = False


def save_number(db: Transaction, number: Number) -> Number | None:
    """Insert (id 0) or replace a number; None when the account has that number already."""
    n = number
    values = (
        n.account,
        n.sid,
        n.number,
        n.friendly_name,
        n.created,
        n.updated,
        json.dumps(n.settings),
        n.from_scenario,
    )
    if n.id:
        db.execute(
            "UPDATE number SET account = ?, sid = ?, number = ?, friendly_name = ?, created = ?, updated = ?, "
            "settings = ?, from_scenario = ? WHERE id = ?",
            (*values, n.id),
        )
        return n
    row = db.execute(
        "INSERT INTO number (account, sid, number, friendly_name, created, updated, settings, from_scenario) "
        f"VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING {_NUMBER}",
        values,
    ).fetchone()
    return _number(row) if row else None


def number_by_sid(db: Transaction, sid: str) -> Number | None:
    """The number with this SID, whichever account has it."""
    row = db.execute(f"SELECT {_NUMBER} FROM number WHERE sid = ?", (sid,)).fetchone()
    return _number(row) if row else None


def find_number(db: Transaction, account: int, number: str) -> Number | None:
    """The account's number as given, or with or without its leading `+`."""
    bare = number.removeprefix("+")
    # every delivery asks this, and sorting two rows would take SQLite longer than finding them
    found = db.execute(
        f"SELECT {_NUMBER} FROM number WHERE account = ? AND number IN (?, ?)", (account, bare, "+" + bare)
    ).fetchall()
    numbers = {each.number: each for each in map(_number, found)}
    return numbers.get(number) or next(iter(numbers.values()), None)


def find_numbers(db: Transaction, query: NumberQuery, *, offset: int, size: int) -> tuple[int, list[Number]]:
    """How many numbers match, and those at this place of the list."""
    source = "FROM number WHERE account = ? AND number LIKE ? AND friendly_name LIKE ?"
    values = (query.account, f"%{query.number}%", f"%{query.friendly_name}%")
    total = int(db.execute(f"SELECT count(*) {source}", values).fetchone()[0])
    order = f"{query.sort} {'DESC' if query.descending else 'ASC'}, id"
    rows = db.execute(f"SELECT {_NUMBER} {source} ORDER BY {order} LIMIT ? OFFSET ?", (*values, size, offset))
    return total, [_number(row) for row in rows]


def count_numbers(db: Transaction, account: int) -> int:
    """How many numbers the account has."""
    return int(db.execute("SELECT count(*) FROM number WHERE account = ?", (account,)).fetchone()[0])


def free_number(db: Transaction, account: int, prefix: str, *, digits: int) -> str | None:
    """The lowest number of `prefix` and that many digits that the account does not have."""
    first, beyond = prefix + "0" * digits, prefix + ":"
    rows = db.execute(
        "SELECT number FROM number WHERE account = ? AND number >= ? AND number < ?", (account, first, beyond)
    )
    taken = {row[0] for row in rows}
    numbers = (f"{prefix}{place:0{digits}d}" for place in range(10**digits))
    return next((number for number in numbers if number not in taken), None)


def bound_numbers(db: Transaction, account: int) -> list[Number]:
    """The account's numbers that name an application, oldest first."""
    bound = " OR ".join(f"json_extract(settings, '$.{key}') <> ''" for key in _BINDINGS)
    rows = db.execute(f"SELECT {_NUMBER} FROM number WHERE account = ? AND ({bound}) ORDER BY id", (account,))
    return [_number(row) for row in rows]


def delete_number(db: Transaction, number: Number) -> None:
    """Give a number back."""
    db.execute("DELETE FROM number WHERE id = ?", (number.id,))


def provision(db: Transaction, account: int, numbers: Sequence[Number]) -> None:
    """Make these the numbers that the account has by its scenario; those provisioned by hand stay and win."""
    db.execute("DELETE FROM number WHERE account = ? AND from_scenario = 1", (account,))
    for number in numbers:
        save_number(db, number)


def save_application(db: Transaction, application: Application) -> Application:
    """Insert (id 0) or replace an application."""
    a = application
    values = (a.account, a.sid, a.friendly_name, a.created, a.updated, json.dumps(a.settings))
    if a.id:
        db.execute(
            "UPDATE application SET account = ?, sid = ?, friendly_name = ?, created = ?, updated = ?, settings = ? "
            "WHERE id = ?",
            (*values, a.id),
        )
        return a
    row = db.execute(
        "INSERT INTO application (account, sid, friendly_name, created, updated, settings) VALUES (?, ?, ?, ?, ?, ?) "
        f"RETURNING {_APPLICATION}",
        values,
    ).fetchone()
    return _application(row)


def application_by_sid(db: Transaction, sid: str) -> Application | None:
    """The application with this SID, whichever account has it."""
    row = db.execute(f"SELECT {_APPLICATION} FROM application WHERE sid = ?", (sid,)).fetchone()
    return _application(row) if row else None


def applications_of(db: Transaction, account: int) -> list[Application]:
    """Every application of the account, oldest first."""
    rows = db.execute(f"SELECT {_APPLICATION} FROM application WHERE account = ? ORDER BY id", (account,))
    return [_application(row) for row in rows]


def count_applications(db: Transaction, account: int) -> int:
    """How many applications the account has."""
    return int(db.execute("SELECT count(*) FROM application WHERE account = ?", (account,)).fetchone()[0])


def delete_application(db: Transaction, application: Application) -> None:
    """Delete an application; numbers bound to it keep naming it, as on the platform."""
    db.execute("DELETE FROM application WHERE id = ?", (application.id,))


def _number(row: tuple) -> Number:  # type: ignore[type-arg]  # a row of the columns above
    return Number(
        id=row[0],
        account=row[1],
        sid=row[2],
        number=row[3],
        friendly_name=row[4],
        created=row[5],
        updated=row[6],
        settings=json.loads(row[7]),
        from_scenario=bool(row[8]),
    )


def _application(row: tuple) -> Application:  # type: ignore[type-arg]  # a row of the columns above
    return Application(
        id=row[0],
        account=row[1],
        sid=row[2],
        friendly_name=row[3],
        created=row[4],
        updated=row[5],
        settings=json.loads(row[6]),
    )
