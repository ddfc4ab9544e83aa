"""The small grammars of the language: durations, delays, shares, ranges, rates. One text in, one meaning out.

Each grammar is a function that reads and, beside it, the regular expression that an editor is told.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from emulator.clock import format_duration, parse_duration
from emulator.conditions import BetweenCondition, CountCondition, DuringCondition, OverCondition
from emulator.scenario import Delay, DelayShape

DELAY_LIMIT = 400 * 86_400_000
"""Milliseconds of the longest delay, 400 days: what is due stays within the years that a date can name."""

COUNT_LIMIT = 1_000_000
CODE_DIGITS = 9
TAIL = 4
"""One in 100 of `~2s` takes longer than this many times the median."""

_UNIT = r"(ms|s|m|h|d)"
_DURATION = rf"([0-9]+(\.[0-9]+)?{_UNIT})+"
_COUNT = r"[0-9]{1,7}"
_SHARE = r"[0-9]{1,3}(\.[0-9]{1,9})?%"
_TIME = r"([01]?[0-9]|2[0-4]):[0-5][0-9]"

DURATION_SHAPE = rf"^{_DURATION}$"
DELAY = rf"(~?{_DURATION}(\.\.{_DURATION})?)"
DELAY_SHAPE = rf"^{DELAY}$"
SHARE_SHAPE = rf"^{_SHARE}$"
CODE = rf"([0-9]{{1,{CODE_DIGITS}}}|\$\{{[A-Za-z0-9_]+\}})"
COUNT_SHAPE = rf"^({_COUNT}|{_COUNT}\.\.({_COUNT})?|\.\.{_COUNT})$"
NTH_SHAPE = rf"^({_COUNT}|{_COUNT}\.\.({_COUNT})?|\.\.{_COUNT}|every {_COUNT})$"
RATE_SHAPE = rf"^{_COUNT}/[smh] per (from|to|account)$"
SPAN_SHAPE = rf"^({_DURATION}\.\.({_DURATION})?|\.\.{_DURATION})$"
TIMES_OF_DAY_SHAPE = rf"^{_TIME}\.\.{_TIME}$"

CAPTURE = re.compile(r"\$\{(\w+)\}")
"""Where a captured text goes; the meaning module fills it in by the same form."""

_PERIODS = {"s": 1_000, "m": 60_000, "h": 3_600_000}


class Unreadable(ValueError):
    """A text that its grammar does not take: what is wrong with it, and what to write instead."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def quoted(text: str) -> str:
    """A text as messages show it: in quotes, cut when it is long, backslashes as they were written."""
    shown = printable(text if len(text) <= 40 else f"{text[:39]}…")
    return f'"{shown}"' if "'" in shown else f"'{shown}'"


def printable(text: str) -> str:
    """The text with escapes for what a terminal would not show."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def nearest(word: str, choices: Iterable[str], otherwise: str = "") -> str:
    """The remedy for a word that is none of these: the nearest spelling, or else all of them."""
    names = [str(choice) for choice in choices]
    # a hostile word may be as long as the file, and comparing costs its length squared
    found = get_close_matches(word[:40], names, n=1)
    return f"did you mean {found[0]!r}?" if found else otherwise or f"write one of: {', '.join(names)}"


def delay_text(delay: Delay) -> str:
    """A delay as it is written."""
    return delay.text or format_duration(delay.low)


def duration(text: str) -> int:
    """`250ms`, `2s`, `1h30m`: milliseconds."""
    try:
        # a longer text is no duration, and trying it would take memory
        milliseconds = parse_duration(text) if len(text) <= 24 and re.fullmatch(_DURATION, text) else -1
    except ValueError:
        milliseconds = -1
    if milliseconds < 0:
        digits = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text)
        remedy = f"a unit is missing: {text}s or {text}ms" if digits else "write 250ms, 2s, 5m, 72h, 3d or 1h30m"
        raise Unreadable(f"{quoted(text)} is not a duration", remedy)
    if milliseconds > DELAY_LIMIT:
        raise Unreadable(f"{quoted(text)} is too long", "the longest duration is 400d")
    return milliseconds


def delay(text: str) -> Delay:
    """`2s`, `1s..3s`, `~2s`, `~2s..20s`."""
    bare = text.removeprefix("~")
    lognormal = bare is not text
    first, dots, last = bare.partition("..")
    low = duration(first)
    high = duration(last) if dots else low * TAIL
    if lognormal:
        if not 0 < low < high:
            raise Unreadable(f"{quoted(text)} has no spread", "write the median and a longer time: ~2s..20s")
        return Delay(shape=DelayShape.LOGNORMAL, low=low, high=high, text=text)
    if not dots:
        return Delay(low=low, text=text)
    if low > high:
        raise Unreadable(f"{quoted(text)} runs backwards", f"write {last}..{first}")
    return Delay(shape=DelayShape.UNIFORM, low=low, high=high, text=text)


def share(text: str) -> float:
    """`2%`, `0.5%`: a fraction."""
    if not re.fullmatch(_SHARE, text) or float(text[:-1]) > 100:
        digits = re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?", text)
        remedy = f"write {text}%" if digits and float(text) <= 100 else "write 0% to 100%, such as 2% or 0.5%"
        raise Unreadable(f"{quoted(text)} is not a percentage", remedy)
    return float(text[:-1]) / 100


def code(text: str) -> str:
    """Digits or `${name}`."""
    if not re.fullmatch(CODE, text):
        raise Unreadable(f"{quoted(text)} is not an error code", "write digits such as 30003, or ${name}")
    return text


def number(text: str, *, low: int, high: int, what: str) -> int:
    """A whole number within bounds."""
    if not re.fullmatch(r"-?[0-9]{1,16}", text) or not low <= int(text) <= high:
        raise Unreadable(f"{quoted(text)} is not {what}", f"write a number from {low} to {high}")
    return int(text)


def factor(text: str) -> float:
    """How much longer each wait is than the one before."""
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,6})?", text) or not 1 <= float(text) <= 10:
        raise Unreadable(f"{quoted(text)} is not a factor", "write a number from 1 to 10, such as 2 or 1.5")
    return float(text)


def count(key: str, text: str) -> CountCondition:
    """`1`, `2..`, `..3`, `2..4`; for `nth` also `every 5`."""
    example = "1, 2.., ..3, 2..4 or every 5" if key == "nth" else "1, 2.., ..3 or 2..4"
    word, _, times = text.partition(" ")
    if word == "every" and key == "nth":
        return CountCondition(key=key, every=_counted(times, text, example))
    first, dots, last = text.partition("..")
    if not dots:
        low = _counted(text, text, example)
        return CountCondition(key=key, low=low, high=low)
    if not first and not last:
        raise Unreadable(f"{quoted(text)} is not a number or a range", f"write {example}")
    low = _counted(first, text, example) if first else 1
    high = _counted(last, text, example) if last else None
    if high is not None and low > high:
        raise Unreadable(f"{quoted(text)} runs backwards", f"write {last}..{first}")
    return CountCondition(key=key, low=low, high=high)


def _counted(text: str, whole: str, example: str) -> int:
    if not re.fullmatch(_COUNT, text) or not 1 <= int(text) <= COUNT_LIMIT:
        raise Unreadable(f"{quoted(whole)} is not a number or a range", f"write {example}; counting begins at 1")
    return int(text)


def rate(text: str) -> OverCondition:
    """`5/s per from`."""
    found = re.fullmatch(r"([0-9]{1,7})/([smh])( per (from|to|account))?", text)
    if not found or not 1 <= int(found[1]) <= COUNT_LIMIT:
        raise Unreadable(f"{quoted(text)} is not a rate", "write 5/s per from; also /m, /h, per to, per account")
    if not found[3]:
        raise Unreadable(f"{quoted(text)} does not say whose rate", f"write {text} per from, per to or per account")
    return OverCondition(limit=int(found[1]), period=_PERIODS[found[2]], per=found[4], text=text)


def span(text: str) -> DuringCondition:
    """`1h..1h10m`, `1h..`, `..10m`: since the account's clock started."""
    first, dots, last = text.partition("..")
    if not dots or not (first or last):
        raise Unreadable(f"{quoted(text)} is not a span of time", "write 1h..1h10m, 1h.. or ..10m")
    low = duration(first) if first else 0
    high = duration(last) if last else None
    if high is not None and low >= high:
        raise Unreadable(f"{quoted(text)} is over before it begins", "the end comes after the start: 1h..1h10m")
    return DuringCondition(low=low, high=high)


def times_of_day(text: str) -> BetweenCondition:
    """`22:00..06:00`, in UTC."""
    found = re.fullmatch(rf"({_TIME})\.\.({_TIME})", text)
    low, high = (_moment(found[1]), _moment(found[3])) if found else (0, 0)
    if low == high or max(low, high) > 24 * 60:
        raise Unreadable(f"{quoted(text)} is not a time of day from..to", "write 22:00..06:00, in UTC")
    return BetweenCondition(low=low * 60_000, high=high * 60_000)


def _moment(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def matches(shape: str, text: str) -> bool:
    """Whether a text has the shape that an editor is told of."""
    # in Python `$` also matches before a line's end
    return re.search(shape, text) is not None and not text.endswith("\n")
