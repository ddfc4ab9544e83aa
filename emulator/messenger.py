"""The messenger: sets requests to the app off, records how each went, and plans the next attempt."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from msgspec.structs import replace

from emulator import telling
from emulator.callbacks import Answer
from emulator.chronicle import Chronicle
from emulator.clock import LATEST, ClockMode
from emulator.courier import Courier, Flight
from emulator.model import LISTED, Attempt, Direction, Message, Outcome, Status
from emulator.playing import Played
from emulator.store import journals, messages
from emulator.store.database import Database, Transaction
from emulator.telling import Call, Conversation
from emulator.tenant import Tenant
from emulator.tenants import Tenants

Converse = Callable[[Conversation, Answer], Awaitable[None]]
"""Acts on the app's answer to a text."""

log = logging.getLogger("emulator")


class Messenger:
    """Tells the app. What it needs and what needs it is given by `start`."""

    def __init__(self, *, database: Database, chronicle: Chronicle) -> None:
        self.courier: Courier[Call]
        self._database = database
        self._chronicle = chronicle
        self._tenants: Tenants
        self._converse: Converse
        self._listeners: dict[int, list[Conversation]] = {}
        self._notes: dict[int, set[asyncio.Task[None]]] = {}

    def start(self, *, tenants: Tenants, courier: Courier[Call], converse: Converse) -> None:
        """Know the others."""
        self._tenants = tenants
        self.courier = courier
        self._converse = converse

    async def tell(self, tenant: Tenant, played: Sequence[Played], *, next_step: bool = True) -> None:
        """Tell what has to be told now; returns when the app has answered."""
        flight = Flight()
        self.set_off(tenant, played, flight, next_step=next_step)
        await flight.landed()

    def set_off(self, tenant: Tenant, played: Sequence[Played], flight: Flight, *, next_step: bool = True) -> None:
        """Set off what has to be told now, put the rest in the queue, and publish all of it."""
        now, chronicle = tenant.clock.now(), self._chronicle
        for each in played:
            if each.arrived:
                chronicle.count(tenant, "message")
                chronicle.publish(tenant, "inbound", telling.message_details(each.message), at=now)
            if (each.steps or each.arrived) and each.message.status in LISTED:
                chronicle.listed()
            if next_step and each.steps:
                begin(tenant, each.message)
            for step in each.steps:
                if step.status is not None:
                    chronicle.publish(tenant, "status", telling.status_details(each.message, step), at=now)
            for attempt in each.attempts:
                if each.steps or each.arrived:  # one that was due later has been counted before
                    chronicle.count(tenant, "attempt")
                self._dispatch(telling.call(tenant, each.message, attempt), now, flight)

    @contextmanager
    def listening(self, attempts: Sequence[Attempt]) -> Iterator[list[Conversation]]:
        """Collects the conversations that these attempts lead to, for somebody who waits for them."""
        heard: list[Conversation] = []
        for attempt in attempts:
            self._listeners[attempt.id] = heard
        try:
            yield heard
        finally:
            for attempt in attempts:
                del self._listeners[attempt.id]

    async def load(self, attempt: int) -> Call | None:
        """The request of an attempt, read from the store."""

        def work(db: Transaction) -> tuple[Message, Attempt] | None:
            found = journals.attempt(db, attempt)
            message = messages.by_id(db, found.message) if found else None
            return (message, found) if message and found else None

        pair = await self._database.insist(work, brief=True)
        tenant = self._tenants.by_id(pair[0].account) if pair else None
        return telling.call(tenant, *pair) if pair and tenant else None

    async def record(self, call: Call, answer: Answer) -> None:
        """Store how an attempt went, and plan the next one if it should be retried. A text's answer is acted upon.

        What nothing follows from is stored soon, while others go on: `recorded` waits for it.
        """
        inbound = call.message.direction is Direction.INBOUND
        tenant, done = call.tenant, telling.done(call, answer, call.tenant.clock.now())
        read = await self._hear(call, answer) if inbound else done.outcome is Outcome.ANSWERED
        now = tenant.clock.now()
        again = None if read else self._retry(call, done, answer, now)
        if again is None and (read or not inbound):
            self._note(call, done, now)
            return

        def work(db: Transaction) -> int | None:
            if not journals.finish_attempt(db, done):
                return None
            if again is None:
                message = replace(call.message, status=Status.FAILED, updated=now)
                messages.update(db, message, listed=True)
            return journals.insert_attempt(db, again) if again else 0

        identity = await self._database.insist(work, brief=True)
        if identity is None:
            return
        if again is not None:
            tenant.scheduler.add(again.due, "attempt", identity)
            self._chronicle.count(tenant, "attempt")
        else:
            details = {"message": call.message.sid, "status": Status.FAILED, "error_code": None}
            self._chronicle.publish(tenant, "status", details)
        self._chronicle.publish(tenant, "callback", telling.callback_details(call.message, done))

    async def recorded(self, tenant: Tenant) -> None:
        """Return when all that the account's app has answered is stored."""
        while notes := self._notes.get(tenant.id):
            self._database.hurry()
            await asyncio.wait(notes)

    async def close(self) -> None:
        """Wait for nothing more; what was answered but could not be stored stays pending."""
        notes = [note for each in self._notes.values() for note in each]
        for note in notes:
            note.cancel()
        await asyncio.gather(*notes, return_exceptions=True)

    async def record_asked(self, call: Call, answer: Answer) -> bool:
        """Store a request that a conversation led to; False when its text was forgotten meanwhile."""
        done = telling.done(call, answer, call.tenant.clock.now())

        def work(db: Transaction) -> bool:
            if messages.by_id(db, call.message.id) is None:
                return False
            journals.insert_attempt(db, done)
            return True

        if not await self._database.insist(work, brief=True):
            return False
        self._chronicle.publish(call.tenant, "callback", telling.callback_details(call.message, done))
        self._chronicle.count(call.tenant, "attempt")
        return True

    async def _hear(self, call: Call, answer: Answer) -> bool:
        """Act on the answer to a text; whether it was read."""
        talk = Conversation(call)
        if (heard := self._listeners.get(call.attempt.id)) is not None:
            heard.append(talk)
        try:
            await self._converse(talk, answer)
        except Exception as error:  # a bug must not leave the text pending for ever
            log.exception("could not act on the answer to %s", call.message.sid)
            self._chronicle.report(call.tenant, error)
        return talk.read

    def _note(self, call: Call, done: Attempt, now: int) -> None:
        # queued at once: whatever is queued later, by a next step or by whoever reads, comes after it
        stored = self._database.queue(
            partial(journals.finish_attempt, attempt=done), brief=True, patient=_is_real(call.tenant)
        )
        note = asyncio.create_task(self._noted(call, done, now, stored))
        notes = self._notes.setdefault(call.tenant.id, set())
        notes.add(note)
        note.add_done_callback(partial(self._forget_note, call.tenant.id))

    async def _noted(self, call: Call, done: Attempt, now: int, stored: "asyncio.Future[bool]") -> None:
        try:
            known = await self._database.insist(
                partial(journals.finish_attempt, attempt=done), brief=True, first=stored
            )
        except Exception as error:  # a bug must not pass unseen; the attempt stays pending in the store
            log.exception("could not record attempt %d", done.id)
            self._chronicle.report(call.tenant, error)
            return
        if known:
            self._chronicle.publish(call.tenant, "callback", telling.callback_details(call.message, done), at=now)

    def _forget_note(self, account: int, note: "asyncio.Task[None]") -> None:
        notes = self._notes[account]
        notes.discard(note)
        if not notes:
            del self._notes[account]

    def _dispatch(self, call: Call, now: int, flight: Flight) -> None:
        tenant, message, attempt = call.tenant, call.message, call.attempt
        if attempt.outcome is Outcome.LOST:
            self._chronicle.publish(tenant, "callback", telling.callback_details(message, attempt))
        elif attempt.due > now:
            tenant.scheduler.add(attempt.due, "attempt", attempt.id)
        else:
            self.courier.deliver(attempt.id, message=message.id, url=call.url, flight=flight, outgoing=call)

    def _retry(self, call: Call, done: Attempt, answer: Answer, now: int) -> Attempt | None:
        retry = call.tenant.scenario.callback.retry
        if retry is None or done.outcome is not Outcome.FAILED or done.number > retry.times:
            return None
        if (answer.failure or f"{(answer.status or 0) // 100}xx") not in retry.on:
            return None
        return replace(
            call.attempt,
            id=0,
            number=done.number + 1,
            due=min(now + retry.delay(done.number), LATEST),
            outcome=Outcome.PENDING,
        )


def begin(tenant: Tenant, message: Message) -> None:
    """Put a message's next step in the queue."""
    due = messages.next_due(message)
    if due is not None:
        tenant.expect(message)
        tenant.scheduler.add(due, "step", message.id)


def _is_real(tenant: Tenant) -> bool:
    return tenant.clock.mode is ClockMode.REAL
