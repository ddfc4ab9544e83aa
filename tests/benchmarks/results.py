"""What a benchmark found: one line for each number, beside the number that was promised."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Found(NamedTuple):
    """One number. `bar` is what it should be in words, `met` whether it is (None: only told)."""

    what: str
    value: str
    bar: str = ""
    met: bool | None = None


def at_least(what: str, value: float, bar: float, unit: str = "", note: str = "") -> Found:
    """A number that should not be smaller than `bar`."""
    return Found(what, f"{value:,.4g}{unit}{note and '  ' + note}", f">= {bar:g}{unit}", value >= bar)


def at_most(what: str, value: float, bar: float, unit: str = "", note: str = "") -> Found:
    """A number that should not be larger than `bar`."""
    return Found(what, f"{value:,.4g}{unit}{note and '  ' + note}", f"<= {bar:g}{unit}", value <= bar)


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def table(found: Sequence[Found]) -> str:
    """The findings as aligned text."""
    rows = [(each.what, each.value, each.bar, {None: "", True: "ok", False: "MISSED"}[each.met]) for each in found]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
