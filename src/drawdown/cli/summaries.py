"""Commands for summarised drawdowns: what gathers, and posting it."""

from __future__ import annotations

from datetime import datetime

import typer

from drawdown.cli.books import AS_JSON, chosen_books
from drawdown.cli.output import DONE, print_json, print_table, say
from drawdown.core.money import money_text
from drawdown.service.summaries import post_summaries
from drawdown.store import summaries


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("summaries")(_summaries)


def _summaries(
    context: typer.Context,
    post_through: datetime | None = typer.Option(
        None,
        formats=["%Y-%m-%d"],
        help="First post what belongs to days and months that end by this date.",
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Show drawdowns that gather (policy journals), and post those of periods that are over."""
    with chosen_books(context) as (_config, books):
        posted = None
        if post_through is not None:
            posted = post_summaries(books.session, post_through.date())
        found = summaries.waiting(books.session)
        if as_json:
            print_json(
                {
                    "posted": posted,
                    "gathering": [
                        {
                            "block_id": one.block_id,
                            "period_end": one.period_end.isoformat(),
                            "record": one.record,
                            "drawdowns": one.members,
                            "amount": money_text(one.amount_minor, one.currency),
                            "currency": one.currency,
                        }
                        for one in found
                    ],
                }
            )
            return DONE
        if posted is not None:
            say(f"{posted} summaries go to NetSuite with the next delivery", "bold")
        if found:
            print_table(
                "Gathering",
                ("block", "period ends", "record", "drawdowns", "amount"),
                [
                    (
                        one.block_id, one.period_end.isoformat(), one.record, str(one.members),
                        f"{money_text(one.amount_minor, one.currency)} {one.currency}",
                    )
                    for one in found
                ],
                ("drawdowns", "amount"),
            )  # fmt: skip
        else:
            say("no drawdown waits to be summed up")
        return DONE
