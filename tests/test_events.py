"""What just happened, for whoever watches."""

import asyncio

from emulator.events import EVENTS_KEPT, WATCHER_LIMIT, Events


async def test_a_watcher_hears_its_account_from_then_on() -> None:
    events = Events()
    events.publish(1, "message", 10, {"n": 0})
    with events.watching(1) as watcher:
        assert watcher.take() is None
        events.publish(2, "message", 20, {"n": 1})
        events.publish(1, "status", 30, {"n": 2})
        heard = await watcher.next()
        assert (heard.id, heard.account, heard.kind, heard.at, heard.details) == (3, 1, "status", 30, {"n": 2})
        coming = asyncio.create_task(watcher.next())
        events.publish(1, "status", 40, {"n": 3})
        events.publish(1, "status", 40, {"n": 4})
        assert (await coming).details == {"n": 3}
        assert (await watcher.next()).details == {"n": 4}
    events.publish(1, "status", 50, {"n": 5})
    assert watcher.take() is None
    assert events.last == 6


async def test_a_watcher_that_does_not_read_is_told_how_much_it_missed() -> None:
    events = Events()
    with events.watching(1) as slow, events.watching(1) as other:
        for number in range(WATCHER_LIMIT + 5):
            events.publish(1, "status", 0, {"n": number})
            other.take()
        assert (slow.missed, other.missed) == (5, 0)
        first = slow.take()
        assert first is not None
        assert first.details == {"n": 0}


def test_what_happened_since_an_event_is_told_with_whether_some_is_gone() -> None:
    events = Events()
    assert events.since(1, 0) == ([], True)
    for number in range(1, EVENTS_KEPT + 11):
        events.publish(number % 2, "status", number, {})
    found, complete = events.since(1, EVENTS_KEPT + 6)
    assert ([event.id for event in found], complete) == ([EVENTS_KEPT + 7, EVENTS_KEPT + 9], True)
    assert events.since(1, 10)[1] is True
    assert events.since(1, 9)[1] is False
