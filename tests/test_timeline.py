"""What a step does to a message, and which callbacks follow."""

from typing import Any

import pytest
from msgspec.structs import replace

from emulator.model import Attempt, Direction, Message, Outcome, Status, Step, Telling
from emulator.timeline import attempts, force, play

SENDING = Step(due=100, status=Status.SENDING)
SENT = Step(due=200, status=Status.SENT)
DELIVERED = Step(due=450, status=Status.DELIVERED)


def message(*steps: Step, **fields: Any) -> Message:
    return Message(
        **{
            "id": 7,
            "account": 1,
            "sid": "SM1",
            "arrival": 1,
            "created": 100,
            "updated": 100,
            "sender": "sms:+1111",
            "recipient": "sms:+2222",
            "status": Status.QUEUED,
            "direction": Direction.OUTBOUND_API,
            "callback_url": "http://app/",
            "steps": steps,
            **fields,
        }
    )


def told(steps: tuple[Step, ...], now: int, **fields: Any) -> list[tuple[Any, ...]]:
    return [(each.status, each.error, each.due, each.outcome) for each in attempts(message(**fields), steps, now)]


def test_only_what_is_due_happens() -> None:
    before = message(SENDING, SENT, DELIVERED)
    assert play(before, 99) == (before, ())
    after, happened = play(before, 250)
    assert [step.status for step in happened] == ["sending", "sent"]
    assert [step.happened for step in after.steps] == [250, 250, None]
    assert (after.status, after.sent, after.updated) == ("sent", 250, 250)
    again, nothing = play(after, 250)
    assert (again, nothing) == (after, ())
    ended, last = play(after, 10_000)
    assert (ended.status, ended.sent, ended.updated) == ("delivered", 250, 10_000)
    assert [step.status for step in last] == ["delivered"]


def test_an_error_belongs_to_the_step_that_brought_it() -> None:
    lost = Step(due=1, status=Status.UNDELIVERED, error=30003)
    found = Step(due=2, status=Status.DELIVERED)
    after, _ = play(message(lost, found), 1)
    assert (after.status, after.error) == ("undelivered", 30003)
    after, _ = play(after, 2)
    assert (after.status, after.error) == ("delivered", None)


def test_a_reply_changes_nothing_of_the_message() -> None:
    after, happened = play(message(Step(due=1, replies="hi"), status=Status.DELIVERED), 5)
    assert (after.status, after.updated) == ("delivered", 100)
    assert [step.replies for step in happened] == ["hi"]


def test_what_is_told_first_happens_before_the_rest() -> None:
    first = Step(due=100, status=Status.SENDING, callback=Telling(first=True))
    after, happened = play(message(first, SENT), 500, only_first=True)
    assert [step.status for step in happened] == ["sending"]
    assert after.status == "sending"
    _, rest = play(after, 500)
    assert [step.status for step in rest] == ["sent"]


def test_force_drops_what_was_still_to_come() -> None:
    played, _ = play(message(SENDING, SENT, DELIVERED), 150)
    forced, step = force(played, Status.FAILED, 30001, 160)
    assert [(each.status, each.happened) for each in forced.steps] == [("sending", 150), ("failed", 160)]
    assert (forced.status, forced.error, forced.updated, forced.sent) == ("failed", 30001, 160, None)
    assert step.status == "failed"
    assert play(forced, 10_000) == (forced, ())


@pytest.mark.parametrize(
    ("telling", "expected"),
    [
        (Telling(), [(10, "pending")]),
        (Telling(lost=True), [(10, "lost")]),
        (Telling(lost=True, times=3), [(10, "lost")]),
        (Telling(late=500), [(510, "pending")]),
        (Telling(times=3, gap=50), [(10, "pending"), (60, "pending"), (110, "pending")]),
        (Telling(times=2, late=5), [(15, "pending"), (15, "pending")]),
    ],
)
def test_the_words_after_callback_change_only_what_is_told(telling: Telling, expected: list[tuple[int, str]]) -> None:
    step = Step(due=1, status=Status.SENT, callback=telling, happened=10)
    assert [(due, outcome) for _, _, due, outcome in told((step,), 10)] == expected


def test_attempts_carry_status_error_and_lies() -> None:
    step = Step(due=1, status=Status.FAILED, error=30001, callback=Telling(forged=True, garbled=True))
    assert attempts(message(), (step, replace(step, status=None, replies="hi")), 5) == [
        Attempt(
            id=0,
            account=1,
            message=7,
            status=Status.FAILED,
            error=30001,
            due=5,
            outcome=Outcome.PENDING,
            forged=True,
            garbled=True,
        )
    ]


def test_nobody_is_told_without_a_url_or_of_a_text_that_came_in() -> None:
    assert told((SENT,), 5, callback_url="") == []
    assert told((SENT,), 5, direction=Direction.INBOUND) == []
