import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeVar

import pytest
from msgspec.structs import replace

from emulator.ids import draw
from emulator.model import LISTED, Direction, Message, Status
from emulator.store import accounts, lists, messages
from emulator.store.database import Database, Transaction
from emulator.store.lists import Found, ListQuery
from emulator.store.opening import open_database

T = TypeVar("T")

START = 1_700_000_000_000
SENDERS = ("sms:+15550100001", "sms:+15550100002", "sms:+1555", "sms:Acme Bank", "mms:+15550100001", "sms:a[b*c?")
RECIPIENTS = ("sms:+15550200001", "sms:+15550200002", "sms:+1555", "mms:+15550200002")
WORDS = ("code", "Code", "CAFÉ", "cafe\u0301s", "hello", "12", "a-b", "o'neil", "слово", "\U0001f600", "_x_", '"', "OR")
WHERE_FOUND = {  # a search, and the words that have it, as a reader would say
    "code": {"code", "Code"},
    "café": {"CAFÉ"},
    "Cafés!": {"cafe\u0301s"},
    "HELLO": {"hello"},
    "12": {"12"},
    "(b": {"a-b"},
    "neil*": {"o'neil"},
    "слово": {"слово"},
    "x": {"_x_"},
    "or": {"OR"},
    "xylophone": set(),
    '"': set(),
}


class Row(NamedTuple):
    """A message in few words; `late` when it is listed by a later step."""

    account: int
    sender: str
    recipient: str
    body: tuple[str, ...]
    status: Status
    direction: Direction
    error: int | None
    created: int
    late: bool


PATTERNS = (
    "%",
    "sms:+1555%",
    "sms:+15550200002",
    "sms:+15550100001",
    "mms:%",
    "sms:%1",
    "%2%",
    "sms:a[%?",
    "sms:+1555",
)
INSTANTS = range(START - 1, START + 7)
FILTERS: dict[str, Sequence[Any]] = {
    "to": PATTERNS,
    "sender": PATTERNS,
    "start": INSTANTS,
    "end": INSTANTS,
    "status": (*Status, "sunk"),
    "error": (30003, 7),
    "body": tuple(WHERE_FOUND),
}
SINGLE = [{name: value} for name, values in FILTERS.items() for value in values]
SORTS = [(sort, way) for sort in ("date", "from", "to", "direction", "status") for way in (True, False)]
LIMITS = [(window, sortable) for window in (3, 20, 5000) for sortable in (2, 20_000)]
PAGES = ((0, 4), (2, 50), (7, 1))
COMBINED = 500
"""How many combinations of filters are tried on each set of messages."""


class Store:
    """A database in memory, for tests that have no loop of their own."""

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        self._runner = runner
        self._database = database

    def fill(self, rows: list[Row]) -> list[Message]:
        """Hold these messages and no others; returns those of account 1."""

        def work(db: Transaction) -> list[Message]:
            for account in (1, 12):
                accounts.forget(db, account)
            stored = [store(db, row, arrival) for arrival, row in enumerate(rows, 200)]
            return [each for each in stored if each.account == 1]

        return self.run(work)

    def find(self, query: ListQuery, offset: int, size: int) -> Found:
        """A page."""
        return self.run(lambda db: lists.find(db, query, offset=offset, size=size))

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Run this in a transaction."""
        return self._runner.run(self._database.run(work))


@pytest.fixture(scope="module")
def opened() -> Iterator[Store]:
    with asyncio.Runner() as runner:
        context = open_database(None)
        yield Store(runner, runner.run(context.__aenter__()))
        runner.run(context.__aexit__(None, None, None))


@pytest.mark.parametrize("seed", range(3))
def test_a_page_holds_what_a_plain_filter_and_sort_would_hold(opened: Store, seed: int) -> None:
    stored = opened.fill([row(seed, number) for number in range(120)])
    wanted = [{}, *SINGLE, *(combined(seed, number) for number in range(COMBINED))]
    asked = []
    for number, ((sort, descending), given) in enumerate(product(SORTS, wanted)):
        window, sortable = LIMITS[number % len(LIMITS)]
        query = ListQuery(account=1, sort=sort, descending=descending, window=window, sortable=sortable, **given)
        asked.append((query, *PAGES[number % len(PAGES)]))
    answers = opened.run(lambda db: [lists.find(db, query, offset=start, size=size) for query, start, size in asked])
    for (query, offset, size), found in zip(asked, answers, strict=True):
        matching = in_order([message for message in stored if matches(message, query)], query)[: query.window]
        assert found == Found(len(matching), [message.id for message in matching[offset : offset + size]]), query


def test_pages_one_after_the_other_visit_each_match_once(opened: Store) -> None:
    way, status = Direction.OUTBOUND_API, Status.DELIVERED
    kept = [Row(1, SENDERS[n % 2], RECIPIENTS[n % 3], ("code",), status, way, None, START, True) for n in range(50)]
    opened.fill(kept)
    for sort, descending in SORTS:
        query = ListQuery(account=1, sort=sort, descending=descending)
        visited = [opened.find(query, offset, 7).ids for offset in range(0, 56, 7)]
        assert len({identity for page in visited for identity in page}) == 50


def test_of_many_texts_only_the_newest_are_sorted_and_the_answer_says_so(opened: Store) -> None:
    kept = [
        Row(1, "sms:A", f"sms:+{9 - n}", ("code",), Status.DELIVERED, Direction.OUTBOUND_API, None, START + n, False)
        for n in range(6)
    ]
    query = ListQuery(account=1, body="code", sort="to", descending=True, window=3, sortable_texts=4)
    stored = opened.fill(kept)
    found = opened.find(query, 0, 10)
    assert [message.recipient for each in found.ids for message in stored if message.id == each] == [
        "sms:+7",
        "sms:+6",
        "sms:+5",
    ]
    assert not found.complete


def test_what_is_no_longer_listed_is_no_longer_found(opened: Store) -> None:
    def work(db: Transaction) -> list[int]:
        accounts.forget(db, 1)
        row = Row(1, "sms:A", "sms:+1", ("code",), Status.DELIVERED, Direction.OUTBOUND_API, None, START, False)
        message = store(db, row, 1)
        counts = []
        for listed in (True, False, True):
            messages.update(db, message, listed=listed)
            counts.append(lists.find(db, ListQuery(account=1, body="code"), offset=0, size=9).total)
        accounts.forget(db, 1)
        messages.insert(db, replace(message, body="other"), listed=True)
        return [*counts, lists.find(db, ListQuery(account=1, body="code"), offset=0, size=9).total]

    assert opened.run(work) == [1, 0, 1, 0]


def row(seed: int, number: int) -> Row:
    """A message of a set: many of the first of everything, few of the last."""

    def one_of(values: Sequence[T], what: str) -> T:
        return values[int(draw(seed, number, what) ** 2 * len(values))]

    return Row(
        account=one_of((1, 12), "account"),
        sender=one_of(SENDERS, "sender"),
        recipient=one_of(RECIPIENTS, "recipient"),
        body=tuple(one_of(WORDS, f"word {place}") for place in range(one_of(range(4), "length"))),
        status=one_of((Status.DELIVERED, *LISTED, *Status), "status"),
        direction=one_of((Direction.OUTBOUND_API, *Direction), "direction"),
        error=one_of((None, 30003, 1002), "error"),
        created=START + one_of(range(6), "created"),
        late=one_of((True, False), "late"),
    )


def combined(seed: int, number: int) -> dict[str, Any]:
    """Some filters together."""
    names = [name for name in FILTERS if draw(seed, number, name) < 0.3]
    return {name: FILTERS[name][int(draw(seed, number, name, "value") * len(FILTERS[name]))] for name in names}


def store(db: Transaction, row: Row, arrival: int) -> Message:
    """Store a message that this row describes."""
    message = Message(
        id=messages.identity(row.created, arrival),
        account=row.account,
        sid=f"SM{arrival}",
        arrival=arrival,
        created=row.created,
        updated=row.created,
        sender=row.sender,
        recipient=row.recipient,
        body=" ".join(row.body),
        status=row.status,
        direction=row.direction,
        error=row.error,
    )
    if row.late:
        messages.insert(db, replace(message, status=Status.QUEUED, error=None), listed=False)
        messages.update(db, message, listed=row.status in LISTED)
    else:
        messages.insert(db, message, listed=row.status in LISTED)
    return message


def matches(message: Message, query: ListQuery) -> bool:
    """Whether the list should have the message."""
    return (
        message.status in LISTED
        and like(message.recipient, query.to)
        and like(message.sender, query.sender)
        and (query.start is None or message.created >= query.start)
        and (query.end is None or message.created <= query.end)
        and query.status in ("", message.status)
        and query.error in (None, message.error)
        and says(message.body, query.body)
    )


def like(text: str, pattern: str) -> bool:
    """Whether a text matches; `%` stands for any text."""
    return not pattern or re.fullmatch(".*".join(map(re.escape, pattern.split("%"))), text) is not None


def says(body: str, search: str) -> bool:
    """Whether a body has every word searched for; a search without any word finds nothing."""
    found = [WHERE_FOUND[word] for word in search.split() if word != '"']
    return all(not words.isdisjoint(body.split()) for words in found) and (bool(found) or not search)


def in_order(found: list[Message], query: ListQuery) -> list[Message]:
    """Newest first, then by the column asked for."""
    newest = sorted(found, key=lambda message: message.id, reverse=True)
    if query.sort == "date":
        return newest if query.descending else newest[::-1]
    column = {"from": "sender", "to": "recipient"}.get(query.sort, query.sort)
    return sorted(newest, key=lambda message: str(getattr(message, column)), reverse=query.descending)
