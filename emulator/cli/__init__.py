"""The command line, `cpaas-emulator`: which commands there are.

What a command needs is imported when it runs: `ready` must not pay for the server, nor the server for `demo`.
"""

import click

from emulator import __version__
from emulator.cli.check import check
from emulator.cli.control import advance, inbound, ready, reset, seed
from emulator.cli.demo import demo
from emulator.cli.serve import serve
from emulator.cli.tail import tail


class _InOrder(click.Group):
    """Lists its commands in the order one meets them, not by alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as they were added."""
        return list(self.commands)


@click.group(
    cls=_InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="cpaas-emulator")
def main() -> None:
    """Stand-in for an SMS and MMS platform, scripted by scenarios, on a clock you control.

    `serve` runs it; everything else but `demo` and `check` talks to one that runs.
    """


for _command in (serve, demo, check, inbound, advance, tail, seed, reset, ready):
    main.add_command(_command)
