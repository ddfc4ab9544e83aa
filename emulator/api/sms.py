"""`/SMS/Messages`, the older API over the same messages: send one, read one. Forms in; XML out, or JSON when asked."""

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from emulator.acceptance import Draft
from emulator.api import sms_render
from emulator.api.answers import Call
from emulator.api.messages import BODY_CHARACTERS, URL_CHARACTERS, own_message, url_problem
from emulator.errors import BadRequest, NotAcceptable
from emulator.model import Message, channel_of, is_alphanumeric_sender, is_number
from emulator.wire import FORM, JSON, XML, check_text, read_parameters, unknown_parameters

_REQUIRED = ("From", "To", "Body")
PARAMETERS = (*_REQUIRED, "StatusCallback", "StatusCallbackMethod", "Encoding", "ApiVersion")
_ENCODINGS = ("GSM", "UCS-2", "UTF-8")
_LOST_PLUS = re.compile(r"((?:sms:)?) (?=[0-9X]+$)")
# a short code, or a number written without its plus
_DIGITS = re.compile(r"[0-9]{3,15}")
_CLIENT = re.compile(r"client:[A-Za-z0-9._@+-]{1,57}")


async def send(call: Call) -> web.StreamResponse:
    """POST: accept a message; its timeline begins when this was answered."""
    negotiate(call)
    call.parameters = await read_parameters(call.request, kinds=(FORM,))
    # X- parameters become SIP headers on the platform, which nobody reads here
    asked = [name for name in call.parameters if not name.startswith("X-")]
    call.warn(unknown_parameters(asked, PARAMETERS))
    wanted = draft(call.parameters)
    if channel_of(wanted.recipient) == "client" and call.parameters.get("StatusCallback"):
        call.warn("StatusCallback is ignored: the platform tells nothing of messages to clients")
    async with call.engine.send(call.tenant, wanted) as sent:
        shown = show(call, sent.message) if sent.message else None
        return await call.answer(shown, sent.decision, unanswered=sent.begin)


async def fetch(call: Call) -> web.StreamResponse:
    """GET one. Raises NotFound, or Forbidden for another account's."""
    negotiate(call)
    sid, account = call.arguments[0], call.tenant.id
    message = await call.engine.database.run(lambda db: own_message(db, sid, account), brief=True)
    decision = await call.engine.watch(call.tenant, "fetch", message)
    return await call.answer(show(call, message), decision)


def negotiate(call: Call) -> None:
    """Choose the representation: XML unless a path segment ends in `.json` or Accept contains `json`.

    Raises NotAcceptable for an Accept header that allows neither.
    """
    asked = call.request.path.split("/")
    accept = ", ".join(call.request.headers.getall("Accept", [])).lower()
    if any(part.endswith(".json") for part in asked) or "json" in accept:
        call.representation = JSON
    elif not accept or any(kind in accept for kind in ("xml", "*/*", "application/*")):
        call.representation = XML
    else:
        raise NotAcceptable(
            f"nothing that Accept: {accept[:100]} allows can be sent", remedy=f"accept {XML}, {JSON} or */*"
        )


def show(call: Call, message: Message) -> object:
    """The message in the representation chosen."""
    render = sms_render.as_xml if call.representation == XML else sms_render.as_json
    return render(message, call.account_sid)


def draft(given: Mapping[str, Any]) -> Draft:
    """The message that these parameters ask for. Raises BadRequest with everything that is wrong with them."""
    for name in _REQUIRED:
        # like the platform: present is enough, in this order, and the answer is bare text
        if name not in given:
            raise BadRequest(f"{name} is missing", text=f"{name} can not be null.")
    problems: list[str] = []
    for name, limit in (("Body", BODY_CHARACTERS), ("StatusCallback", URL_CHARACTERS)):
        if problem := check_text(name, given.get(name, ""), limit=limit):
            problems.append(problem)
    sender, recipient = _identity("From", given["From"], problems), _identity("To", given["To"], problems)
    callback = given.get("StatusCallback", "")
    if callback and (problem := url_problem("StatusCallback", callback)):
        problems.append(problem)
    method = given.get("StatusCallbackMethod", "").upper() or "POST"
    if method not in ("GET", "POST"):
        problems.append(f"StatusCallbackMethod must be GET or POST, not {method[:40]!r}")
    if given.get("Encoding", "GSM") not in _ENCODINGS:
        problems.append(f"Encoding must be one of {', '.join(_ENCODINGS)}, not {given['Encoding'][:40]!r}")
    if problems:
        raise BadRequest("; ".join(problems))
    return Draft(
        sender=sender,
        recipient=recipient,
        body=given["Body"],
        callback_url="" if channel_of(recipient) == "client" else callback,
        callback_method=method,
        legacy=True,
    )


def _identity(name: str, value: str, problems: list[str]) -> str:
    """The channel URI of what the older API writes bare."""
    address = _LOST_PLUS.sub(r"\1+", value).removeprefix("sms:")
    if _CLIENT.fullmatch(address):
        return address
    known = is_number(address) or _DIGITS.fullmatch(address) is not None
    if known or (name == "From" and is_alphanumeric_sender(address)):
        return f"sms:{address}"
    kinds = "an E.164 number such as +15550100001, a short code or client:name"
    more = ", or 1 to 11 of A-Z, a-z, 0-9 and space" if name == "From" else ""
    problems.append(f"{name} must be {kinds}{more}, not {value[:80]!r}")
    return ""
