"""The story: a message is sent, its steps happen when they are due, and the app is told of each."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct
from msgspec.structs import replace

from emulator import segments, telling, timeline
from emulator.callbacks import Answer, Courier, Flight
from emulator.clock import ClockMode
from emulator.conditions import Facts
from emulator.decision import NOTHING_SPECIAL, Decision
from emulator.errors import StorageFailed
from emulator.events import Events
from emulator.ids import random_sid, seeded_sid
from emulator.model import (
    LISTED,
    Attempt,
    Direction,
    Media,
    Message,
    Outcome,
    Status,
    Step,
    channel_of,
)
from emulator.scheduler import Due
from emulator.store import accounts, journals, messages
from emulator.store.database import Database, Transaction
from emulator.tenants import Tenant, Tenants

log = logging.getLogger("emulator")


class Draft(Struct, frozen=True, kw_only=True):
    """A message somebody asks to be sent, checked but not yet accepted."""

    sender: str
    recipient: str
    body: str = ""
    media: tuple[Media, ...] = ()
    callback_url: str = ""
    callback_method: str = "GET"
    direction: Direction = Direction.OUTBOUND_API


class Limits(Struct, frozen=True, kw_only=True):
    """How many rows of each kind an account keeps; beyond that the oldest go, and answers say how many went."""

    messages: int = 1_000_000
    journal: int = 100_000


class Sent:
    """What became of a request to send: the decision, and the message when there is one."""

    def __init__(self, decision: Decision, message: Message | None, begin: Callable[[], None]) -> None:
        self.decision = decision
        self.message = message
        self.begin = begin
        """Lets the timeline begin; done by itself once the request was answered."""


class _Played(Struct, frozen=True, kw_only=True):
    """What one step, or one attempt, of a message led to."""

    message: Message
    steps: tuple[Step, ...] = ()
    attempts: tuple[Attempt, ...] = ()


class Engine:
    """Sends, plays timelines, tells the app. `courier` is given by `callbacks`, once it knows this engine."""

    def __init__(self, *, database: Database, events: Events, limits: Limits) -> None:
        self.database = database
        self.events = events
        self.limits = limits
        self.tenants: Tenants
        self.courier: Courier[telling.Call]
        self._arrivals = 0

    async def start(self, *, tenants: Tenants, courier: Courier[telling.Call]) -> None:
        """Take up what the store holds."""
        self.tenants = tenants
        self.courier = courier
        self._arrivals = await self.database.run(messages.last_arrival)
        await tenants.load()

    @asynccontextmanager
    async def send(self, tenant: Tenant, draft: Draft) -> AsyncIterator[Sent]:
        """Decide and store a message. Inside the context its sender is answered; leaving it starts the timeline."""
        tenant.scheduler.hold()
        try:
            sent = await self._accept(tenant, draft)
            try:
                yield sent
            finally:
                sent.begin()
        finally:
            tenant.scheduler.release()

    async def watch(self, tenant: Tenant, request: str, message: Message | None = None) -> Decision:
        """The decision on a request that reads: `fetch` of a message, or `list`."""
        if not tenant.decider.watches(request):
            return NOTHING_SPECIAL
        facts = _facts_of(tenant, request, message)

        def work(db: Transaction) -> Decision:
            handset = accounts.count_request(db, tenant.id, facts.recipient, "fetches")
            facts.nth, facts.state = handset.fetches, handset.state
            decision = tenant.decider.decide(facts)
            if decision.set is not None and facts.recipient:
                accounts.set_state(db, tenant.id, facts.recipient, decision.set)
            return decision

        return await self.database.run(work)

    async def force(self, tenant: Tenant, message: Message, status: Status, error: int | None) -> Message:
        """Bring a message to a status now, tell the app, drop what was still to come; returns when it answered."""
        now = tenant.clock.now()

        def work(db: Transaction) -> _Played | None:
            found = messages.by_id(db, message.id)
            if found is None:
                return None
            forced, step = timeline.force(found, status, error, now)
            return self._store(db, tenant, forced, (step,), now)

        played = await self.database.run(work)
        if played is None:
            return message
        await self._tell(tenant, [played])
        return played.message

    async def reset(self, tenant: Tenant) -> None:
        """Forget messages, journals, handsets, pending events and counted rates of an account."""
        tenant.scheduler.clear()
        account = tenant.id
        await self.database.run(lambda db: accounts.forget(db, account))
        tenant.counts = dict.fromkeys(tenant.counts, 0)
        tenant.decider.forget()
        await self.tenants.change(tenant, mode="normal")

    def report(self, tenant: Tenant | None, error: Exception) -> None:
        """Tell of a bug of ours: whoever watches the account should fail loudly."""
        if tenant is not None:
            self._publish(tenant, "error", {"message": f"{type(error).__name__}: {error}"})

    def record_request(self, tenant: Tenant, request: journals.Request) -> None:
        """Add to the journal of what the app asked; nobody waits for it."""
        details = {"method": request.method, "path": request.path, "answer": request.answer}
        self._publish(tenant, "request", details)
        self._background(self.database.queue(lambda db: journals.insert_requests(db, [request])))
        self._count(tenant, "request")

    async def fire(self, tenant: Tenant, batch: list[Due]) -> None:
        """Play what is due, tell the app, and return when it has answered."""
        now = tenant.clock.now()
        try:
            played = await self.database.run(lambda db: self._play(db, tenant, batch, now))
            await self._tell(tenant, played)
        except StorageFailed:
            raise
        except Exception as error:  # a bug must not stop the clock; its rows stay pending
            log.exception("could not play %s", batch)
            self.report(tenant, error)

    async def load(self, attempt: int) -> telling.Call | None:
        """The request of an attempt, read from the store."""

        def work(db: Transaction) -> tuple[Message, Attempt] | None:
            found = journals.attempt(db, attempt)
            message = messages.by_id(db, found.message) if found else None
            return (message, found) if message and found else None

        pair = await self.database.run(work)
        tenant = self.tenants.by_id(pair[0].account) if pair else None
        return telling.call(tenant, *pair) if pair and tenant else None

    async def record(self, call: telling.Call, answer: Answer) -> None:
        """Store how an attempt went, and plan the next one if it should be retried."""
        tenant, now = call.tenant, call.tenant.clock.now()
        done = telling.done(call, answer, now)
        again = self._retry(call, done, answer, now)

        def work(db: Transaction) -> int | None:
            if not journals.finish_attempt(db, done):
                return None
            return journals.insert_attempt(db, again) if again else 0

        identity = await self.database.run(work)
        if identity is None:
            return
        if identity and again:
            tenant.scheduler.add(again.due, "attempt", identity)
        self._publish(tenant, "callback", telling.callback_details(call.message, done))

    async def _accept(self, tenant: Tenant, draft: Draft) -> Sent:
        self._arrivals += 1
        now, arrival = tenant.clock.now(), self._arrivals
        facts = Facts(
            to=draft.recipient,
            sender=draft.sender,
            body=draft.body,
            media=tuple(media.url for media in draft.media),
            # only SMS is cut into segments; the page's MMS examples have one
            segments=segments.count(draft.body) if channel_of(draft.recipient) == "sms" else 1,
            mode=tenant.account.mode,
            now=now,
            started=tenant.clock.started,
            seed=tenant.seed or 0,
        )
        decision, message = await self.database.run(lambda db: self._decide(db, tenant, draft, facts, arrival))
        if message is None:
            return Sent(decision, None, lambda: None)
        self._count(tenant, "message")
        self._publish(tenant, "message", {"message": message.sid, "status": message.status})
        if message.steps and message.steps[0].callback.first:
            message = await self._tell_first(tenant, message)
        return Sent(decision, message, _once(lambda: self._begin(tenant, message)))

    def _decide(
        self, db: Transaction, tenant: Tenant, draft: Draft, facts: Facts, arrival: int
    ) -> tuple[Decision, Message | None]:
        handset = accounts.count_request(db, tenant.id, facts.recipient, "sends")
        facts.nth, facts.state = handset.sends, handset.state
        decision = tenant.decider.decide(facts)
        if decision.set is not None:
            accounts.set_state(db, tenant.id, facts.recipient, decision.set)
        if not decision.accepted:
            return decision, None
        message = _message(tenant, draft, facts, decision, arrival)
        messages.insert(db, message, listed=tenant.scenario.list_all)
        return decision, message

    def _begin(self, tenant: Tenant, message: Message) -> None:
        due = messages.next_due(message)
        if due is not None:
            tenant.scheduler.add(due, "step", message.id)

    async def _tell_first(self, tenant: Tenant, message: Message) -> Message:
        now = tenant.clock.now()

        def work(db: Transaction) -> _Played:
            played, steps = timeline.play(message, now, only_first=True)
            return self._store(db, tenant, played, steps, now)

        played = await self.database.run(work)
        await self._tell(tenant, [played], next_step=False)
        return played.message

    def _play(self, db: Transaction, tenant: Tenant, batch: Sequence[Due], now: int) -> list[_Played]:
        played = []
        for due in batch:
            if due.kind == "attempt":
                attempt = journals.attempt(db, due.id)
                message = messages.by_id(db, attempt.message) if attempt else None
                if attempt and message:
                    played.append(_Played(message=message, attempts=(attempt,)))
            elif (message := messages.by_id(db, due.id)) is not None:
                played.append(self._store(db, tenant, *timeline.play(message, now), now))
        if tenant.clock.mode is not ClockMode.REAL:
            clock = tenant.clock
            accounts.save_clock(db, tenant.id, clock.mode, now, clock.offset, clock.started)
        return played

    def _store(self, db: Transaction, tenant: Tenant, message: Message, steps: tuple[Step, ...], now: int) -> _Played:
        messages.update(db, message, listed=tenant.scenario.list_all or message.status in LISTED)
        attempts = tuple(
            replace(attempt, id=journals.insert_attempt(db, attempt))
            for attempt in timeline.attempts(message, steps, now)
        )
        return _Played(message=message, steps=steps, attempts=attempts)

    async def _tell(self, tenant: Tenant, played: Sequence[_Played], *, next_step: bool = True) -> None:
        flight = Flight()
        now = tenant.clock.now()
        for each in played:
            if next_step and each.steps:
                self._begin(tenant, each.message)
            for step in each.steps:
                if step.status is not None:
                    self._publish(tenant, "status", telling.status_details(each.message, step))
            for attempt in each.attempts:
                self._dispatch(tenant, each.message, attempt, now, flight)
        await flight.landed()

    def _dispatch(self, tenant: Tenant, message: Message, attempt: Attempt, now: int, flight: Flight) -> None:
        if attempt.outcome is Outcome.LOST:
            self._publish(tenant, "callback", telling.callback_details(message, attempt))
        elif attempt.due > now:
            tenant.scheduler.add(attempt.due, "attempt", attempt.id)
        else:
            call = telling.call(tenant, message, attempt)
            self.courier.deliver(attempt.id, message=message.id, url=message.callback_url, flight=flight, outgoing=call)
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


def _facts_of(tenant: Tenant, request: str, message: Message | None) -> Facts:
    facts = Facts(
        request=request,
        mode=tenant.account.mode,
        now=tenant.clock.now(),
        started=tenant.clock.started,
        seed=tenant.seed or 0,
    )
    if message is not None:
        facts.to, facts.sender, facts.body = message.recipient, message.sender, message.body
        facts.media = tuple(media.url for media in message.media)
        facts.segments = message.segments
    return facts


def _message(tenant: Tenant, draft: Draft, facts: Facts, decision: Decision, arrival: int) -> Message:
    seed = tenant.seed
    return Message(
        id=messages.identity(facts.now, arrival),
        account=tenant.id,
        sid=random_sid("SM") if seed is None else seeded_sid("SM", seed, facts.recipient, facts.nth),
        arrival=arrival,
        created=facts.now,
        updated=facts.now,
        sender=draft.sender,
        recipient=draft.recipient,
        body=draft.body,
        media=draft.media,
        status=Status.QUEUED,
        direction=draft.direction,
        segments=facts.segments,
        callback_url=draft.callback_url,
        callback_method=draft.callback_method,
        steps=decision.steps,
        rule=decision.rule,
        nth=facts.nth,
        state=facts.state,
        mode=facts.mode,
        scenario=tenant.scenario_number,
    )


def _drop_oldest(db: Transaction, account: int, table: str, keep: int) -> int:
    if table == "message":
        return messages.drop_oldest(db, account, keep=keep)
    return journals.drop_oldest(db, account, table, keep=keep)


def _once(action: Callable[[], None]) -> Callable[[], None]:
    done = False

    def once() -> None:
        nonlocal done
        if not done:
            done = True
            action()

    return once


def _log_failure(work: "asyncio.Future[object]") -> None:
    if not work.cancelled() and (error := work.exception()) is not None:
        log.error("could not write the journal: %s", error)
