"""A text from a handset becomes a message of the account, and where its number is bound, a request to make.

Runs inside the transaction of whatever caused the text, so that neither is kept without the other.
"""

from msgspec import Struct

from emulator import segments
from emulator.conditions import Facts
from emulator.ids import random_sid, seeded_sid
from emulator.model import (
    AccountStatus,
    Attempt,
    Direction,
    Media,
    Message,
    Notification,
    Number,
    Status,
    channel_of,
    number_of,
)
from emulator.store import accounts, journals, messages, notifications, numbers
from emulator.store.database import Transaction
from emulator.tenant import Tenant

NOT_HOSTED = 11005
NO_URL = 12003
ERROR, WARNING = 0, 1


class Text(Struct, frozen=True, kw_only=True):
    """What a handset sends, or one provisioned number sends another: channel URIs, text, attachments."""

    sender: str
    recipient: str
    body: str = ""
    media: tuple[Media, ...] = ()


def take(db: Transaction, tenant: Tenant, text: Text, *, now: int, arrival: int) -> tuple[Message, Attempt | None]:
    """Store an inbound text: what it does to its handset's state, and the request to the app, due now.

    No request when the account is not active, or the number is not provisioned or bound to nothing; the account's
    error log says so.
    """
    nth, state = accounts.count_request(db, tenant.id, number_of(text.sender), "texts")
    _change_state(db, tenant, text, state, nth)
    number = numbers.find_number(db, tenant.id, number_of(text.recipient))
    url = _url(db, number) if tenant.account.status is AccountStatus.ACTIVE else ""
    message = _message(tenant, text, url, number, now=now, arrival=arrival, nth=nth, state=state)
    message = messages.insert(db, message, listed=True)
    if not url:
        notifications.notify(db, _unheard(tenant, text, number, now))
        return message, None
    attempt = Attempt(id=0, account=tenant.id, message=message.id, status=Status.RECEIVED, due=now)
    return message, journals.stored(db, attempt)


def _change_state(db: Transaction, tenant: Tenant, text: Text, state: str, nth: int) -> None:
    facts = Facts(
        to=text.recipient,
        sender=text.sender,
        body=text.body,
        media=tuple(media.url for media in text.media),
        nth=nth,
        state=state,
    )
    new = tenant.decider.handset_state(facts)
    if new is not None:
        accounts.set_state(db, tenant.id, number_of(text.sender), new)


def _url(db: Transaction, number: Number | None) -> str:
    """Where the app listens for this number: its application's RCML URL wins over its own, as on the platform."""
    if number is None:
        return ""
    application = numbers.application_by_sid(db, number.setting("sms_application_sid"))
    bound = str(application.settings.get("rcml_url") or "") if application else ""
    return bound or number.setting("sms_url")


def _message(
    tenant: Tenant, text: Text, url: str, number: Number | None, *, now: int, arrival: int, nth: int, state: str
) -> Message:
    seed, sender = tenant.seed, number_of(text.sender)
    return Message(
        id=messages.identity(now, arrival),
        account=tenant.id,
        sid=random_sid("SM") if seed is None else seeded_sid("SM", seed, "inbound", sender, nth),
        arrival=arrival,
        created=now,
        updated=now,
        sent=now,
        sender=text.sender,
        recipient=text.recipient,
        body=text.body,
        media=text.media,
        status=Status.RECEIVED,
        direction=Direction.INBOUND,
        segments=segments.count(text.body) if channel_of(text.recipient) == "sms" else 1,
        callback_url=url,
        callback_method=(number.setting("sms_method") if number else "") or "POST",
        nth=nth,
        state=state,
        mode=tenant.account.mode,
        scenario=tenant.scenario_number,
    )


def _unheard(tenant: Tenant, text: Text, number: Number | None, now: int) -> Notification:
    recipient, account = number_of(text.recipient), tenant.account
    code = NOT_HOSTED
    if number is None:
        said = f"Restcomm cannot process this SMS because the destination number is not hosted locally. To: {recipient}"
    elif account.status is not AccountStatus.ACTIVE:
        said = (
            f"Restcomm rejects this SMS because number's {recipient} account {account.sid} is not ACTIVE, "
            f"current state {account.status}"
        )
    else:
        code, said = NO_URL, f"There is no valid Restcomm SMS Request URL configured for this number : {recipient}"
    return Notification(
        account=tenant.id,
        sid=random_sid("NO"),
        created=now,
        log=ERROR if code == NOT_HOSTED else WARNING,
        code=code,
        text=said,
    )
