"""What tests of whole stories stand on: a server in the test's own loop, and a little app under test."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from emulator import server
from emulator.config import Config

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]

PATIENCE = 30
"""Real seconds after which a test that waits for something is stuck."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An HTTP answer, read to its end."""

    status: int
    headers: Any
    text: str
    json: Any = None


@dataclass(kw_only=True)
class Server:
    """A running emulator and a client session. Paths below `control` may be relative to the default account."""

    url: str
    session: aiohttp.ClientSession
    config: Config
    errors: list[str] = field(default_factory=list)
    """What the emulator logged as errors; a test that leaves any fails. One that provokes them clears the list."""

    @property
    def auth(self) -> dict[str, str]:
        """Headers that prove the default account."""
        return credentials(self.config.account_sid, self.config.auth_token)

    @property
    def messages_url(self) -> str:
        """The default account's Messages resource."""
        return self.messages_url_of(self.config.account_sid)

    def messages_url_of(self, sid: str) -> str:
        """Any account's Messages resource."""
        return f"{self.url}/api/2012-04-24/Accounts/{sid}/Messages"

    async def request(self, method: str, url: str, **options: Any) -> Answered:
        """Any request; a path is completed."""
        url = url if url.startswith("http") else self.url + url
        async with asyncio.timeout(PATIENCE), self.session.request(method, url, **options) as response:
            text = await response.text()
            value = _value(text) if response.content_type == "application/json" else None
            return Answered(status=response.status, headers=response.headers, text=text, json=value)

    async def send(
        self,
        to: str = "+15550100001",
        body: str = "hello",
        *,
        account: tuple[str, str] | None = None,
        **parameters: str,
    ) -> dict[str, Any]:
        """Send an SMS, which must be accepted; returns the platform's answer. `account`: SID and token."""
        answer = await self.try_to_send(to, body, account=account, **parameters)
        assert answer.status == 200, answer.text
        shown: dict[str, Any] = answer.json
        return shown

    async def try_to_send(
        self,
        to: str = "+15550100001",
        body: str = "hello",
        *,
        account: tuple[str, str] | None = None,
        **parameters: str,
    ) -> Answered:
        """Send an SMS; `from` is written `sender`."""
        sid, token = account or (self.config.account_sid, self.config.auth_token)
        form = {
            "from": f"sms:{parameters.pop('sender', '+15550109999')}",
            "to": f"sms:{to}",
            "body": body,
            **parameters,
        }
        return await self.request("POST", self.messages_url_of(sid), data=form, headers=credentials(sid, token))

    async def control(self, method: str, path: str, *, account: str = "default", **options: Any) -> Answered:
        """A control call: `/...` is below `/_emulator`, anything else below the account."""
        path = path if path.startswith("/") else f"/accounts/{account}/{path}"
        return await self.request(method, "/_emulator" + path, **options)

    async def get(self, path: str, *, account: str = "default", **query: str | int) -> Any:
        """What a control GET answers, which must be 200."""
        answer = await self.control("GET", path, account=account, params=query)
        assert answer.status == 200, answer.text
        return answer.json if answer.json is not None else answer.text

    async def put(self, path: str, value: Any, *, account: str = "default") -> Any:
        """Put JSON, or text as YAML, which must be taken."""
        body = {"data": value, "headers": {"Content-Type": "application/yaml"}} if isinstance(value, str) else None
        answer = await self.control("PUT", path, account=account, **(body or {"json": value}))
        assert answer.status == 200, answer.text
        return answer.json

    async def post(self, path: str, value: Any = None, *, account: str = "default") -> Any:
        """Post JSON, which must be taken."""
        answer = await self.control("POST", path, account=account, json=value if value is not None else {})
        assert answer.status in (200, 201, 204), answer.text
        return answer.json


@dataclass(frozen=True, kw_only=True)
class Told:
    """A request the app under test got. `parameters` in order, names may repeat."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    headers: Any

    def __getitem__(self, name: str) -> str:
        return dict(self.parameters)[name]


class AppUnderTest:
    """Records what it is told and answers 200; `answering` replaces the answer, `paths` answers by path."""

    def __init__(self) -> None:
        self.url = ""
        self.told: list[Told] = []
        self.answering: Answering | None = None
        self.paths: dict[str, Answering] = {}
        self._more = asyncio.Condition()

    @property
    def statuses(self) -> list[str]:
        """The statuses it was told, in the order they came."""
        return [each["MessageStatus"] for each in self.told]

    async def wait(self, count: int) -> list[Told]:
        """Return once it was told that many things, and all of them were recorded."""
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: len(self.told) >= count)
        return self.told

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        given = request.query if request.method == "GET" else await request.post()
        parameters = tuple((name, str(value)) for name, value in given.items())
        told = Told(method=request.method, path=request.path, parameters=parameters, headers=request.headers.copy())
        async with self._more:
            self.told.append(told)
            self._more.notify_all()
        answering = self.paths.get(request.path, self.answering)
        return await answering(request) if answering else web.Response(text="ok")


def credentials(sid: str, token: str) -> dict[str, str]:
    """Headers that prove an account."""
    return {"Authorization": aiohttp.encode_basic_auth(sid, token)}


@contextlib.asynccontextmanager
async def serving(handler: Answering) -> AsyncIterator[str]:
    """A little web server on a free port; gives its base URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Server]:
    """An emulator on a free port. What it logs as an error fails the test when it stops."""
    config = Config(**{"port": 0, **settings})
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        server.running_app(config) as url,
    ):
        started = Server(url=url, session=session, config=config)
        recorder = _Recorder(started.errors)
        logger = logging.getLogger("emulator")
        logger.addHandler(recorder)
        try:
            yield started
        finally:
            logger.removeHandler(recorder)
        assert not started.errors, started.errors


def _value(text: str) -> Any:
    # the platform sends some bare texts and empty bodies as JSON, which they are not
    try:
        return json.loads(text)
    except ValueError:
        return None


class _Recorder(logging.Handler):
    def __init__(self, errors: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._errors = errors
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self._errors.append(self.format(record))
