"""What a test run pays for the emulator: its start and stop, and the account of each test, as the fixtures do it.

python -m tests.benchmarks.session_costs
"""

import asyncio
import time
from collections.abc import Callable

from emulator import testing
from emulator.config import Config
from emulator.server import running
from tests.benchmarks.results import Found, at_most, middle, percentile, table

STARTS = 20
TESTS = 300


def findings() -> list[Found]:
    """Start and stop on a thread; the account of a test, blocking and awaited. Milliseconds, the median unless said."""
    starts, stops = zip(*(_start_and_stop() for _ in range(STARTS)), strict=True)
    fresh, emptied = _accounts(testing.Wish()), _accounts(testing.Wish(account="default"))
    return [
        at_most("session start after imports", middle(starts[1:]), 150, " ms", f"first {starts[0]:.1f} ms"),
        at_most("session stop", middle(stops), 50, " ms", f"slowest {max(stops):.1f} ms"),
        at_most("a test's own account", middle(fresh), 5, " ms", f"99 in 100 below {percentile(fresh, 0.99):.1f} ms"),
        at_most("the default account, emptied", middle(emptied), 5, " ms"),
        at_most("a server on the test's loop", middle(asyncio.run(_on_a_loop())), 150, " ms", "start, account, stop"),
    ]


def _start_and_stop() -> tuple[float, float]:
    passed = _stopwatch()
    with running():
        started = passed()
    return started, passed() - started


def _accounts(wish: testing.Wish) -> list[float]:
    taken = []
    with running() as server:
        for _ in range(TESTS):
            passed = _stopwatch()
            with testing.account(server, wish) as cpaas:
                testing.faults(cpaas)
            taken.append(passed())
    return taken


async def _on_a_loop() -> list[float]:
    taken = []
    for _ in range(STARTS):
        passed = _stopwatch()
        async with testing.async_account(Config(port=0), testing.Wish()) as cpaas:
            await cpaas.report()
        taken.append(passed())
    return taken


def _stopwatch() -> Callable[[], float]:
    start = time.perf_counter()
    return lambda: (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    print(table(findings()))
