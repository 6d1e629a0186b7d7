"""Commands that look into the ERP for what others do there."""

from __future__ import annotations

import time

import typer

from drawdown.cli.books import AS_JSON, chosen_books_and_erp
from drawdown.cli.output import DONE, REFUSED, print_json, say, warn
from drawdown.core.errors import ErpUnavailableError
from drawdown.core.policy import Documents
from drawdown.service.watch import Watched, watch

EVERY_S_MIN = 5


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("watch")(_watch)


def _watch(
    context: typer.Context,
    every: int = typer.Option(
        0, help=f"Go on, with so many seconds between two looks ({EVERY_S_MIN} or more)."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Take in documents that are in NetSuite without us (policy documents: in_netsuite)."""
    with chosen_books_and_erp(context) as (books, erp):
        if books.policy.documents is Documents.OURS:
            say("the policy documents is ours: what others enter is named by reconcile")
            return DONE
        while True:
            try:
                watched = watch(books.session, erp, books.policy)
            except ErpUnavailableError as error:
                if not every:
                    raise
                warn(str(error))
            else:
                status = _report(watched, as_json=as_json)
                if not every:
                    return status
            time.sleep(max(every, EVERY_S_MIN))


def _report(watched: Watched, *, as_json: bool) -> int:
    problems = [one for one in watched.taken if one.detail]
    if as_json:
        print_json(
            {
                "seen": watched.seen,
                "repeats": watched.repeats,
                "taken": [one._asdict() for one in watched.taken],
            }
        )
    else:
        for one in problems:
            warn(f"{one.reference} {one.status}: {one.detail}")
        say(
            f"{watched.seen} documents of others seen, {len(watched.taken)} new or changed, "
            f"{len(problems)} of them for a person",
            "bold",
        )
    return REFUSED if problems else DONE
