"""What the app is told: the request of a status callback, and how it went."""

from msgspec.structs import replace

from emulator.callbacks import Answer, Outgoing
from emulator.clock import ClockMode
from emulator.ids import seeded_sid
from emulator.model import Attempt, Message, Outcome, Step
from emulator.tenants import Tenant


class Call(Outgoing, frozen=True, kw_only=True):
    """A status callback on its way: the request, and whose it is."""

    tenant: Tenant
    attempt: Attempt
    message: Message


def call(tenant: Tenant, message: Message, attempt: Attempt) -> Call:
    """The callback that makes this attempt."""
    return Call(
        url=message.callback_url,
        method=message.callback_method,
        parameters=parameters(tenant.account.sid, message, attempt),
        timeout=tenant.scenario.callback.timeout,
        garbled=attempt.garbled,
        tenant=tenant,
        attempt=attempt,
        message=message,
    )


def parameters(account_sid: str, message: Message, attempt: Attempt) -> list[tuple[str, str]]:
    """What a status callback says (page lines 266-302); arrays are repeated names, ErrorCode only on error."""
    sid = seeded_sid("SM", "forged", message.sid) if attempt.forged else message.sid
    said = [("MessageSid", sid), ("MessageStatus", attempt.status.value)]
    if attempt.error is not None:
        said.append(("ErrorCode", str(attempt.error)))
    said += [
        ("AccountSid", account_sid),
        ("From", message.sender),
        ("To", message.recipient),
        ("Body", message.body),
    ]
    for media in message.media:
        said += [("MediaUrl", media.url), ("MediaType", media.content_type)]
    return said


def done(of: Call, answer: Answer, now: int) -> Attempt:
    """The attempt with what came of it."""
    real = of.tenant.clock.mode is ClockMode.REAL
    problem = answer.problem
    if answer.status is not None and not answer.ok:
        problem = f"answered {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}".rstrip(": ")
    return replace(
        of.attempt,
        sent=now - round(answer.duration) if real else now,
        outcome=Outcome.ANSWERED if answer.ok else Outcome.FAILED,
        answer=answer.status,
        duration=round(answer.duration, 3),
        problem=problem,
    )


def status_details(message: Message, step: Step) -> dict[str, object]:
    """What an event says of a step."""
    return {"message": message.sid, "status": step.status, "error_code": step.error}


def callback_details(message: Message, attempt: Attempt) -> dict[str, object]:
    """What an event says of an attempt."""
    return {
        "message": message.sid,
        "status": attempt.status,
        "url": message.callback_url,
        "attempt": attempt.number,
        "outcome": attempt.outcome,
        "answer": attempt.answer,
        "error": attempt.problem,
    }
