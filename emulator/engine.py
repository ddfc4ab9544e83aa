"""The story: a message is sent, its steps happen when they are due, and the app is told of each."""

import itertools
import logging
from collections.abc import Sequence
from typing import Self

from msgspec.structs import replace

from emulator import acceptance, playing, telling, timeline
from emulator.acceptance import Draft
from emulator.chronicle import Chronicle
from emulator.clock import iso
from emulator.courier import Flight
from emulator.decision import NOTHING_SPECIAL, Decision
from emulator.errors import NotFound, StorageFailed
from emulator.incoming import Text
from emulator.messenger import Messenger, begin
from emulator.model import Message, Status
from emulator.playing import Arrivals, Played
from emulator.scheduler import Due
from emulator.store import accounts, listing, messages
from emulator.store.database import Database, Transaction
from emulator.telling import Conversation
from emulator.tenant import Tenant
from emulator.tenants import Tenants

FIRED_AT_ONCE = 200
"""How many due things are played in one transaction: others want the database too."""

log = logging.getLogger("emulator")


class Sending:
    """A request to send, decided and stored on entering. Its sender is answered inside.

    Leaving it lets the message's timeline begin, and the clock go on.
    """

    decision: Decision
    message: Message | None

    def __init__(self, engine: "Engine", tenant: Tenant, draft: Draft) -> None:
        self._engine = engine
        self._tenant = tenant
        self._draft = draft
        self._begun = False

    async def __aenter__(self) -> Self:
        self._tenant.scheduler.hold()
        try:
            self.decision, self.message = await self._engine.accept(self._tenant, self._draft)
        except BaseException:
            self._tenant.scheduler.release()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.begin()

    def begin(self) -> None:
        """Let the timeline begin already: for a request that will never be answered."""
        if self._begun:
            return
        self._begun = True
        if self.message is not None:
            begin(self._tenant, self.message)
        self._tenant.scheduler.release()


class Engine:
    """Sends, receives, plays timelines; what is to be told of it, its messenger tells. `start` gives it the tenants."""

    def __init__(self, *, database: Database, chronicle: Chronicle, messenger: Messenger) -> None:
        self.database = database
        self.chronicle = chronicle
        self.messenger = messenger
        self.tenants: Tenants
        self._arrivals: Arrivals = itertools.count(1).__next__

    async def start(self, tenants: Tenants) -> None:
        """Take up what the store holds."""
        self.tenants = tenants
        self._arrivals = itertools.count(await self.database.run(messages.last_arrival) + 1).__next__
        await tenants.load()

    def send(self, tenant: Tenant, draft: Draft) -> Sending:
        """Decide and store a message, by `async with`: its timeline begins when its sender was answered."""
        return Sending(self, tenant, draft)

    async def accept(self, tenant: Tenant, draft: Draft) -> tuple[Decision, Message | None]:
        """Decide and store a message, and tell the app of it already if the scenario says `callback first`.

        Raises NotFound for an account that was deleted, and for a reply to a text that was forgotten.
        """
        self._require(tenant)
        now, arrival = tenant.clock.now(), self._arrivals()
        # a reply cannot be refused to anybody
        run = self.database.run if draft.answers is None else self.database.insist
        decision, message = await run(
            lambda db: acceptance.accept(db, tenant, draft, now=now, arrival=arrival), brief=True
        )
        if message is None:
            return decision, None
        self.chronicle.count(tenant, "message")
        if tenant.scenario.list_all:
            self.chronicle.listed()
        self.chronicle.publish(tenant, "message", telling.message_details(message))
        if message.steps and message.steps[0].callback.first:
            try:
                message = await self._tell_first(tenant, message)
            except StorageFailed as error:  # the message is kept already: its timeline tells the app, later
                log.error("could not tell of %s before the answer: %s", message.sid, error.message)
        return decision, message

    async def receive(self, tenant: Tenant, text: Text) -> tuple[Message, list[Conversation]]:
        """A handset texts: tell the app and act on its answer. Returns the message and the conversation it led to.

        Raises NotFound for an account that was deleted.
        """
        self._require(tenant)
        now = tenant.clock.now()
        with tenant.scheduler.telling():
            played = await self.database.run(lambda db: playing.take(db, tenant, text, now, self._arrivals), brief=True)
            with self.messenger.listening(played.attempts) as heard:
                await self.messenger.tell(tenant, [played])
        await self.messenger.recorded(tenant)
        return played.message, heard

    async def watch(self, tenant: Tenant, request: str, message: Message | None = None) -> Decision:
        """The decision on a request that reads: `fetch` of a message, or `list`."""
        if not tenant.decider.watches(request):
            return NOTHING_SPECIAL
        now = tenant.clock.now()
        return await self.database.run(lambda db: acceptance.watch(db, tenant, request, message, now=now), brief=True)

    async def force(self, tenant: Tenant, message: Message, status: Status, error: int | None) -> Message:
        """Bring a message to a status now, tell the app, drop what was still to come; returns when it answered."""
        now = tenant.clock.now()

        def work(db: Transaction) -> list[Played]:
            found = messages.by_id(db, message.id)
            if found is None:
                return []
            forced, step = timeline.force(found, status, error, now)
            return playing.happen(db, tenant, forced, (step,), now, self._arrivals)

        with tenant.scheduler.telling():
            played = await self.database.run(work, brief=True)
            tenant.scheduler.remove("step", message.id)
            tenant.expected([message.id])
            await self.messenger.tell(tenant, played)
        await self.messenger.recorded(tenant)
        return played[0].message if played else message

    async def reset(self, tenant: Tenant, *, everything: bool = False) -> None:
        """Forget messages, journals, handsets, pending events and counted rates of an account.

        With `everything` also its numbers, its applications and the scenario of its own.
        """
        tenant.scheduler.clear()
        account = tenant.id

        def work(db: Transaction) -> None:
            accounts.forget(db, account)
            # here, so that what is counted and dropped from now on is of what comes after
            tenant.counts = dict.fromkeys(tenant.counts, 0)
            if everything:
                accounts.forget_provisioning(db, account)

        await self.database.run(work)
        # what was being played meanwhile is gone too; what was accepted since has not been put in the queue yet
        tenant.scheduler.clear()
        tenant.expect_none()
        tenant.spared.clear()
        tenant.errors.clear()
        await self.tenants.change(tenant, mode="normal")
        if everything:
            await self.tenants.set_scenario(tenant, None)
        else:
            await self.tenants.adopt_again(tenant)

    async def clock_moved(self, tenant: Tenant) -> None:
        """Remember where somebody has put an account's clock, and tell who watches."""
        await self.tenants.save_clock(tenant)
        clock = tenant.clock
        self.chronicle.publish(tenant, "clock", {"mode": clock.mode, "now": iso(clock.now())})

    async def bring_in(self, tenant: Tenant, past: Sequence[Message]) -> None:
        """Store messages whose story is over; they get their ids and arrival numbers here."""
        arrived = [(message, self._arrivals()) for message in past]
        rows = [replace(m, id=messages.identity(m.created, arrival), arrival=arrival) for m, arrival in arrived]

        def work(db: Transaction) -> None:
            for message in rows:
                messages.insert(db, message, listed=True)
            listing.refresh(db)

        await self.database.run(work)
        for _ in rows:
            self.chronicle.count(tenant, "message")

    async def fire(self, tenant: Tenant, batch: list[Due]) -> None:
        """Play what is due, tell the app, and return when it has answered."""
        flight = Flight()
        try:
            for start in range(0, len(batch), FIRED_AT_ONCE):
                self.messenger.set_off(tenant, await self._play(tenant, batch[start : start + FIRED_AT_ONCE]), flight)
        except StorageFailed:
            # the whole batch will be played again: what was told already must have been recorded
            await flight.landed()
            await self.messenger.recorded(tenant)
            raise
        await flight.landed()

    def _require(self, tenant: Tenant) -> None:
        # what is written for an account after it was deleted would stay for ever
        if self.tenants.by_id(tenant.id) is None:
            raise NotFound(f"account {tenant.account.sid} was deleted")

    async def _play(self, tenant: Tenant, batch: list[Due]) -> list[Played]:
        now, known = tenant.clock.now(), tenant.expected(due.id for due in batch)
        try:
            return await self.database.run(
                lambda db: playing.play(db, tenant, batch, now, self._arrivals, known), brief=True, size=len(batch)
            )
        except StorageFailed:
            raise
        except Exception:  # noqa: BLE001 - a bug must stop neither the clock nor the others
            return [each for due in batch for each in await self._play_alone(tenant, due, now)]

    async def _play_alone(self, tenant: Tenant, due: Due, now: int) -> list[Played]:
        try:
            return await self.database.insist(
                lambda db: playing.play(db, tenant, [due], now, self._arrivals), brief=True
            )
        except Exception as error:  # its row stays pending
            log.exception("could not play %s", due)
            self.chronicle.report(tenant, error)
            return []

    async def _tell_first(self, tenant: Tenant, message: Message) -> Message:
        now = tenant.clock.now()

        def work(db: Transaction) -> list[Played]:
            first, steps = timeline.play(message, now, only_first=True)
            return playing.happen(db, tenant, first, steps, now, self._arrivals)

        played = await self.database.run(work, brief=True)
        await self.messenger.tell(tenant, played, next_step=False)
        return played[0].message
