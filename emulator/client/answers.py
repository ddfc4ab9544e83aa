"""What the handles give back: messages, callbacks, reports, clocks as typed values. Unknown fields are passed over.

Times are aware datetimes in UTC. Statuses are plain text, so that a newer server may say more than this client knows.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field


class Media(Struct, frozen=True, kw_only=True):
    """An attachment: where it is and its MIME type."""

    url: str
    content_type: str = ""


class Step(Struct, frozen=True, kw_only=True):
    """A step of a timeline: due at a time, `happened` at another or not yet. `callback` has the scenario's words."""

    status: str | None = None
    replies: str | None = None
    error_code: int | None = None
    due: datetime
    happened: datetime | None = None
    callback: str = ""


class Callback(Struct, frozen=True, kw_only=True):
    """One attempt to tell the app of a status (`kind` status) or of a text (`kind` inbound).

    `outcome` is pending, answered (with 2xx), failed or lost (by the scenario); `error` says why it failed.
    """

    id: int
    message: str
    kind: str = "status"
    status: str
    error_code: int | None = None
    url: str
    method: str
    parameters: dict[str, Any] = {}
    attempt: int
    due: datetime
    sent: datetime | None = None
    outcome: str
    answer_status: int | None = None
    seconds: float | None = field(name="duration", default=None)
    error: str = ""
    forged: bool = False
    garbled: bool = False

    @property
    def duration(self) -> timedelta | None:
        """How long the app took, in real time; None while there is no answer."""
        return None if self.seconds is None else timedelta(seconds=self.seconds)


class Tried(Struct, frozen=True, kw_only=True):
    """A rule that was tried, and the first condition that failed (None when it matched)."""

    rule: str
    matched: bool
    condition: str | None = None
    expected: str | None = None
    actual: str | None = None


class Explanation(Struct, frozen=True, kw_only=True):
    """Each rule tried on a message, down to the one that decided."""

    message: str
    rule: str | None = None
    rules: list[Tried] = []
    note: str = ""


class Message(Struct, frozen=True, kw_only=True):
    """A message of any status and direction. `cursor` is its place in the account, for `after` of `wait_for`."""

    sid: str
    cursor: int
    from_: str = field(name="from")
    to: str
    body: str = ""
    media: list[Media] = []
    channel: str = ""
    direction: str
    status: str
    error_code: int | None = None
    error_message: str | None = None
    num_segments: int = 1
    created: datetime
    updated: datetime
    sent: datetime | None = None
    next_due: datetime | None = None
    callback_url: str | None = None
    callback_method: str = "GET"
    rule: str | None = None
    nth: int = 0
    state: str = "none"
    mode: str = "normal"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if name in ("timeline", "callbacks", "explain"):
                raise AttributeError(
                    f"a message from a list comes without its {name}; ask for it alone: message({self.sid!r}).{name}"
                )
            raise AttributeError(f"a message has no {name!r}")


class WholeMessage(Message, frozen=True, kw_only=True):
    """A message with its timeline (happened and still due), every attempt to tell the app, and why it met this fate."""

    timeline: list[Step] = []
    callbacks: list[Callback] = []
    explain: Explanation | None = None


class AppRequest(Struct, frozen=True, kw_only=True):
    """One request of the app. `answer_status` is None when the connection was cut instead of answered."""

    id: int
    at: datetime
    method: str
    path: str
    parameters: dict[str, Any] | str = {}
    answer_status: int | None = None
    answer_body: str = ""
    rule: str | None = None


class Failure(Struct, frozen=True, kw_only=True):
    """A callback that the app never took, and the problem with its last attempt."""

    callback: Callback
    problem: str


class EmulatorFault(Struct, frozen=True, kw_only=True):
    """Something that went wrong inside the emulator itself."""

    at: datetime
    message: str


class Report(Struct, frozen=True, kw_only=True):
    """The verdict on the receiver: `ok` when each callback was answered with 2xx, by its last attempt at the latest."""

    ok: bool
    callbacks: int
    outcomes: dict[str, int] = {}
    failures: list[Failure] = []
    failures_total: int = 0
    errors: list[EmulatorFault] = []


class Asked(Struct, frozen=True, kw_only=True):
    """What the app was asked about a text, and its answer; `answer_status` is None when there was none."""

    url: str
    method: str
    parameters: dict[str, Any] = {}
    answer_status: int | None = None
    answer_body: str = ""
    seconds: float = field(name="duration", default=0.0)
    error: str = ""

    @property
    def duration(self) -> timedelta:
        """How long the app took, in real time."""
        return timedelta(seconds=self.seconds)


class Inbound(Struct, frozen=True, kw_only=True):
    """What became of a text from a handset. `request` is None when nothing is bound to the number."""

    message: Message
    request: Asked | None = None
    requests: list[Asked] = []
    replies: list[Message] = []


class ClockReading(Struct, frozen=True, kw_only=True):
    """Where a clock stands; `pending` counts what is still to come, `next_due` says when the first of it is."""

    mode: str
    now: datetime
    started: datetime
    pending: int
    next_due: datetime | None = None
    in_flight: int = 0


class Advanced(Struct, frozen=True, kw_only=True):
    """Where the clock stands after an advance, and what happened on the way, in order."""

    now: datetime
    events: list[dict[str, Any]] = []
    events_total: int = 0


class Handset(Struct, frozen=True, kw_only=True):
    """A customer's number: its state, and how often it was sent to and texted."""

    number: str
    state: str
    sends: int = 0
    fetches: int = 0
    texts: int = 0


class Number(Struct, frozen=True, kw_only=True):
    """A number of the account, and where the app listens for its texts."""

    sid: str
    phone_number: str
    sms_url: str | None = None
    sms_method: str | None = None


class Account(Struct, frozen=True, kw_only=True):
    """An account and its credentials."""

    sid: str
    auth_token: str
    friendly_name: str = ""
    status: str = "active"
    messages_enabled: bool = True
    seed: int | None = None
    mode: str = "normal"
    clock: str = "real"


class Health(Struct, frozen=True, kw_only=True):
    """The server can be used."""

    status: str
    version: str


class Warned(Struct, frozen=True, kw_only=True):
    """Something in a scenario that is allowed, but probably not meant."""

    line: int
    column: int
    message: str
    remedy: str = ""


class ScenarioTaken(Struct, frozen=True, kw_only=True):
    """A scenario that is now active: how many rules it has, and what was odd about it."""

    rules: int
    warnings: list[Warned] = []
