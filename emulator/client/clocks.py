"""Calls about an account's clock: `cpaas.clock.advance("72h")`."""

from datetime import datetime

import msgspec

from emulator.client import shortfall
from emulator.client.answers import Advanced, ClockReading
from emulator.client.asking import PATIENCE, Answer, Ask, call
from emulator.client.failures import WaitTimedOut
from emulator.client.place import Control, without_none
from emulator.client.shortfall import Shortfall, Wanted, moment
from emulator.client.traffic import Duration, milliseconds

ADVANCE_PATIENCE = 600.0
"""Seconds that an advance may take: it returns when the app has answered every callback on the way."""


class ClockCalls:
    """The clock of one account."""

    def __init__(self, control: Control, speech: str) -> None:
        self._control = control
        self._speech = speech

    @call
    def read(self) -> Ask[ClockReading]:
        """Where the clock stands, and what is still to come."""
        return self._read()

    @call
    def set(self, mode: str | None = None, *, now: datetime | str | None = None) -> Ask[ClockReading]:
        """Change the mode (real, manual, instant), or start afresh at an instant."""
        instant = moment(now) if isinstance(now, datetime) else now
        return self._control.send("PUT", ClockReading, "clock", value=without_none(mode=mode, now=instant))

    @call
    def advance(self, by: Duration | datetime) -> Ask[Advanced]:
        """Let time pass: a duration, or until an instant. Returns once the app has answered everything due by then."""
        if isinstance(by, datetime):
            return self._advance({"to": moment(by)})
        return self._advance({"by": f"{milliseconds(by)}ms"})

    @call
    def next(self) -> Ask[Advanced]:
        """Let time pass until the next thing due, and play that."""
        return self._advance({"to": "next"})

    @call
    def idle(self, *, timeout: Duration = "5s") -> Ask[ClockReading]:
        """Return when nothing is pending or in flight, so that the app has been told everything.

        A manual clock is advanced until then. On the others `timeout` is real time; raises WaitTimedOut, an
        AssertionError that says what is still to come.
        """
        limit = milliseconds(timeout)
        return self._read().then(
            lambda clock: (
                self._advance({"to": "idle"}).then(lambda _: self._rest(limit))
                if clock.mode == "manual"
                else self._rest(limit)
            )
        )

    def _read(self) -> Ask[ClockReading]:
        return self._control.get(ClockReading, "clock")

    def _advance(self, value: object) -> Ask[Advanced]:
        return self._control.send("POST", Advanced, "clock", "advance", value=value, patience=ADVANCE_PATIENCE)

    def _rest(self, limit: int) -> Ask[ClockReading]:
        def fail(clock: ClockReading, found: Shortfall) -> ClockReading:
            raise WaitTimedOut(shortfall.not_idle(Wanted({}, limit, self._speech), found, clock))

        def read(answer: Answer) -> Ask[ClockReading]:
            if answer.status != 408:
                answer.checked()
                return self._read()
            found = msgspec.json.decode(answer.body, type=Shortfall)
            return self._read().then(lambda clock: fail(clock, found))

        path = self._control.path("idle", timeout=f"{limit}ms")
        return Ask("GET", path, read, patience=limit / 1000 + PATIENCE)
