"""What the platform's list finds messages by, brought up to date with the messages.

That is done for many of them together, and before anybody looks: an entry costs more than all the rest of a message's
last step, and FTS5 writes a segment for each transaction it has a part in.
"""

from emulator.store.database import Transaction

TOGETHER = 256
"""After so many changes it is worth while to bring the list up to date though nobody looks."""

_CHANGED = "FROM changed AS c CROSS JOIN message AS m ON m.id = c.id"
_KNOWN = "EXISTS (SELECT 1 FROM listing WHERE id = m.id)"
_TEXT = "m.id, m.account, m.body"


def refresh(db: Transaction) -> None:
    """Bring the list up to date."""
    if db.execute("SELECT 1 FROM changed LIMIT 1").fetchone() is None:
        return
    db.execute(
        "INSERT INTO message_text (message_text, rowid, account, body) "
        f"SELECT 'delete', {_TEXT} {_CHANGED} WHERE m.listed = 0 AND {_KNOWN}"
    )
    db.execute(f"DELETE FROM listing WHERE id IN (SELECT m.id {_CHANGED} WHERE m.listed = 0)")
    db.execute(
        f"INSERT INTO message_text (rowid, account, body) SELECT {_TEXT} {_CHANGED} WHERE m.listed = 1 AND NOT {_KNOWN}"
    )
    db.execute(
        "INSERT INTO listing (id, account, sender, recipient, direction, status, error) "
        f"SELECT m.id, m.account, m.sender, m.recipient, m.direction, m.status, m.error {_CHANGED} WHERE m.listed = 1 "
        "ON CONFLICT (id) DO UPDATE SET status = excluded.status, error = excluded.error"
    )
    db.execute("DELETE FROM changed")
