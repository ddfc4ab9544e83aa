"""The words everything else is said in: messages, their timelines, callbacks, accounts, channel URIs."""

import re
from enum import StrEnum
from typing import Any

from msgspec import Struct

from emulator.clock import ClockMode

API_VERSION = "2012-04-24"

DEFAULT_ACCOUNT_SID = "ACae6e420f425248d6a26948c17a9e2acf"
DEFAULT_AUTH_TOKEN = "77f8c12cc7b8f8423e5c38b035249166"


class Status(StrEnum):
    """Where a message stands (page lines 274 and 926-948)."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    RECEIVED = "received"


TERMINAL = frozenset({Status.DELIVERED, Status.UNDELIVERED, Status.FAILED})
LISTED = TERMINAL | {Status.RECEIVED}
"""What `GET /Messages` shows unless the scenario says `list: all` (page line 384; inbound as in its examples)."""


class Direction(StrEnum):
    """Which way a message went; an application's RCML reply is `outbound-call`, as in the page's list."""

    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_CALL = "outbound-call"


class Channel(StrEnum):
    """The channels of the page (lines 188-190)."""

    SMS = "sms"
    MMS = "mms"


# X stands for a digit: the vendor's own examples mask numbers as +19876XXXXXX and must work unchanged
_NUMBER = re.compile(r"\+[1-9][0-9X]{1,14}")
_SIP_NUMBER = re.compile(r"[0-9A-Za-z+*#._@-]{1,64}")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9 ]{1,11}")


def is_number(text: str) -> bool:
    """Whether this is an E.164 number: `+` and 2 to 15 digits, the first not 0."""
    return _NUMBER.fullmatch(text) is not None


def is_alphanumeric_sender(text: str) -> bool:
    """Whether this is an alphanumeric sender: 1 to 11 of `[A-Za-z0-9 ]` (page line 203), not blank."""
    return _ALPHANUMERIC.fullmatch(text) is not None and not text.isspace()


def is_sip_number(text: str) -> bool:
    """Whether this can be a SIP number, which is kept as typed: 1 to 64 of `A-Z a-z 0-9 +*#._@-`."""
    return _SIP_NUMBER.fullmatch(text) is not None


def channel_of(uri: str) -> str:
    """`sms` of `sms:+15550100001`; empty when there is no channel prefix."""
    channel, colon, _ = uri.partition(":")
    return channel if colon else ""


def number_of(uri: str) -> str:
    """`+15550100001` of `sms:+15550100001`; all of it when there is no channel prefix."""
    _, colon, address = uri.partition(":")
    return address if colon else uri


def bare(identity: str) -> str:
    """`+15550100001` of `sms:+15550100001`: the older API knows one channel. What is of another keeps its prefix."""
    return identity.removeprefix("sms:")


class Media(Struct, frozen=True, kw_only=True):
    """One attachment: where it is, and its MIME type (empty when the sender did not say)."""

    url: str
    content_type: str = ""


class Telling(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the app is told of a step, when not simply once and on time. Durations in milliseconds."""

    lost: bool = False
    late: int = 0
    times: int = 1
    gap: int = 0
    first: bool = False
    forged: bool = False
    garbled: bool = False


PLAINLY = Telling()


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a message's timeline: due at an instant, `happened` at another or not yet."""

    due: int
    status: Status | None = None
    replies: str | None = None
    error: int | None = None
    callback: Telling = PLAINLY
    happened: int | None = None


class Message(Struct, frozen=True, kw_only=True):
    """A message as the store keeps it. Instants and ids are integers; `id` grows with `created`, `arrival` by one.

    `legacy` says that it was sent through the older API, whose callbacks are worded otherwise.
    """

    id: int
    account: int
    sid: str
    arrival: int
    created: int
    updated: int
    sent: int | None = None
    sender: str
    recipient: str
    body: str = ""
    media: tuple[Media, ...] = ()
    status: Status
    direction: Direction
    segments: int = 1
    error: int | None = None
    callback_url: str = ""
    callback_method: str = "GET"
    steps: tuple[Step, ...] = ()
    rule: str | None = None
    nth: int = 0
    state: str = "none"
    mode: str = "normal"
    scenario: int = 0
    legacy: bool = False

    @property
    def handset(self) -> str:
        """The customer's number: the recipient of what the app sends, the sender of what it receives."""
        return number_of(self.sender if self.direction is Direction.INBOUND else self.recipient)


class Outcome(StrEnum):
    """What became of one callback attempt."""

    PENDING = "pending"
    ANSWERED = "answered"
    FAILED = "failed"
    LOST = "lost"


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt to tell the app of a status. `answer` is the HTTP status, `duration` real milliseconds.

    A request that a conversation led to (the fallback, a Redirect, an action) has a `url` and a `method` of its own,
    and `added` to what is told of the text.
    """

    id: int
    account: int
    message: int
    status: Status
    error: int | None = None
    number: int = 1
    due: int
    sent: int | None = None
    outcome: Outcome = Outcome.PENDING
    answer: int | None = None
    duration: float | None = None
    problem: str = ""
    forged: bool = False
    garbled: bool = False
    url: str = ""
    method: str = ""
    added: tuple[tuple[str, str], ...] = ()


class AccountStatus(StrEnum):
    """Whether an account may use the API."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Account(Struct, frozen=True, kw_only=True):
    """A tenant. `seed` and `scenario` are None while the server's own apply."""

    id: int
    sid: str
    auth_token: str
    friendly_name: str = ""
    email_address: str = ""
    status: AccountStatus = AccountStatus.ACTIVE
    messages_enabled: bool = True
    created: int
    seed: int | None = None
    mode: str = "normal"
    scenario: str | None = None
    clock_mode: ClockMode = ClockMode.REAL
    clock_instant: int = 0
    clock_offset: int = 0
    clock_started: int = 0


class Number(Struct, frozen=True, kw_only=True):
    """A provisioned number. `settings` holds what the platform's resource shows, under the platform's keys."""

    id: int = 0
    account: int
    sid: str
    number: str
    friendly_name: str
    created: int
    updated: int
    settings: dict[str, Any]
    from_scenario: bool = False

    def setting(self, name: str) -> str:
        """A text setting such as `sms_url`; empty when it is not set."""
        return str(self.settings.get(name) or "")


class Application(Struct, frozen=True, kw_only=True):
    """An application that numbers are bound to. `settings` as for a number."""

    id: int = 0
    account: int
    sid: str
    friendly_name: str
    created: int
    updated: int
    settings: dict[str, Any]


class Notification(Struct, frozen=True, kw_only=True):
    """One line of the error log that an app's developer reads. `log` is 0 for an error, 1 for a warning."""

    id: int = 0
    account: int
    sid: str
    created: int
    log: int
    code: int
    text: str
    request_url: str = ""
    request_method: str = ""
    request_variables: str = ""
    response_headers: str = ""
    response_body: str = ""


class Handset(Struct, frozen=True, kw_only=True):
    """What is remembered of a customer's number in one account."""

    number: str
    state: str = "none"
    sends: int = 0
    fetches: int = 0
    texts: int = 0
