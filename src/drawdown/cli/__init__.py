"""The command line: thin commands over the services. One module a group of commands.

Exit status: 0 done, 1 refused or differences found, 2 wrong usage or configuration.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType

import typer

from drawdown import __version__
from drawdown.cli import (
    books,
    changes,
    connection,
    database,
    delivery,
    demonstration,
    doctor,
    exceptions,
    metering,
    plans,
    reading,
    sandbox,
    simulation,
    subscriptions,
    suitebilling,
    summaries,
    watching,
)
from drawdown.cli.groups import Group
from drawdown.cli.output import DONE, REFUSED, WRONG_USAGE, print_json, warn
from drawdown.core.errors import ConfigurationError, DrawdownError

INTERRUPTED = 130
"""Status with which typer ends on Ctrl-C."""


def _end(status: int | None, **_options: object) -> None:
    """Make what a command returns its exit status."""
    raise typer.Exit(status or DONE)


app = typer.Typer(
    cls=Group,
    name="drawdown",
    help="Accounting for prepaid credits in Oracle NetSuite, provably down to zero.",
    no_args_is_help=True,
    result_callback=_end,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
MODULES = (
    demonstration,
    simulation,
    sandbox,
    books,
    delivery,
    exceptions,
    summaries,
    reading,
    suitebilling,
    connection,
    doctor,
    database,
    plans,
    watching,
    subscriptions,
    metering,
    changes,
)
for _module in MODULES:
    _module.register(app)


@app.callback()
def _root(
    context: typer.Context,
    config: Path | None = typer.Option(None, "--config", help="The configuration file."),
    tenant: str = typer.Option("", "--tenant", help="The tenant to work on."),
) -> None:
    context.obj = books.Choice(config, tenant)


@app.command("version")
def _version(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": __version__})
    else:
        typer.echo(__version__)


def main() -> None:
    """Run the command line; every known problem is a sentence, not a traceback."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        app(prog_name="drawdown")
    except SystemExit as ended:
        if ended.code != INTERRUPTED:
            raise
        warn("stopped; what was finished is kept, and the command can be run again")
        sys.exit(REFUSED)
    except DrawdownError as error:
        if "--json" in sys.argv:
            print_json({"error": type(error).__name__, "message": str(error)})
        warn(str(error))
        sys.exit(WRONG_USAGE if isinstance(error, ConfigurationError) else REFUSED)
    except OSError as error:
        if error.filename is None:
            raise
        message = f"{error.filename} cannot be read or written: {error.strerror}"
        if "--json" in sys.argv:
            print_json({"error": type(error).__name__, "message": message})
        warn(message)
        sys.exit(WRONG_USAGE)
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End like Ctrl-C does, so that nothing that was started is left running."""
    raise KeyboardInterrupt
