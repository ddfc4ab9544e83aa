"""How many SMS segments a text takes, in which encoding: the only module that knows GSM 03.38."""

import re
from collections.abc import Callable
from enum import StrEnum

_ESCAPE = "\x1b"
_DEFAULT_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION_TABLE = "\f^{}\\[~]|€"

_GSM_TEXT = re.compile(f"[{re.escape(_DEFAULT_ALPHABET + _EXTENSION_TABLE)}]*")

_SEPTETS_ALONE, _SEPTETS_PER_PART = 160, 153
_UNITS_ALONE, _UNITS_PER_PART = 70, 67


class Encoding(StrEnum):
    """How a text travels: 7-bit GSM 03.38 if every character of it is there, otherwise 16-bit UCS-2."""

    GSM7 = "GSM7"
    UCS2 = "UCS2"


def encoding(text: str) -> Encoding:
    """The encoding that a text needs."""
    return Encoding.GSM7 if _GSM_TEXT.fullmatch(text) else Encoding.UCS2


def count(text: str) -> int:
    """The number of segments of a text, 1 for none at all.

    Alone 160 septets or 70 code units fit, with a concatenation header 153 or 67. A character of the
    extension table takes two septets, one beyond the basic plane two units; no pair is split.
    """
    if _GSM_TEXT.fullmatch(text) is None:
        return _count_ucs2(text)
    if len(text) * 2 <= _SEPTETS_ALONE:
        return 1
    return _count_gsm(text)


def _count_gsm(text: str) -> int:
    septets = text
    for character in _EXTENSION_TABLE:
        septets = septets.replace(character, _ESCAPE + character)
    if len(septets) <= _SEPTETS_ALONE:
        return 1
    return _parts(len(septets), _SEPTETS_PER_PART, lambda last: septets[last] == _ESCAPE)


def _count_ucs2(text: str) -> int:
    units = text.encode("utf-16-be", "surrogatepass")
    if len(units) <= 2 * _UNITS_ALONE:
        return 1
    return _parts(len(units) // 2, _UNITS_PER_PART, lambda last: _opens_pair(units, last))


def _opens_pair(units: bytes, index: int) -> bool:
    low = units[2 * index + 2 : 2 * index + 3]
    return 0xD8 <= units[2 * index] <= 0xDB and b"\xdc" <= low <= b"\xdf"


def _parts(length: int, room: int, opens_pair: Callable[[int], bool]) -> int:
    """How many parts of `room` places hold `length` of them, when no part may end on the first of a pair."""
    parts, start = 1, 0
    while length - start > room:
        start += room - opens_pair(start + room - 1)
        parts += 1
    return parts
