"""Handing what is left of blocks over to NetSuite's own SuiteBilling."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import typer

from drawdown.cli.books import AS_JSON, chosen_books_and_erp
from drawdown.cli.output import DONE, REFUSED, print_json, print_table, say, warn
from drawdown.core.errors import ConfigurationError
from drawdown.core.money import credits_text, money_text
from drawdown.core.native_prepayment import NativePrepayments
from drawdown.service.handover import HandoverPlan, Prepaid, plan_handover
from drawdown.service.ingest import Answer, ingest


def handover(
    context: typer.Context,
    cutover: datetime = typer.Option(
        ..., formats=["%Y-%m-%d"], help="First day on which SuiteBilling rates the usage."
    ),
    write: Path | None = typer.Option(
        None, help="Write what is to be entered in NetSuite to a CSV file.", dir_okay=False
    ),
    is_done: bool = typer.Option(False, "--yes", help="Do it; without, it is only shown."),
    as_json: bool = AS_JSON,
) -> int:
    """Let SuiteBilling go on with what is left of the blocks, once it has billed that."""
    with chosen_books_and_erp(context) as (books, erp):
        if not isinstance(erp, NativePrepayments):
            raise ConfigurationError("this ERP bills no prepaid subscriptions itself")
        plan = plan_handover(books.session, erp, erp, cutover.date(), books.policy)
        rows = [_row(line) for line in plan.lines]
        if write is not None:
            _write(write, rows)
        answers: list[Answer] = []
        if is_done and not plan.problems and not plan.missing:
            answers = ingest(books.session, plan.events(books.policy), books.policy)
        refused = [answer for answer in answers if answer.status != "accepted"]
        if as_json:
            print_json(
                {
                    "cutover": cutover.date().isoformat(),
                    "left": str(plan.left),
                    "booked": str(plan.booked),
                    "base_currency": plan.base_currency,
                    "prepaid_lines": rows,
                    "problems": list(plan.problems),
                    "answers": [answer._asdict() for answer in answers],
                }
            )
        else:
            shown = ("block", "customer", "prepay", "from", "to", "subscription", "invoice")
            print_table(
                f"Prepaid lines in SuiteBilling from {cutover.date()}",
                shown,
                [tuple(row[name] for name in shown) for row in rows],
                ("prepay",),
            )
            say(
                f"left of the blocks {plan.left} {plan.base_currency}, in the liability account "
                f"{plan.booked}"
            )
            for problem in plan.problems:
                warn(problem)
            for answer in refused:
                warn(f"{answer.event_id} {answer.status}: {answer.detail}")
            say(_next_step(plan, len(answers) - len(refused), is_done=is_done), "bold")
        is_open = bool(plan.problems or refused or (is_done and plan.missing))
        return REFUSED if is_open else DONE


def _next_step(plan: HandoverPlan, done: int, *, is_done: bool) -> str:
    if plan.problems:
        return "nothing was handed over: see to the problems first"
    if not plan.lines:
        return "no block has anything left: there is nothing to hand over"
    if plan.missing:
        return (
            f"nothing was handed over: {len(plan.missing)} of {len(plan.lines)} lines are not "
            "entered and billed in SuiteBilling yet; enter them as shown (one time, with that "
            "exchange rate), run billing, then run this again"
        )
    if not is_done:
        return "nothing was handed over yet: run it again with --yes"
    return (
        f"{done} blocks are handed over: deliver, reconcile, end our subscriptions by `drawdown "
        "subscription terminate`, and see that `drawdown suitebilling compare` agrees"
    )


def _row(line: Prepaid) -> dict[str, str]:
    return {
        "block": line.block_id,
        "customer_id": line.customer_id,
        "customer": line.customer,
        "origin": line.origin,
        "prepay": money_text(line.amount_minor, line.currency),
        "currency": line.currency,
        "exchange_rate": credits_text(line.exchange_rate),
        "credits": credits_text(line.credits),
        "from": line.starts_on.isoformat(),
        "to": line.ends_on.isoformat() if line.ends_on else "",
        "billed_through": line.billed_through.isoformat(),
        "subscription": line.subscription,
        "invoice": line.invoice,
    }


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
