"""A manual clock: callbacks delivered and answered by `advance`, and steps without callbacks.

python -m tests.benchmarks advancing
"""

import json
import time
from urllib.request import Request, urlopen

from tests.benchmarks.programs import CONTROL, Program, emulator, receiver, send
from tests.benchmarks.results import Found, at_least, at_most

MESSAGES_TOLD = 3_000
STEPS = 100_000
CALLBACKS, STATES = 3 * MESSAGES_TOLD, 3


def findings() -> list[Found]:
    """Messages accepted one after the other have their steps at almost as many instants; one instant is said so."""
    with receiver() as app, emulator("--clock", "manual") as server:
        spread = _told(server, app)
        _control(server, "/clock", "PUT", {"now": "2026-01-01T00:00:00Z"})
        together = _told(server, app)
    with emulator("--clock", "manual") as server:
        send(server, count=STEPS // STATES + 1)
        took = _advance(server)
    return [
        at_least("callbacks answered during advance", spread, 2_000, "/s"),
        Found("the same, sent in a second run", f"{together:,.0f}/s"),
        at_most(f"{STEPS:,} steps without callbacks", took, 10, " s"),
    ]


def _told(server: Program, app: Program) -> float:
    app.get("/told")
    send(server, count=MESSAGES_TOLD, callback=f"{app.url}/status")
    took = _advance(server)
    answered = app.get("/count")
    if answered != CALLBACKS:
        raise RuntimeError(f"{answered} callbacks arrived, not {CALLBACKS}")
    return CALLBACKS / took


def _advance(server: Program) -> float:
    start = time.perf_counter()
    _control(server, "/clock/advance", "POST", {"by": "72h"})
    return time.perf_counter() - start


def _control(server: Program, path: str, method: str, body: dict[str, str]) -> None:
    asked = Request(server.url + CONTROL + path, json.dumps(body).encode(), method=method)
    with urlopen(asked, timeout=600) as answer:
        answer.read()
