"""`check`: every problem of a scenario, before a server or a test meets it."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from emulator.errors import Problem


@click.command(short_help="Look for mistakes in scenarios.")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(allow_dash=True))
@click.option("--expand", is_flag=True, help="Print the scenario with every step as a mapping.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the language, for editors.")
def check(files: tuple[str, ...], expand: bool, schema: bool) -> None:
    """Look for mistakes in scenarios. `-` reads standard input.

    Prints each problem as file:line:column with its remedy. The exit status is 1 when any is an error.
    """
    if schema:
        _print_schema()
    elif not files:
        raise click.UsageError("name a scenario FILE, or - for standard input")
    good = [_check(file, expand=expand) for file in files]
    if not all(good):
        sys.exit(1)


def _print_schema() -> None:
    import json

    from emulator import scenario_file

    click.echo(json.dumps(scenario_file.schema(), indent=2, ensure_ascii=False))


def _check(file: str, *, expand: bool) -> bool:
    from emulator import scenario_file
    from emulator.errors import BadScenario

    name = "<stdin>" if file == "-" else file
    try:
        text = _read(file)
    except OSError as error:
        click.echo(f"{name}: error: cannot be read: {error.strerror}", err=expand)
        return False
    try:
        loaded = scenario_file.load(text, name=name)
    except BadScenario as error:
        _report(name, error.problems, err=expand)
        return False
    _report(name, loaded.warnings, err=expand)
    if expand:
        click.echo(scenario_file.expand(text), nl=False)
    elif not loaded.warnings:
        click.echo(f"{name}: no problems")
    return True


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _report(name: str, problems: Iterable["Problem"], *, err: bool) -> None:
    from emulator import scenario_file

    # with --expand standard output is a scenario, so problems go beside it
    for problem in problems:
        click.echo(scenario_file.describe(problem, name), err=err)
