"""The other half of a conversation: the app was told of a text, and its RCML answer says what to do about it.

Any answer of 200 means the text was read; anything else, or none, sends the question to the fallback URL, and when
that fails too the text has failed. What went wrong is written to the account's error log.
"""

from collections.abc import Callable
from urllib.parse import urlencode, urljoin, urlsplit

from msgspec.structs import replace

from emulator import rcml, telling
from emulator.acceptance import Draft
from emulator.callbacks import ANSWER_LIMIT, Answer
from emulator.engine import Engine
from emulator.errors import NotFound
from emulator.ids import random_sid
from emulator.model import (
    Direction,
    Message,
    Notification,
    Number,
    channel_of,
    is_alphanumeric_sender,
    is_number,
    number_of,
)
from emulator.store import messages, notifications, numbers
from emulator.store.database import Transaction
from emulator.telling import Conversation, Exchange

DOCUMENTS_LIMIT = 10
"""How many RCML documents one text may lead through by Redirect and action; more is a loop."""

LOGGED_CHARACTERS = 4_096
"""How much of a request and of its answer the error log keeps."""

BAD_URL, IO_FAILED, HTTP_FAILED, NOT_RCML, BAD_TYPE = 11100, 11205, 11206, 12100, 12300
BAD_TO, BAD_FROM, REFUSED = 14101, 14102, 11001

_XML_TYPES = ("text/xml", "application/xml", "text/html")
_ERROR, _WARNING = 0, 1


class _Stop(Exception):
    """The rest of the document is not executed."""


class Conversations:
    """Acts on what the app answers to a text."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def converse(self, talk: Conversation, answer: Answer) -> None:
        """Act on the answer to a text, asking the fallback URL if need be."""
        call = talk.opening
        talk.exchanges.append(Exchange(url=call.url, method=call.method, parameters=call.parameters, answer=answer))
        try:
            if not await self._hear(talk, talk.exchanges[-1]):
                fallback = await self._fallback(talk)
                if fallback is not None:
                    await self._hear(talk, fallback)
        except _Stop:
            pass

    async def _hear(self, talk: Conversation, exchange: Exchange) -> bool:
        """Act on one answer; False when it is no answer at all, or one that cannot be understood."""
        if exchange.answer.status != 200:
            await self._log_failure(talk, exchange)
            return False
        talk.read = True
        document = await self._document(talk, exchange)
        if document is None:
            return False
        while document is not None:
            document, exchange = await self._obey(talk, exchange, document)
        return True

    async def _document(self, talk: Conversation, exchange: Exchange) -> rcml.Document | None:
        """The RCML of an answer: empty for none, None when it cannot be read."""
        answer = exchange.answer
        if not answer.body.strip():
            return rcml.Document()
        if not any(kind in answer.content_type.lower() for kind in _XML_TYPES):
            await self._log(talk, exchange, BAD_TYPE, "Invalide content-type.", level=_WARNING)
            return rcml.Document()
        try:
            if not answer.complete:
                raise rcml.RcmlError(f"the answer is longer than {ANSWER_LIMIT} bytes")
            document = rcml.parse(answer.body.decode("utf-8"))
        except (rcml.RcmlError, UnicodeDecodeError) as error:
            await self._log(talk, exchange, NOT_RCML, f"the answer is not RCML: {error}")
            return None
        for warning in document.warnings:
            level = _ERROR if warning.level == "error" else _WARNING
            await self._log(talk, exchange, warning.code or 0, f"line {warning.line}: {warning.message}", level=level)
        return document

    async def _obey(
        self, talk: Conversation, exchange: Exchange, document: rcml.Document
    ) -> tuple[rcml.Document | None, Exchange]:
        """Execute the verbs; a Redirect or an action gives the document that replaces the rest."""
        for verb in document.verbs:
            following: Exchange | None = None
            if isinstance(verb, rcml.Message):
                following = await self._send(talk, exchange, verb)
            elif isinstance(verb, rcml.Redirect):
                following = await self._ask(talk, exchange, verb.url, verb.method)
            else:
                await self._record_email(talk, verb)
            if following is not None:
                if following.answer.status != 200:
                    await self._log_failure(talk, following)
                    raise _Stop
                return await self._document(talk, following), following
        if document.stopped is not None:
            await self._log(talk, exchange, document.stopped.code or 0, document.stopped.message)
        return None, exchange

    async def _send(self, talk: Conversation, exchange: Exchange, verb: rcml.Message) -> Exchange | None:
        draft = await self._draft(talk, exchange, verb)
        try:
            async with self._engine.send(talk.tenant, draft) as sent:
                pass
        except NotFound:
            raise _Stop from None
        if sent.message is None:
            said = f"<{verb.verb}> on line {verb.line} was refused by rule {sent.decision.rule!r} of the scenario"
            await self._log(talk, exchange, REFUSED, said, level=_WARNING)
            return None
        talk.replies.append(sent.message)
        if verb.action is None:
            return None
        added = (("MessageSid", sent.message.sid), ("MessageStatus", "sending"))
        return await self._ask(talk, exchange, verb.action, verb.method, added)

    async def _draft(self, talk: Conversation, exchange: Exchange, verb: rcml.Message) -> Draft:
        inbound = talk.message
        sender = _on_channel(verb.sender or inbound.recipient, inbound)
        recipient = _on_channel(verb.recipient or inbound.sender, inbound)
        if not is_number(number_of(recipient)):
            await self._log(talk, exchange, BAD_TO, f"{verb.recipient} is an invalid 'to' phone number.")
            raise _Stop
        address = number_of(sender)
        # the number that received the text may be one that is no E.164 number: SIP numbers are kept as typed
        if verb.sender and not (is_number(address) or is_alphanumeric_sender(address)):
            await self._log(talk, exchange, BAD_FROM, f"{verb.sender} is an invalid 'from' phone number.")
            raise _Stop
        callback = await self._resolve(talk, exchange, verb.status_callback) if verb.status_callback else ""
        return Draft(
            sender=sender,
            recipient=recipient,
            body=verb.body,
            media=verb.media,
            callback_url=callback,
            callback_method=verb.status_callback_method,
            direction=Direction.OUTBOUND_CALL,
            answers=inbound.id,
        )

    async def _ask(
        self, talk: Conversation, exchange: Exchange, url: str, method: str, added: tuple[tuple[str, str], ...] = ()
    ) -> Exchange:
        """Ask another URL with the text's parameters, of which `added` replaces some."""
        target = await self._resolve(talk, exchange, url)
        if len(talk.exchanges) >= DOCUMENTS_LIMIT:
            await self._log(talk, exchange, HTTP_FAILED, f"more than {DOCUMENTS_LIMIT} documents: a loop? {target}")
            raise _Stop
        now = talk.tenant.clock.now()
        attempt = replace(talk.opening.attempt, id=0, due=now, url=target, method=method, added=added)
        call = telling.call(talk.tenant, talk.message, attempt)
        answer = await self._engine.messenger.courier.ask(call)
        if not await self._engine.messenger.record_asked(call, answer):
            raise _Stop
        talk.exchanges.append(Exchange(url=target, method=method, parameters=call.parameters, answer=answer))
        return talk.exchanges[-1]

    async def _resolve(self, talk: Conversation, exchange: Exchange, url: str) -> str:
        target = urljoin(exchange.answer.url or exchange.url, url)
        try:
            parts = urlsplit(target)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            valid = False
        if not valid:
            await self._log(talk, exchange, BAD_URL, f"{url} is an invalid URI.")
            raise _Stop
        return target

    async def _fallback(self, talk: Conversation) -> Exchange | None:
        account, recipient = talk.tenant.id, number_of(talk.message.recipient)
        number = await self._engine.database.insist(lambda db: numbers.find_number(db, account, recipient), brief=True)
        url = number.setting("sms_fallback_url") if number else ""
        if number is None or not url:
            return None
        return await self._ask(talk, talk.exchanges[-1], url, _fallback_method(number))

    async def _record_email(self, talk: Conversation, verb: rcml.Email) -> None:
        email = notifications.Email(
            account=talk.tenant.id,
            at=talk.tenant.clock.now(),
            sender=verb.sender,
            recipient=verb.recipient,
            cc=verb.cc or "",
            bcc=verb.bcc or "",
            subject=verb.subject,
            body=verb.body,
        )
        await self._note(talk, lambda db: notifications.record_email(db, email))

    async def _log_failure(self, talk: Conversation, exchange: Exchange) -> None:
        answer = exchange.answer
        if answer.status is None:
            await self._log(talk, exchange, IO_FAILED, answer.problem)
        else:
            await self._log(talk, exchange, HTTP_FAILED, f"{exchange.url} answered {answer.status}")

    async def _log(self, talk: Conversation, exchange: Exchange, code: int, said: str, *, level: int = _ERROR) -> None:
        answer = exchange.answer
        notification = Notification(
            account=talk.tenant.id,
            sid=random_sid("NO"),
            created=talk.tenant.clock.now(),
            log=level,
            code=code,
            text=said,
            request_url=exchange.url,
            request_method=exchange.method,
            request_variables=urlencode(exchange.parameters)[:LOGGED_CHARACTERS],
            response_headers="\n".join(f"{name}: {value}" for name, value in answer.headers)[:LOGGED_CHARACTERS],
            response_body=answer.body.decode("utf-8", "replace")[:LOGGED_CHARACTERS],
        )

        await self._note(talk, lambda db: notifications.notify(db, notification))

    async def _note(self, talk: Conversation, write: Callable[[Transaction], None]) -> None:
        """Write something about a text; nothing follows from one that was forgotten meanwhile."""
        text = talk.message.id

        def work(db: Transaction) -> bool:
            if messages.by_id(db, text) is None:
                return False
            write(db)
            return True

        if not await self._engine.database.insist(work, brief=True):
            raise _Stop


def _on_channel(identity: str, inbound: Message) -> str:
    """A bare number is meant on the channel of the conversation."""
    return identity if channel_of(identity) else f"{channel_of(inbound.sender)}:{identity}"


def _fallback_method(number: Number) -> str:
    return number.setting("sms_fallback_method") or "POST"
