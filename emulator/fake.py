"""A plausible past from a seed, of businesses and customers texting: the only module that uses Faker.

The same arguments give the same messages on every machine with the same release of Faker.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from emulator.model import Channel, Direction, Media, Status

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeMessage:
    """A message and its fate; instants in milliseconds since the epoch, `sent` only if a provider took it."""

    sender: str
    recipient: str
    body: str
    media: tuple[Media, ...] = ()
    direction: Direction
    status: Status
    error_code: int | None = None
    created: int
    sent: int | None = None
    updated: int


def history(*, messages: int, days: int, seed: int, until: int) -> Iterator[FakeMessage]:
    """So many messages, by creation, of the days before `until` (milliseconds since the epoch).

    Nothing in them is later than `until`. `ValueError` for a negative number of messages or no day at all.
    """
    if messages < 0 or days < 1:
        raise ValueError(f"{messages} messages in {days} days; at least 0 messages and 1 day are needed")
    return _in_order(messages, days, seed, until)


_SECOND = 1000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR

_BY_HOUR = (1, 1, 1, 1, 1, 2, 5, 12, 20, 26, 28, 27, 24, 25, 27, 28, 27, 24, 20, 16, 12, 8, 4, 2)
_SATURDAY, _SUNDAY = 6, 0
_BUSINESSES = 5


class _Turn(NamedTuple):
    """Who says what, and how many seconds after the turn before, at least and at most."""

    phrase: str
    direction: Direction
    least: int = 0
    most: int = 0


def _api(phrase: str, least: int = 0, most: int = 0) -> _Turn:
    return _Turn(phrase, Direction.OUTBOUND_API, least, most)


def _auto(phrase: str) -> _Turn:
    return _Turn(phrase, Direction.OUTBOUND_CALL, 1, 3)


def _customer(phrase: str, most: int) -> _Turn:
    return _Turn(phrase, Direction.INBOUND, 15, most)


_ORDER = (_api("shipped"), _api("underway", 4 * 3600, 30 * 3600), _api("arrived", 3600, 5 * 3600))
_HELP = (_auto("received"), _api("answer", 120, 2400))
_REMINDER = (_api("reminder"),)
_STORIES: tuple[tuple[int, tuple[_Turn, ...]], ...] = (
    (32, (_api("code"),)),
    (16, _ORDER),
    (8, (*_ORDER, _customer("thanks", 7200))),
    (10, _REMINDER),
    (16, (_api("reminder"), _customer("confirm", 5400), _auto("confirmed"))),
    (8, (_api("promotion"),)),
    (2, (_api("promotion"), _customer("stop", 1800), _auto("stopped"))),
    (8, (_Turn("question", Direction.INBOUND), *_HELP, _customer("thanks", 1200))),
    (3, (_Turn("photo", Direction.INBOUND), *_HELP)),
)
_RETURN = (_Turn("start", Direction.INBOUND), _auto("started"))
_STORY_WEIGHTS = tuple(accumulate(weight for weight, _ in _STORIES))

# Of a thousand outbound messages
_FATES: tuple[tuple[int, tuple[Status, int | None]], ...] = (
    (955, (Status.DELIVERED, None)),
    (25, (Status.UNDELIVERED, 30003)),
    (8, (Status.UNDELIVERED, 30008)),
    (6, (Status.FAILED, 30007)),
    (4, (Status.FAILED, 30004)),
    (2, (Status.FAILED, 30001)),
)
_FATE_WEIGHTS = tuple(accumulate(weight for weight, _ in _FATES))

# Of customers whose number cannot be reached at all
_FAULTS = ((Status.UNDELIVERED, 30005), (Status.UNDELIVERED, 30006))

_LANGUAGES = {
    "en": ("en_US", 60),
    "es": ("es_MX", 15),
    "fr": ("fr_FR", 10),
    "de": ("de_DE", 8),
    "ja": ("ja_JP", 7),
}
_PHRASES = Path(__file__).with_name("fake_phrases.json")
_PICTURED = ("promotion", "photo")

_PICTURES = (("jpg", "image/jpeg"), ("jpg", "image/jpeg"), ("png", "image/png"), ("gif", "image/gif"))


class _Business(NamedTuple):
    number: str
    company: str
    host: str


class _Customer(NamedTuple):
    number: str
    language: str
    name: str
    fault: tuple[Status, int] | None


class _Pair(NamedTuple):
    business: _Business
    customer: _Customer


def _in_order(messages: int, days: int, seed: int, until: int) -> Iterator[FakeMessage]:
    """Hour by hour: what begins in it is told to its end, and what lies beyond it waits its turn."""
    world = _World(seed=seed, messages=messages, until=until)
    waiting: list[tuple[int, int, FakeMessage]] = []
    made = 0
    for hour, due in _hours(messages, days, until):
        while made < due:
            for message in world.conversation(hour, room=messages - made):
                heapq.heappush(waiting, (message.created, made, message))
                made += 1
        while waiting and waiting[0][0] < hour + _HOUR:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _hours(messages: int, days: int, until: int) -> Iterator[tuple[int, int]]:
    """The start of each hour, and how many messages there are by its end: more by day and in the week."""
    starts = range(until - days * _DAY, until, _HOUR)
    total = sum(map(_busyness, starts))
    for start, reached in zip(starts, accumulate(map(_busyness, starts)), strict=True):
        yield start, messages * reached // total


def _busyness(instant: int) -> int:
    weekday = (instant // _DAY + 4) % 7
    return _BY_HOUR[instant // _HOUR % 24] * (2 if weekday in (_SATURDAY, _SUNDAY) else 5)


class _World:
    """Everybody there is, who is busy until when, and who wants no more messages from whom."""

    def __init__(self, *, seed: int, messages: int, until: int) -> None:
        self._until = until
        self._phrases = msgspec.json.decode(_PHRASES.read_bytes(), type=dict[str, dict[str, list[str]]])
        self._chance, self._pairs = _people(seed, customers=min(600, max(20, messages // 6)))
        self._busy: dict[_Pair, int] = {}
        self._opted_out: set[_Pair] = set()

    def conversation(self, hour: int, *, room: int) -> list[FakeMessage]:
        """What two people say to each other, from some moment of this hour on: at least one message."""
        chance = self._chance
        instant = hour + chance.randrange(_HOUR)
        pair = self._idle_pair(instant)
        topic = self._topic(pair.business)
        said: list[FakeMessage] = []
        for turn in self._story(pair)[:room]:
            instant += chance.randint(turn.least * _SECOND, turn.most * _SECOND)
            if instant > self._until:
                break
            said.append(self._message(turn, pair, topic, instant))
            instant = said[-1].updated
            if said[-1].status not in (Status.DELIVERED, Status.RECEIVED):
                break
        self._busy[pair] = instant
        return said

    def _idle_pair(self, instant: int) -> _Pair:
        """Two who are not already talking; when the hour is too crowded for that, any two."""
        for _ in range(8):
            pair = self._chance.choice(self._pairs)
            if self._busy.get(pair, 0) < instant:
                break
        return pair

    def _story(self, pair: _Pair) -> tuple[_Turn, ...]:
        if pair in self._opted_out:
            return _RETURN
        turns = self._chance.choices(_STORIES, cum_weights=_STORY_WEIGHTS)[0][1]
        cannot_write = pair.customer.fault is not None and turns[0].direction is Direction.INBOUND
        return _REMINDER if cannot_write else turns

    def _topic(self, business: _Business) -> dict[str, str]:
        chance = self._chance
        order = str(chance.randint(10000, 99999))
        return {
            "order": order,
            "link": f"https://{business.host}/{order}",
            "code": str(chance.randint(100000, 999999)),
            "time": f"{chance.randint(8, 18)}:{chance.choice(('00', '15', '30', '45'))}",
            "percent": str(chance.randrange(10, 60, 5)),
        }

    def _message(self, turn: _Turn, pair: _Pair, topic: dict[str, str], created: int) -> FakeMessage:
        self._note_opting(turn, pair)
        business, customer = pair
        inbound = turn.direction is Direction.INBOUND
        sender, recipient = (customer, business) if inbound else (business, customer)
        channel = Channel.MMS if turn.phrase in _PICTURED else Channel.SMS
        status, error_code, sent, updated = self._fate(inbound, customer, created)
        texts = self._phrases[turn.phrase]
        text = self._chance.choice(texts.get(customer.language, texts["en"]))
        return FakeMessage(
            sender=f"{channel}:{sender.number}",
            recipient=f"{channel}:{recipient.number}",
            body=text.format(name=customer.name, company=business.company, **topic),
            media=self._media(turn, business, topic["order"]),
            direction=turn.direction,
            status=status,
            error_code=error_code,
            created=created,
            sent=sent,
            updated=updated,
        )

    def _note_opting(self, turn: _Turn, pair: _Pair) -> None:
        if turn.phrase == "stop":
            self._opted_out.add(pair)
        elif turn.phrase == "start":
            self._opted_out.discard(pair)

    def _fate(self, inbound: bool, customer: _Customer, created: int) -> tuple[Status, int | None, int | None, int]:
        """Status, error code, and the instants of being sent and of the last change."""
        if inbound:
            return Status.RECEIVED, None, None, created
        status, error_code = customer.fault or self._chance.choices(_FATES, cum_weights=_FATE_WEIGHTS)[0][1]
        if status is Status.FAILED:
            return status, error_code, None, self._after(created, 50, 800)
        sent = self._after(created, 200, 2500)
        longest = 14 * _SECOND if status is Status.DELIVERED else 600 * _SECOND
        return status, error_code, sent, self._after(sent, 800, longest)

    def _after(self, instant: int, least: int, most: int) -> int:
        return min(instant + self._chance.randint(least, most), self._until)

    def _media(self, turn: _Turn, business: _Business, name: str) -> tuple[Media, ...]:
        if turn.phrase not in _PICTURED:
            return ()
        ending, content_type = self._chance.choice(_PICTURES)
        return (Media(url=f"https://media.{business.host}/{name}.{ending}", content_type=content_type),)


def _people(seed: int, *, customers: int) -> tuple["Random", tuple[_Pair, ...]]:
    """The one source of chance, and every business with every customer of it."""
    from faker import Faker  # noqa: PLC0415 - takes half a second to import, and few ever need it

    fake = Faker("en_US")
    fake.seed_instance(seed)
    chance = fake.random
    names = {}
    for language, (locale, _) in _LANGUAGES.items():
        local = Faker(locale)
        local.seed_instance(seed)
        names[language] = [local.first_name() for _ in range(150)]
    numbers = [f"+1555{n}" for n in chance.sample(range(2_000_000, 10_000_000), _BUSINESSES + customers)]
    businesses = [_business(number, fake.company()) for number in numbers[:_BUSINESSES]]
    audience = [_customer_at(number, names, chance) for number in numbers[_BUSINESSES:]]
    return chance, tuple(_Pair(business, customer) for business in businesses for customer in audience)


def _business(number: str, company: str) -> _Business:
    host = "".join(character for character in company.lower() if character in ascii_lowercase)
    return _Business(number, company, f"{host}.example")


def _customer_at(number: str, names: dict[str, list[str]], chance: "Random") -> _Customer:
    language = chance.choices(tuple(_LANGUAGES), [share for _, share in _LANGUAGES.values()])[0]
    fault = chance.choice(_FAULTS) if chance.random() < 0.03 else None
    return _Customer(number, language, chance.choice(names[language]), fault)
