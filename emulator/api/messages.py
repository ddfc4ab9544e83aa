"""`/Messages`: send one, read one, list them."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from emulator.acceptance import Draft
from emulator.api import render
from emulator.api.answers import Call
from emulator.errors import BadRequest, Forbidden, NotFound
from emulator.model import Channel, Media, Message, channel_of, is_alphanumeric_sender, is_number, number_of
from emulator.store import messages
from emulator.store.database import Transaction
from emulator.wire import check_text, is_form, json_value, read_parameters, unknown_parameters

BODY_CHARACTERS = 65_536
"""Longest text of a message; our choice, the page names none."""

MEDIA_LIMIT = 10
"""Most attachments of a message; our choice, the page names none."""

URL_CHARACTERS = 2_048
"""Longest URL; our choice."""

_TYPE_KEYS = ("content_type", "content-type")
_ATTACHMENT_KEYS = ("url", *_TYPE_KEYS)
_CHANNELS = frozenset(Channel)
_PARAMETERS = ("from", "to", "body", "status_callback", "status_callback_method", "media_list")
_LOST_PLUS = re.compile(r"(sms|mms): (?=[0-9X%]+$)")


async def send(call: Call) -> web.StreamResponse:
    """POST: accept a message; its timeline begins when this was answered."""
    call.parameters = await read_parameters(call.request)
    call.warning = unknown_parameters(call.parameters, _PARAMETERS)
    require_enabled(call)
    unread: set[str] = set()
    wanted = draft(call.parameters, form=is_form(call.request), unread=unread)
    if unread:
        call.warn(f"media_list: {unknown_parameters(sorted(unread), _ATTACHMENT_KEYS)}")
    async with call.engine.send(call.tenant, wanted) as sent:
        shown = render.accepted(sent.message, call.account_sid, call.path) if sent.message else None
        return await call.answer(shown, sent.decision, unanswered=sent.begin)


async def fetch(call: Call) -> web.StreamResponse:
    """GET one: the truth about a message. Raises NotFound, or Forbidden for another account's."""
    require_enabled(call)
    sid, account = call.arguments[0], call.tenant.id
    message = await call.engine.database.run(lambda db: own_message(db, sid, account), brief=True)
    decision = await call.engine.watch(call.tenant, "fetch", message)
    return await call.answer(render.single(message, call.account_sid), decision)


def draft(given: Mapping[str, Any], *, form: bool, unread: set[str]) -> Draft:
    """The message that these parameters ask for. Raises BadRequest with everything that is wrong with them.

    `unread` collects the keys of attachments that nobody reads.
    """
    problems: list[str] = []
    sender = _identity(given, "from", problems, form=form)
    recipient = _identity(given, "to", problems, form=form)
    if not problems and channel_of(sender) != channel_of(recipient):
        problems.append(f"from and to must be on one channel, not {channel_of(sender)!r} and {channel_of(recipient)!r}")
    body = _optional_text(given, "body", BODY_CHARACTERS, problems)
    callback = _optional_text(given, "status_callback", URL_CHARACTERS, problems)
    if callback and (problem := url_problem("status_callback", callback)):
        problems.append(problem)
    method = _optional_text(given, "status_callback_method", 16, problems).upper() or "GET"
    if method not in ("GET", "POST"):
        problems.append(f"status_callback_method must be GET or POST, not {method!r}")
    media = _media_list(given.get("media_list"), problems, unread)
    if problems:
        raise BadRequest("; ".join(problems))
    return Draft(
        sender=sender,
        recipient=recipient,
        body=body,
        media=media,
        callback_url=callback,
        callback_method=method,
    )


def restore_plus(identity: str) -> str:
    """Undo what a form decoder does to the raw `+` of the vendor's own examples (page lines 240, 674)."""
    return _LOST_PLUS.sub(r"\1:+", identity) if " " in identity else identity


def require_enabled(call: Call) -> None:
    """Raise Forbidden for an account that may not use the Messages API."""
    if not call.tenant.account.messages_enabled:
        # the page (line 180) asks for a support ticket; what the platform answers without one is our choice
        raise Forbidden("the Messages API is not enabled for this account")


def own_message(db: Transaction, sid: str, account: int) -> Message:
    """The account's message with this SID. Raises NotFound, or Forbidden for another account's."""
    message = messages.by_sid(db, sid, account)
    if message is None:
        raise NotFound(f"there is no message {sid[:60]}")
    if message.account != account:
        raise Forbidden()
    return message


def url_problem(name: str, url: str) -> str | None:
    """What is wrong with a URL that is to be called, or None."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if valid and not re.search(r"[\s\x00-\x1f\x7f]", url):
        return None
    return f"{name} must be an absolute http or https URL, not {url[:100]!r}"


def _identity(given: Mapping[str, Any], name: str, problems: list[str], *, form: bool) -> str:
    value = given.get(name)
    if value is None or value == "":
        problems.append(f"{name} is required, such as sms:+15550100001")
        return ""
    if problem := check_text(name, value, limit=64):
        problems.append(problem)
        return ""
    if form:
        value = restore_plus(value)
    channel, address = channel_of(value), number_of(value)
    if channel not in _CHANNELS:
        problems.append(f"{name} must begin with sms: or mms:, such as sms:+15550100001, not {value!r}")
    elif name == "from" and not (is_number(address) or is_alphanumeric_sender(address)):
        problems.append(
            f"{name} must be {channel}: and an E.164 number or 1 to 11 of A-Z, a-z, 0-9 and space, not {value!r}"
        )
    elif name == "to" and not is_number(address):
        problems.append(f"{name} must be {channel}: and an E.164 number such as +15550100001, not {value!r}")
    return value


def _optional_text(given: Mapping[str, Any], name: str, limit: int, problems: list[str]) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if problem := check_text(name, value, limit=limit):
        problems.append(problem)
        return ""
    return str(value)


def _media_list(value: object, problems: list[str], unread: set[str]) -> tuple[Media, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str):  # a form field holding JSON, as in the page's example
        value = json_value(value)
        if value is None:
            problems.append('media_list must be a JSON array such as [{"url":"https://…","content-type":"image/png"}]')
            return ()
    if not isinstance(value, list):
        problems.append("media_list must be an array")
        return ()
    if len(value) > MEDIA_LIMIT:
        problems.append(f"media_list holds {len(value)} attachments, at most {MEDIA_LIMIT} are taken")
        return ()
    return tuple(_attachment(f"media_list[{place}]", each, problems, unread) for place, each in enumerate(value))


def _attachment(name: str, value: object, problems: list[str], unread: set[str]) -> Media:
    if not isinstance(value, dict):
        problems.append(f"{name} must be an object with url and content_type")
        return Media(url="")
    unread.update(value.keys() - _ATTACHMENT_KEYS)
    url = value.get("url")
    problem = check_text(f"{name}.url", url, limit=URL_CHARACTERS) or url_problem(f"{name}.url", str(url))
    # the page's table says content_type, its example content-type
    kind = next((value[key] for key in _TYPE_KEYS if value.get(key) is not None), "")
    problem = problem or check_text(f"{name}.content_type", kind, limit=255)
    if problem:
        problems.append(problem)
        return Media(url="")
    return Media(url=str(url), content_type=str(kind))
