"""Accepting a message: what the scenario decides about a request, and the row that an accepted one becomes."""

from msgspec import Struct

from emulator import segments
from emulator.conditions import Facts
from emulator.decision import Decision
from emulator.errors import NotFound
from emulator.ids import random_sid, seeded_sid
from emulator.model import Direction, Media, Message, Status, channel_of
from emulator.store import accounts, messages
from emulator.store.database import Transaction
from emulator.tenant import Tenant


class Draft(Struct, frozen=True, kw_only=True):
    """A message somebody asks to be sent, checked but not yet accepted.

    `answers` is the id of the text that it is a reply to; `legacy` says that the older API was asked.
    """

    sender: str
    recipient: str
    body: str = ""
    media: tuple[Media, ...] = ()
    callback_url: str = ""
    callback_method: str = "GET"
    direction: Direction = Direction.OUTBOUND_API
    answers: int | None = None
    legacy: bool = False


def accept(db: Transaction, tenant: Tenant, draft: Draft, *, now: int, arrival: int) -> tuple[Decision, Message | None]:
    """Count the request, decide it, and store the message if it is accepted.

    Raises NotFound when the text that it answers was forgotten meanwhile.
    """
    if draft.answers is not None and messages.by_id(db, draft.answers) is None:
        raise NotFound("the text that this answers was forgotten meanwhile")
    facts = _base("send", tenant, now)
    facts.to, facts.sender, facts.body = draft.recipient, draft.sender, draft.body
    facts.media = tuple(media.url for media in draft.media)
    # only SMS is cut into segments; the page's MMS examples have one
    facts.segments = segments.count(draft.body) if channel_of(draft.recipient) == "sms" else 1
    decision = _decide(db, tenant, facts, "sends")
    if not decision.accepted:
        return decision, None
    message = _message(tenant, draft, facts, decision, arrival)
    return decision, messages.insert(db, message, listed=tenant.scenario.list_all)


def watch(db: Transaction, tenant: Tenant, request: str, message: Message | None, *, now: int) -> Decision:
    """Count and decide a request that reads: `fetch` of a message, or `list`."""
    facts = _base(request, tenant, now)
    if message is not None:
        facts.to, facts.sender, facts.body = message.recipient, message.sender, message.body
        facts.media = tuple(media.url for media in message.media)
        facts.segments = message.segments
    return _decide(db, tenant, facts, "fetches")


def _base(request: str, tenant: Tenant, now: int) -> Facts:
    return Facts(
        request=request,
        mode=tenant.account.mode,
        now=now,
        started=tenant.clock.started,
        seed=tenant.seed or 0,
    )


def _decide(db: Transaction, tenant: Tenant, facts: Facts, counter: str) -> Decision:
    recipient = facts.recipient
    facts.nth, facts.state = accounts.count_request(db, tenant.id, recipient, counter)
    decision = tenant.decider.decide(facts)
    if decision.set is not None and recipient:
        accounts.set_state(db, tenant.id, recipient, decision.set)
    return decision


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
        legacy=draft.legacy,
    )
