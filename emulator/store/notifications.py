"""The error log, recorded mails and inbound attachments, as rows."""

from msgspec import Struct

from emulator.model import Notification
from emulator.store.database import Transaction

NOTIFICATIONS_KEPT = 10_000
"""How many notifications, and how many mails, an account keeps; the oldest go first."""

ATTACHMENTS_KEPT = 1_000
"""How many attachments of inbound messages an account keeps; the oldest go first."""

_COLUMNS = (
    "id, account, sid, created, log, code, text, request_url, request_method, request_variables, "
    "response_headers, response_body"
)


class Attachment(Struct, frozen=True, kw_only=True):
    """An attachment of an inbound message: its bytes, or (`source`) the URL to fetch them from."""

    name: str
    account: int
    content_type: str
    source: str = ""
    content: bytes = b""


class Email(Struct, frozen=True, kw_only=True):
    """A mail that RCML asked for."""

    account: int
    at: int
    sender: str
    recipient: str
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    body: str = ""


def notify(db: Transaction, notification: Notification) -> None:
    """Add to the error log."""
    n = notification
    db.execute(
        f"INSERT INTO notification ({_COLUMNS.removeprefix('id, ')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            n.account,
            n.sid,
            n.created,
            n.log,
            n.code,
            n.text,
            n.request_url,
            n.request_method,
            n.request_variables,
            n.response_headers,
            n.response_body,
        ),
    )
    _keep(db, "notification", n.account, NOTIFICATIONS_KEPT)


def notifications_of(db: Transaction, account: int) -> list[Notification]:
    """The account's error log, oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM notification WHERE account = ? ORDER BY id", (account,))
    return [_notification(row) for row in rows]


def notification_by_sid(db: Transaction, sid: str) -> Notification | None:
    """The notification with this SID, whichever account has it."""
    row = db.execute(f"SELECT {_COLUMNS} FROM notification WHERE sid = ?", (sid,)).fetchone()
    return _notification(row) if row else None


def record_email(db: Transaction, email: Email) -> None:
    """Remember a mail; nothing is sent."""
    e = email
    db.execute(
        "INSERT INTO email (account, at, sender, recipient, cc, bcc, subject, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (e.account, e.at, e.sender, e.recipient, e.cc, e.bcc, e.subject, e.body),
    )
    _keep(db, "email", e.account, NOTIFICATIONS_KEPT)


def emails_of(db: Transaction, account: int) -> list[Email]:
    """The account's recorded mails, oldest first."""
    rows = db.execute(
        "SELECT account, at, sender, recipient, cc, bcc, subject, body FROM email WHERE account = ? ORDER BY id",
        (account,),
    )
    return [
        Email(account=r[0], at=r[1], sender=r[2], recipient=r[3], cc=r[4], bcc=r[5], subject=r[6], body=r[7])
        for r in rows
    ]


def attach(db: Transaction, attachment: Attachment) -> None:
    """Keep an attachment for the app to fetch."""
    a = attachment
    db.execute(
        "INSERT INTO media (account, name, content_type, source, content) VALUES (?, ?, ?, ?, ?)",
        (a.account, a.name, a.content_type, a.source, a.content),
    )
    _keep(db, "media", a.account, ATTACHMENTS_KEPT)


def attachment(db: Transaction, account: int, name: str) -> Attachment | None:
    """The account's attachment with this name."""
    row = db.execute(
        "SELECT name, account, content_type, source, content FROM media WHERE name = ? AND account = ?", (name, account)
    ).fetchone()
    if row is None:
        return None
    return Attachment(name=row[0], account=row[1], content_type=row[2], source=row[3], content=row[4])


def _keep(db: Transaction, table: str, account: int, count: int) -> None:
    db.execute(
        f"DELETE FROM {table} WHERE account = ? AND id <= "
        f"(SELECT id FROM {table} WHERE account = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (account, account, count),
    )


def _notification(row: tuple) -> Notification:  # type: ignore[type-arg]  # a row of the columns above
    return Notification(
        id=row[0],
        account=row[1],
        sid=row[2],
        created=row[3],
        log=row[4],
        code=row[5],
        text=row[6],
        request_url=row[7],
        request_method=row[8],
        request_variables=row[9],
        response_headers=row[10],
        response_body=row[11],
    )
