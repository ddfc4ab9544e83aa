"""Calls about what goes to and fro: waiting, messages, callbacks, requests, texts from handsets."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NoReturn, TypeVar

import msgspec
from msgspec import Struct

from emulator.client import shortfall
from emulator.client.answers import (
    AppRequest,
    Callback,
    ClockReading,
    Explanation,
    Handset,
    Inbound,
    Message,
    Report,
    WholeMessage,
)
from emulator.client.asking import PATIENCE, Answer, Ask, call
from emulator.client.failures import WaitTimedOut
from emulator.client.place import Place, without_none
from emulator.client.shortfall import Shortfall, Wanted
from emulator.client.story import SHOWN, story
from emulator.clock import parse_duration

Duration = str | float | timedelta
"""Text such as `250ms` or `1h30m`, a number of seconds, or a timedelta."""

Wish = str | Sequence[str] | None
"""Text with `*`, `/regex/`, or several of them of which one must match; None asks for nothing."""

PAGE = 1000
"""How many entries of a list are asked for at a time."""

T = TypeVar("T")


class Page(Struct, frozen=True):
    """A part of any list."""

    messages: list[Message] = []
    callbacks: list[Callback] = []
    requests: list[AppRequest] = []
    before: int | None = None


class Waited(Struct, frozen=True):
    """What a wait found."""

    message: Message


class Traffic(Place):
    """Messages, callbacks and the app's requests of one account."""

    @call
    def wait_for(
        self,
        *,
        to: Wish = None,
        from_: Wish = None,
        body: Wish = None,
        channel: Wish = None,
        direction: Wish = None,
        status: Wish = None,
        after: int | Message = 0,
        timeout: Duration = "5s",
        told: bool = True,
    ) -> Ask[WholeMessage]:
        """The first message that matches, as soon as there is one; with `status`, once it has reached that.

        With `told` the app has also answered the callbacks about it that were due. `after` passes over that message
        and all before it. Raises WaitTimedOut, an AssertionError that says what came instead.
        """
        wanted = without_none(to=to, from_=from_, body=body, channel=channel, direction=direction, status=status)
        cursor = after.cursor if isinstance(after, Message) else after
        limit = milliseconds(timeout)
        hoped = Wanted({name: _spoken(value) for name, value in wanted.items()}, limit, self.speech)

        def read(answer: Answer) -> "WholeMessage | Ask[WholeMessage]":
            if answer.status == 408:
                return self._in_vain(hoped, msgspec.json.decode(answer.body, type=Shortfall))
            return self._whole(answer.json(Waited).message.sid)

        query = {**wanted, "after": cursor, "told": _yes(told), "timeout": f"{limit}ms"}
        return Ask("GET", self._control.path("wait", **query), read, patience=limit / 1000 + PATIENCE)

    @call
    def messages(self, *, limit: int | None = None) -> Ask[list[Message]]:
        """Every message of the account, whatever its status, newest first; with `limit` only so many."""
        return self._list("messages", lambda page: page.messages, limit)

    @call
    def message(self, sid: str) -> Ask[WholeMessage]:
        """One message with its timeline, its callbacks and why it met this fate."""
        return self._whole(sid)

    @call
    def requests(self, *, limit: int | None = None) -> Ask[list[AppRequest]]:
        """What the app asked of the platform's API, newest first."""
        return self._list("requests", lambda page: page.requests, limit)

    @call
    def callbacks(self, *, limit: int | None = None) -> Ask[list[Callback]]:
        """Each attempt to tell the app something, also those still to come, newest first."""
        return self._list("callbacks", lambda page: page.callbacks, limit)

    @call
    def report(self) -> Ask[Report]:
        """The verdict on the app as a receiver of callbacks."""
        return self._control.get(Report, "report")

    @call
    def explain(self, sid: str) -> Ask[Explanation]:
        """Which rules were tried on a message, and the first condition of each that failed."""
        return self._control.get(Explanation, "explain", sid)

    @call
    def story(self) -> Ask[str]:
        """What happened in this account, on a page: messages, callbacks and the app's answers."""
        return self._control.get(ClockReading, "clock").then(
            lambda clock: self._list("messages", lambda page: page.messages, SHOWN + 1).then(
                lambda messages: self._list("callbacks", lambda page: page.callbacks, SHOWN + 1).then(
                    lambda callbacks: self._list("requests", lambda page: page.requests, SHOWN + 1).then(
                        lambda requests: self._control.get(Report, "report").then(
                            lambda report: story(self._account_sid, clock, messages, callbacks, requests, report)
                        )
                    )
                )
            )
        )

    @call
    def set_status(self, sid: str, status: str, *, error_code: int | None = None) -> Ask[Message]:
        """Bring a message to a status now and tell the app; what its timeline still held is dropped."""
        value = without_none(status=status, error_code=error_code)
        return self._control.send("POST", Message, "messages", sid, "status", value=value)

    @call
    def inbound(
        self,
        *,
        from_: str,
        to: str,
        body: str = "",
        media_list: Sequence[Mapping[str, str]] | None = None,
    ) -> Ask[Inbound]:
        """A handset texts the app; returns what the app answered. Numbers without a channel are `sms:`."""
        channel = "mms" if media_list else "sms"
        value = without_none(
            from_=_on_channel(channel, from_), to=_on_channel(channel, to), body=body, media_list=media_list
        )
        return self._control.send("POST", Inbound, "inbound", value=value)

    @call
    def otp(self, to: str, *, pattern: str | None = None, timeout: Duration = "5s") -> Ask[str]:
        """The last code that was texted to this number; waits for one. Raises WaitTimedOut, an AssertionError."""
        return self._code(to, pattern, milliseconds(timeout), after=0)

    @call
    def handset(self, number: str, *, state: str | None = None) -> Ask[Handset]:
        """A customer's number; with `state` brought to it."""
        if state is None:
            return self._control.get(Handset, "handsets", number)
        return self._control.send("PUT", Handset, "handsets", number, value={"state": state})

    def _whole(self, sid: str) -> Ask[WholeMessage]:
        return self._control.get(WholeMessage, "messages", sid)

    def _list(
        self,
        what: str,
        rows: Callable[[Page], list[T]],
        limit: int | None,
        before: int | None = None,
        found: Sequence[T] = (),
    ) -> Ask[list[T]]:
        def read(answer: Answer) -> "list[T] | Ask[list[T]]":
            page = answer.json(Page)
            so_far = [*found, *rows(page)]
            if page.before is None or (limit is not None and len(so_far) >= limit):
                return so_far
            return self._list(what, rows, limit, page.before, so_far)

        size = PAGE if limit is None else min(PAGE, limit - len(found))
        return Ask("GET", self._control.path(what, limit=size, before=before), read)

    def _in_vain(self, wanted: Wanted, found: Shortfall) -> Ask[WholeMessage]:
        def fail(clock: ClockReading, nearest: WholeMessage | None, requests: Sequence[AppRequest]) -> NoReturn:
            raise WaitTimedOut(shortfall.no_message(wanted, found, clock, nearest, requests))

        clock = self._control.get(ClockReading, "clock")
        if found.near:
            nearest = self._whole(found.near[0].message.sid)
            return clock.then(lambda stands: nearest.then(lambda message: fail(stands, message, ())))
        return clock.then(lambda stands: self._asked_last().then(lambda requests: fail(stands, None, requests)))

    def _asked_last(self) -> Ask[list[AppRequest]]:
        return self._list("requests", lambda page: page.requests, 5)

    def _code(self, to: str, pattern: str | None, limit: int, *, after: int) -> Ask[str]:
        def look_again(answer: Answer) -> Ask[str]:
            if answer.status != 408:
                return self._code(to, pattern, limit, after=answer.json(Waited).message.cursor)
            texted = self._list("messages", lambda page: page.messages, 100)
            return texted.then(lambda messages: self._asked_last().then(lambda requests: fail(messages, requests)))

        def fail(messages: Sequence[Message], requests: Sequence[AppRequest]) -> NoReturn:
            received = [message for message in messages if message.to.endswith(to)]
            raise WaitTimedOut(shortfall.no_code(to, received[:5], requests))

        def read(answer: Answer) -> "str | Ask[str]":
            if answer.status != 404:
                return answer.checked().text.strip()
            path = self._control.path("wait", to=to, direction="outbound", after=after, timeout=f"{limit}ms")
            return Ask("GET", path, look_again, patience=limit / 1000 + PATIENCE)

        return Ask("GET", self._control.path("otp", to=to, pattern=pattern), read)


def milliseconds(duration: Duration) -> int:
    """A duration in milliseconds. Raises ValueError."""
    return parse_duration(duration.total_seconds() if isinstance(duration, timedelta) else duration)


def _spoken(value: object) -> str:
    return value if isinstance(value, str) else " or ".join(value)  # type: ignore[arg-type]  # a sequence of texts


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _on_channel(channel: str, number: str) -> str:
    return number if ":" in number else f"{channel}:{number}"
