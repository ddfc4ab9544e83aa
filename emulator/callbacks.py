"""Requests into the app under test: how one is spelt, sent, redirected and bounded, and what came back."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote_plus, urljoin, urlsplit, urlunsplit

from msgspec import Struct
from yarl import URL

from emulator import __version__
from emulator.clock import stopwatch
from emulator.connections import Connections, Place
from emulator.replies import Broken

USER_AGENT = f"cpaas-emulator/{__version__}"

REDIRECTS = 10
"""How many redirects of one request are followed."""

ANSWER_LIMIT = 1 << 20
"""How many bytes of an answer are read; the rest of a longer one is not waited for."""

_FOLLOWED = frozenset({301, 302, 303, 307, 308})
_FORM = "application/x-www-form-urlencoded; charset=UTF-8"
_PLAIN = re.compile(r"[!-~]+")
_SHORT = 200
_GARBAGE = "\x00}{not a form%%%=%GG&&&"


class Outgoing(Struct, frozen=True, kw_only=True):
    """A request to make. `timeout` in milliseconds; parameters in order, repeated names allowed."""

    url: str
    method: str
    parameters: Sequence[tuple[str, str]]
    timeout: int
    garbled: bool = False
    limit: int = ANSWER_LIMIT


class Answer(Struct, frozen=True, kw_only=True):
    """What came back: an HTTP status, or a `problem` and its kind (`connect`, `timeout`, `redirects`).

    `duration` in real milliseconds; `complete` is False when the body was longer than was read.
    """

    status: int | None = None
    body: bytes = b""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    duration: float = 0.0
    failure: str = ""
    problem: str = ""
    complete: bool = True
    url: str = ""

    @property
    def ok(self) -> bool:
        """Whether the app answered with 2xx."""
        return self.status is not None and 200 <= self.status < 300


@asynccontextmanager
async def open_session(*, verify_tls: bool = True) -> AsyncIterator[Connections]:
    """The connections that all requests share."""
    connections = Connections(verify_tls=verify_tls)
    try:
        yield connections
    finally:
        connections.close()


async def request(session: Connections, outgoing: Outgoing) -> Answer:
    """Make one request, following redirects with the same method and parameters as the platform does."""
    passed = stopwatch()
    try:
        async with asyncio.timeout(outgoing.timeout / 1000):
            return await _follow(session, outgoing, passed)
    except TimeoutError:
        problem = f"no answer within {outgoing.timeout} ms"
        return Answer(failure="timeout", problem=problem, duration=passed(), url=outgoing.url)
    except (Broken, ValueError) as error:
        return Answer(failure="connect", problem=str(error)[:300], duration=passed(), url=outgoing.url)


async def _follow(session: Connections, outgoing: Outgoing, passed: Callable[[], float]) -> Answer:
    url = outgoing.url
    for _ in range(REDIRECTS + 1):
        target, body = encode(url, outgoing)
        place = _place(target)
        reply = await session.ask(place, _spelt(outgoing.method, target, body), limit=outgoing.limit)
        if reply.status in _FOLLOWED and (location := reply.header("location")):
            url = urljoin(url, location)
            continue
        return Answer(
            status=reply.status,
            body=reply.body,
            content_type=reply.header("content-type"),
            headers=reply.headers,
            duration=passed(),
            complete=reply.complete,
            url=url,
        )
    problem = f"more than {REDIRECTS} redirects, the last to {url[:200]}"
    return Answer(failure="redirects", problem=problem, duration=passed(), url=url)


def _place(target: URL) -> Place:
    if target.scheme not in ("http", "https") or not target.raw_host:
        raise Broken(f"{str(target)[:200]!r} is no http or https URL")
    return Place(target.raw_host, target.port or 80, target.scheme == "https")


def _spelt(method: str, target: URL, body: bytes | None) -> bytes:
    """The request as it goes over the wire."""
    head = f"{method} {target.raw_path_qs} HTTP/1.1\r\nHost: {target.host_port_subcomponent}\r\n{_ALWAYS}"
    if target.raw_user is not None:
        login = f"{target.user}:{target.password or ''}".encode()
        head += f"Authorization: Basic {b64encode(login).decode()}\r\n"
    if body is None:
        return f"{head}\r\n".encode()
    return f"{head}Content-Type: {_FORM}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


_ALWAYS = f"User-Agent: {USER_AGENT}\r\nAccept: */*\r\n"


def encode(url: str, outgoing: Outgoing) -> tuple[URL, bytes | None]:
    """The URL and body of a request: a query for GET, a form for POST, to which the URL's own query moves."""
    if outgoing.method == "GET":
        parts = urlsplit(url)
        query = _GARBAGE_QUERY if outgoing.garbled else _form(outgoing.parameters)
        return _target(parts, "&".join(part for part in (parts.query, query) if part)), None
    target, own = _form_target(url)
    body = _GARBAGE if outgoing.garbled else _form([*outgoing.parameters, *own])
    return target, body.encode()


@lru_cache(maxsize=1_024)
def _form_target(url: str) -> tuple[URL, list[tuple[str, str]]]:
    parts = urlsplit(url)
    return _target(parts, ""), parse_qsl(parts.query, keep_blank_values=True)


def _target(parts: SplitResult, query: str) -> URL:
    text = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))
    # an encoded URL is sent as it was given, character by character
    return URL(text, encoded=_PLAIN.fullmatch(text) is not None)


def _form(parameters: Iterable[tuple[str, str]]) -> str:
    # names, numbers and SIDs come again and again
    return "&".join(
        [
            f"{_quoted(name)}={_quoted(value) if len(value) < _SHORT else quote_plus(value)}"
            for name, value in parameters
        ]
    )


_quoted = lru_cache(maxsize=8_192)(quote_plus)


_GARBAGE_QUERY = "%GG%%%=%00&&&"


def host_of(url: str) -> str:
    """Host and port of a URL, however it is written."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()
