"""Time: one clock per account, and the only reader of wall time.

An instant is an integer number of milliseconds since 1970-01-01 UTC; a duration is an integer number of milliseconds.
Integers make "the same instant" exact, sort well and cost nothing in SQLite.
"""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

LATEST = 7_258_118_400_000
"""2200-01-01: no clock goes further, so that every instant fits the message ids of the store."""

EARLIEST = 0
"""1970-01-01, for the same reason."""

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


class ClockMode(StrEnum):
    """How an account's clock goes: with the wall, only when advanced, or by itself as soon as nothing is in flight."""

    REAL = "real"
    MANUAL = "manual"
    INSTANT = "instant"


class Clock:
    """One account's time. `started` is the instant that `during` counts from."""

    __slots__ = ("_instant", "_offset", "mode", "started")

    def __init__(
        self,
        *,
        mode: ClockMode = ClockMode.REAL,
        instant: int | None = None,
        offset: int = 0,
        started: int | None = None,
    ) -> None:
        self.mode = mode
        self._offset = offset
        self._instant = instant if instant is not None else wall() + offset
        self.started = started if started is not None else self.now()

    def now(self) -> int:
        """The account's present instant."""
        return wall() + self._offset if self.mode is ClockMode.REAL else self._instant

    @property
    def offset(self) -> int:
        """How far a real clock is from wall time, in milliseconds."""
        return self._offset

    def move_to(self, instant: int) -> None:
        """Move a manual or instant clock forward; never back."""
        self._instant = max(self._instant, instant)

    def switch(self, mode: ClockMode, now: int | None = None) -> None:
        """Change the mode. With `now` the clock starts afresh at that instant; without, it goes on and never back."""
        present = self.now() if now is None else now
        if now is not None:
            self.started = now
        self._offset = present - wall() if now is not None else max(0, present - wall())
        self._instant = present
        self.mode = mode


def wall() -> int:
    """Wall time as an instant."""
    return time.time_ns() // 1_000_000


def stopwatch() -> Callable[[], float]:
    """Start measuring real time; calling the result gives the milliseconds passed."""
    start = time.perf_counter()
    return lambda: (time.perf_counter() - start) * 1000


class Seldom:
    """Says when so many real milliseconds have passed since it last did: for what need not be said each time."""

    __slots__ = ("_last", "_milliseconds")

    def __init__(self, milliseconds: float) -> None:
        self._milliseconds = milliseconds
        self._last: float | None = None

    def due(self) -> bool:
        """Whether it is time again."""
        now = time.monotonic() * 1000
        if self._last is not None and now - self._last < self._milliseconds:
            return False
        self._last = now
        return True


def call_after(milliseconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
    """Run `action` on the running loop after that much real time."""
    return asyncio.get_running_loop().call_later(max(0.0, milliseconds) / 1000, action)


async def pause(milliseconds: float) -> None:
    """Wait in real time: for what happens on an open connection, where the other side's time-outs are real too."""
    await asyncio.sleep(milliseconds / 1000)


def from_datetime(moment: datetime) -> int:
    """The instant of a datetime; one without a zone is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def iso(instant: int) -> str:
    """ISO 8601 with milliseconds and `Z`: `2019-07-04T07:02:28.000Z`."""
    seconds, millis = divmod(instant, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{millis:03d}Z"


def parse_instant(text: str) -> int:
    """Read an ISO 8601 instant (UTC unless it says otherwise).

    Raises ValueError with a sentence when it is malformed or outside 1970 to 2200.
    """
    try:
        instant = from_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not an ISO 8601 time such as 2026-01-31T08:00:00Z") from None
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"{text!r} is outside 1970-01-01 to 2200-01-01")
    return instant


def parse_duration(value: str | float) -> int:
    """Milliseconds of a duration: text such as `250ms`, `2s`, `1h30m`, or a number of seconds.

    Raises ValueError with a sentence when it is malformed, negative or above 200 years.
    """
    if isinstance(value, bool):
        raise ValueError("a duration is text such as 250ms or 1h30m, or a number of seconds")
    if isinstance(value, str):
        milliseconds = _milliseconds(value.strip())
    else:
        if not value >= 0:
            raise ValueError(f"a duration cannot be {value}")
        milliseconds = value * 1000
    if milliseconds > LATEST:
        raise ValueError(f"{value} is too long; the clock ends in 2200")
    return round(milliseconds)


def _milliseconds(text: str) -> float:
    # 24 characters hold every sensible duration; a bound keeps a hostile one from becoming a huge number
    if len(text) > 24 or not _DURATION.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a duration such as 250ms, 2s, 5m, 72h or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def format_duration(milliseconds: int) -> str:
    """The shortest text that `parse_duration` reads back to the same number: `1h30m`, `250ms`, `0s`."""
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, milliseconds = divmod(milliseconds, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
