"""What the app is told: the request of a status callback or of an inbound text, and how it went."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from emulator.callbacks import Answer, Outgoing
from emulator.clock import ClockMode
from emulator.ids import seeded_sid
from emulator.model import Attempt, Direction, Message, Outcome, Step, bare
from emulator.tenant import Tenant


class Call(Outgoing, frozen=True, kw_only=True):
    """A status callback or an inbound text on its way: the request, and whose it is."""

    tenant: Tenant
    attempt: Attempt
    message: Message


class Exchange(Struct, frozen=True, kw_only=True):
    """One question to the app and its answer."""

    url: str
    method: str
    parameters: Sequence[tuple[str, str]]
    answer: Answer


class Conversation:
    """What one text led to: the requests made, the messages sent in reply, and whether it was read."""

    def __init__(self, opening: Call) -> None:
        self.opening = opening
        self.tenant = opening.tenant
        self.message = opening.message
        self.exchanges: list[Exchange] = []
        self.replies: list[Message] = []
        self.read = False


def call(tenant: Tenant, message: Message, attempt: Attempt) -> Call:
    """The request that makes this attempt."""
    inbound = message.direction is Direction.INBOUND
    sid = tenant.account.sid
    return Call(
        url=attempt.url or message.callback_url,
        method=attempt.method or message.callback_method,
        parameters=inbound_parameters(sid, message, attempt) if inbound else parameters(sid, message, attempt),
        timeout=tenant.scenario.callback.timeout,
        garbled=attempt.garbled,
        tenant=tenant,
        attempt=attempt,
        message=message,
    )


def parameters(account_sid: str, message: Message, attempt: Attempt) -> list[tuple[str, str]]:
    """What a status callback says (page lines 266-302); arrays are repeated names, ErrorCode only on error."""
    sid = seeded_sid("SM", "forged", message.sid) if attempt.forged else message.sid
    status = [("MessageSid", sid), ("MessageStatus", attempt.status.value)]
    error = [] if attempt.error is None else [("ErrorCode", str(attempt.error))]
    account = ("AccountSid", account_sid)
    if message.legacy:
        # the older API's words: no channel prefixes, and this order
        said = [("From", bare(message.sender)), ("To", bare(message.recipient)), ("Body", message.body)]
        return [*said, account, *error, *status]
    said = [("From", message.sender), ("To", message.recipient), ("Body", message.body)]
    return [*status, *error, account, *said, *_media(message)]


def inbound_parameters(account_sid: str, message: Message, attempt: Attempt) -> list[tuple[str, str]]:
    """What the app is told of a text (page lines 352-376), and the message's SID under both names it has had.

    What a conversation added replaces what has its name.
    """
    told = [
        ("AccountSid", account_sid),
        ("From", message.sender),
        ("To", message.recipient),
        ("Body", message.body),
        *_media(message),
        ("MessageSid", message.sid),
        ("SmsSid", message.sid),
    ]
    added = {name for name, _ in attempt.added}
    return [*(pair for pair in told if pair[0] not in added), *attempt.added]


def _media(message: Message) -> list[tuple[str, str]]:
    return [pair for media in message.media for pair in (("MediaUrl", media.url), ("MediaType", media.content_type))]


def done(of: Call, answer: Answer, now: int) -> Attempt:
    """The attempt with what came of it."""
    # a text is read when the answer is 200 (page line 378); a status callback is content with any 2xx
    ok = answer.status == 200 if of.message.direction is Direction.INBOUND else answer.ok
    real = of.tenant.clock.mode is ClockMode.REAL
    problem = answer.problem
    if answer.status is not None and not ok:
        problem = f"answered {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}".rstrip(": ")
    return replace(
        of.attempt,
        sent=now - round(answer.duration) if real else now,
        outcome=Outcome.ANSWERED if ok else Outcome.FAILED,
        answer=answer.status,
        duration=round(answer.duration, 3),
        problem=problem,
    )


def message_details(message: Message) -> dict[str, object]:
    """What an event says of a message that was sent or has come in."""
    return {"message": message.sid, "status": message.status, "from": message.sender, "to": message.recipient}


def status_details(message: Message, step: Step) -> dict[str, object]:
    """What an event says of a step."""
    return {"message": message.sid, "status": step.status, "error_code": step.error}


def callback_details(message: Message, attempt: Attempt) -> dict[str, object]:
    """What an event says of an attempt."""
    return {
        "message": message.sid,
        "status": attempt.status,
        "url": attempt.url or message.callback_url,
        "attempt": attempt.number,
        "outcome": attempt.outcome,
        "answer": attempt.answer,
        "error": attempt.problem,
    }
