"""POST alone against a bare handler, and the whole life of a message.

On a manual clock nothing happens to a message once it is accepted, so that is what a POST costs. On a real clock the
three steps of each message before are played and stored meanwhile, and share the processor with the POSTs.

python -m tests.benchmarks sending
"""

import time

from tests.benchmarks.programs import Program, bare, emulator, folder, receiver, send
from tests.benchmarks.results import Found, at_least, at_most, middle, percentile

ROUNDS = 7
SECONDS = 1.5
"""Of each in turn: machines have slow spells, so only numbers taken one right after the other can be compared."""

LIVES_A_SECOND = 1_000
OFFERED = 1_200
"""Messages a second that are sent to see whether so many lives are lived."""

LATENESS_RATE = 300
STATES = 3
"""Callbacks of a happy message."""


def findings() -> list[Found]:
    """Interleaved rounds; a file database, durable before the answer; the load comes from a process of its own."""
    return [*_posts(), *_lives()]


def _posts() -> list[Found]:
    rates: dict[str, list[float]] = {"bare": [], "real": [], "manual": []}
    costs: dict[str, list[float]] = {"bare": [], "real": [], "manual": []}
    with (
        folder() as place,
        bare(*_loop()) as plain,
        emulator("--db", str(place / "real.db")) as real,
        emulator("--db", str(place / "manual.db"), "--clock", "manual") as manual,
    ):
        for _ in range(ROUNDS):
            for name, target in (("bare", plain), ("real", real), ("manual", manual)):
                told = send(target, seconds=SECONDS)
                rates[name].append(told["per_second"])
                costs[name].append(told["server_cpu"] / max(1, told["answers"]) * 1e6)
                _settle(real)
    share = {name: middle(ours / base for ours, base in zip(rates[name], rates["bare"], strict=True)) for name in rates}
    note = {name: f"{middle(rates[name]):,.0f}/s, {middle(costs[name]):.0f} us of processor each" for name in rates}
    return [
        Found("bare handler", note["bare"]),
        at_least("POST alone (manual clock), of a bare handler", share["manual"], 0.5, note=note["manual"]),
        Found("the same while every message lives (real clock)", f"{share['real']:.3g}  {note['real']}"),
    ]


def _lives() -> list[Found]:
    with folder() as place, receiver() as app, emulator("--db", str(place / "lives.db")) as server:
        app.get("/told")
        sustained = _live(server, app, rate=OFFERED, seconds=6)
        calm = _live(server, app, rate=LATENESS_RATE, seconds=6)
    return [
        at_least(f"whole lives of {OFFERED:,} offered", sustained[0], LIVES_A_SECOND, "/s", sustained[1]),
        at_most(f"a callback's lateness at {LATENESS_RATE}/s, 99 in 100 below", calm[2], 25, " ms", calm[1]),
    ]


def _live(server: Program, app: Program, *, rate: float, seconds: float) -> tuple[float, str, float]:
    start = time.perf_counter()
    told = send(server, rate=rate, seconds=seconds, callback=f"{app.url}/status")
    wanted = told["answers"] * STATES
    while app.get("/count") < wanted and time.perf_counter() - start < 10 * seconds:
        time.sleep(0.05)
    # the last message's timeline takes 0.35 s by itself
    passed = time.perf_counter() - start - 0.35
    late = [each for times in app.get("/told").values() for each in times]
    note = f"{len(late)} of {wanted} callbacks, lateness {percentile(late, 0.5):.1f} / {percentile(late, 0.99):.1f} ms"
    return told["answers"] / max(passed, seconds), note, percentile(late, 0.99)


def _settle(server: Program) -> None:
    while server.get("/_emulator/accounts/default/clock")["pending"]:
        time.sleep(0.1)


def _loop() -> tuple[str, ...]:
    """The bare server gets the loop that the emulator takes: uvloop where it is installed."""
    try:
        import uvloop  # noqa: F401
    except ImportError:
        return ()
    return ("--uvloop",)
