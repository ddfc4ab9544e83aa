"""Words of message bodies: which listed messages contain them.

A text is made searchable some time after its message is listed, together with others, because FTS5 writes a segment
for each transaction it has a part in; and at once when somebody searches.
"""

import re

from emulator.store.database import Transaction

TOGETHER = 256
"""Every so many messages their texts are made searchable."""

WORDS_LIMIT = 32
"""How many words are searched for."""

# U+0300 to U+0331 belong to the letter before them, as in the tokenizer
_WORD = re.compile("(?:[^\\W_]|[\u0300-\u0331])+")


def index(db: Transaction) -> None:
    """Make the texts of all listed messages searchable."""
    if db.execute("SELECT 1 FROM unread_text LIMIT 1").fetchone() is None:
        return
    db.execute(
        "INSERT INTO message_text (rowid, account, body) "
        "SELECT m.id, m.account, m.body FROM unread_text AS u CROSS JOIN message AS m ON m.id = u.id"
    )
    db.execute("DELETE FROM unread_text")


def words(text: str) -> list[str]:
    """The words of a text, as they are searched for."""
    return _WORD.findall(text)[:WORDS_LIMIT]


def expression(account: int, wanted: list[str]) -> str:
    """What FTS5 is asked: all of the words, in any order, in messages of the account."""
    return f'account : "{account}" AND body : (' + " AND ".join(f'"{word}"' for word in wanted) + ")"
