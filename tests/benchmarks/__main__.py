"""Runs the benchmarks, or those that are named: `python -m tests.benchmarks [--json] [NAME…]`.

Each number stands beside the one that was promised, with the machine it was measured on. Run them on a quiet machine;
`load before` says how quiet it was.
"""

import importlib
import json
import sys

from tests.benchmarks.machine import describe
from tests.benchmarks.results import Found, table

NAMES = ("sending", "starting", "lists", "memory", "matching", "advancing", "session_costs")


def main(arguments: list[str]) -> None:
    """Run and print."""
    wanted = [each for each in arguments if each != "--json"] or list(NAMES)
    if unknown := set(wanted) - set(NAMES):
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    machine = describe()
    found: list[Found] = []
    for name in wanted:
        some = importlib.import_module(f"tests.benchmarks.{name}").findings()
        found += some
        if "--json" not in arguments:
            print(f"{name}\n{table(some)}\n", flush=True)
    if "--json" in arguments:
        print(json.dumps({"machine": machine, "found": [each._asdict() for each in found]}, indent=2))
    else:
        print("\n".join(f"{key}: {value}" for key, value in machine.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
