"""Repeating what happened: an account's messages, and the requests that were refused or cut off, as a scenario."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from emulator import scenario_file, zero_config
from emulator.model import Message, number_of
from emulator.scenario import Fault, Reply, Scenario
from emulator.store.journals import Request

if TYPE_CHECKING:
    from emulator.scenario_file.replaying import Answered


class _Sending(Struct, kw_only=True):
    """One request to send, as the journal has it; `nth` is None while unknown, `reply` when there was nothing odd."""

    recipient: str
    nth: int | None
    reply: Reply | None


def repeat(messages: Sequence[Message], requests: Iterable[Request], scenario: Scenario) -> str:
    """A scenario in which the same requests meet the same fate. Both in the order they came.

    The journal has no room for what exactly a rule did to a connection: of a rule that `scenario` no longer has, a
    cut connection is told as a reset one.
    """
    numbers = {message.sid: message.nth for message in messages}
    sendings: dict[str, list[_Sending]] = {}
    for request in requests:
        if (sending := _sending(request, numbers, scenario)) is not None:
            sendings.setdefault(sending.recipient, []).append(sending)
    return scenario_file.replay(messages, list(_answers(sendings.values())))


def _answers(sendings: Iterable[list[_Sending]]) -> Iterator["Answered"]:
    from emulator.scenario_file.replaying import Answered  # noqa: PLC0415 - few accounts are ever exported

    for to_one in sendings:
        # a message knows its number, and refused requests between two messages were counted too
        known = next((place for place, each in enumerate(to_one) if each.nth is not None), 0)
        nth = max(0, (to_one[known].nth or 1) - known - 1)
        for each in to_one:
            nth = each.nth if each.nth is not None else nth + 1
            if each.reply is not None:
                yield Answered(recipient=each.recipient, nth=nth, reply=each.reply)


def _sending(request: Request, numbers: dict[str, int], scenario: Scenario) -> _Sending | None:
    path = request.path.rstrip("/").removesuffix(".json")
    given = _object(request.parameters)
    recipient = given.get("to", given.get("To"))
    if request.method != "POST" or not path.endswith("/Messages") or not isinstance(recipient, str):
        return None
    said = _object(request.answer_body)
    taken = request.answer is not None and request.answer < 300
    if not taken and request.rule is None:
        return None  # refused before any rule was asked, and so not counted
    number = _plus(number_of(recipient))
    reply = None if request.rule is None else _reply(request, request.rule, number, said, scenario)
    return _Sending(recipient=number, nth=numbers.get(str(said.get("sid"))), reply=reply)


def _reply(request: Request, name: str, recipient: str, said: dict[str, Any], scenario: Scenario) -> Reply | None:
    rule = next((rule for rule in scenario.rules if rule.name == name), None) or zero_config.fate(recipient)
    reply = rule.reply if rule is not None else None
    if reply is not None and _answers_with(reply) == request.answer:
        return reply
    if request.answer == 200:
        return None
    if request.answer is None:
        return Reply(fault=Fault.RESET)
    code, message = said.get("code"), said.get("message")
    return Reply(
        status=request.answer,
        code=code if isinstance(code, int) else None,
        message=message if isinstance(message, str) else "",
    )


def _answers_with(reply: Reply) -> int | None:
    return (reply.status or 200) if reply.fault is None else None


def _object(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {}  # not JSON, or cut where the journal ends


def _plus(number: str) -> str:
    return f"+{number.lstrip()}" if number.startswith(" ") else number
