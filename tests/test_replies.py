import pytest

from emulator.replies import HEAD_LIMIT, Broken, Reading, Reply, begin

OK = b"HTTP/1.1 200 OK\r\n"


def read(wire: bytes, size: int) -> tuple[Reading, bytes]:
    """Read an answer that comes in pieces of this size; returns it, and what was left over."""
    reading, waiting = None, b""
    for place in range(0, len(wire), size):
        waiting += wire[place : place + size]
        if reading is None:
            reading, waiting = begin(waiting)
        if reading is not None:
            waiting = reading.feed(waiting)
    assert reading is not None
    return reading, waiting


ANSWERS = {
    "a length": (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "no length": (OK + b"X: y\r\n\r\nhello", b"hello"),
    "no headers": (b"HTTP/1.0 200\r\n\r\nhello", b"hello"),
    "bare line ends": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", b"hello"),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello"),
    "chunks and trailers": (
        OK + b"transfer-encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n",
        b"hello",
    ),
    "chunks despite a length": (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n", b""),
    "an empty body": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "no content": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b""),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
    "an answer announced": (b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok"),
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_however_it_is_cut_into_pieces(name: str, size: int) -> None:
    wire, body = ANSWERS[name]
    reading, rest = read(wire, size)
    assert reading.reply(100).body == body
    assert reading.reply(100).complete
    assert reading.done is not reading.ends_with_connection
    assert rest == b""


def test_what_follows_an_answer_is_left() -> None:
    for name in ("a length", "chunks", "chunks and trailers", "an empty body", "no content"):
        assert read(ANSWERS[name][0] + b"more", 1_000)[1] == b"more", name


def test_headers_are_kept_as_they_were_written() -> None:
    reading, _ = read(
        OK + "Content-Type:  text/xml \r\nX-Ä: ü:é\r\nEmpty:\r\nContent-Length: 0\r\n\r\n".encode("latin-1"), 9
    )
    reply = reading.reply(1)
    assert reply.headers == (("Content-Type", "text/xml"), ("X-Ä", "ü:é"), ("Empty", ""), ("Content-Length", "0"))
    assert reply.header("content-type") == "text/xml"
    assert reply.header("location") == ""


def test_a_body_longer_than_wanted_is_cut_and_says_so() -> None:
    assert read(ANSWERS["a length"][0], 100)[0].reply(4) == Reply(200, (("Content-Length", "5"),), b"hell", False)


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive", True),
    ],
)
def test_the_answer_says_whether_its_connection_can_be_used_again(head: bytes, reusable: bool) -> None:
    assert Reading(head).reusable is reusable


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (b"SSH-2.0-x", "the answer is not HTTP: it begins with 'SSH-2.0-x'"),
        (b"HTTP/2 200 OK\r\n\r\n", "the answer is not HTTP: it begins with 'HTTP/2 200 OK"),
        (b"HTTP/1.1 OK\r\n\r\n", "the answer is not HTTP: it begins with 'HTTP/1.1 OK'"),
        (b"HTTP/1.1 200 OK\r\nwhat\r\n\r\n", "the answer has a header without a name: 'what'"),
        (b"HTTP/1.1 200 OK\r\n: what\r\n\r\n", "the answer has a header without a name: ': what'"),
        (OK + b"Content-Length: -1\r\n\r\n", "the answer's Content-Length is '-1'"),
        (OK + b"Content-Length: 1e3\r\n\r\n", "the answer's Content-Length is '1e3'"),
        (OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", "the answer's Content-Length is '9"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", "the answer's chunks are broken: 'x\\r' is no size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 20 + b"\r\n", "the answer's chunks are broken"),
        (OK + b"X: " + b"y" * HEAD_LIMIT, "the answer's headers are longer than 65536 bytes"),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * (HEAD_LIMIT + 1),
            "the answer has a line longer than 65536",
        ),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * HEAD_LIMIT, "the answer has a line longer"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(wire: bytes, problem: str) -> None:
    with pytest.raises(Broken) as broken:
        read(wire, len(wire))
    assert str(broken.value).startswith(problem)
