"""The story: a message is sent, its steps happen when they are due, and the app is told of each."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from emulator import acceptance, playing, telling, timeline
from emulator.acceptance import Draft
from emulator.callbacks import Answer
from emulator.clock import iso, pause
from emulator.courier import Courier, Flight
from emulator.decision import NOTHING_SPECIAL, Decision
from emulator.errors import StorageFailed
from emulator.events import Events
from emulator.incoming import Text
from emulator.model import (
    Attempt,
    Direction,
    Message,
    Outcome,
    Status,
)
from emulator.playing import Arrivals, Played
from emulator.scheduler import BACK_OFF, Due
from emulator.store import accounts, journals, messages
from emulator.store.database import Database, Transaction
from emulator.tenants import Tenant, Tenants

log = logging.getLogger("emulator")

T = TypeVar("T")


Converse = Callable[[telling.Call, Answer], Awaitable[Answer]]
"""Acts on the app's answer to a text; returns the answer that counts, which may be the fallback's."""


class Limits(Struct, frozen=True, kw_only=True):
    """How many rows of each kind an account keeps; beyond that the oldest go, and answers say how many went."""

    messages: int = 1_000_000
    journal: int = 100_000


class Sending:
    """A request to send, decided and stored on entering. Inside the context its sender is answered; leaving it lets
    the message's timeline begin, and the clock go on."""

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
            self._engine.begin(self._tenant, self.message)
        self._tenant.scheduler.release()


class Engine:
    """Sends, plays timelines, tells the app. `courier` is given by `callbacks`, once it knows this engine."""

    def __init__(self, *, database: Database, events: Events, limits: Limits) -> None:
        self.database = database
        self.events = events
        self.limits = limits
        self.tenants: Tenants
        self.courier: Courier[telling.Call]
        self.converse: Converse
        self._arrivals: Arrivals = itertools.count(1).__next__
        self._requests: list[journals.Request] = []

    async def start(self, *, tenants: Tenants, courier: Courier[telling.Call], converse: Converse) -> None:
        """Take up what the store holds."""
        self.tenants = tenants
        self.courier = courier
        self.converse = converse
        self._arrivals = itertools.count(await self.database.run(messages.last_arrival) + 1).__next__
        await tenants.load()

    def send(self, tenant: Tenant, draft: Draft) -> Sending:
        """Decide and store a message, by `async with`: its timeline begins when its sender was answered."""
        return Sending(self, tenant, draft)

    async def accept(self, tenant: Tenant, draft: Draft) -> tuple[Decision, Message | None]:
        """Decide and store a message, and tell the app of it already if the scenario says `callback first`."""
        now, arrival = tenant.clock.now(), self._arrivals()
        decision, message = await self.database.run(
            lambda db: acceptance.accept(db, tenant, draft, now=now, arrival=arrival)
        )
        if message is None:
            return decision, None
        self._count(tenant, "message")
        self._publish(tenant, "message", telling.message_details(message))
        if message.steps and message.steps[0].callback.first:
            try:
                message = await self._tell_first(tenant, message)
            except StorageFailed as error:  # the message is kept already: its timeline tells the app, later
                log.error("could not tell of %s before the answer: %s", message.sid, error.message)
        return decision, message

    def begin(self, tenant: Tenant, message: Message) -> None:
        """Put a message's next step in the queue."""
        due = messages.next_due(message)
        if due is not None:
            tenant.scheduler.add(due, "step", message.id)

    async def receive(self, tenant: Tenant, text: Text) -> tuple[Message, list[Any]]:
        """A handset texts: tell the app and act on its answer. Returns the message and the conversation it led to."""
        now = tenant.clock.now()
        heard: list[Any] = []
        with tenant.scheduler.holding():
            played = await self.database.run(lambda db: playing.take(db, tenant, text, now, self._arrivals))
            await self._tell(tenant, [played], heard=heard)
        return played.message, heard

    async def watch(self, tenant: Tenant, request: str, message: Message | None = None) -> Decision:
        """The decision on a request that reads: `fetch` of a message, or `list`."""
        if not tenant.decider.watches(request):
            return NOTHING_SPECIAL
        now = tenant.clock.now()
        return await self.database.run(lambda db: acceptance.watch(db, tenant, request, message, now=now))

    async def force(self, tenant: Tenant, message: Message, status: Status, error: int | None) -> Message:
        """Bring a message to a status now, tell the app, drop what was still to come; returns when it answered."""
        now = tenant.clock.now()

        def work(db: Transaction) -> list[Played]:
            found = messages.by_id(db, message.id)
            if found is None:
                return []
            forced, step = timeline.force(found, status, error, now)
            return playing.happen(db, tenant, forced, (step,), now, self._arrivals)

        with tenant.scheduler.holding():
            played = await self.database.run(work)
            tenant.scheduler.remove("step", message.id)
            await self._tell(tenant, played)
        return played[0].message if played else message

    async def reset(self, tenant: Tenant, *, everything: bool = False) -> None:
        """Forget messages, journals, handsets, pending events and counted rates of an account.

        With `everything` also its numbers, its applications and the scenario of its own.
        """
        tenant.scheduler.clear()
        account = tenant.id

        def work(db: Transaction) -> None:
            accounts.forget(db, account)
            if everything:
                accounts.forget_provisioning(db, account)

        await self.database.run(work)
        # what was being played meanwhile is gone too; what was accepted since has not been put in the queue yet
        tenant.scheduler.clear()
        tenant.counts = dict.fromkeys(tenant.counts, 0)
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
        self._publish(tenant, "clock", {"mode": clock.mode, "now": iso(clock.now())})

    async def bring_in(self, tenant: Tenant, past: Sequence[Message]) -> None:
        """Store messages whose story is over; they get their ids and arrival numbers here."""
        arrived = [(message, self._arrivals()) for message in past]
        rows = [replace(m, id=messages.identity(m.created, arrival), arrival=arrival) for m, arrival in arrived]

        def work(db: Transaction) -> None:
            for message in rows:
                messages.insert(db, message, listed=True)

        await self.database.run(work)
        for _ in rows:
            self._count(tenant, "message")

    def report(self, tenant: Tenant | None, error: Exception) -> None:
        """Tell of a bug of ours: whoever watches the account should fail loudly."""
        if tenant is not None:
            said = f"{type(error).__name__}: {error}"
            tenant.errors.append((tenant.clock.now(), said))
            self._publish(tenant, "error", {"message": said})

    def record_request(self, tenant: Tenant, request: journals.Request) -> None:
        """Add to the journal of what the app asked; nobody waits for it."""
        details = {"method": request.method, "path": request.path, "answer": request.answer}
        self._publish(tenant, "request", details)
        self._count(tenant, "request")
        if not self._requests:
            asyncio.get_running_loop().call_soon(self._write_requests)
        self._requests.append(request)

    def _write_requests(self) -> None:
        requests, self._requests = self._requests, []
        self._background(self.database.queue(lambda db: journals.insert_requests(db, requests)))

    async def fire(self, tenant: Tenant, batch: list[Due]) -> None:
        """Play what is due, tell the app, and return when it has answered."""
        now = tenant.clock.now()
        try:
            played = await self.database.run(lambda db: playing.play(db, tenant, batch, now, self._arrivals))
        except StorageFailed:
            raise
        except Exception as error:  # a bug must stop neither the clock nor the others; its row stays pending
            if len(batch) > 1:
                for due in batch:
                    await self.fire(tenant, [due])
                return
            log.exception("could not play %s", batch)
            self.report(tenant, error)
            return
        await self._tell(tenant, played)

    async def load(self, attempt: int) -> telling.Call | None:
        """The request of an attempt, read from the store."""

        def work(db: Transaction) -> tuple[Message, Attempt] | None:
            found = journals.attempt(db, attempt)
            message = messages.by_id(db, found.message) if found else None
            return (message, found) if message and found else None

        pair = await self._insist(work)
        tenant = self.tenants.by_id(pair[0].account) if pair else None
        return telling.call(tenant, *pair) if pair and tenant else None

    async def record(self, call: telling.Call, answer: Answer) -> None:
        """Store how an attempt went, and plan the next one if it should be retried. A text's answer is acted upon."""
        inbound = call.message.direction is Direction.INBOUND
        if inbound:
            answer = await self.converse(call, answer)
        tenant, now = call.tenant, call.tenant.clock.now()
        done = telling.done(call, answer, now)
        again = self._retry(call, done, answer, now)
        failed = inbound and done.outcome is Outcome.FAILED and again is None

        def work(db: Transaction) -> int | None:
            if not journals.finish_attempt(db, done):
                return None
            if failed:
                message = replace(call.message, status=Status.FAILED, updated=now)
                messages.update(db, message, listed=True)
            return journals.insert_attempt(db, again) if again else 0

        identity = await self._insist(work)
        if identity is None:
            return
        if identity and again:
            tenant.scheduler.add(again.due, "attempt", identity)
        if failed:
            self._publish(tenant, "status", {"message": call.message.sid, "status": Status.FAILED, "error_code": None})
        self._publish(tenant, "callback", telling.callback_details(call.message, done))

    async def _insist(self, work: Callable[[Transaction], T]) -> T:
        """Run work that cannot be refused to anybody: what the app was told already must be recorded."""
        while True:
            try:
                return await self.database.run(work)
            except StorageFailed as error:
                log.error("%s; trying again in %d ms", error.message, BACK_OFF)
                await pause(BACK_OFF)

    async def _tell_first(self, tenant: Tenant, message: Message) -> Message:
        now = tenant.clock.now()

        def work(db: Transaction) -> list[Played]:
            first, steps = timeline.play(message, now, only_first=True)
            return playing.happen(db, tenant, first, steps, now, self._arrivals)

        played = await self.database.run(work)
        await self._tell(tenant, played, next_step=False)
        return played[0].message

    async def _tell(
        self, tenant: Tenant, played: Sequence[Played], *, next_step: bool = True, heard: list[Any] | None = None
    ) -> None:
        flight = Flight()
        now = tenant.clock.now()
        for each in played:
            if each.arrived:
                self._count(tenant, "message")
                self._publish(tenant, "inbound", telling.message_details(each.message))
            if next_step and each.steps:
                self.begin(tenant, each.message)
            for step in each.steps:
                if step.status is not None:
                    self._publish(tenant, "status", telling.status_details(each.message, step))
            for attempt in each.attempts:
                self._dispatch(telling.call(tenant, each.message, attempt, heard), now, flight)
        await flight.landed()

    def _dispatch(self, call: telling.Call, now: int, flight: Flight) -> None:
        tenant, message, attempt = call.tenant, call.message, call.attempt
        if attempt.outcome is Outcome.LOST:
            self._publish(tenant, "callback", telling.callback_details(message, attempt))
        elif attempt.due > now:
            tenant.scheduler.add(attempt.due, "attempt", attempt.id)
        else:
            self.courier.deliver(attempt.id, message=message.id, url=call.url, flight=flight, outgoing=call)
        self._count(tenant, "attempt")

    def _retry(self, call: telling.Call, done: Attempt, answer: Answer, now: int) -> Attempt | None:
        retry = call.tenant.scenario.callback.retry
        if retry is None or done.outcome is not Outcome.FAILED or done.number > retry.times:
            return None
        if (answer.failure or f"{(answer.status or 0) // 100}xx") not in retry.on:
            return None
        return replace(
            call.attempt,
            id=0,
            number=done.number + 1,
            due=now + retry.delay(done.number),
            outcome=Outcome.PENDING,
        )

    def _count(self, tenant: Tenant, table: str) -> None:
        tenant.counts[table] += 1
        keep = self.limits.messages if table == "message" else self.limits.journal
        # a margin of one in a hundred makes dropping rare, and so cheap
        if tenant.counts[table] > keep + keep // 100 + 1:
            tenant.counts[table] = keep
            self._background(self.database.queue(lambda db: _drop_oldest(db, tenant.id, table, keep)))

    def _publish(self, tenant: Tenant, kind: str, details: Mapping[str, object]) -> None:
        self.events.publish(tenant.id, kind, tenant.clock.now(), details)

    def _background(self, work: "asyncio.Future[object]") -> None:
        work.add_done_callback(_log_failure)


def _drop_oldest(db: Transaction, account: int, table: str, keep: int) -> int:
    if table == "message":
        return messages.drop_oldest(db, account, keep=keep)
    return journals.drop_oldest(db, account, table, keep=keep)


def _log_failure(work: "asyncio.Future[object]") -> None:
    if not work.cancelled() and (error := work.exception()) is not None:
        log.error("could not write the journal: %s", error)
