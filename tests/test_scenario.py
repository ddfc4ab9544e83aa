from itertools import pairwise

import pytest

from emulator.ids import draw
from emulator.model import Status
from emulator.scenario import CallbackPolicy, Delay, DelayShape, Fault, Reply, Retry, Rule, Scenario

DRAWS = 40_000


def sampled(delay: Delay) -> list[int]:
    """Many draws, the shortest first."""
    return sorted(delay.sample(0, f"+1555{number}", 1, "rule", 0) for number in range(DRAWS))


def test_a_fixed_delay_is_itself() -> None:
    assert Delay(low=1_500).sample("any", "key") == 1_500


def test_a_uniform_delay_lies_evenly_between_its_ends() -> None:
    found = sampled(Delay(shape=DelayShape.UNIFORM, low=1_000, high=3_000))
    assert 1_000 <= found[0] < 1_010
    assert 2_990 < found[-1] <= 3_000
    assert found[DRAWS // 2] == pytest.approx(2_000, rel=0.02)
    assert found[DRAWS // 4] == pytest.approx(1_500, rel=0.02)


@pytest.mark.parametrize(("low", "high"), [(2_000, 8_000), (2_000, 20_000), (300, 60_000)])
def test_half_of_lognormal_delays_are_below_the_median_and_one_in_100_beyond_the_other(low: int, high: int) -> None:
    found = sampled(Delay(shape=DelayShape.LOGNORMAL, low=low, high=high))
    assert found[DRAWS // 2] == pytest.approx(low, rel=0.03)
    assert sum(delay > high for delay in found) / DRAWS == pytest.approx(0.01, abs=0.002)
    assert found[-1] <= 10 * high
    assert found[0] >= 0


def test_a_wide_lognormal_delay_is_cut_at_ten_times_the_longer_value() -> None:
    wide = Delay(shape=DelayShape.LOGNORMAL, low=1, high=1_000_000)
    assert max(wide.sample(number) for number in range(200_000)) == 10_000_000


def test_a_delay_belongs_to_its_key() -> None:
    delay = Delay(shape=DelayShape.UNIFORM, low=0, high=1_000_000)
    assert delay.sample("a", 1) == delay.sample("a", 1) == round(draw("a", 1) * 1_000_000)
    assert len({delay.sample("a", 1), delay.sample("a", 2), delay.sample("b", 1), delay.sample("a1")}) == 4


@pytest.mark.parametrize(
    ("reply", "accepts"),
    [
        (Reply(), True),
        (Reply(after=Delay(low=1)), True),
        (Reply(status=202), True),
        (Reply(status=301), False),
        (Reply(status=503), False),
        (Reply(status=503, accept=True), True),
        (Reply(fault=Fault.RESET), False),
        (Reply(fault=Fault.HANG, accept=True), True),
    ],
)
def test_whether_a_message_lives_under_a_reply(reply: Reply, accepts: bool) -> None:
    assert reply.accepts is accepts


def test_each_wait_between_retries_is_longer_but_none_than_a_day() -> None:
    retry = Retry(times=100, first=5_000, factor=10.0)
    waits = [retry.delay(attempt) for attempt in range(1, 101)]
    assert waits[:3] == [5_000, 50_000, 500_000]
    assert all(one <= other for one, other in pairwise(waits))
    assert waits[-1] == 86_400_000


def test_without_a_file_the_platform_behaves() -> None:
    scenario = Scenario()
    assert scenario.callback == CallbackPolicy(timeout=6_000, retry=None)
    assert scenario.carries_media == {"sms": False, "mms": True}
    assert [step.status for step in scenario.timelines["happy"]] == [Status.SENDING, Status.SENT, Status.DELIVERED]


def test_a_scenario_knows_which_requests_it_is_about() -> None:
    scenario = Scenario(rules=(Rule(name="reads", requests=frozenset({"fetch"})),))
    assert [scenario.watches(request) for request in ("send", "fetch", "list")] == [False, True, False]
