"""One request to the platform's API, and the ways it is answered: plainly, by a scenario's rule, or with an error."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from emulator.api import faults
from emulator.api.auth import REALM
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
from emulator.scenario import Reply
from emulator.tenants import Tenant
from emulator.wire import json_bytes, json_response

WARNING_HEADER = "X-Emulator-Warning"
"""Says what the platform would pass over in silence, such as a misspelt parameter."""


class Call:
    """A request of an authenticated account. `path` is as asked, without `.json`; `arguments` are its variables."""

    def __init__(
        self, *, request: web.Request, engine: Engine, tenant: Tenant, path: str, arguments: tuple[str, ...]
    ) -> None:
        self.request = request
        self.engine = engine
        self.tenant = tenant
        self.path = path
        self.arguments = arguments
        self.parameters: dict[str, Any] = {}
        self.rule: str | None = None
        self.warning = ""
        self.cut = False
        """Whether the connection was cut instead of answered."""

    @property
    def account_sid(self) -> str:
        """The account's SID."""
        return self.tenant.account.sid

    async def answer(
        self, value: object, decision: Decision, *, unanswered: Callable[[], None] | None = None
    ) -> web.StreamResponse:
        """Answer with `value` as JSON, unless the decision says otherwise; returns once the answer was written.

        `unanswered` is called when there will be none, before a connection is held for however long.
        """
        self.rule = decision.rule
        if decision.reply_after:
            await faults.linger(self.request, decision.reply_after)
        reply = decision.reply
        if reply is not None and reply.fault is not None:
            self.cut = True
            if unanswered is not None:
                unanswered()
            await faults.play(self.request, reply.fault, hang=reply.hang, body=json_bytes(value))
            return web.Response()
        if reply is None:
            response = json_response(value)
        elif reply.status is None or reply.status < 300:
            response = json_response(value, reply.status or 200, dict(reply.headers))
        else:
            response = json_response(_refusal(reply), reply.status, dict(reply.headers))
        return await self.write(response)

    async def write(self, response: web.Response) -> web.Response:
        """Write an answer out, so that what follows happens after it."""
        if self.warning:
            response.headers[WARNING_HEADER] = self.warning
        try:
            await response.prepare(self.request)
            await response.write_eof()
        except ConnectionError:
            pass  # the app went away; what it asked for stands
        return response


def error_response(error: Refused) -> web.Response:
    """An error in the platform's shape: empty for 401, text or nothing for 403, `{"message": …}` otherwise."""
    if isinstance(error, Unauthenticated):
        return web.Response(status=401, headers={"WWW-Authenticate": REALM})
    if isinstance(error, Forbidden) and (error.text or not error.message):
        return web.Response(status=403, text=error.text) if error.text else web.Response(status=403)
    message = f"{error.message}; {error.remedy}" if error.remedy else error.message
    headers = {"Allow": ", ".join(error.allow)} if isinstance(error, MethodNotAllowed) else None
    status = 500 if isinstance(error, StorageFailed) else error.status
    return json_response({"message": message}, status, headers)


def _refusal(reply: Reply) -> dict[str, object]:
    if reply.message:
        message = reply.message
    elif reply.code is not None:
        message = error_message(reply.code)
    else:
        message = _phrase(reply.status or 500)
    return {"message": message} | ({"code": reply.code} if reply.code is not None else {})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
