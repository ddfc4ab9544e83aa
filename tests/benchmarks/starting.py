"""From starting the process to its first answer, against a bare aiohttp server.

python -m tests.benchmarks starting
"""

import sys
import time
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.benchmarks.programs import MESSAGES, program
from tests.benchmarks.results import Found, at_most, middle

ROUNDS = 9


def findings() -> list[Found]:
    """Interleaved starts on a plain asyncio loop and on what `serve` takes."""
    bare = (sys.executable, "-m", "tests.benchmarks.bare")
    ours = (sys.executable, "-m", "emulator", "serve", "--port", "0")
    taken: dict[str, list[float]] = {"bare": [], "ours": []}
    for command in (bare, ours):
        _start(*command)  # the first compiles the modules
    for _ in range(ROUNDS):
        taken["bare"].append(_start(*bare))
        taken["ours"].append(_start(*ours))
    base = middle(taken["bare"])
    return [
        at_most(
            "start to first answer, of a bare server", middle(taken["ours"]) / base, 1.5, note=f"{base:.0f} ms bare"
        )
    ]


def _start(*command: str) -> float:
    start = time.perf_counter()
    with program(*command) as started:
        try:
            urlopen(started.url + MESSAGES, timeout=10).close()
        except HTTPError as error:  # without credentials the emulator answers 401, which is an answer
            error.close()
        return (time.perf_counter() - start) * 1000
