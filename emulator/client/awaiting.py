"""`AsyncEmulator`: the handle whose calls are awaited, over aiohttp."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from yarl import URL

from emulator.client.answers import Account
from emulator.client.arrangement import Arrangement
from emulator.client.asking import Answer, Ask, Awaiting
from emulator.client.clocks import ClockCalls
from emulator.client.failures import EmulatorError, Unreachable, WaitTimedOut, WrongLoop
from emulator.client.place import LOCAL, Control
from emulator.client.traffic import Traffic
from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

T = TypeVar("T")


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
    ) -> None:
        super().__init__(url, account_sid=account_sid, auth_token=auth_token)
        self._bound = bound
        self._loop = asyncio.get_running_loop() if bound else None
        self._session: aiohttp.ClientSession | None = None

    @property
    def clock(self) -> AsyncClock:
        """The account's clock."""
        return AsyncClock(self._control, self)

    @property
    def url(self) -> str:
        """Where the emulator listens, as `http://127.0.0.1:8024`."""
        if self._bound:
            self._check_loop()
        return self._url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections to the emulator."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def of(self, account: Account) -> "AsyncEmulator":
        """A handle for another account of this emulator, to be closed by itself."""
        return AsyncEmulator(self._url, account_sid=account.sid, auth_token=account.auth_token, bound=self._bound)

    def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry out a call from outside of the loop this handle belongs to, while that stands still."""
        if self._loop is None or self._loop.is_closed() or self._loop.is_running():
            work.close()
            raise WrongLoop("the event loop of this emulator cannot be used from here")
        return self._loop.run_until_complete(work)

    async def perform(self, ask: Ask[T], name: str) -> T:
        """See `Awaiting`."""
        __tracebackhide__ = True
        self._check_loop()
        step: T | Ask[T] = ask
        try:
            while isinstance(step, Ask):
                step = step.read(await self._exchange(step))
        except (EmulatorError, WaitTimedOut) as error:
            # a failed test shows its own lines, not ours
            raise error.with_traceback(None) from None
        return step

    async def _exchange(self, ask: Ask[T]) -> Answer:
        if self._session is None:
            self._loop = asyncio.get_running_loop()
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)
        asked = f"{ask.method} {self._url}{ask.path.partition('?')[0]}"
        headers = {"Content-Type": ask.content_type, **ask.headers} if ask.body else ask.headers
        try:
            async with self._session.request(
                ask.method,
                URL(self._url + ask.path, encoded=True),
                data=ask.body or None,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=ask.patience),
            ) as response:
                body = await response.read()
                return Answer(asked=asked, status=response.status, content_type=response.content_type, body=body)
        except TimeoutError:
            raise Unreachable(
                f"no answer to {asked} within {ask.patience:g} s; is the app waiting for this test?"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(
                f"no emulator answers at {self._url}: {reason}; start one with `cpaas-emulator serve`"
            ) from None

    def _check_loop(self) -> None:
        __tracebackhide__ = True
        if self._loop is None:
            return
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            return
        if running is not self._loop:
            raise WrongLoop(
                "this handle belongs to another event loop than the one it is used on, and could never answer; "
                "let fixture and test share a loop: with pytest-asyncio by loop_scope"
            )
