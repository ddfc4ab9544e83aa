"""A send against a scenario of 200 rules, none of which matches, against a send without a scenario.

python -m tests.benchmarks matching
"""

import time

from emulator import scenario_file
from emulator.conditions import Facts
from emulator.decision import Decider
from emulator.scenario import Scenario
from tests.benchmarks.programs import emulator, folder, send
from tests.benchmarks.results import Found, at_most, middle

ROUNDS = 3
RULES = 200
DECISIONS = 20_000


def findings() -> list[Found]:
    """Over HTTP, interleaved, by the server's processor time; and the decision alone."""
    text = _scenario()
    costs: dict[str, list[float]] = {"none": [], "rules": []}
    with folder() as place:
        file = place / "rules.yaml"
        file.write_text(text)
        with (
            emulator("--clock", "manual", "--db", str(place / "none.db")) as none,
            emulator("--clock", "manual", "--db", str(place / "rules.db"), "--scenario", str(file)) as rules,
        ):
            for _ in range(ROUNDS):
                for name, target in (("none", none), ("rules", rules)):
                    told = send(target, seconds=2)
                    costs[name].append(told["server_cpu"] / told["answers"] * 1e6)
    plain, many = _deciding(Scenario()), _deciding(scenario_file.load(text).scenario)
    return [
        at_most(
            f"a send against {RULES} rules, of one against none", middle(costs["rules"]) / middle(costs["none"]), 1.3
        ),
        Found("deciding alone", f"{many:.1f} us against {RULES} rules, {plain:.1f} us against none"),
    ]


def _scenario() -> str:
    """Half exact and wildcard recipients, half bodies, a third of them regular expressions."""
    shapes = (
        "{{to: '+4915{0:03}*'}}",
        "{{to: '+49151000{0:03}'}}",
        "{{body: '*coupon {0}*'}}",
        "{{body: '/ticket {0} of (?P<who>\\w+)/'}}",
    )
    rules = (f"  - name: rule {n}\n    when: {shapes[n % 4].format(n)}\n    then: [sent]" for n in range(RULES))
    return "version: 1\nrules:\n" + "\n".join(rules) + "\n"


def _deciding(scenario: Scenario) -> float:
    decider = Decider(scenario)
    facts = Facts(to="sms:+15550100001", sender="sms:+15550109999", body="Your parcel is on its way")
    start = time.process_time()
    for _ in range(DECISIONS):
        decider.decide(facts)
    return (time.process_time() - start) / DECISIONS * 1e6
