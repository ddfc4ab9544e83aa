import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "emulator"

LAYERS = (
    {""},
    # words
    {"errors", "clock", "trust"},
    {"ids", "model"},
    # rules
    {"segments", "patterns", "markup", "timeline", "replies"},
    {"conditions", "connections"},
    {"scenario", "rcml"},
    {"zero_config", "rule_index"},
    {"decision"},
    # outside things
    {"scenario_file", "fake", "store", "scheduler", "callbacks", "events"},
    {"courier", "tenant"},
    # the story
    {"tenants"},
    {"acceptance", "attachments", "chronicle", "incoming", "reload", "telling"},
    {"playing"},
    {"messenger"},
    {"engine"},
    {"conversation", "explaining", "history", "repeating", "waiting"},
    # shared by surfaces
    {"config"},
    {"wire"},
    # surfaces
    {"api", "control", "inbox"},
    {"openapi"},
    # assembly
    {"app"},
    # running it, calling it
    {"client"},
    {"server"},
    # doors
    {"testing"},
    {"pytest_loops"},
    {"cli", "pytest_plugin", "pytest_entry"},
    {"__main__"},
)
LAYER = {part: layer for layer, parts in enumerate(LAYERS) for part in parts}
FILES = [path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_imports_point_to_a_smaller_layer(file: Path) -> None:
    module = file.with_suffix("").parts
    part = "" if module == ("__init__",) else module[0]
    assert part in LAYER, f"give {part} a layer"
    for node in ast.walk(ast.parse((PACKAGE / file).read_bytes())):
        for name in imported(node, module):
            assert name == part or LAYER.get(name, len(LAYERS)) < LAYER[part], ast.unparse(node)


def imported(node: ast.AST, module: tuple[str, ...]) -> set[str]:
    """Which parts of the package an import statement of the module names; "" is the package itself."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        origin = ["emulator", *module][: -node.level] if node.level else []
        origin += node.module.split(".") if node.module else []
        names = [".".join([*origin, alias.name]) for alias in node.names]
    else:
        names = []
    return {part_of(name) for name in names if name.split(".")[0] == "emulator"}


def part_of(name: str) -> str:
    head = name.split(".")[1] if "." in name else ""
    return "" if head in {"__version__", "*"} else head
