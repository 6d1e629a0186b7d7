"""Commands about usage: take it in, bill it, and what is left."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from drawdown.bootstrap import usage_source
from drawdown.cli.books import (
    AS_JSON,
    PROBLEMS_MAX,
    check_is_file,
    chosen_books,
    end_of_day,
    last_day,
)
from drawdown.cli.groups import Group
from drawdown.cli.output import (
    DONE,
    REFUSED,
    print_json,
    print_table,
    progress_bar,
    say,
    warn,
)
from drawdown.cli.subscriptions import now
from drawdown.core.money import credits_text
from drawdown.core.policy import Policy
from drawdown.core.ports import Problem
from drawdown.core.slices import slices
from drawdown.core.subscription.usage import LocatedUsage
from drawdown.service.balances import Balance, balance
from drawdown.service.billing import bill
from drawdown.service.usage import BATCH_RECORDS, ingest_usage

_INSTANT = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(cls=Group, help="Metered usage.", no_args_is_help=True)
    group.command("ingest")(_ingest)
    app.add_typer(group, name="usage")
    app.command("bill")(_bill)
    app.command("balance")(_balance)


def _ingest(
    context: typer.Context,
    file: Path = typer.Argument(..., help="Usage records (.jsonl or .csv)."),
    as_json: bool = AS_JSON,
) -> int:
    """Take in metered usage; good lines are kept whatever the others say."""
    check_is_file(file)
    counts: Counter[str] = Counter()
    problems: list[dict[str, Any]] = []
    with chosen_books(context) as (_config, books):
        decode = usage_source(file, books.policy)
        with file.open("rb") as lines, progress_bar(is_quiet=as_json) as bar:
            task = bar.add_task(f"Reading {file.name}", total=file.stat().st_size)
            for batch in slices(decode(lines), BATCH_RECORDS):
                for one in batch:
                    if isinstance(one, Problem):
                        counts["unreadable"] += 1
                        problems.append(
                            {"line": one.line, "status": "unreadable", "detail": one.message}
                        )
                located = [one for one in batch if isinstance(one, LocatedUsage)]
                answers = ingest_usage(
                    books.session, [one.record for one in located], books.policy, now()
                )
                for one, answer in zip(located, answers, strict=True):
                    is_repeat = answer.is_repeat and answer.status == "accepted"
                    counts["repeated" if is_repeat else answer.status] += 1
                    counts["late"] += answer.is_late
                    if answer.status != "accepted":
                        problems.append({"line": one.line, **answer._asdict()})
                bar.update(task, completed=lines.tell())
    shown = {key: count for key, count in sorted(counts.items()) if count}
    if as_json:
        print_json({"counts": shown, "problems": problems[:PROBLEMS_MAX]})
    else:
        for row in problems[:PROBLEMS_MAX]:
            warn(f"line {row['line']}: {row['status']}: {row['detail']}")
        say(", ".join(f"{n} {key}" for key, n in shown.items()) or "nothing to read", "bold")
    return REFUSED if problems else DONE


def _bill(
    context: typer.Context,
    through: datetime = typer.Option(..., formats=_INSTANT, help="Last day that is billed."),
    as_json: bool = AS_JSON,
) -> int:
    """Bill every period that has ended; what is billed is not billed again."""
    with chosen_books(context) as (_config, books):
        report = bill(books.session, end_of_day(through, books.policy), books.policy, now())
    if as_json:
        print_json(report._asdict())
    else:
        say(
            f"{report.customers} customers: {report.periods} periods closed, {report.invoices} "
            f"invoices, {report.credit_memos} credit memos, {report.blocks} blocks bought, "
            f"{report.endings} remainders ended, {report.notices} notices",
            "bold",
        )
        for problem in report.problems:
            warn(problem)
    return REFUSED if report.problems else DONE


def _balance(
    context: typer.Context,
    customer: str = typer.Argument(..., help="The customer's id."),
    at: datetime | None = typer.Option(
        None, "--at", formats=_INSTANT, help="Date (its end) or instant; else now."
    ),
    known_at: datetime | None = typer.Option(
        None, "--known-at", formats=_INSTANT, help="Only what was known by then."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Show what a customer has left at an instant, billed or not."""
    with chosen_books(context) as (_config, books):
        as_of = end_of_day(at, books.policy) if at else now()
        known = end_of_day(known_at, books.policy) if known_at else None
        found = balance(books.session, customer, books.policy, as_of.astimezone(UTC), known)
    if as_json:
        print_json(_to_json(found))
    else:
        _print(found, books.policy)
    return DONE


def _to_json(found: Balance) -> dict[str, Any]:
    return {
        "customer": found.customer_id,
        "as_of": found.as_of,
        "known_at": found.known_at,
        "lines": [
            {
                "subscription": one.subscription_id,
                "line": one.line_id,
                "unit": one.unit,
                "left": credits_text(one.left),
                "minimum_balance": None if one.minimum is None else credits_text(one.minimum),
                "burn_per_day": credits_text(one.burn_per_day),
                "refill_expected_on": one.refill_on,
            }
            for one in found.lines
        ],
        "blocks": [
            {
                "block_id": one.block.block_id,
                "subscription": one.block.subscription_id,
                "line": one.block.line_id,
                "unit": one.block.unit,
                "left": credits_text(one.left),
                "unbilled": credits_text(one.reserved),
                "expires_at": one.block.expires_at,
            }
            for one in found.blocks
        ],
        "overage": [
            {"subscription": key[0], "line": key[1], "credits": credits_text(credits_)}
            for key, credits_ in found.overage.items()
        ],
    }


def _print(found: Balance, policy: Policy) -> None:
    print_table(
        f"{found.customer_id} at {found.as_of:%Y-%m-%d %H:%M} UTC",
        ("subscription", "line", "left", "unit", "a day", "refill"),
        [
            (
                one.subscription_id, one.line_id, credits_text(one.left), one.unit,
                f"{one.burn_per_day:.2f}",
                ""
                if one.minimum is None
                else f"at {credits_text(one.minimum)}"
                + (f", about {one.refill_on}" if one.refill_on else ""),
            )
            for one in found.lines
        ],
        ("left", "a day"),
    )  # fmt: skip
    print_table(
        "Blocks",
        ("block", "left", "used, not billed", "last day"),
        [
            (
                one.block.block_id, credits_text(one.left), credits_text(one.reserved),
                last_day(one.block.expires_at, policy, "with the term"),
            )
            for one in found.blocks
        ],
        ("left", "used, not billed"),
    )  # fmt: skip
    for key, credits_ in found.overage.items():
        say(f"beyond the prepayment: {credits_text(credits_)} on {key[1]} of {key[0]}")
