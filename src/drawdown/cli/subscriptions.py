"""Commands about subscriptions: create, show, top up, grant, renew, terminate; and notices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import typer

from drawdown.bootstrap import Books
from drawdown.cli.books import AS_JSON, chosen_books, last_day
from drawdown.cli.groups import Group
from drawdown.cli.output import DONE, REFUSED, print_json, print_table, say
from drawdown.cli.plans import read_plan_or_warn
from drawdown.cli.suitebilling import details, print_elements
from drawdown.core.errors import ConfigurationError, MalformedEventError
from drawdown.core.money import credits_text, money_text, normal_credits, to_minor
from drawdown.core.subscription.plan import EndOfTerm
from drawdown.core.subscription.span import check_days, day_of
from drawdown.core.subscription.terms import Subscription, term_of
from drawdown.service import subscriptions as service
from drawdown.service.elements import revenue_of
from drawdown.service.moving import Move
from drawdown.store.subscriptions import all_subscriptions, notices

_DAY = ["%Y-%m-%d"]


def now() -> datetime:
    """Return the instant at which the command runs."""
    return datetime.now(UTC)  # noqa: TID251 - the clock of the command line


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(cls=Group, help="Subscriptions to plans.", no_args_is_help=True)
    group.command("create")(_create)
    group.command("show")(_show)
    group.command("elements")(_elements)
    group.command("topup")(_topup)
    group.command("grant")(_grant)
    group.command("move")(_move)
    group.command("renew")(_renew)
    group.command("terminate")(_terminate)
    app.add_typer(group, name="subscription")
    app.command("notices")(_notices)


def _elements(
    context: typer.Context,
    subscription: str = typer.Argument(..., help="The subscription's id."),
    as_of: datetime | None = typer.Option(
        None, formats=_DAY, help="Last day that counts; default: today."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Show revenue elements, plans and month end journals, as revenue management shows them."""
    with chosen_books(context) as (_config, books):
        day = (as_of or now()).date()
        found = revenue_of(books.session, subscription, books.policy, day)
        if as_json:
            print_json({"subscription": subscription, **details(found.facts, found.names, day)})
        else:
            print_elements(subscription, found.facts, found.names, day)
        return DONE


def _create(
    context: typer.Context,
    subscription: str = typer.Argument(..., help="The subscription's id."),
    plan: Path = typer.Option(..., "--plan", help="A plan (.toml)."),
    customer: str = typer.Option(..., "--customer", help="The customer's id."),
    start: datetime = typer.Option(..., "--start", formats=_DAY, help="First day."),
    exchange_rate: str = typer.Option("1", help="Base currency per unit of the plan's."),
    end_of_term: EndOfTerm | None = typer.Option(None, help="Else as the plan says."),
    carry_over: bool | None = typer.Option(
        None, "--carry-over/--no-carry-over", help="A remainder outlives a renewal."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Begin a subscription; what it prepays is bought when it begins."""
    found = read_plan_or_warn(plan, as_json=as_json)
    if found is None:
        return REFUSED
    made = Subscription(
        _id(subscription),
        customer,
        found,
        start.date(),
        number(exchange_rate, "--exchange-rate"),
        end_of_term or found.end_of_term,
        found.is_carried if carry_over is None else carry_over,
    )
    with chosen_books(context) as (_config, books):
        is_new = service.create(books.session, made, books.policy, now())
        return _print_one(books, made, as_json=as_json, is_new=is_new)


def _show(
    context: typer.Context,
    subscription: str = typer.Argument("", help="The subscription's id; else all are listed."),
    as_json: bool = AS_JSON,
) -> int:
    """Show a subscription with its blocks, or list all."""
    with chosen_books(context) as (_config, books):
        if not subscription:
            return _list(books, as_json=as_json)
        found = service.show(books.session, subscription, books.policy, now())
        today = day_of(now(), books.policy.time_zone)
    if as_json:
        blocks = [
            {
                "block_id": one.block_id,
                "line": one.line_id,
                "origin": one.origin.value,
                "credits": credits_text(one.credits),
                "amount": money_text(one.amount_minor, one.currency),
                "effective_at": one.effective_at,
                "expires_at": one.expires_at,
            }
            for one in found.blocks
        ]
        print_json({**_to_json(found.subscription, today), "blocks": blocks})
        return DONE
    _say(found.subscription, today)
    print_table(
        "Blocks that have not ended",
        ("block", "line", "origin", "credits", "price", "from", "last day"),
        [
            (
                one.block_id, one.line_id, one.origin.value, credits_text(one.credits),
                money_text(one.amount_minor, one.currency), f"{one.effective_at:%Y-%m-%d}",
                last_day(one.expires_at, books.policy, "with the term"),
            )
            for one in found.blocks
        ],
        ("credits", "price"),
    )  # fmt: skip
    return DONE


def _list(books: Books, *, as_json: bool) -> int:
    found = list(all_subscriptions(books.session))
    today = day_of(now(), books.policy.time_zone)
    if as_json:
        print_json([_to_json(one, today) for one in found])
    else:
        print_table(
            f"{len(found)} subscriptions",
            ("subscription", "customer", "plan", "from", "last day", "state"),
            [
                (
                    one.subscription_id, one.customer_id, one.plan.plan_id,
                    one.starts_on.isoformat(), str(one.last_day or "open"),
                    one.state_on(today).value,
                )
                for one in found
            ],
        )  # fmt: skip
    return DONE


def _topup(
    context: typer.Context,
    subscription: str = typer.Argument(..., help="The subscription's id."),
    line: str = typer.Argument(..., help="The prepay line that is filled."),
    block: str = typer.Option(..., "--block", help="Id of the new block; a repeat counts once."),
    amount: str = typer.Option(..., help="Credits, in the plan's unit."),
    price: str = typer.Option("", help="What they cost; left out: the amount, where it is money."),
    on: datetime | None = typer.Option(None, "--on", formats=_DAY, help="First day; else today."),
    expires_on: datetime | None = typer.Option(None, formats=_DAY, help="Last day."),
    priority: int | None = typer.Option(None, help="The lower is drawn first."),
    as_json: bool = AS_JSON,
) -> int:
    """Buy more credits for a prepay line."""
    with chosen_books(context) as (_config, books):
        plan = service.show(books.session, subscription, books.policy, now()).subscription.plan
        if not price and not plan.is_money:
            raise ConfigurationError(f"say what {amount} {plan.unit} cost: --price")
        minor = minor_units(price or amount, plan.currency, "--price")
        if not minor:
            raise ConfigurationError("a top-up has a price; use `subscription grant` for none")
        given = service.Given(
            _id(block), "", subscription, line, number(amount, "--amount"), minor,
            on.date() if on else day_of(now(), books.policy.time_zone),
            expires_on.date() if expires_on else None, priority,
        )  # fmt: skip
        return _give(books, given, as_json=as_json)


def _grant(
    context: typer.Context,
    block: str = typer.Option(..., "--block", help="Id of the new block; a repeat counts once."),
    amount: str = typer.Option(..., help="Credits, in the plan's unit."),
    subscription: str = typer.Option("", help="Whose usage may draw it; else the customer's."),
    line: str = typer.Option("", help="Prepay line that it fills; else it fills none."),
    customer: str = typer.Option("", help="The customer, where no subscription is named."),
    currency: str = typer.Option("", help="Of the customer, where no subscription is named."),
    unit: str = typer.Option("", help="Unit of the credits; left out: the currency."),
    on: datetime | None = typer.Option(None, "--on", formats=_DAY, help="First day; else today."),
    expires_on: datetime | None = typer.Option(None, formats=_DAY, help="Last day."),
    priority: int | None = typer.Option(None, help="The lower is drawn first."),
    item: list[str] = typer.Option([], help="Items it pays for; left out: any."),
    as_json: bool = AS_JSON,
) -> int:
    """Grant credits without a price: a promotion, a courtesy."""
    if not subscription and not (customer and currency):
        raise ConfigurationError("name a --subscription, or a --customer and the --currency")
    with chosen_books(context) as (_config, books):
        given = service.Given(
            _id(block), customer, subscription, line, number(amount, "--amount"), 0,
            on.date() if on else day_of(now(), books.policy.time_zone),
            expires_on.date() if expires_on else None, priority, tuple(item), currency, unit,
        )  # fmt: skip
        return _give(books, given, as_json=as_json)


def _give(books: Books, given: service.Given, *, as_json: bool) -> int:
    is_new = service.give(books.session, given, books.policy, now())
    if as_json:
        print_json({"block": given.block_id, "is_new": is_new})
    else:
        say(f"block {given.block_id} {'is given' if is_new else 'was given before'}", "bold")
    return DONE


def _move(
    context: typer.Context,
    block: str = typer.Argument(..., help="The block that has the credits."),
    to: str = typer.Option(..., "--to", help="Id of the new block; a repeat counts once."),
    amount: str = typer.Option(..., help="Credits, in the plan's unit."),
    expires_on: datetime | None = typer.Option(
        None, formats=_DAY, help="Last day of the new block; left out: the term decides."
    ),
    on: datetime | None = typer.Option(None, "--on", formats=_DAY, help="Day; else today."),
    as_json: bool = AS_JSON,
) -> int:
    """Move credits to a new block with another expiry, at the cost they had."""
    with chosen_books(context) as (_config, books):
        wanted = Move(
            block, _id(to), number(amount, "--amount"),
            on.date() if on else day_of(now(), books.policy.time_zone),
            expires_on.date() if expires_on else None,
        )  # fmt: skip
        is_new = service.move_credits(books.session, wanted, books.policy, now())
    if as_json:
        print_json({"block": to, "is_new": is_new})
    else:
        say(f"{amount} {'are' if is_new else 'were'} moved from {block} to {to}", "bold")
    return DONE


def _renew(
    context: typer.Context,
    subscription: str = typer.Argument(..., help="The subscription's id."),
    term: int = typer.Option(..., min=2, help="Number of the term agreed; a repeat counts once."),
    as_json: bool = AS_JSON,
) -> int:
    """Agree another term."""
    with chosen_books(context) as (_config, books):
        found = service.renew(books.session, subscription, books.policy, now(), term=term)
        return _print_one(books, found, as_json=as_json)


def _terminate(
    context: typer.Context,
    subscription: str = typer.Argument(..., help="The subscription's id."),
    last_day: datetime = typer.Option(..., formats=_DAY, help="Last day of the subscription."),
    end_of_term: EndOfTerm | None = typer.Option(
        None, help="What becomes of the remainder; else as agreed."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """End a subscription early; the bill run through its last day settles what is left."""
    with chosen_books(context) as (_config, books):
        check_days(f"subscription {subscription}", last_day.date())
        found = service.terminate(
            books.session, subscription, last_day.date() + timedelta(days=1), books.policy, now(),
            end_of_term,
        )  # fmt: skip
        return _print_one(books, found, as_json=as_json)


def _notices(
    context: typer.Context,
    customer: str = typer.Option("", help="Only this customer's."),
    as_json: bool = AS_JSON,
) -> int:
    """List what people or other systems are to be told, oldest first."""
    with chosen_books(context) as (_config, books):
        found = notices(books.session, customer)
    if as_json:
        print_json([{**one.notice._asdict(), "recorded_at": one.recorded_at} for one in found])
    else:
        for one in found:
            notice = one.notice
            say(f"{notice.at:%Y-%m-%d %H:%M} UTC {notice.kind.value}: {notice.text}")
        say(f"{len(found)} notices", "bold")
    return DONE


def _print_one(
    books: Books, subscription: Subscription, *, as_json: bool, is_new: bool | None = None
) -> int:
    today = day_of(now(), books.policy.time_zone)
    if as_json:
        more: dict[str, Any] = {} if is_new is None else {"is_new": is_new}
        print_json({**_to_json(subscription, today), **more})
    else:
        _say(subscription, today)
    return DONE


def _say(one: Subscription, today: date) -> None:
    end = f"to {one.last_day}" if one.last_day else "until it is terminated"
    name = f" ({one.plan.name})" if one.plan.name != one.plan.plan_id else ""
    say(
        f"{one.subscription_id}: plan {one.plan.plan_id}{name} for {one.customer_id}, "
        f"from {one.starts_on} {end}, {one.state_on(today)}; "
        f"remainder {'refunded' if one.end_of_term is EndOfTerm.REFUND else 'recognised'}",
        "bold",
    )


def _to_json(one: Subscription, today: date) -> dict[str, Any]:
    term: date | None = term_of(one, one.starts_on).ends_on
    return {
        "subscription": one.subscription_id,
        "customer": one.customer_id,
        "plan": one.plan.plan_id,
        "state": one.state_on(today).value,
        "starts_on": one.starts_on,
        "first_term_ends_on": term,
        "ends_on": one.ends_on,
        "renewals": one.renewals,
        "end_of_term": one.end_of_term.value,
        "carry_over": one.is_carried,
    }


def number(text: str, option: str) -> Decimal:
    """Read a decimal option, more than zero.

    Raises:
        ConfigurationError: It is not one.
    """
    try:
        found = normal_credits(Decimal(text))
    except (InvalidOperation, MalformedEventError) as error:
        raise ConfigurationError(f"{option} {text!r} is no decimal number") from error
    if found <= 0:
        raise ConfigurationError(f"{option} {text} is not more than zero")
    return found


def minor_units(text: str, currency: str, option: str) -> int:
    """Read an amount of money, not negative.

    Raises:
        ConfigurationError: It is not one.
    """
    try:
        found = to_minor(Decimal(text), currency)
    except (InvalidOperation, MalformedEventError) as error:
        raise ConfigurationError(f"{option} {text!r}: {error}") from error
    if found < 0:
        raise ConfigurationError(f"{option} {text} is negative")
    return found


def _id(text: str) -> str:
    if not text or len(text) > 100 or not text.isprintable() or text != text.strip():
        raise ConfigurationError(f"{text!r} is no id: 1 to 100 characters, no spaces at its ends")
    if text.startswith("drawdown:"):
        raise ConfigurationError(
            f"{text!r} begins with drawdown:, which is ours; choose another id"
        )
    return text
