import json
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from emulator import fake, segments
from emulator.fake import FakeMessage, history
from emulator.model import Direction, Status, is_number, number_of

UNTIL = 1_700_000_000_123  # Tuesday 14 November 2023, 22:13 UTC
HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def month() -> list[FakeMessage]:
    return list(history(messages=20_000, days=30, seed=7, until=UNTIL))


def handset(message: FakeMessage) -> str:
    inbound = message.direction is Direction.INBOUND
    return number_of(message.sender if inbound else message.recipient)


def business(message: FakeMessage) -> str:
    inbound = message.direction is Direction.INBOUND
    return number_of(message.recipient if inbound else message.sender)


@pytest.mark.parametrize(("messages", "days"), [(0, 1), (1, 1), (7, 1), (7, 30), (500, 3650), (2_000, 1), (3_000, 7)])
def test_there_are_as_many_messages_as_asked_for_within_the_days_asked_for(messages: int, days: int) -> None:
    told = list(history(messages=messages, days=days, seed=0, until=UNTIL))
    assert len(told) == messages
    assert all(UNTIL - days * DAY <= message.created <= message.updated <= UNTIL for message in told)


@pytest.mark.parametrize(("messages", "days"), [(-1, 1), (1, 0), (1, -3)])
def test_no_day_or_a_negative_number_is_refused_at_once(messages: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least 0 messages and 1 day are needed"):
        history(messages=messages, days=days, seed=0, until=UNTIL)


def test_messages_come_in_the_order_of_their_creation(month: list[FakeMessage]) -> None:
    assert all(before.created <= after.created for before, after in pairwise(month))


def test_the_same_arguments_tell_the_same_history_and_another_seed_another() -> None:
    def told(seed: int) -> list[FakeMessage]:
        return list(history(messages=300, days=3, seed=seed, until=UNTIL))

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_two_histories_told_in_turns_do_not_disturb_each_other() -> None:
    alone = list(history(messages=100, days=3, seed=1, until=UNTIL))
    told = zip(
        history(messages=100, days=3, seed=1, until=UNTIL),
        history(messages=100, days=3, seed=2, until=UNTIL),
        strict=True,
    )
    assert [one for one, _ in told] == alone


TELL = f"""
import json, sys
from emulator.fake import history
early = "faker" in sys.modules
told = [(m.sender, m.recipient, m.body, m.created) for m in history(messages=200, days=2, seed=5, until={UNTIL})]
print(json.dumps([early, told]))
"""


def test_another_process_tells_the_same_and_imports_faker_only_to_tell() -> None:
    def run(hash_seed: str) -> list[object]:
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8", "TZ": "Asia/Tokyo"}
        done = subprocess.run([sys.executable, "-c", TELL], env=env, capture_output=True, check=True)
        early, told = json.loads(done.stdout)
        assert not early
        return list(told)

    first, second = run("1"), run("2")
    here = history(messages=200, days=2, seed=5, until=UNTIL)
    assert first == second == [[m.sender, m.recipient, m.body, m.created] for m in here]


def test_a_few_businesses_text_with_hundreds_of_customers(month: list[FakeMessage]) -> None:
    assert len({business(message) for message in month}) == 5
    assert 400 <= len({handset(message) for message in month}) <= 600
    assert all(
        is_number(number) and number.startswith("+1555") and len(number) == 12
        for message in month
        for number in (business(message), handset(message))
    )


def test_most_is_delivered_and_every_fate_occurs(month: list[FakeMessage]) -> None:
    outbound = [message for message in month if message.direction is not Direction.INBOUND]
    fates = Counter((message.status, message.error_code) for message in outbound)
    assert set(fates) == {
        (Status.DELIVERED, None),
        (Status.UNDELIVERED, 30003),
        (Status.UNDELIVERED, 30005),
        (Status.UNDELIVERED, 30006),
        (Status.UNDELIVERED, 30008),
        (Status.FAILED, 30001),
        (Status.FAILED, 30004),
        (Status.FAILED, 30007),
    }
    assert 0.9 < fates[Status.DELIVERED, None] / len(outbound) < 0.97


def test_what_comes_in_is_received_and_what_goes_out_is_sent_before_its_fate(
    month: list[FakeMessage],
) -> None:
    for message in month:
        if message.direction is Direction.INBOUND:
            assert (message.status, message.sent, message.updated) == (
                Status.RECEIVED,
                None,
                message.created,
            )
        elif message.status is Status.FAILED:
            assert message.sent is None
        else:
            assert message.sent is not None
            assert message.created <= message.sent <= message.updated


def test_all_directions_channels_and_encodings_occur(month: list[FakeMessage]) -> None:
    assert Counter(message.direction for message in month).keys() == set(Direction)
    assert {message.sender.partition(":")[0] for message in month} == {"sms", "mms"}
    assert {segments.encoding(message.body) for message in month} == set(segments.Encoding)
    assert {1, 2} <= {segments.count(message.body) for message in month}
    assert any(ord(character) > 0xFFFF for message in month for character in message.body)


def test_media_travel_by_mms_and_only_there(month: list[FakeMessage]) -> None:
    for message in month:
        channels = {message.sender.partition(":")[0], message.recipient.partition(":")[0]}
        assert channels == ({"mms"} if message.media else {"sms"})
    media = {each for message in month for each in message.media}
    assert {each.content_type for each in media} == {"image/jpeg", "image/png", "image/gif"}
    assert all(each.url.startswith("https://media.") and ".example/" in each.url for each in media)


def test_an_answer_of_the_app_follows_a_text_of_the_same_customer(month: list[FakeMessage]) -> None:
    last: dict[tuple[str, str], FakeMessage] = {}
    for message in month:
        pair = (business(message), handset(message))
        if message.direction is Direction.OUTBOUND_CALL:
            assert last[pair].direction is Direction.INBOUND
            assert 1_000 <= message.created - last[pair].updated <= 3_000
        last[pair] = message


def test_a_customer_who_confirms_was_reminded(month: list[FakeMessage]) -> None:
    last: dict[tuple[str, str], FakeMessage] = {}
    replies = 0
    for message in month:
        pair = (business(message), handset(message))
        if message.direction is Direction.INBOUND and message.body in {"C", "c", "C merci", "C, danke"}:
            assert last[pair].status is Status.DELIVERED
            assert last[pair].updated < message.created
            replies += 1
        last[pair] = message
    assert replies > 300


def test_who_opted_out_gets_no_more_until_they_return(month: list[FakeMessage]) -> None:
    since: dict[tuple[str, str], int] = {}
    returned = 0
    for message in month:
        pair = (business(message), handset(message))
        word = message.body.upper() if message.direction is Direction.INBOUND else ""
        if pair in since:
            since[pair] += 1
            # the one message is the confirmation that they are out
            assert since[pair] == 1 or word == "START"
        if word == "STOP":
            since[pair] = 0
        elif word == "START":
            del since[pair]
            returned += 1
    assert returned > 10


def test_there_is_more_by_day_and_in_the_week(month: list[FakeMessage]) -> None:
    by_hour = Counter(message.created // HOUR % 24 for message in month)
    by_weekday = Counter((message.created // DAY + 4) % 7 for message in month)
    assert sum(by_hour[hour] for hour in range(8, 18)) > 5 * sum(by_hour[hour] for hour in range(6))
    assert by_weekday[0] < by_weekday[3] > by_weekday[6]


def test_every_phrase_exists_in_english_and_needs_only_what_is_known() -> None:
    phrases = json.loads(Path(fake.__file__).with_name("fake_phrases.json").read_bytes())
    known = dict.fromkeys(("name", "company", "order", "link", "code", "time", "percent"), "1")
    assert all("en" in by_language for by_language in phrases.values())
    for by_language in phrases.values():
        for texts in by_language.values():
            assert all("{" not in text.format(**known) for text in texts)


def test_a_long_history_is_told_without_being_held() -> None:
    told = history(messages=20_000, days=60, seed=1, until=UNTIL)
    next(told)
    tracemalloc.start()
    for _ in told:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
