"""List pages over a million stored messages: every filter with every sort, first and deep pages, over HTTP.

python -m tests.benchmarks lists
"""

import base64
import http.client
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from urllib.parse import urlencode

from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from tests.benchmarks import past
from tests.benchmarks.programs import MESSAGES, Program, emulator, folder
from tests.benchmarks.results import Found, at_most, middle

MESSAGES_STORED = 1_000_000
BAR = 15
PAGES = (0, 20, 250, 499)
"""Of ten messages; the platform shows none beyond the last of these."""

REPEATS = 5

_DAY = 86_400_000


def findings() -> list[Found]:
    """Medians of requests one after the other, on one connection."""
    with folder() as place:
        file = place / "lists.db"
        start = time.perf_counter()
        past.fill(file, MESSAGES_STORED)
        filled = time.perf_counter() - start
        with emulator("--db", str(file)) as server:
            return [
                Found("messages stored", f"{MESSAGES_STORED:,} in {filled:.0f} s, {file.stat().st_size / 1e6:,.0f} MB"),
                *measured(server),
            ]


def measured(server: Program) -> list[Found]:
    """Each filter with each sort, the first and deep pages together; and the slowest pages."""
    combinations: dict[str, list[float]] = {}
    pages: dict[str, float] = {}
    for name, page, times in _measure(server):
        combinations.setdefault(name, []).extend(times)
        pages[f"{name}, page {page}"] = middle(times)
    medians = {name: middle(times) for name, times in combinations.items()}
    slowest = sorted(medians.items(), key=lambda each: -each[1])[:5]
    return [
        Found(
            "combinations of a filter and a sort", f"{len(medians)}, median of all {middle(medians.values()):.1f} ms"
        ),
        at_most("the slowest of them", slowest[0][1], BAR, " ms", slowest[0][0]),
        *(Found("  then", f"{median:.1f} ms  {name}") for name, median in slowest[1:]),
        Found("first pages, the slowest", _slowest(pages, "page 0")),
        Found("last pages, the slowest", _slowest(pages, f"page {PAGES[-1]}")),
    ]


def _slowest(pages: dict[str, float], ending: str) -> str:
    name, median = max(
        ((name, each) for name, each in pages.items() if name.endswith(ending)), key=lambda each: each[1]
    )
    return f"{median:.1f} ms  {name}"


def _measure(server: Program) -> Iterator[tuple[str, int, list[float]]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    sorts = [
        f"{field}:{way}" for field in ("DateCreated", "From", "To", "Direction", "Status") for way in ("asc", "desc")
    ]
    for (name, wanted), sort in product(_filters(), sorts):
        for page in PAGES:
            path = f"{MESSAGES}?{urlencode({**wanted, 'SortBy': sort, 'Page': page})}"
            status, times = _ask(connection, path)
            if status == 400 and page:
                break  # there is no such page
            if status != 200:
                raise RuntimeError(f"{path} was answered {status}")
            yield f"{name}, {sort}", page, times


def _ask(connection: http.client.HTTPConnection, path: str) -> tuple[int, list[float]]:
    login = base64.b64encode(f"{DEFAULT_ACCOUNT_SID}:{DEFAULT_AUTH_TOKEN}".encode()).decode()
    times, status = [], 0
    for _ in range(REPEATS):
        start = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Basic {login}"})
        with connection.getresponse() as answer:
            answer.read()
            status = answer.status
        times.append((time.perf_counter() - start) * 1000)
    return status, times


def _filters() -> list[tuple[str, dict[str, str]]]:
    codes = [code for code, _ in past.CODES]
    words = (past.EVERYWHERE, past.THIRD, past.RARE, past.ABSENT, f"{past.THIRD} {past.RARE}")
    return [
        ("no filter", {}),
        ("To the dominant number", {"To": past.DOMINANT}),
        *((f"To {prefix}", {"To": prefix}) for prefix in ("sms:+12%", "sms:+1415%", "sms:+1415555%", "sms:+4%")),
        ("From the dominant number", {"From": past.DOMINANT}),
        ("From a name", {"From": "sms:Acme Bank"}),
        *((f"From {prefix}", {"From": prefix}) for prefix in ("sms:+155501%", "sms:+155502%", "sms:+15550212%")),
        *((name, _span(*days)) for name, days in (("a minute", (15, 15 - 1 / 1440)), ("a day", (15, 14)))),
        *((name, _span(*days)) for name, days in (("three days", (15, 12)), ("24 days", (25, 1)))),
        ("from a day on", {"StartTime": _time(2)}),
        *((f"Status {status}", {"Status": status}) for status in ("delivered", "undelivered", "failed", "received")),
        *((f"ErrorCode {code}", {"ErrorCode": str(code)}) for code in (*codes, 1)),
        *((f"Body {word}", {"Body": word}) for word in words),
    ]


def _span(start: float, end: float) -> dict[str, str]:
    return {"StartTime": _time(start), "EndTime": _time(end)}


def _time(days_before: float) -> str:
    return datetime.fromtimestamp((past.UNTIL - days_before * _DAY) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
