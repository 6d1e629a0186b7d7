"""Commands about the bundled PostgreSQL."""

from __future__ import annotations

import os

import typer

from drawdown.bootstrap import open_database
from drawdown.cli.books import AS_JSON, Choice
from drawdown.cli.groups import Group
from drawdown.cli.output import DONE, print_json, say
from drawdown.config import load_config
from drawdown.store.embedded import status, stop_server


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(cls=Group, help="The database: start, look at, stop.", no_args_is_help=True)
    group.command("start")(_start)
    group.command("status")(_status)
    group.command("stop")(_stop)
    app.add_typer(group, name="database")


def _start(context: typer.Context, as_json: bool = AS_JSON) -> int:
    """Start the bundled PostgreSQL (or reach DATABASE_URL) and migrate it."""
    choice: Choice = context.find_root().obj
    open_database(load_config(choice.config))
    if as_json:
        print_json({"state": "ready"})
    else:
        say("the database is ready")
    return DONE


def _status(context: typer.Context, as_json: bool = AS_JSON) -> int:
    """Say whether the bundled PostgreSQL runs, and where its data and log are."""
    choice: Choice = context.find_root().obj
    found = status(load_config(choice.config).data / "postgres")
    if as_json:
        print_json(
            {
                "state": found.state.value,
                "data": str(found.data_dir),
                "log": str(found.log),
                "pid": found.pid,
                "database_url": bool(os.environ.get("DATABASE_URL")),
            }
        )
    else:
        say(f"{found.state.value}: data in {found.data_dir}, log in {found.log}")
        if os.environ.get("DATABASE_URL"):
            say("DATABASE_URL is set, so commands use that database instead")
    return DONE


def _stop(context: typer.Context, as_json: bool = AS_JSON) -> int:
    """Stop the bundled PostgreSQL cleanly; the next command starts it again."""
    choice: Choice = context.find_root().obj
    was_running = stop_server(load_config(choice.config).data / "postgres")
    if as_json:
        print_json({"stopped": was_running})
    else:
        say("stopped" if was_running else "it was not running")
    return DONE
