"""One account, alive: its clock, its queue of due things, and its scenario ready to decide."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from emulator.clock import Clock
from emulator.decision import Decider
from emulator.model import Account, Message
from emulator.scenario import Scenario
from emulator.scheduler import Due, Scheduler

ERRORS_KEPT = 100
"""How many of our own errors are remembered for an account, the latest."""

EXPECTED, EXPECTED_CHARACTERS = 1_000, 1_000
"""How many messages whose timelines go on are at hand, and how long their texts may be."""

Fire = Callable[["Tenant", list[Due]], Awaitable[None]]


class Tenant:
    """One account."""

    def __init__(self, account: Account, *, clock: Clock, fire: Fire, server_seed: int | None) -> None:
        self.account = account
        self.clock = clock
        self.scheduler = Scheduler(clock=clock, fire=lambda batch: fire(self, batch))
        self.decider = Decider(Scenario())
        self.scenario_number = 0
        self.changing = asyncio.Lock()
        """Held while the scenario is replaced: a rule that is put before others must not lose another one."""
        self.counts = {"message": 0, "request": 0, "attempt": 0}
        self.spared: dict[str, int] = {}
        """Up to which count nothing is dropped though the limit is exceeded."""
        self.errors: deque[tuple[int, str]] = deque(maxlen=ERRORS_KEPT)
        """What went wrong inside the emulator while it served this account: when, and what."""
        self._under_way: dict[int, Message] = {}
        self._server_seed = server_seed

    @property
    def id(self) -> int:
        """The account's number in the store."""
        return self.account.id

    @property
    def scenario(self) -> Scenario:
        """The scenario that decides."""
        return self.decider.scenario

    def expect(self, message: Message) -> None:
        """Keep a message at hand for its next step, which need not read it then."""
        if len(self._under_way) < EXPECTED and len(message.body) <= EXPECTED_CHARACTERS:
            self._under_way[message.id] = message

    def expected(self, identities: Iterable[int]) -> dict[int, Message]:
        """Those of these messages that are at hand; they are not any more."""
        return {each: self._under_way.pop(each) for each in identities if each in self._under_way}

    def expect_none(self) -> None:
        """Forget what is at hand: the messages are gone."""
        self._under_way.clear()

    @property
    def seed(self) -> int | None:
        """The seed somebody chose: the account's, the server's or the scenario's; None when nobody did."""
        for seed in (self.account.seed, self._server_seed, self.scenario.seed):
            if seed is not None:
                return seed
        return None
