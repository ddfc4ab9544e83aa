"""Words of message bodies: how they are taken apart and searched for."""

import re

WORDS_LIMIT = 32
"""How many words are searched for at most."""

# U+0300 to U+0331 belong to the letter before them, as in the tokenizer
_WORD = re.compile("(?:[^\\W_]|[\u0300-\u0331])+")


def words(text: str) -> list[str]:
    """The words of a text, as they are searched for."""
    return _WORD.findall(text)


def expression(account: int, wanted: list[str]) -> str:
    """What FTS5 is asked: all of the words, in any order, in messages of the account."""
    return f'account : "{account}" AND body : (' + " AND ".join(f'"{word}"' for word in wanted) + ")"
