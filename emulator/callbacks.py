"""Requests into the app under test: how one is spelt, sent, redirected and bounded, and what came back."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import aiohttp
from msgspec import Struct
from yarl import URL

from emulator import __version__
from emulator.clock import stopwatch
from emulator.trust import Trust

USER_AGENT = f"cpaas-emulator/{__version__}"

REDIRECTS = 10
"""How many redirects of one request are followed."""

ANSWER_LIMIT = 1 << 20
"""How many bytes of an answer are read; the rest of a longer one is not waited for."""

_KEEP_ALIVE = 1.5
"""Seconds an unused connection is kept: less than any usual server does, or requests would meet one just closed."""

_FOLLOWED = frozenset({301, 302, 303, 307, 308})
_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
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
async def open_session(*, verify_tls: bool = True) -> AsyncIterator[aiohttp.ClientSession]:
    """The shared client: no cookies, nothing compressed, as many connections as the courier allows."""
    trust = Trust(ssl.PROTOCOL_TLS_CLIENT) if verify_tls else False
    connector = aiohttp.TCPConnector(limit=0, ssl=trust, keepalive_timeout=_KEEP_ALIVE)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": USER_AGENT, "Accept": "*/*"},
        skip_auto_headers=("Accept-Encoding",),
    ) as session:
        # by itself it repeats a GET whose connection was cut: the app would be told twice, the journal say once
        session._retry_connection = False  # noqa: SLF001 - there is no public switch
        yield session


async def request(session: aiohttp.ClientSession, outgoing: Outgoing) -> Answer:
    """Make one request, following redirects with the same method and parameters as the platform does."""
    passed = stopwatch()
    try:
        async with asyncio.timeout(outgoing.timeout / 1000):
            return await _follow(session, outgoing, passed)
    except TimeoutError:
        problem = f"no answer within {outgoing.timeout} ms"
        return Answer(failure="timeout", problem=problem, duration=passed(), url=outgoing.url)
    except (aiohttp.ClientError, OSError, ssl.SSLError, ValueError) as error:
        return Answer(failure="connect", problem=_reason(error), duration=passed(), url=outgoing.url)


async def _follow(session: aiohttp.ClientSession, outgoing: Outgoing, passed: Callable[[], float]) -> Answer:
    url = outgoing.url
    for _ in range(REDIRECTS + 1):
        target, body = encode(url, outgoing)
        headers = _FORM if body is not None else None
        async with session.request(
            outgoing.method, target, data=body, headers=headers, allow_redirects=False, timeout=_NO_TIMEOUT
        ) as response:
            location = response.headers.get("Location")
            if response.status in _FOLLOWED and location:
                url = urljoin(url, location)
                continue
            read = await _read(response, outgoing.limit)
            return Answer(
                status=response.status,
                body=read[: outgoing.limit],
                content_type=response.headers.get("Content-Type", ""),
                headers=tuple(response.headers.items()),
                duration=passed(),
                complete=len(read) <= outgoing.limit,
                url=url,
            )
    problem = f"more than {REDIRECTS} redirects, the last to {url[:200]}"
    return Answer(failure="redirects", problem=problem, duration=passed(), url=url)


_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            response.close()
            break
    return b"".join(chunks)


def encode(url: str, outgoing: Outgoing) -> tuple[URL, bytes | None]:
    """The URL and body of a request: a query for GET, a form for POST, to which the URL's own query moves."""
    parts = urlsplit(url)
    parameters = list(outgoing.parameters)
    if outgoing.method == "GET":
        query = _GARBAGE_QUERY if outgoing.garbled else urlencode(parameters)
        joined = "&".join(part for part in (parts.query, query) if part)
        return _target(parts, joined), None
    parameters += parse_qsl(parts.query, keep_blank_values=True)
    body = _GARBAGE if outgoing.garbled else urlencode(parameters)
    return _target(parts, ""), body.encode()


def _target(parts: SplitResult, query: str) -> URL:
    text = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))
    # an encoded URL is sent as it was given, character by character
    return URL(text, encoded=text.isascii())


_GARBAGE_QUERY = "%GG%%%=%00&&&"


def host_of(url: str) -> str:
    """Host and port of a URL, however it is written."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _reason(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
