"""The error log, recorded mails and inbound attachments, as rows."""

from msgspec import Struct

from emulator.model import Notification
from emulator.store.database import Transaction

NOTIFICATIONS_KEPT = 10_000
"""How many notifications, and how many mails, an account keeps; the oldest go first."""

ATTACHMENTS_KEPT = 1_000
"""How many attachments of inbound messages an account keeps; the oldest go first."""

ATTACHMENTS_BYTES = 100_000_000
"""How many bytes of them; the oldest go first."""

_COLUMNS = (
    "id, account, sid, created, log, code, text, request_url, request_method, request_variables, "
    "response_headers, response_body"
)


class NotificationQuery(Struct, frozen=True, kw_only=True):
    """What a list of the error log asks for.

    `request_url` and `text` are LIKE patterns; `start` and `beyond` are instants in milliseconds, of which the second
    is not included; `sort` is one of date, log, code, text.
    """

    account: int
    start: int | None = None
    beyond: int | None = None
    code: int | None = None
    request_url: str = ""
    text: str = ""
    sort: str = "date"
    descending: bool = True


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


def find_notifications(
    db: Transaction, query: NotificationQuery, *, offset: int, size: int
) -> tuple[int, list[Notification]]:
    """How many notifications match, and those at this place of the list."""
    conditions = [
        ("account = ?", query.account),
        ("created >= ?", query.start),
        ("created < ?", query.beyond),
        ("code = ?", query.code),
        ("request_url LIKE ?", query.request_url),
        ("text LIKE ?", query.text),
    ]
    asked = [(condition, value) for condition, value in conditions if value not in ("", None)]
    source = f"FROM notification WHERE {' AND '.join(condition for condition, _ in asked)}"
    values = tuple(value for _, value in asked)
    total = int(db.execute(f"SELECT count(*) {source}", values).fetchone()[0])
    direction = "DESC" if query.descending else "ASC"
    order = f"id {direction}" if query.sort == "date" else f"{query.sort} {direction}, id DESC"
    rows = db.execute(f"SELECT {_COLUMNS} {source} ORDER BY {order} LIMIT ? OFFSET ?", (*values, size, offset))
    return total, [_notification(row) for row in rows]


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
    db.execute(
        "DELETE FROM media WHERE id IN (SELECT id FROM ("
        "SELECT id, sum(length(content)) OVER (ORDER BY id DESC) AS size FROM media WHERE account = ?) WHERE size > ?)",
        (a.account, ATTACHMENTS_BYTES),
    )


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
