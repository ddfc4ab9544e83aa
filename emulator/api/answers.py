"""One request to the platform's API, and the ways it is answered: plainly, by a scenario's rule, or with an error."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from emulator.api import faults, xml
from emulator.api.auth import REALM
from emulator.api.ready import Ready
from emulator.decision import Decision
from emulator.engine import Engine
from emulator.errors import (
    Forbidden,
    MethodNotAllowed,
    Refused,
    StorageFailed,
    Unauthenticated,
    error_message,
)
from emulator.scenario import Fault, Reply
from emulator.tenant import Tenant
from emulator.wire import JSON, XML, json_bytes

WARNING_HEADER = "X-Emulator-Warning"
"""Says what the platform would pass over in silence, such as a misspelt parameter."""


class Call:
    """A request of an authenticated account. `path` is as asked, without `.json`; `arguments` are its variables."""

    def __init__(
        self,
        *,
        request: web.Request,
        engine: Engine,
        tenant: Tenant,
        path: str,
        arguments: tuple[str, ...],
        stopping: asyncio.Event,
    ) -> None:
        self.request = request
        self.engine = engine
        self.tenant = tenant
        self.path = path
        self.arguments = arguments
        self._stopping = stopping
        self.parameters: dict[str, Any] = {}
        self.rule: str | None = None
        self.warning = ""
        self.representation = JSON
        """The content type of what is answered: JSON, or XML on the older API."""
        self.cut = False
        """Whether the connection was cut instead of answered."""
        self.written: web.StreamResponse | None = None
        """The answer, once it was written."""

    @property
    def account_sid(self) -> str:
        """The account's SID."""
        return self.tenant.account.sid

    def warn(self, said: str) -> None:
        """Say something in the answer's warning header."""
        self.warning = "; ".join(filter(None, (self.warning, said)))

    async def answer(
        self, value: object, decision: Decision, *, unanswered: Callable[[], None] | None = None
    ) -> web.StreamResponse:
        """Answer with `value`, unless the decision says otherwise; returns once the answer was written.

        `value` is anything JSON can say, or an `xml.Element` where the representation is XML.
        `unanswered` is called when there will be none, before a connection is held for however long.
        """
        self.rule = decision.rule
        if decision.reply_after:
            await faults.linger(self.request, decision.reply_after, self._stopping)
        reply = decision.reply
        if reply is not None and reply.fault is not None:
            self.cut = True
            if unanswered is not None:
                unanswered()
            if reply.fault is Fault.HANG:
                await faults.linger(self.request, reply.hang, self._stopping)
            await faults.play(self.request, reply.fault, body=_body(value), kind=self.representation)
            return web.Response()
        response: web.StreamResponse
        if reply is None:
            response = self._plain(_body(value))
        elif reply.status is None or reply.status < 300:
            response = self._response(_body(value), reply.status or 200, reply.headers)
        else:
            response = self._response(self._refusal(reply), reply.status, reply.headers)
        return await self.write(response)

    async def write(self, response: web.StreamResponse) -> web.StreamResponse:
        """Write an answer out, so that what follows happens after it."""
        if self.warning:
            response.headers[WARNING_HEADER] = self.warning
        try:
            await response.prepare(self.request)
            await response.write_eof()
        except ConnectionError:
            pass  # the app went away; what it asked for stands
        self.written = response
        return response

    def _plain(self, body: bytes) -> web.StreamResponse:
        if self.warning or not Ready.suits(self.request):
            return self._response(body)
        return Ready(body=body, content_type=self.representation)

    def _response(self, body: bytes, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> web.Response:
        # no charset: one client library compares the content type for equality
        response = web.Response(body=body, status=status, content_type=self.representation)
        response.headers.update(headers)
        return response

    def _refusal(self, reply: Reply) -> bytes:
        message = _refusal_message(reply)
        if self.representation == XML:
            return xml.refusal(message, reply.code)
        return json_bytes({"message": message} | ({"code": reply.code} if reply.code is not None else {}))


def error_response(error: Refused, representation: str = JSON) -> web.Response:
    """An error in the platform's shape: empty for 401, text or nothing for 403, `{"message": …}` otherwise.

    A text that the platform sends as it is claims to be of the representation all the same.
    """
    if isinstance(error, Unauthenticated):
        return web.Response(status=401, headers={"WWW-Authenticate": REALM, WARNING_HEADER: error.message})
    if isinstance(error, Forbidden) and (error.text or not error.message):
        return web.Response(status=403, text=error.text) if error.text else web.Response(status=403)
    if error.text:
        return web.Response(body=error.text.encode(), status=error.status, content_type=representation)
    message = f"{error.message}; {error.remedy}" if error.remedy else error.message
    headers = {"Allow": ", ".join(error.allow)} if isinstance(error, MethodNotAllowed) else None
    status = 500 if isinstance(error, StorageFailed) else error.status
    body = xml.refusal(message) if representation == XML else json_bytes({"message": message})
    return web.Response(body=body, status=status, content_type=representation, headers=headers)


def _body(value: object) -> bytes:
    return xml.document(value) if isinstance(value, xml.Element) else json_bytes(value)


def _refusal_message(reply: Reply) -> str:
    if reply.message:
        return reply.message
    return error_message(reply.code) if reply.code is not None else _phrase(reply.status or 500)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
