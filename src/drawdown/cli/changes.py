"""Commands for what people changed in NetSuite: showing it, and choosing what to do about it."""

from __future__ import annotations

import typer

from drawdown.cli.books import AS_JSON, BY, chosen_books, chosen_books_and_erp, who
from drawdown.cli.groups import Group
from drawdown.cli.output import DONE, REFUSED, print_json, say
from drawdown.service.account import ensure_account
from drawdown.service.changes import accept, awaiting, leave, restore
from drawdown.store import changes
from drawdown.store.changes import Change
from drawdown.store.database import Session

_ID = typer.Argument(..., help="The change, as the list names it.")
_REASON = typer.Option("", help="Why; kept with the change.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        cls=Group,
        help="What people changed of our records in NetSuite, as reconcile found it.",
        no_args_is_help=True,
    )
    group.command("list")(_list)
    group.command("accept")(_accept)
    group.command("restore")(_restore)
    group.command("leave")(_leave)
    app.add_typer(group, name="changes")


def _list(
    context: typer.Context,
    everything: bool = typer.Option(False, "--all", help="Also those that were settled."),
    as_json: bool = AS_JSON,
) -> int:
    """List the changes that await a choice."""
    with chosen_books(context) as (_config, books):
        if everything:
            found = sorted(changes.latest(books.session).values(), key=lambda one: one.found_at)
        else:
            found = awaiting(books.session)
        waits = awaiting(books.session)
        if as_json:
            print_json({"changes": [_json(books.session, one) for one in found]})
        elif found:
            for one in found:
                about = (one.change_id, one.block_id, one.action.value, one.reason)
                say("  ".join(filter(None, about)), "bold")
                say(f"    {one.detail}")
            if waits:
                say("settle each: drawdown changes accept | restore | leave", "dim")
        else:
            say("no change awaits a choice; `drawdown reconcile` looks for new ones")
        return REFUSED if waits else DONE


def _json(session: Session, one: Change) -> dict[str, object]:
    return {
        **one._asdict(),
        "at": one.at.isoformat(),
        "found_at": one.found_at.isoformat(),
        "history": [
            {**row._asdict(), "at": row.at.isoformat()}
            for row in changes.history(session, one.change_id)
        ],
    }


def _accept(
    context: typer.Context,
    change_id: str = _ID,
    reason: str = _REASON,
    by: str = BY,
    as_json: bool = AS_JSON,
) -> int:
    """Let the journal follow: a voided invoice is taken back, a credit memo made by hand counts."""
    with chosen_books_and_erp(context) as (books, erp):
        ensure_account(books.session, erp)
        accept(books.session, erp, books.policy, change_id, who(by), reason)
        said = "accepted; deliver what follows from it"
        return _chosen(books.session, change_id, said, as_json=as_json)


def _restore(
    context: typer.Context,
    change_id: str = _ID,
    reason: str = _REASON,
    by: str = BY,
    as_json: bool = AS_JSON,
) -> int:
    """Put the record back: deliver it again, set it back, or give it its external id back."""
    with chosen_books_and_erp(context) as (books, erp):
        ensure_account(books.session, erp)
        restore(books.session, erp, books.policy, change_id, who(by), reason)
        said = "restored; deliver what waits, then reconcile"
        return _chosen(books.session, change_id, said, as_json=as_json)


def _leave(
    context: typer.Context,
    change_id: str = _ID,
    reason: str = typer.Option(..., help="Why; an explained difference needs it."),
    by: str = BY,
    as_json: bool = AS_JSON,
) -> int:
    """Leave the change as it is: an explained difference from now on."""
    with chosen_books(context) as (_config, books):
        leave(books.session, change_id, who(by), reason)
        return _chosen(
            books.session, change_id, "left; reconcile counts it as explained", as_json=as_json
        )


def _chosen(session: Session, change_id: str, said: str, *, as_json: bool) -> int:
    if as_json:
        print_json(_json(session, changes.latest(session)[change_id]))
    else:
        say(said, "bold")
    return DONE
