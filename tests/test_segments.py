"""Segments: the two encodings, their limits, and the pairs that no boundary may split."""

import string
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import segments
from emulator.segments import Encoding

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"


@pytest.mark.parametrize("character", ALPHABET)
def test_a_character_of_the_default_alphabet_takes_one_septet(character: str) -> None:
    assert segments.encoding(character) is Encoding.GSM7
    assert (segments.count(character * 160), segments.count(character * 161)) == (1, 2)


@pytest.mark.parametrize("character", EXTENSION)
def test_a_character_of_the_extension_table_takes_two_septets(character: str) -> None:
    assert segments.encoding(character) is Encoding.GSM7
    assert (segments.count(character * 80), segments.count(character * 81)) == (1, 2)


@pytest.mark.parametrize("character", ["ç", "á", "`", "ё", "中", "\t", "\x1b", "\x00", "’", "\ud83d", "😀"])
def test_any_other_character_makes_the_text_ucs2(character: str) -> None:
    assert segments.encoding("plain " + character) is Encoding.UCS2


def test_the_default_alphabet_has_127_characters_beside_the_escape() -> None:
    assert (len(set(ALPHABET)), len(set(EXTENSION))) == (127, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("Your code is 123456", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("a" * 158 + "€", 1),
        ("a" * 159 + "€", 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # 153 is odd: a part holds 76 euros and one septet stays free
        ("€" * 152, 2),
        ("€" * 153, 3),
        # the same 306 septets, with and without a pair on the boundary
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 151 + "€" + "a" * 153, 2),
        ("a" * 153 + "€" + "a" * 151, 2),
        ("é" * 160, 1),
        ("ç" + "a" * 69, 1),
        ("ç" + "a" * 70, 2),
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("中" * 134, 2),
        ("中" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        # 67 is odd: a part holds 33 emoji and one unit stays free
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("a" * 66 + "😀" + "a" * 66, 3),
        ("a" * 65 + "😀" + "a" * 67, 2),
        ("a" * 67 + "😀" + "a" * 65, 2),
        # halves without their other half are ordinary units
        ("\ud83d" * 70, 1),
        ("\ud83d" * 134, 2),
        ("\ud83d" * 135, 3),
        (chr(0xDC00) * 135, 3),
    ],
)
def test_a_text_takes_so_many_segments(text: str, expected: int) -> None:
    assert segments.count(text) == expected


def _packed_one_by_one(text: str) -> int:
    gsm = segments.encoding(text) is Encoding.GSM7
    sizes = [1 + (character in EXTENSION if gsm else ord(character) > 0xFFFF) for character in text]
    alone, room = (160, 153) if gsm else (70, 67)
    if sum(sizes) <= alone:
        return 1
    parts, free = 1, room
    for size in sizes:
        if size > free:
            parts, free = parts + 1, room
        free -= size
    return parts


@given(
    st.one_of(
        st.text(alphabet="ab€{", min_size=70, max_size=700),
        st.text(alphabet="a中😀", min_size=30, max_size=400),
        st.text(max_size=200),
    )
)
def test_packing_agrees_with_packing_character_by_character(text: str) -> None:
    assert segments.count(text) == _packed_one_by_one(text)


def test_a_text_of_megabytes_is_counted_without_walking_through_its_characters() -> None:
    assert segments.count("€" * 1_000_000) == 13158
    assert segments.count("😀" * 1_000_000) == 30304


def test_a_short_text_costs_less_than_three_microseconds() -> None:
    text = (string.ascii_letters + string.digits + " .,")[:60]
    runs = timeit.repeat(lambda: segments.count(text), number=1000, repeat=20)
    assert min(runs) < 0.003
