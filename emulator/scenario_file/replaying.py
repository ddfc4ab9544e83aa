"""What happened to messages, written as a scenario that lets it happen again."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from emulator.clock import format_duration
from emulator.model import PLAINLY, Direction, Message, Step, Telling, is_number
from emulator.scenario import Fault, Reply
from emulator.scenario_file.grammar import DELAY_LIMIT, delay_text
from emulator.scenario_file.language import RULES_LIMIT
from emulator.scenario_file.source import NODES_LIMIT, SIZE_LIMIT
from emulator.scenario_file.steps import CARRY_ERROR, STATUSES
from emulator.scenario_file.timelines import STEPS_LIMIT
from emulator.scenario_file.writing import Value, block, flow

TOGETHER = 1_000
"""How many recipients with one fate share a rule."""

_HEAD = 1_000
"""Bytes kept for the lines above the rules."""

_WRITTEN = frozenset(STATUSES.values())


Fate: TypeAlias = dict[str, Value]
"""What a rule says of one request: `reply`, `then`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request that was not answered as the platform does: to whom, the how-manieth, and the reply."""

    recipient: str
    nth: int
    reply: Reply


def replay(messages: Iterable[Message], answers: Iterable[Answered] = ()) -> str:
    """A scenario in YAML in which the same requests meet the same fate: one rule for each that is not like another.

    Texts from handsets, and messages that nobody asked to be sent, are not in it. It always loads: what exceeds the
    limits of a scenario is left out, and the first lines say how much.
    """
    told = [each for each in messages if each.direction is not Direction.INBOUND and each.nth > 0]
    fates: dict[str, dict[int, Fate]] = {}
    for answer in answers:
        _fate(fates, answer.recipient, answer.nth)["reply"] = _reply(answer.reply)
    for message in told:
        _fate(fates, message.handset, message.nth)["then"] = _steps(message)
    head = ["version: 1"]
    if any(message.media for message in told):
        # what a channel can carry was decided then, and stands in the steps
        head.append("channels: {sms: {media: yes}, mms: {media: yes}}")
    rules, left_out = _fitting(_rules(fates))
    kept = sum(len(each) for each in fates.values()) - left_out
    first = [f"# what happened to {kept} requests, to happen again"]
    if left_out:
        first.append(f"# {left_out} further ones are left out, because a scenario cannot be larger")
    return "\n".join([*first, *head, "rules:" if rules else "rules: []", *rules, ""])


def _fate(fates: dict[str, dict[int, Fate]], recipient: str, nth: int) -> Fate:
    return fates.setdefault(recipient, {}).setdefault(nth, {})


def _steps(message: Message) -> list[Value]:
    steps = [step for step in message.steps if step.status in _WRITTEN or step.replies]
    steps.sort(key=lambda step: step.due)
    return [_step(step, min(max(0, step.due - message.created), DELAY_LIMIT)) for step in steps[:STEPS_LIMIT]]


def _step(step: Step, offset: int) -> dict[str, Value]:
    written: dict[str, Value] = {"status": step.status.value} if step.status else {}
    if step.replies:
        # the language has no way to write this as plain text
        written["replies"] = step.replies.replace("${", "$ {")
    written["at"] = format_duration(offset)
    if step.error is not None and step.status in CARRY_ERROR:
        written["error"] = str(step.error)
    if step.status and step.callback != PLAINLY:
        written["callback"] = _callback(step.callback)
    return written


def _callback(telling: Telling) -> dict[str, Value]:
    if telling.lost:
        return {"lost": "yes"}
    delays = {"late": telling.late, "gap": telling.gap}
    flags = {"first": telling.first, "forged": telling.forged, "garbled": telling.garbled}
    written: dict[str, Value] = {"times": str(telling.times)} if telling.times > 1 else {}
    written |= {key: format_duration(min(delay, DELAY_LIMIT)) for key, delay in delays.items() if delay}
    return written | {key: "yes" for key, flag in flags.items() if flag}


def _reply(reply: Reply) -> Value:
    written: dict[str, Value] = {}
    for key, number in (("status", reply.status), ("code", reply.code)):
        if number is not None:
            written[key] = str(number)
    if reply.message:
        written["message"] = reply.message
    if reply.headers:
        written["headers"] = dict(reply.headers)
    if reply.after is not None:
        written["after"] = delay_text(reply.after)
    if reply.fault is not None:
        written["fault"] = reply.fault.value
        written |= {"for": format_duration(reply.hang)} if reply.fault is Fault.HANG else {}
    return written | ({"accept": "yes"} if reply.accept else {})


def _consistent(fate: Fate) -> Fate:
    """A message that lives although its request was refused needs `accept`."""
    reply = fate.get("reply")
    if "then" in fate and isinstance(reply, dict) and ("fault" in reply or str(reply.get("status", "200")) >= "300"):
        return fate | {"reply": reply | {"accept": "yes"}}
    return fate


def _rules(fates: Mapping[str, Mapping[int, Fate]]) -> Iterator[tuple[int, str]]:
    """The rules, each with how many requests it is about."""
    stories: dict[tuple[int, int, str], list[str]] = {}
    for recipient, by_number in fates.items():
        for low, high in _ranges(by_number):
            story = block(_consistent(by_number[low]), "    ")
            stories.setdefault((low, high, story), []).append(_matcher(recipient))
    number = 0
    for (low, high, story), recipients in stories.items():
        nth = str(low) if low == high else f"{low}..{high}"
        for start in range(0, len(recipients), TOGETHER):
            number += 1
            some = recipients[start : start + TOGETHER]
            when = flow({"to": some[0] if len(some) == 1 else some, "nth": nth})
            yield len(some) * (high - low + 1), f"  - name: replay {number}\n    when: {when}\n    {story}"


def _ranges(fates: Mapping[int, Fate]) -> Iterator[tuple[int, int]]:
    """The runs of consecutive numbers with one fate."""
    first, *others = sorted(fates)
    low = high = first
    for number in others:
        if number != high + 1 or fates[number] != fates[low]:
            yield low, high
            low = number
        high = number
    yield low, high


def _matcher(recipient: str) -> str:
    if is_number(recipient):
        return recipient
    # not what a scenario expects of a recipient, so it is written as an expression, which may be anything
    return f"/^{re.escape(recipient)}$/"


def _fitting(rules: Iterable[tuple[int, str]]) -> tuple[list[str], int]:
    """The rules that a scenario has room for, and how many requests the others are about."""
    fitting: list[str] = []
    left_out = size = values = 0
    for requests, text in rules:
        size += len(text.encode()) + 1
        # at least as many as there are
        values += 2 * text.count(":") + text.count(",") + text.count("[") + 2
        if len(fitting) < RULES_LIMIT and size < SIZE_LIMIT - _HEAD and values < NODES_LIMIT:
            fitting.append(text)
        else:
            left_out += requests
    return fitting, left_out
