"""An HTTP/1.1 answer, read piece by piece as it arrives."""

import re
from functools import lru_cache
from typing import NamedTuple

HEAD_LIMIT = 65_536
"""How many bytes the status line and headers of an answer may have."""

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) +(\d{3})(?: .*)?")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}(?![0-9A-Fa-f])")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_SHORT = 1_000
_BODILESS = frozenset({101, 204, 304})


class Broken(Exception):
    """The exchange failed: a connection could not be made, or was cut, or what came is not HTTP."""


class Reply(NamedTuple):
    """What was answered; `complete` is False when the body was longer than was asked for."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    complete: bool = True

    def header(self, name: str) -> str:
        """The first header of this name, given in lower case; empty when there is none."""
        return next((value for each, value in self.headers if each.lower() == name), "")


class _Head(NamedTuple):
    """What a status line and headers say."""

    status: int
    headers: tuple[tuple[str, str], ...]
    reusable: bool
    chunked: bool
    length: int


class Reading:
    """An answer whose head is known; the body is fed to it."""

    __slots__ = ("_chunked", "_left", "done", "ends_with_connection", "headers", "parts", "reusable", "size", "status")

    def __init__(self, head: bytes) -> None:
        # an app says the same again and again
        read = _read_before(head) if len(head) < _SHORT else _read(head)
        self.status, self.headers, self.reusable, self._chunked, self._left = read
        self.parts: list[bytes] = []
        self.size = 0
        self.ends_with_connection = self._left < 0 and self.status not in _BODILESS
        self.done = self.status in _BODILESS or (self._left == 0 and not self._chunked)

    def feed(self, data: bytes) -> bytes:
        """Take what is part of the body; returns what is not, or not yet."""
        if self.done:
            return data
        if self._chunked:
            return self._chunks(data)
        if self.ends_with_connection:
            return self._take(data, len(data))
        rest = self._take(data, self._left)
        self._left -= len(data) - len(rest)
        self.done = self._left == 0
        return rest

    def reply(self, limit: int) -> Reply:
        """What was read, the body no longer than `limit`."""
        body = b"".join(self.parts)
        return Reply(self.status, self.headers, body[:limit], len(body) <= limit)

    def _chunks(self, data: bytes) -> bytes:
        while data and not self.done:
            if self._left > 2:
                rest = self._take(data, self._left - 2)
                self._left -= len(data) - len(rest)
                data = rest
            elif self._left:  # the line end after a chunk
                self._left, data = max(0, self._left - len(data)), data[self._left :]
            else:
                line, end, rest = data.partition(b"\n")
                if not end:
                    return _bounded(data)
                size = _size(line)
                if size == 0:
                    return self._trailer(data, rest)
                self._left, data = size + 2, rest
        return data

    def _trailer(self, data: bytes, rest: bytes) -> bytes:
        """The end of the chunks: a blank line, perhaps after more headers."""
        end = _HEAD_END.search(b"\n" + rest)
        if end is None:
            return _bounded(data)
        self.done = True
        return rest[end.end() - 1 :]

    def _take(self, data: bytes, most: int) -> bytes:
        part = data[:most]
        self.parts.append(part)
        self.size += len(part)
        return data[most:]


def begin(data: bytes) -> tuple[Reading | None, bytes]:
    """The answer that begins here, None while its head is not complete, and what follows. Raises Broken."""
    while True:
        if not data[:7].startswith(b"HTTP/1."[: len(data)]):
            raise Broken(f"the answer is not HTTP: it begins with {_shown(data)}")
        end = _HEAD_END.search(data)
        if (end.start() if end else len(data)) > HEAD_LIMIT:
            raise Broken(f"the answer's headers are longer than {HEAD_LIMIT} bytes")
        if end is None:
            return None, data
        reading, data = Reading(data[: end.start()]), data[end.end() :]
        if reading.status >= 200 or reading.status == 101:
            return reading, data


def _read(head: bytes) -> _Head:
    first, *lines = head.replace(b"\r\n", b"\n").split(b"\n")
    found = _STATUS_LINE.fullmatch(first)
    if found is None:
        raise Broken(f"the answer is not HTTP: it begins with {_shown(first)}")
    headers = tuple(_header(line) for line in lines)
    named = {name.lower(): value for name, value in headers}
    connection = named.get("connection", "").lower()
    reusable = "close" not in connection if found[1] == b"1" else "keep-alive" in connection
    chunked = "chunked" in named.get("transfer-encoding", "").lower()
    return _Head(int(found[2]), headers, reusable, chunked, 0 if chunked else _length(named.get("content-length", "")))


_read_before = lru_cache(maxsize=256)(_read)


def _size(line: bytes) -> int:
    found = _CHUNK_SIZE.match(line)
    if found is None:
        raise Broken(f"the answer's chunks are broken: {_shown(line)} is no size")
    return int(found[0], 16)


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon or not name.strip():
        raise Broken(f"the answer has a header without a name: {_shown(line)}")
    return name.strip(), value.strip()


def _length(text: str) -> int:
    """The length of a body; -1 when it ends with the connection."""
    if not text:
        return -1
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Broken(f"the answer's Content-Length is {text[:40]!r}")
    return int(text)


def _bounded(data: bytes) -> bytes:
    if len(data) > HEAD_LIMIT:
        raise Broken(f"the answer has a line longer than {HEAD_LIMIT} bytes between its chunks")
    return data


def _shown(data: bytes) -> str:
    return repr(data[:40].decode("latin-1"))
