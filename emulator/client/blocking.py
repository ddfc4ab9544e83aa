"""`Emulator`: the handle whose calls return results, over the standard library's HTTP client."""

import asyncio
import os
from collections import deque
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

from emulator.client.answers import Account
from emulator.client.arrangement import Arrangement
from emulator.client.asking import Answer, Ask, Blocking, unreachable
from emulator.client.clocks import ClockCalls
from emulator.client.failures import EmulatorError, WaitTimedOut, WrongLoop
from emulator.client.place import LOCAL, Control
from emulator.client.traffic import Traffic
from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

KEPT = 8
"""How many connections are kept open for the next call."""

T = TypeVar("T")


class Connections:
    """Kept-alive connections to one server, shared by threads; a forked process opens its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._prefix = parts.path
        self._free: deque[HTTPConnection] = deque()
        self._process = os.getpid()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close those that are free."""
        while self._free:
            self._free.pop().close()

    def exchange(self, ask: Ask[T]) -> Answer:
        """Make one request. Raises Unreachable."""
        connection = self._take()
        asked = f"{ask.method} {self._url}{ask.path.partition('?')[0]}"
        try:
            connection.timeout = ask.patience
            if connection.sock is not None:
                connection.sock.settimeout(ask.patience)
            connection.request(ask.method, self._prefix + ask.path, ask.body or None, _headers(ask))
            response = connection.getresponse()
            answer = _answer(asked, response)
        except (OSError, HTTPException) as error:
            connection.close()
            raise unreachable(self._url, asked, ask, error) from None
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return answer

    def _take(self) -> HTTPConnection:
        if self._process != os.getpid():
            # what a fork inherits is shared with its parent: two would talk on one wire
            self.close()
            self._process = os.getpid()
        while self._free:
            connection = self._free.pop()
            if not _ended(connection):
                return connection
            connection.close()
        return (HTTPSConnection if self._secure else HTTPConnection)(self._host, self._port)

    def _give_back(self, connection: HTTPConnection) -> None:
        if connection.sock is not None and len(self._free) < KEPT:
            self._free.append(connection)
        else:
            connection.close()


class Clock(ClockCalls, Blocking):
    """The clock of one account."""

    def __init__(self, control: Control, emulator: "Emulator") -> None:
        super().__init__(control, emulator.speech)
        self._emulator = emulator

    def perform(self, ask: Ask[T], name: str) -> T:
        """See `Blocking`."""
        __tracebackhide__ = True
        return self._emulator.perform(ask, f"clock.{name}")


class Emulator(Traffic, Arrangement, Blocking):
    """An emulator, driven by calls that return when they are done.

    Used in a `with` block, or until `close`. A call from a coroutine raises WrongLoop: it would stop the loop that
    the app under test may need to answer.
    """

    def __init__(
        self,
        url: str = LOCAL,
        *,
        account_sid: str = DEFAULT_ACCOUNT_SID,
        auth_token: str = DEFAULT_AUTH_TOKEN,
        connections: Connections | None = None,
    ) -> None:
        super().__init__(url, account_sid=account_sid, auth_token=auth_token)
        self._connections = connections or Connections(self._url)

    @property
    def clock(self) -> Clock:
        """The account's clock."""
        return Clock(self._control, self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the emulator; the handle may still be used, and opens new ones."""
        self._connections.close()

    def of(self, account: Account) -> "Emulator":
        """A handle for another account of this emulator."""
        return Emulator(
            self._url, account_sid=account.sid, auth_token=account.auth_token, connections=self._connections
        )

    def perform(self, ask: Ask[T], name: str) -> T:
        """See `Blocking`."""
        __tracebackhide__ = True
        _refuse_on_a_loop(name)
        step: T | Ask[T] = ask
        try:
            while isinstance(step, Ask):
                step = step.read(self._connections.exchange(step))
        except (EmulatorError, WaitTimedOut) as error:
            # a failed test shows its own lines, not ours
            raise error.with_traceback(None) from None
        return step


def _refuse_on_a_loop(name: str) -> None:
    __tracebackhide__ = True
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return
    # some tools drive a browser from inside a running loop, yet outside of any task; nothing waits on us there
    if task is not None:
        raise WrongLoop(
            f"cpaas.{name}() would stop the event loop it was called on, which may be needed for its answer; in "
            f"an async test use async_cpaas and `await async_cpaas.{name}(…)`, in plain Python "
            f"`async with emulator.server.running_async() as cpaas` and `await cpaas.{name}(…)`"
        )


def _headers(ask: Ask[T]) -> dict[str, str]:
    return {"Content-Type": ask.content_type, **ask.headers} if ask.body else ask.headers


def _answer(asked: str, response: HTTPResponse) -> Answer:
    body = response.read()
    return Answer(asked=asked, status=response.status, content_type=response.headers.get_content_type(), body=body)


def _ended(connection: HTTPConnection) -> bool:
    """Whether the server has closed a free connection: then there is something to read, the end."""
    if connection.sock is None:
        return True
    with DefaultSelector() as selector:
        selector.register(connection.sock, EVENT_READ)
        return bool(selector.select(0))
