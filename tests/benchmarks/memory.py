"""Resident memory over 100 000 messages in a file database.

python -m tests.benchmarks memory
"""

import time

from tests.benchmarks.programs import emulator, folder, send
from tests.benchmarks.results import Found, at_most

MARKS = (20_000, 60_000, 100_000)


def findings() -> list[Found]:
    """Memory at each mark, and how much the last is above the first."""
    with folder() as place, emulator("--db", str(place / "memory.db")) as server:
        sizes, sent = [], 0
        for mark in MARKS:
            send(server, count=mark - sent, first=sent)
            sent = mark
            while server.get("/_emulator/accounts/default/clock")["pending"]:
                time.sleep(0.1)
            sizes.append(server.memory())
    shown = ", ".join(f"{size:.0f} MB at {mark:,}" for mark, size in zip(MARKS, sizes, strict=True))
    return [at_most("memory at 100 000 messages, of that at 20 000", sizes[-1] / sizes[0], 1.25, note=shown)]
