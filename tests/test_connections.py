import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from emulator.callbacks import Outgoing, open_session, request
from emulator.connections import Connections, Place
from emulator.replies import Broken

Answering = Callable[[bytes, int], bytes]
"""What is answered to a request head, the number of the connection given; nothing closes the connection."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Peer:
    """A server that answers as it is told, and remembers what it was asked on which connection."""

    def __init__(self, answering: Answering, *, closing: bool) -> None:
        self.answering = answering
        self.closing = closing
        self.asked: list[tuple[int, bytes]] = []
        self.left = 0
        self.place = Place("127.0.0.1", 0, False)
        self.writers: list[asyncio.StreamWriter] = []
        self._more = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        number = len(self.writers)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append((number, head))
                if not (answer := self.answering(head, number)):
                    break
                writer.write(answer)
                await writer.drain()
                if self.closing:
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        async with self._more:
            self.left += 1
            self._more.notify_all()

    async def wait_until_left(self, count: int) -> None:
        """Return when so many connections have ended."""
        async with asyncio.timeout(10), self._more:
            await self._more.wait_for(lambda: self.left >= count)


@contextlib.asynccontextmanager
async def listening(answering: Answering, *, closing: bool = False) -> AsyncIterator[Peer]:
    peer = Peer(answering, closing=closing)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    async with server:
        peer.place = Place("127.0.0.1", server.sockets[0].getsockname()[1], False)
        yield peer
        for writer in peer.writers:
            writer.close()
        await peer.wait_until_left(len(peer.writers))


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with open_session() as opened:
        yield opened


GET = b"GET / HTTP/1.1\r\n\r\n"


async def test_requests_one_after_the_other_share_a_connection_and_those_together_do_not(
    connections: Connections,
) -> None:
    async with listening(lambda head, number: OK) as peer:
        for _ in range(3):
            assert (await connections.ask(peer.place, GET, limit=10)).status == 200
        await asyncio.gather(*(connections.ask(peer.place, GET, limit=10) for _ in range(3)))
    assert [number for number, _ in peer.asked[:3]] == [1, 1, 1]
    assert sorted(number for number, _ in peer.asked[3:]) == [1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        OK + b"HTTP/1.1 500 for nobody\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"a" * 100,
    ],
    ids=["closing", "HTTP/1.0", "more than was asked for", "longer than was wanted"],
)
async def test_a_connection_of_no_more_use_is_closed(connections: Connections, answer: bytes) -> None:
    async with listening(lambda head, number: answer) as peer:
        for _ in range(2):
            assert (await connections.ask(peer.place, GET, limit=10)).status == 200
        await peer.wait_until_left(2)
    assert [number for number, _ in peer.asked] == [1, 2]


async def test_a_connection_the_app_closed_meanwhile_is_not_used_again(connections: Connections) -> None:
    answers = [OK]
    async with listening(lambda head, number: answers.pop() if answers else b"") as peer:
        await connections.ask(peer.place, GET, limit=10)
        with pytest.raises(Broken, match="closed without an answer"):
            await connections.ask(peer.place, GET, limit=10)
        answers.append(OK)
        assert (await connections.ask(peer.place, GET, limit=10)).status == 200
    assert [number for number, _ in peer.asked] == [1, 1, 2]


async def test_an_answer_to_nothing_is_not_taken_for_the_next_one(connections: Connections) -> None:
    async with listening(lambda head, number: OK) as peer:
        await connections.ask(peer.place, GET, limit=10)
        peer.writers[0].write(b"HTTP/1.1 500 for nobody\r\n\r\n")
        await peer.wait_until_left(1)
        assert (await connections.ask(peer.place, GET, limit=10)).status == 200
    assert [number for number, _ in peer.asked] == [1, 2]


async def test_who_stops_waiting_cuts_the_connection(connections: Connections) -> None:
    entered = asyncio.Event()

    def answering(head: bytes, number: int) -> bytes:
        entered.set()
        return b"HTTP/1.1 200 OK\r\n\r\nnever ends" if number == 1 else OK

    async with listening(answering) as peer:
        waiting = asyncio.create_task(connections.ask(peer.place, GET, limit=100))
        await entered.wait()
        waiting.cancel()
        await asyncio.wait([waiting])
        await peer.wait_until_left(1)
        assert (await connections.ask(peer.place, GET, limit=10)).status == 200


async def test_a_body_that_ends_with_the_connection_is_whole(connections: Connections) -> None:
    async with listening(lambda head, number: b"HTTP/1.1 200 OK\r\n\r\nto the end", closing=True) as peer:
        reply = await connections.ask(peer.place, GET, limit=100)
    assert (reply.body, reply.complete) == (b"to the end", True)


async def test_a_url_with_a_login_becomes_basic_credentials(connections: Connections) -> None:
    async with listening(lambda head, number: OK) as peer:
        url = f"http://me:s%20%C3%A4@127.0.0.1:{peer.place.port}/x"
        outgoing = Outgoing(url=url, method="POST", parameters=[("A", "b")], timeout=5_000)
        assert (await request(connections, outgoing)).status == 200
    head = peer.asked[0][1].decode()
    assert head.startswith(f"POST /x HTTP/1.1\r\nHost: 127.0.0.1:{peer.place.port}\r\n")
    assert f"Authorization: Basic {base64.b64encode('me:s ä'.encode()).decode()}\r\n" in head


async def test_no_redirect_writes_headers_of_its_own(connections: Connections) -> None:
    def answering(head: bytes, number: int) -> bytes:
        if head.startswith(b"GET /new"):
            return OK
        return b"HTTP/1.1 302 Found\r\nLocation: /new\x0b x\xe4?a b\r\nContent-Length: 0\r\n\r\n"

    async with listening(answering) as peer:
        url = f"http://127.0.0.1:{peer.place.port}/"
        outgoing = Outgoing(url=url, method="GET", parameters=[("A", "b")], timeout=5_000)
        assert (await request(connections, outgoing)).status == 200
    assert peer.asked[1][1].startswith(b"GET /new%0B%20x%C3%A4?a+b&A=b HTTP/1.1\r\n")
