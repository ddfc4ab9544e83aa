"""`AsyncEmulator`: the handle whose calls are awaited, over aiohttp."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from yarl import URL

from emulator.client.answers import Account
from emulator.client.arrangement import Arrangement
from emulator.client.asking import Answer, Ask, Awaiting, unreachable
from emulator.client.clocks import ClockCalls
from emulator.client.failures import EmulatorError, WaitTimedOut, WrongLoop
from emulator.client.place import LOCAL, Control
from emulator.client.traffic import Traffic
from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

T = TypeVar("T")


class Session:
    """The connections to one server, opened on the loop that needs them first and shared by the handles on it.

    With `bound` that is the loop that runs now. Raises WrongLoop when it is used on another.
    """

    def __init__(self, url: str, *, bound: bool) -> None:
        self._url = url
        self.bound = bound
        self.loop = asyncio.get_running_loop() if bound else None
        self._session: aiohttp.ClientSession | None = None

    def check_loop(self) -> None:
        """Raise WrongLoop on another loop than that of the connections."""
        __tracebackhide__ = True
        if self.loop is not None and _running_loop() not in (None, self.loop):
            raise WrongLoop(
                "this handle belongs to another event loop than the one it is used on, and could never answer; "
                "let fixture and test share a loop: with pytest-asyncio by loop_scope"
            )

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def exchange(self, ask: Ask[T]) -> Answer:
        """Make one request. Raises Unreachable."""
        if self._session is None:
            self.loop = asyncio.get_running_loop()
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)
        asked = f"{ask.method} {self._url}{ask.path.partition('?')[0]}"
        try:
            async with self._session.request(
                ask.method,
                URL(self._url + ask.path, encoded=True),
                data=ask.body or None,
                headers={"Content-Type": ask.content_type, **ask.headers} if ask.body else ask.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=ask.patience),
            ) as response:
                body = await response.read()
                return Answer(asked=asked, status=response.status, content_type=response.content_type, body=body)
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(self._url, asked, ask, error) from None


class AsyncClock(ClockCalls, Awaiting):
    """The clock of one account."""

    def __init__(self, control: Control, emulator: "AsyncEmulator") -> None:
        super().__init__(control, emulator.speech)
        self._emulator = emulator

    async def perform(self, ask: Ask[T], name: str) -> T:
        """See `Awaiting`."""
        __tracebackhide__ = True
        return await self._emulator.perform(ask, f"clock.{name}")


class AsyncEmulator(Traffic, Arrangement, Awaiting):
    """An emulator, driven by calls that are awaited. Used in an `async with` block, or until `close`.

    It belongs to the loop on which it is first used; with `bound` to the one that runs now, on which its server runs
    too. Anything asked of it from another loop raises WrongLoop instead of waiting for ever.
    """

    speech = "await async_cpaas."

    def __init__(
        self,
        url: str = LOCAL,
        *,
        account_sid: str = DEFAULT_ACCOUNT_SID,
        auth_token: str = DEFAULT_AUTH_TOKEN,
        bound: bool = False,
        session: Session | None = None,
    ) -> None:
        super().__init__(url, account_sid=account_sid, auth_token=auth_token)
        self._session = session or Session(self._url, bound=bound)

    @property
    def clock(self) -> AsyncClock:
        """The account's clock."""
        return AsyncClock(self._control, self)

    @property
    def url(self) -> str:
        """Where the emulator listens, as `http://127.0.0.1:8024`."""
        __tracebackhide__ = True
        if self._session.bound:
            self._session.check_loop()
        return self._url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections to the emulator; the handle may still be used, and opens new ones."""
        await self._session.close()

    def of(self, account: Account) -> "AsyncEmulator":
        """A handle for another account of this emulator."""
        return AsyncEmulator(self._url, account_sid=account.sid, auth_token=account.auth_token, session=self._session)

    def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry out a call from outside of the loop this handle belongs to, while that stands still."""
        loop = self._session.loop
        if loop is None or loop.is_closed() or loop.is_running():
            work.close()
            raise WrongLoop("the event loop of this emulator cannot be used from here")
        return loop.run_until_complete(work)

    async def perform(self, ask: Ask[T], name: str) -> T:
        """See `Awaiting`."""
        __tracebackhide__ = True
        self._session.check_loop()
        step: T | Ask[T] = ask
        try:
            while isinstance(step, Ask):
                step = step.read(await self._session.exchange(step))
        except (EmulatorError, WaitTimedOut) as error:
            # a failed test shows its own lines, not ours
            raise error.with_traceback(None) from None
        return step


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
