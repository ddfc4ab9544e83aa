"""Why a message met its fate: its request as it was, tried again on the scenario that decided it."""

from emulator import scenario_file
from emulator.conditions import Facts
from emulator.decision import Decider, Tried
from emulator.engine import Engine
from emulator.errors import BadScenario
from emulator.model import Direction, Message
from emulator.scenario import Scenario
from emulator.store import journals
from emulator.tenant import Tenant

_FORGOTTEN = "the scenario that decided this message is no longer kept, so only its rule's name is known"
_UNREADABLE = "the scenario that decided this message cannot be read any more"
_INBOUND = "no rule decides about a text from a handset"
_NO_RULES = "the scenario had no rules"


async def explain(engine: Engine, tenant: Tenant, message: Message) -> tuple[list[Tried], str]:
    """Each rule tried and why it did not match, down to the one that did; and a note on what is not known.

    Seed and start of the clock are those of today: a `chance` or `during` may be told otherwise if they were changed.
    """
    if message.direction is Direction.INBOUND:
        return [], _INBOUND
    decider, note = await _decider(engine, tenant, message)
    if decider is None:
        return [Tried(rule=message.rule or "happy", matched=True)], note
    return decider.explain(_facts(tenant, message), message.rule), note


async def _decider(engine: Engine, tenant: Tenant, message: Message) -> tuple[Decider | None, str]:
    if not message.scenario:
        return Decider(Scenario()), _NO_RULES
    if message.scenario == tenant.scenario_number:
        return tenant.decider, ""
    account, number = tenant.id, message.scenario
    text = await engine.database.run(lambda db: journals.scenario_text(db, account, number))
    if text is None:
        return None, _FORGOTTEN
    try:
        return Decider(scenario_file.load(text).scenario), ""
    except BadScenario:
        return None, _UNREADABLE


def _facts(tenant: Tenant, message: Message) -> Facts:
    return Facts(
        to=message.recipient,
        sender=message.sender,
        body=message.body,
        media=tuple(media.url for media in message.media),
        segments=message.segments,
        nth=message.nth,
        state=message.state,
        mode=message.mode,
        now=message.created,
        started=tenant.clock.started,
        seed=tenant.seed or 0,
    )
