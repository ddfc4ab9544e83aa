"""The command line, `cpaas-emulator`: which commands there are.

A command, and what it needs, is imported when it runs: `ready` must not pay for the server, nor the server for `demo`.
"""

from importlib import import_module

import click

from emulator import __version__

COMMANDS = {
    "serve": "serve",
    "demo": "demo",
    "check": "check",
    "inbound": "control",
    "advance": "control",
    "tail": "tail",
    "seed": "control",
    "reset": "control",
    "ready": "control",
}
"""The module of each command, in the order one meets them."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as help lists them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"emulator.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="cpaas-emulator")
def main() -> None:
    """Stand-in for an SMS and MMS platform, scripted by scenarios, on a clock you control.

    `serve` runs it; everything else but `demo` and `check` talks to one that runs.
    """
