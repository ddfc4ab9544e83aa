"""The customer's side: a handset texts, and what was said between each handset and the app."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from emulator import attachments
from emulator.attachments import DRAWN, Upload
from emulator.clock import iso
from emulator.control.reading import restore_plus
from emulator.control.routing import Call, Route
from emulator.control.views import MessageView, grouped, message_view
from emulator.errors import BadRequest
from emulator.incoming import Text
from emulator.model import Channel, channel_of, is_number, is_sip_number, number_of
from emulator.store import accounts, messages, notifications
from emulator.store.database import Transaction
from emulator.telling import Conversation
from emulator.tenant import Tenant
from emulator.wire import check_text

BODY_CHARACTERS = 65_536
"""Longest text."""

UPLOADS_LIMIT = 10
"""Most attachments of a text."""

CONVERSED = 5_000
"""How many of the account's latest messages the conversations are made of."""

_MIME = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(; ?[\w.+-]+=[\w.+-]+)*")


class TextGiven(Struct, frozen=True, forbid_unknown_fields=True):
    """A text from a handset. On `mms:` without `media_list` a picture is drawn; `[]` means none."""

    sender: str = field(default="", name="from")
    to: str = ""
    body: str = ""
    media_list: list[Upload] | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """A request to the app about a text. `duration` in real seconds."""

    url: str
    method: str
    parameters: dict[str, str | list[str]]
    answer_status: int | None
    answer_body: str
    duration: float
    error: str


class Heard(Struct, frozen=True, kw_only=True):
    """What became of a text. `request` is the first of `requests`; null when the number is bound to nothing."""

    message: MessageView
    request: Asked | None
    requests: list[Asked]
    replies: list[MessageView]


class ConversationLine(Struct, frozen=True, kw_only=True):
    """A handset and how many messages were exchanged with it, the latest of them last."""

    number: str
    messages: int
    latest: MessageView


class ConversationList(Struct, frozen=True, kw_only=True):
    """Conversations among the latest messages, the most recent first. `complete` is False when there are older ones."""

    conversations: list[ConversationLine]
    complete: bool


class Talk(Struct, frozen=True, kw_only=True):
    """What was said between the app and one handset, oldest first."""

    number: str
    state: str
    messages: list[MessageView]
    complete: bool


class EmailView(Struct, frozen=True, kw_only=True):
    """A mail that RCML asked for; it was recorded, not sent."""

    at: str
    sender: str = field(name="from")
    to: str
    cc: str
    bcc: str
    subject: str
    body: str


class EmailList(Struct, frozen=True, kw_only=True):
    """The account's recorded mails, oldest first."""

    emails: list[EmailView]


async def receive(call: Call, body: TextGiven) -> Heard:
    """A handset texts; returns after the app has answered."""
    tenant = call.tenant
    text = await _text(call, tenant, body)
    message, heard = await call.wait(call.engine.receive(tenant, text))
    asked = [_asked(talk, place) for talk in heard for place in range(len(talk.exchanges))]
    latest = await call.engine.database.run(lambda db: messages.by_id(db, message.id), brief=True)
    return Heard(
        message=message_view(tenant, latest or message),
        request=asked[0] if asked else None,
        requests=asked,
        replies=[message_view(tenant, reply) for talk in heard for reply in talk.replies],
    )


async def conversations(call: Call) -> ConversationList:
    """Which handsets there are, and the latest message of each."""
    tenant = call.tenant
    latest = await call.engine.database.run(lambda db: messages.newest(db, tenant.id, before=None, limit=CONVERSED))
    grouped_by: dict[str, list[Any]] = {}
    for message in latest:
        grouped_by.setdefault(message.handset, []).append(message)
    lines = [
        ConversationLine(number=number, messages=len(talk), latest=message_view(tenant, talk[0]))
        for number, talk in grouped_by.items()
    ]
    return ConversationList(conversations=lines, complete=len(latest) < CONVERSED)


async def conversation(call: Call) -> Talk:
    """Both directions of one conversation, in order."""
    tenant, number = call.tenant, number_of(restore_plus(call.argument("number")))

    def work(db: Transaction) -> tuple[list[Any], str]:
        latest = messages.newest(db, tenant.id, before=None, limit=CONVERSED)
        return latest, accounts.handset(db, tenant.id, number).state

    latest, state = await call.engine.database.run(work)
    said = [message_view(tenant, message) for message in reversed(latest) if message.handset == number]
    return Talk(number=number, state=state, messages=said, complete=len(latest) < CONVERSED)


async def emails(call: Call) -> EmailList:
    """What RCML asked to be mailed."""
    account = call.tenant.id
    found = await call.engine.database.run(lambda db: notifications.emails_of(db, account))
    return EmailList(
        emails=[
            EmailView(
                at=iso(each.at),
                sender=each.sender,
                to=each.recipient,
                cc=each.cc,
                bcc=each.bcc,
                subject=each.subject,
                body=each.body,
            )
            for each in found
        ]
    )


async def _text(call: Call, tenant: Tenant, given: TextGiven) -> Text:
    _check_identity("from", given.sender)
    _check_identity("to", given.to)
    if problem := check_text("body", given.body, limit=BODY_CHARACTERS):
        raise BadRequest(problem)
    uploads = given.media_list
    if uploads is None:
        uploads = [DRAWN] if channel_of(given.to) == "mms" else []
    _check_uploads(uploads)
    rows, media = attachments.receive(tenant, uploads, call.config.public_url or call.base_url)

    def work(db: Transaction) -> None:
        for row in rows:
            notifications.attach(db, row)

    if rows:
        await call.engine.database.run(work)
    return Text(sender=given.sender, recipient=given.to, body=given.body, media=media)


def _check_identity(name: str, value: str) -> None:
    if channel_of(value) not in tuple(Channel):
        raise BadRequest(f"{name} must begin with sms: or mms:, not {value[:64]!r}", remedy="as sms:+15550100001")
    number = number_of(value)
    # the app's number may be a SIP number
    if not (is_number(number) or (name == "to" and is_sip_number(number))):
        raise BadRequest(f"{name} must end in an E.164 number, not {number!r}", remedy="as sms:+15550100001")


def _check_uploads(uploads: Sequence[Upload]) -> None:
    if len(uploads) > UPLOADS_LIMIT:
        raise BadRequest(f"media_list holds {len(uploads)} attachments, at most {UPLOADS_LIMIT} are taken")
    for place, upload in enumerate(uploads):
        if upload.url and not re.match(r"https?://[^\s/]+", upload.url):
            raise BadRequest(f"media_list[{place}].url must be an http or https URL, not {upload.url[:100]!r}")
        if upload.kind and not _MIME.fullmatch(upload.kind):
            raise BadRequest(f"media_list[{place}].content_type is no MIME type: {upload.kind[:100]!r}")


def _asked(talk: Conversation, place: int) -> Asked:
    exchange = talk.exchanges[place]
    answer = exchange.answer
    return Asked(
        url=exchange.url,
        method=exchange.method,
        parameters=grouped(exchange.parameters),
        answer_status=answer.status,
        answer_body=answer.body[:16_384].decode("utf-8", "replace"),
        duration=round(answer.duration / 1000, 6),
        error=answer.problem,
    )


ROUTES = (
    Route("POST", "/accounts/{account}/inbound", receive, errors=(400, 503)),
    Route("GET", "/accounts/{account}/conversations", conversations),
    Route("GET", "/accounts/{account}/conversations/{number}", conversation),
    Route("GET", "/accounts/{account}/emails", emails),
)
"""Below an account."""
