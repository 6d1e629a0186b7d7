"""Commands that look at prepaid subscriptions which NetSuite bills itself (SuiteBilling)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import typer

from drawdown.cli.books import AS_JSON, chosen_books_and_erp
from drawdown.cli.groups import Group
from drawdown.cli.handover import handover
from drawdown.cli.output import DONE, REFUSED, print_json, print_table, say, warn
from drawdown.core.errors import ConfigurationError
from drawdown.core.events import OpeningBalance
from drawdown.core.money import credits_text, money_text
from drawdown.core.native_prepayment import NativePrepayment, NativePrepayments
from drawdown.core.ports import Erp
from drawdown.core.revenue_elements import Prepayment, elements, journals, plans
from drawdown.service.ingest import Answer, ingest
from drawdown.service.mirror import Mirrored, mirror
from drawdown.service.takeover import Takeover, plan_takeover

AS_OF = typer.Option(None, formats=["%Y-%m-%d"], help="Rated and updated up to; default: today.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        cls=Group,
        help="Look at prepaid subscriptions that NetSuite's SuiteBilling runs.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("compare")(_compare)
    group.command("show")(_show)
    group.command("takeover")(_takeover)
    group.command("handover")(handover)
    app.add_typer(group, name="suitebilling")


def _mirrored(erp: Erp, as_of: datetime | None) -> list[Mirrored]:
    if not isinstance(erp, NativePrepayments):
        raise ConfigurationError("this ERP bills no prepaid subscriptions itself")
    return list(mirror(erp, _day(as_of)))


def _day(as_of: datetime | None) -> date:
    return (as_of or datetime.now(UTC)).date()  # noqa: TID251 - a report is as of now by default


def _compare(
    context: typer.Context, as_of: datetime | None = AS_OF, as_json: bool = AS_JSON
) -> int:
    """Compute every prepaid line from its charges, and name what NetSuite says otherwise."""
    with chosen_books_and_erp(context) as (_books, erp):
        found = _mirrored(erp, as_of)
        deviating = [deviation for one in found for deviation in one.deviations]
        if as_json:
            print_json(
                {
                    "prepayments": [_as_json(one.prepayment) for one in found],
                    "deviations": [deviation._asdict() for deviation in deviating],
                }
            )
        else:
            print_table(
                "Prepaid lines",
                ("subscription", "customer", "item", "term", "status", "bought", "used", "left"),
                [_row(one.prepayment) for one in found],
                ("bought", "used", "left"),
            )
            for deviation in deviating:
                warn(deviation.detail)
            say(
                f"{len(found)} prepaid lines compared: {len(deviating) or 'no'} differences", "bold"
            )
        return REFUSED if deviating else DONE


def _takeover(
    context: typer.Context,
    cutover: datetime = typer.Option(
        ..., formats=["%Y-%m-%d"], help="First day on which blocks are drawn."
    ),
    is_done: bool = typer.Option(False, "--yes", help="Do it; without, it is only shown."),
    as_json: bool = AS_JSON,
) -> int:
    """Take what is left of the prepaid lines over as blocks, with opening balances that tie out."""
    with chosen_books_and_erp(context) as (books, erp):
        if not isinstance(erp, NativePrepayments):
            raise ConfigurationError("this ERP bills no prepaid subscriptions itself")
        plan = plan_takeover(books.session, erp, erp, cutover.date(), books.policy)
        opened = [event for event in plan.events if isinstance(event, OpeningBalance)]
        answers: list[Answer] = []
        if is_done and not plan.problems:
            answers = ingest(books.session, plan.events, books.policy)
        refused = [answer for answer in answers if answer.status != "accepted"]
        if as_json:
            print_json(
                {
                    "cutover": cutover.date().isoformat(),
                    "left": str(plan.left),
                    "booked": str(plan.booked),
                    "base_currency": plan.base_currency,
                    "blocks": [_opening(event) for event in opened],
                    "problems": list(plan.problems),
                    "answers": [answer._asdict() for answer in answers],
                }
            )
        else:
            print_table(
                f"Opening balances of {cutover.date()}",
                ("block", "customer", "from", "amount", "expires"),
                [tuple(_opening(event).values()) for event in opened],
                ("amount",),
            )
            say(
                f"left of the prepaid lines {plan.left} {plan.base_currency}, in the former "
                f"deferred revenue account {plan.booked}"
            )
            for problem in plan.problems:
                warn(problem)
            for answer in refused:
                warn(f"{answer.event_id} {answer.status}: {answer.detail}")
            say(_next_step(plan, len(answers) - len(refused), is_done=is_done), "bold")
        return REFUSED if plan.problems or refused else DONE


def _next_step(plan: Takeover, done: int, *, is_done: bool) -> str:
    if plan.problems:
        return "nothing was taken over: see to the problems first"
    if not is_done:
        return "nothing was taken over yet: run it again with --yes"
    return (
        f"{done} facts are in the books: deliver them, and in NetSuite terminate the "
        "subscriptions at the cut-over and put the revenue plans of their prepaid lines on hold, "
        "so that what was taken over is not recognised a second time"
    )


def _opening(event: OpeningBalance) -> dict[str, str]:
    (terms,) = event.blocks
    return {
        "block_id": terms.block_id,
        "customer_id": event.customer_id,
        "origin": event.origin,
        "amount": f"{money_text(terms.amount_minor, event.currency)} {event.currency}",
        "expires": terms.expires_at.isoformat() if terms.expires_at else "never",
    }


def _row(one: NativePrepayment) -> tuple[str, ...]:
    facts = one.facts
    bought = sum(charge.amount_minor for charge in facts.bought)
    used = sum(charge.amount_minor for charge in facts.drawn)
    return (
        one.subscription, one.customer.name, one.names[facts.item_id],
        f"{facts.starts_on} to {facts.ends_on or 'open'}", one.status,
        *(f"{money_text(n, facts.currency)} {facts.currency}"
          for n in (bought, used, one.remaining_minor)),
    )  # fmt: skip


def _as_json(one: NativePrepayment) -> dict[str, object]:
    facts = one.facts
    return {
        "subscription": one.subscription,
        "customer": one.customer.name,
        "item": one.names[facts.item_id],
        "starts_on": facts.starts_on.isoformat(),
        "ends_on": facts.ends_on.isoformat() if facts.ends_on else None,
        "status": one.status,
        "currency": facts.currency,
        "bought": money_text(sum(x.amount_minor for x in facts.bought), facts.currency),
        "drawn": money_text(sum(x.amount_minor for x in facts.drawn), facts.currency),
        "remaining": money_text(one.remaining_minor, facts.currency),
    }


def _show(
    context: typer.Context,
    subscription: str = typer.Argument(..., help="Number of the subscription."),
    as_of: datetime | None = AS_OF,
    as_json: bool = AS_JSON,
) -> int:
    """Show revenue elements, plans and month end journals of a subscription's prepaid lines."""
    with chosen_books_and_erp(context) as (_books, erp):
        found = [
            one.prepayment
            for one in _mirrored(erp, as_of)
            if one.prepayment.subscription == subscription
        ]
        if not found:
            warn(
                f"NetSuite shows no prepaid line of a subscription {subscription!r}; see "
                "`drawdown suitebilling compare` for those it has"
            )
            return REFUSED
        if as_json:
            day = _day(as_of)
            print_json([{**_as_json(one), **details(one.facts, one.names, day)} for one in found])
        else:
            for one in found:
                print_elements(one.subscription, one.facts, one.names, _day(as_of))
        return DONE


def details(facts: Prepayment, names: Mapping[str, str], day: date) -> dict[str, object]:
    """Return elements, plans and journals for JSON."""
    code = facts.currency
    return {
        "elements": [
            {
                "item": names[e.item_id], "quantity": credits_text(e.quantity),
                "sales": money_text(e.sales_minor, code),
                "billed": money_text(e.billed_minor, code),
                "recognised": money_text(e.recognised_minor, code),
            }
            for e in elements(facts, day)
        ],
        "plans": [
            {
                "item": names[p.item_id], "amount": money_text(p.amount_minor, code),
                "recognised": money_text(p.recognised_minor, code),
                "planned": p.period_end.isoformat()[:7] if p.period_end else None,
            }
            for p in plans(facts, day)
        ],
        "journals": [
            {
                "period": j.period_end.isoformat()[:7], "kind": j.kind.value,
                "lines": [
                    {
                        "account": " ".join((names.get(x.item_id, ""), x.account.value)).strip(),
                        "debit": money_text(max(0, x.amount_minor), code),
                        "credit": money_text(max(0, -x.amount_minor), code),
                    }
                    for x in j.lines
                ],
            }
            for j in journals(facts, day)
        ],
    }  # fmt: skip


def print_elements(
    subscription: str, facts: Prepayment, names: Mapping[str, str], day: date
) -> None:
    """Print elements, plans and journals as tables."""
    code = facts.currency
    print_table(
        f"Revenue elements of {subscription} as of {day} ({code})",
        ("item", "quantity", "sales", "billed", "recognised by month end"),
        [
            (
                names[e.item_id], credits_text(e.quantity), money_text(e.sales_minor, code),
                money_text(e.billed_minor, code), money_text(e.recognised_minor, code),
            )
            for e in elements(facts, day)
        ],
        ("quantity", "sales", "billed", "recognised by month end"),
    )  # fmt: skip
    print_table(
        "Revenue plans before that month end",
        ("item", "amount", "recognised", "rest planned for"),
        [
            (
                names[p.item_id], money_text(p.amount_minor, code),
                money_text(p.recognised_minor, code),
                p.period_end.isoformat()[:7] if p.period_end else "the end of the term",
            )
            for p in plans(facts, day)
        ],
        ("amount", "recognised"),
    )  # fmt: skip
    print_table(
        "Month end journals",
        ("month", "journal", "account", "debit", "credit"),
        [
            (
                j.period_end.isoformat()[:7], j.kind.value,
                " ".join((names.get(x.item_id, ""), x.account.value)).strip(),
                money_text(x.amount_minor, code) if x.amount_minor > 0 else "",
                money_text(-x.amount_minor, code) if x.amount_minor < 0 else "",
            )
            for j in journals(facts, day)
            for x in j.lines
        ],
        ("debit", "credit"),
    )  # fmt: skip
