"""Commands for exceptions: what is stuck, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import typer

from drawdown.bootstrap import Books
from drawdown.cli.books import AS_JSON, BY, chosen_books, chosen_books_and_erp, who
from drawdown.cli.groups import Group
from drawdown.cli.output import DONE, REFUSED, print_json, print_table, say, warn
from drawdown.core.errors import ConfigurationError
from drawdown.service import exceptions
from drawdown.service.exceptions import Done, ExceptionKind

_app = typer.Typer(
    cls=Group,
    help="Everything that waits for a person: list it, act on it.",
    rich_markup_mode=None,
)
IDS = typer.Argument(None, help="Ids as listed, such as record:12 or event:E7.")
ALL = typer.Option(False, "--all", help="Everything listed that the action applies to.")
REASON = typer.Option(..., "--reason", help="Why; kept with what is done.")
MAYBE_REASON = typer.Option("", "--reason", help="Why; kept with what is done.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(_app, name="exceptions")
    _app.callback(invoke_without_command=True)(_list)
    for name, command in (("show", _show), ("adopt", _adopt), ("redate", _redate)):
        _app.command(name)(command)
    for name, action in _ACTIONS.items():
        _app.command(name, help=action.help)(_command(name, action))


# -- looking ------------------------------------------------------------------------------------


def _list(
    context: typer.Context,
    kind: ExceptionKind | None = typer.Option(None, help="Only this kind."),
    block: str = typer.Option("", help="Only what concerns this block."),
    as_json: bool = AS_JSON,
) -> int:
    """List everything that is stuck, oldest first, with the actions that apply."""
    if context.invoked_subcommand is not None:
        return DONE
    with chosen_books(context) as (_config, books):
        found = exceptions.stuck(books.session, kind=kind, block_id=block)
    if as_json:
        print_json([one._asdict() for one in found])
    elif found:
        say(f"{len(found)} exceptions", "bold")
        for one in found:
            what = f"{one.kind.value}: {one.what}"
            about = (one.exception_id, f"{one.since:%Y-%m-%d %H:%M}", what, ", ".join(one.blocks))
            say("  ".join(filter(None, about)), "bold")
            say(f"    {one.problem}")
            if one.actions:
                say(f"    drawdown exceptions {' | '.join(one.actions)}", "dim")
    else:
        say("nothing is stuck")
    return REFUSED if found else DONE


def _show(
    context: typer.Context,
    exception_id: str = typer.Argument(..., help="Its id as listed."),
    as_json: bool = AS_JSON,
) -> int:
    """Show one exception: its problem, its tries, what was done about it."""
    with chosen_books(context) as (_config, books):
        detail = exceptions.detail_of(books.session, exception_id)
    one = detail.stuck
    if as_json:
        print_json(
            {
                **one._asdict(),
                "history": [action._asdict() for action in detail.history],
                "contents": detail.contents,
            }
        )
        return DONE
    print_table(
        one.exception_id,
        ("", ""),
        [
            ("kind", one.kind.value),
            ("what", one.what),
            ("block", ", ".join(one.blocks)),
            ("external id", one.external_id),
            ("event", one.event_id),
            ("since", f"{one.since:%Y-%m-%d %H:%M} UTC"),
            ("tries", str(one.tries)),
            ("problem", one.problem),
            ("actions", ", ".join(one.actions)),
        ],
    )
    print_table(
        "What was done",
        ("when", "action", "who", "why", "what"),
        [
            (f"{done.acted_at:%Y-%m-%d %H:%M}", done.action, done.who, done.reason, done.detail)
            for done in detail.history
        ],
    )
    for content in detail.contents:
        say(content)
    return DONE


# -- acting -------------------------------------------------------------------------------------


class _Action(NamedTuple):
    """What a command does about any number of exceptions, without the ERP.

    Attributes:
        act: Takes the books, the ids, who acts and why.
    """

    help: str
    reason: Any
    act: Callable[[Books, list[str], str, str], list[Done]]


_ACTIONS = {
    "retry": _Action(
        "Let refused records be tried again with the next delivery.",
        MAYBE_REASON,
        lambda books, ids, who, why: exceptions.retry(books.session, ids, who, why),
    ),
    "skip": _Action(
        "Give up delivering refused records; reconciliation explains the difference by the reason.",
        REASON,
        lambda books, ids, who, why: exceptions.skip(books.session, ids, who, why),
    ),
    "replay": _Action(
        "Decide held or refused events again, with today's policy and what is known today.",
        MAYBE_REASON,
        lambda books, ids, who, why: exceptions.replay_events(
            books.session, ids, books.policy, who, why
        ),
    ),
    "withdraw": _Action(
        "Settle held or refused events and conflicts without posting anything.",
        REASON,
        lambda books, ids, who, why: exceptions.withdraw(books.session, ids, who, why),
    ),
}


def _command(name: str, action: _Action) -> Callable[..., int]:
    def command(
        context: typer.Context,
        ids: list[str] | None = IDS,
        reason: str = action.reason,
        is_all: bool = ALL,
        by: str = BY,
        as_json: bool = AS_JSON,
    ) -> int:
        with chosen_books(context) as (_config, books):
            chosen = _chosen(books, name, ids, is_all=is_all)
            return _tell(action.act(books, chosen, who(by), reason), as_json=as_json)

    return command


def _redate(
    context: typer.Context,
    ids: list[str] | None = IDS,
    to: datetime | None = typer.Option(
        None, "--to", formats=["%Y-%m-%d"], help="This day instead of the first open one."
    ),
    reason: str = MAYBE_REASON,
    is_all: bool = ALL,
    by: str = BY,
    as_json: bool = AS_JSON,
) -> int:
    """Post refused records, and what hangs together with them, in the next open period."""
    with chosen_books_and_erp(context) as (books, erp):
        chosen = _chosen(books, "redate", ids, is_all=is_all)
        day = to.date() if to else None
        done = exceptions.redate(books.session, erp, chosen, who(by), reason, to=day)
        return _tell(done, as_json=as_json)


def _adopt(
    context: typer.Context,
    exception_id: str = typer.Argument(..., help="Its id as listed."),
    reason: str = REASON,
    internal_id: str = typer.Option(
        "", "--internal-id", help="NetSuite's id of the record; else the one under our external id."
    ),
    is_confirmed: bool = typer.Option(
        False, "--confirm", help="Take it although it differs, as shown without this."
    ),
    by: str = BY,
    as_json: bool = AS_JSON,
) -> int:
    """Take a record that is in NetSuite for the one that was to be made."""
    with chosen_books_and_erp(context) as (books, erp):
        done = exceptions.adopt(
            books.session, erp, exception_id, who(by), reason,
            internal_id=internal_id, is_confirmed=is_confirmed,
        )  # fmt: skip
        return _tell([done], as_json=as_json)


def _chosen(books: Books, action: str, ids: Sequence[str] | None, *, is_all: bool) -> list[str]:
    """Return the exceptions to act on: those named, or all that the action applies to."""
    if bool(ids) == is_all:
        raise ConfigurationError("name the exceptions by id, or say --all; `drawdown exceptions`")
    if ids:
        return list(ids)
    return [one.exception_id for one in exceptions.stuck(books.session) if action in one.actions]


def _tell(done: Sequence[Done], *, as_json: bool) -> int:
    if as_json:
        print_json([one._asdict() for one in done])
    else:
        for one in done:
            (say if one.is_done else warn)(f"{one.exception_id}: {one.detail}")
        if not done:
            say("there is nothing to do")
    return DONE if all(one.is_done for one in done) else REFUSED
