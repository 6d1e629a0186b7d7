"""Commands that look into the ERP for what others do there."""

from __future__ import annotations

import time

import typer

from drawdown.cli.books import AS_JSON, chosen_books_and_erp
from drawdown.cli.output import DONE, REFUSED, print_json, say, warn
from drawdown.core.errors import ErpUnavailableError
from drawdown.core.policy import Documents
from drawdown.service.account import ensure_account
from drawdown.service.relink import Relinked, relink
from drawdown.service.watch import Watched, watch

EVERY_S_MIN = 5


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("watch")(_watch)
    app.command("relink")(_relink)


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
        ensure_account(books.session, erp)
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


def _relink(
    context: typer.Context,
    account: str = typer.Option("", help="The account that the books have moved to, if they have."),
    redeliver: bool = typer.Option(
        False, "--redeliver", help="Deliver again what the account does not have any more."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Find every record again after NetSuite was refreshed, restored or moved."""
    with chosen_books_and_erp(context) as (books, erp):
        found = relink(books.session, erp, account=account, with_redelivery=redeliver)
        if as_json:
            print_json(
                {
                    **found._asdict(),
                    "behind": [
                        {
                            "external_id": row.external_id,
                            "record": row.intent.record,
                            "operation": row.intent.operation,
                            "block_id": row.intent.block_id,
                        }
                        for row in found.behind
                    ],
                }
            )
        else:
            _tell(found)
        is_whole = not (found.changed or found.natives_missing)
        return DONE if is_whole and (found.redelivered or not found.behind) else REFUSED


def _tell(found: Relinked) -> None:
    for reference in found.natives_missing:
        warn(f"{reference} is not in the account; enter it again under its number")
    for name in found.changed:
        warn(f"{name} says what none of its deliveries said; run reconcile")
    say(
        f"{found.found} records found, {found.moved} internal ids were others, "
        f"{len(found.relabelled)} have their external id again",
        "bold",
    )
    if found.behind:
        say(
            f"{len(found.behind)} deliveries are not in the account: "
            + ("they wait for delivery now" if found.redelivered else "relink --redeliver")
        )
