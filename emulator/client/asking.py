"""How one definition of a call serves both handles: a call is described, and either side carries the description out.

A method marked `@call` returns an `Ask`: what to send and how to read the answer. On a blocking handle the method
returns the result, on an asynchronous one something to await; type checkers know which.
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

import msgspec
from msgspec import Struct

from emulator.client.failures import CallRefused, NotAnEmulator, Unreachable

PATIENCE = 60.0
"""Seconds that an answer may take beyond the time a call was told to wait."""

T = TypeVar("T")
U = TypeVar("U")
P = ParamSpec("P")


class Answer(Struct, frozen=True, kw_only=True):
    """An HTTP answer, read to its end, and what was asked."""

    asked: str
    status: int
    content_type: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def checked(self) -> "Answer":
        """This answer, when it is a success. Raises CallRefused, or NotAnEmulator when nobody of ours speaks."""
        if 200 <= self.status < 300:
            return self
        try:
            said = msgspec.json.decode(self.body, type=_Refusal)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotAnEmulator(f"{self.asked} answered {self.status}, not as a cpaas-emulator does") from None
        raise CallRefused(self.asked, self.status, said.error.message, said.error.remedy, [str(e) for e in said.errors])

    def json(self, kind: type[U]) -> U:
        """The body as a `kind`, when this is a success. Raises as `checked` does."""
        body = self.checked().body
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotAnEmulator(f"{self.asked} answered what is no answer of a cpaas-emulator: {error}") from None


class Ask(Generic[T]):
    """A request to make. `read` gives the result, or the next request to make for it."""

    __slots__ = ("body", "content_type", "headers", "method", "path", "patience", "read")

    def __init__(
        self,
        method: str,
        path: str,
        read: "Callable[[Answer], T | Ask[T]]",
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.method = method
        self.path = path
        self.read = read
        self.body = body
        self.content_type = content_type
        self.headers = headers or {}
        self.patience = patience

    @overload
    def then(self, following: "Callable[[T], Ask[U]]") -> "Ask[U]": ...
    @overload
    def then(self, following: "Callable[[T], U | Ask[U]]") -> "Ask[U]": ...
    def then(self, following: "Callable[[T], U | Ask[U]]") -> "Ask[U]":
        """The same request, its result handed on."""

        def read(answer: Answer) -> "U | Ask[U]":
            result = self.read(answer)
            return result.then(following) if isinstance(result, Ask) else following(result)

        return Ask(
            self.method,
            self.path,
            read,
            body=self.body,
            content_type=self.content_type,
            headers=self.headers,
            patience=self.patience,
        )


class Blocking(ABC):
    """The side that returns results."""

    @abstractmethod
    def perform(self, ask: Ask[T], name: str) -> T:
        """Carry out a call; `name` is what its user wrote."""


class Awaiting(ABC):
    """The side whose results are awaited."""

    @abstractmethod
    async def perform(self, ask: Ask[T], name: str) -> T:
        """Carry out a call; `name` is what its user wrote."""


class call(Generic[P, T]):  # noqa: N801 - a decorator
    """Makes a method that describes a call into one that carries it out."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Ask[T]]) -> None:
        self._describe = describe
        self._name = describe.__name__

    @overload
    def __get__(self, handle: None, owner: type) -> Callable[..., Ask[T]]: ...
    @overload
    def __get__(self, handle: Blocking, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, handle: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, handle: Any, owner: type) -> Any:
        if handle is None:
            return self._describe  # what `help` shows

        @functools.wraps(self._describe)
        def carry_out(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - T, or an awaitable of it
            __tracebackhide__ = True
            return handle.perform(self._describe(handle, *args, **kwargs), self._name)

        return carry_out


def unreachable(url: str, asked: str, ask: Ask[Any], error: Exception) -> Unreachable:
    """What to raise when a request got no answer."""
    if isinstance(error, TimeoutError):
        return Unreachable(
            f"no answer to {asked} within {ask.patience:g} s; is the app under test waiting for this test?"
        )
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Unreachable(f"no emulator answers at {url}: {reason}; start one with `cpaas-emulator serve`")


class _Said(Struct, frozen=True):
    message: str
    remedy: str = ""


class _Problem(Struct, frozen=True):
    message: str
    line: int = 1
    column: int = 1
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}" + (f"; {self.remedy}" if self.remedy else "")


class _Refusal(Struct, frozen=True):
    error: _Said
    errors: list[_Problem] = []
