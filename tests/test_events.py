import pytest

from emulator.events import EVENTS_KEPT, WATCHER_LIMIT, Events


@pytest.fixture
def events() -> Events:
    return Events()


def publish(events: Events, account: int, count: int) -> None:
    for number in range(count):
        events.publish(account, "message", 0, {"number": number})


async def test_a_watcher_hears_of_its_account_from_now_on(events: Events) -> None:
    publish(events, 1, 1)
    with events.watching(1) as watcher:
        publish(events, 2, 1)
        publish(events, 1, 1)
        assert (await watcher.next()).id == 3
        assert watcher.take() is None
    publish(events, 1, 1)
    assert watcher.take() is None


async def test_a_watcher_that_does_not_read_is_told_how_much_it_missed(events: Events) -> None:
    with events.watching(1) as watcher:
        publish(events, 1, WATCHER_LIMIT + 7)
        assert watcher.overflowed.is_set()
        assert (watcher.forgive(), watcher.forgive(), watcher.overflowed.is_set()) == (7, 0, False)
        waiting = []
        while (event := watcher.take()) is not None:
            waiting.append(event.id)
    assert waiting == list(range(1, WATCHER_LIMIT + 1))


async def test_what_happened_since_is_complete_as_long_as_it_is_kept(events: Events) -> None:
    publish(events, 1, 3)
    found, complete = events.since(1, 1)
    assert ([event.id for event in found], complete) == ([2, 3], True)
    publish(events, 2, EVENTS_KEPT)
    found, complete = events.since(1, 1)
    assert (found, complete) == ([], False)
    assert events.since(1, 3) == ([], True)
