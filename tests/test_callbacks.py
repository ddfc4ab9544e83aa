"""Requests into the app: how they are spelt, and the courier's lanes and bounds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest
from aiohttp import web

from emulator.callbacks import Answer, Outgoing, encode, open_session, request
from emulator.courier import PER_HOST, Courier, Flight
from tests.running import serving


@pytest.mark.parametrize(
    ("method", "url", "target", "body"),
    [
        ("GET", "http://app", "http://app/?A=b+c%2B%C3%A9&A=", None),
        ("GET", "http://app/x?own=1", "http://app/x?own=1&A=b+c%2B%C3%A9&A=", None),
        ("GET", "http://app/x?#part", "http://app/x?A=b+c%2B%C3%A9&A=", None),
        ("GET", "http://app/%2F%zz/ä", "http://app/%2F%25zz/%C3%A4?A=b+c%2B%C3%A9&A=", None),
        ("GET", "http://app/%2F%zz;x?%+=&&y", "http://app/%2F%zz;x?%+=&&y&A=b+c%2B%C3%A9&A=", None),
        ("GET", "http://me:secret@app:81/", "http://me:secret@app:81/?A=b+c%2B%C3%A9&A=", None),
        ("GET", "http://[::1]:8080/", "http://[::1]:8080/?A=b+c%2B%C3%A9&A=", None),
        ("POST", "http://app/x", "http://app/x", b"A=b+c%2B%C3%A9&A="),
        ("POST", "http://app/x?own=1&own=%20", "http://app/x", b"A=b+c%2B%C3%A9&A=&own=1&own=+"),
        ("POST", "http://exämple.test/ü", "http://xn--exmple-cua.test/%C3%BC", b"A=b+c%2B%C3%A9&A="),
    ],
)
def test_a_request_is_spelt_as_the_platform_spells_it(method: str, url: str, target: str, body: bytes | None) -> None:
    outgoing = Outgoing(url=url, method=method, parameters=[("A", "b c+é"), ("A", "")], timeout=1)
    found, sent = encode(url, outgoing)
    assert (str(found), sent) == (target, body)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_garbled_request_is_not_what_it_claims(method: str) -> None:
    outgoing = Outgoing(url="http://app/?own=1", method=method, parameters=[("A", "b")], timeout=1, garbled=True)
    target, body = encode(outgoing.url, outgoing)
    assert "A=b" not in str(target)
    assert body is None or b"A=b" not in body


class Numbered(Outgoing, frozen=True, kw_only=True):
    """A request that knows which attempt it makes."""

    attempt: int


class Station:
    """A courier, a table of requests it may load, and what it recorded."""

    def __init__(self) -> None:
        self.known: dict[int, str] = {}
        self.recorded: list[tuple[int, int | None, str]] = []
        self.courier: Courier[Numbered]
        self.record: Callable[[int], Awaitable[None]] | None = None

    async def load(self, attempt: int) -> Numbered | None:
        url = self.known.get(attempt)
        return Numbered(url=url, method="GET", parameters=[], timeout=5_000, attempt=attempt) if url else None

    async def note(self, request: Numbered, answer: Answer) -> None:
        self.recorded.append((request.attempt, answer.status, answer.failure))
        if self.record is not None:
            await self.record(request.attempt)

    def deliver(self, attempt: int, message: int, url: str, flight: Flight) -> None:
        self.known[attempt] = url
        self.courier.deliver(attempt, message=message, url=url, flight=flight, outgoing=None)


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    station = Station()
    async with open_session() as session:
        station.courier = Courier(request=partial(request, session), load=station.load, record=station.note)
        yield station
        await station.courier.close()


class Door:
    """An app that lets requests in, and out only when it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered: list[str] = []
        self._more = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.Response:
        async with self._more:
            self.entered.append(request.path)
            self._more.notify_all()
        await self.open.wait()
        return web.Response()

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(10), self._more:
            await self._more.wait_for(lambda: len(self.entered) >= count)


async def test_a_host_is_one_host_however_it_is_written(station: Station) -> None:
    door = Door()
    async with serving(door.handle) as url:
        host, flight = url.removeprefix("http://"), Flight()
        port = host.partition(":")[2]
        spellings = [f"http://{host}", f"http://me:secret@{host}/", f"http://{host}?a=1", f"HTTP://{host}#x"]
        for number in range(2 * PER_HOST):
            station.deliver(number, number, spellings[number % len(spellings)], flight)
        other = Flight()
        station.deliver(1_000, 1_000, f"http://localhost:{port}/other", other)
        await door.wait(PER_HOST + 1)
        assert door.entered.count("/") == PER_HOST
        assert door.entered.count("/other") == 1
        door.open.set()
        await flight.landed()
        await other.landed()
    assert {status for _, status, _ in station.recorded} == {200}
    assert len(station.recorded) == 2 * PER_HOST + 1


async def test_one_message_is_told_one_thing_at_a_time_in_the_order_given(station: Station) -> None:
    door = Door()
    async with serving(door.handle) as url:
        flight = Flight()
        for number in range(5):
            station.deliver(number, 1, f"{url}/{number}", flight)
        await door.wait(1)
        assert door.entered == ["/0"]
        door.open.set()
        await flight.landed()
    assert door.entered == ["/0", "/1", "/2", "/3", "/4"]


async def test_an_attempt_that_was_forgotten_is_skipped(station: Station) -> None:
    door = Door()
    door.open.set()
    async with serving(door.handle) as url:
        flight = Flight()
        for number in range(3):
            station.deliver(number, 1, f"{url}/{number}", flight)
        del station.known[1]
        await flight.landed()
    assert door.entered == ["/0", "/2"]


async def test_a_bug_in_recording_stops_neither_its_message_nor_its_flight(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(attempt: int) -> None:
        if attempt == 0:
            raise RuntimeError("a mistake of ours")

    station.record = fail
    door = Door()
    door.open.set()
    async with serving(door.handle) as url:
        flight = Flight()
        for number in range(3):
            station.deliver(number, 1, f"{url}/{number}", flight)
        await flight.landed()
    assert [attempt for attempt, _, _ in station.recorded] == [0, 1, 2]
    assert [record.getMessage() for record in caplog.records] == ["could not carry attempt 0"]


async def test_what_is_asked_meanwhile_waits_for_its_turn_at_the_host_too(station: Station) -> None:
    door = Door()
    async with serving(door.handle) as url:
        flight = Flight()
        outgoing = Outgoing(url=f"{url}/asked", method="GET", parameters=[], timeout=5_000)
        station.deliver(1, 1, f"{url}/told", flight)
        asking = [asyncio.create_task(station.courier.ask(outgoing)) for _ in range(2 * PER_HOST)]
        await door.wait(PER_HOST)
        # one that fetches for the app must not wait for requests that the app has still to answer
        fetching = asyncio.create_task(station.courier.fetch(outgoing))
        await door.wait(PER_HOST + 1)
        asking[-1].cancel()
        await asyncio.wait([asking[-1]])
        assert len(door.entered) == PER_HOST + 1
        door.open.set()
        answers = await asyncio.gather(*asking[:-1], fetching)
        await flight.landed()
    assert {answer.status for answer in answers} == {200}
    assert len(door.entered) == 2 * PER_HOST + 1


async def test_a_turn_that_came_too_late_is_given_on(station: Station) -> None:
    door = Door()
    async with serving(door.handle) as url:
        flight = Flight()
        for number in range(PER_HOST):
            station.deliver(number, number, f"{url}/told", flight)
        await door.wait(PER_HOST)
        outgoing = Outgoing(url=f"{url}/asked", method="GET", parameters=[], timeout=5_000)
        late, last = (asyncio.create_task(station.courier.ask(outgoing)) for _ in range(2))
        await asyncio.to_thread(lambda: None)
        station.record = lambda _: _cancelled(late)
        door.open.set()
        await flight.landed()
        assert (await last).status == 200
    assert late.cancelled()


async def _cancelled(task: "asyncio.Task[Answer]") -> None:
    task.cancel()


async def test_an_app_is_not_asked_to_compress_what_it_answers(station: Station) -> None:
    seen: list[str | None] = []

    async def look(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Accept-Encoding"))
        return web.Response()

    async with serving(look) as url:
        await station.courier.ask(Outgoing(url=url, method="GET", parameters=[], timeout=5_000))
    assert seen == [None]


async def test_nothing_begins_once_it_is_closed(station: Station) -> None:
    door = Door()
    async with serving(door.handle) as url:
        flight = Flight()
        for number in range(2 * PER_HOST):
            station.deliver(number, number // 2, f"{url}/{number}", flight)
        await door.wait(PER_HOST)
        await station.courier.close()
        station.deliver(999, 999, f"{url}/999", flight)
        await asyncio.to_thread(lambda: None)
        assert len(door.entered) == PER_HOST
        assert station.recorded == []
        door.open.set()
