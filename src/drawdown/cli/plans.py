"""Commands about plan files: check one, and see what it would have cost."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from drawdown.bootstrap import plan_file, usage_source
from drawdown.cli.books import AS_JSON, Choice, check_is_file
from drawdown.cli.groups import Group
from drawdown.cli.output import DONE, REFUSED, print_json, print_table, say, warn
from drawdown.config import load_config, to_policy
from drawdown.core.errors import ConfigurationError
from drawdown.core.money import credits_text, money_text
from drawdown.core.policy import Policy
from drawdown.core.ports import Problem
from drawdown.core.subscription.plan import Plan
from drawdown.core.subscription.preview import PeriodCost, Preview, preview
from drawdown.core.subscription.span import day_of
from drawdown.core.subscription.terms import Subscription, period_of
from drawdown.core.subscription.timeline import Use
from drawdown.core.subscription.usage import UsageRecord

_NAME = "preview"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        cls=Group, help="Plans: check a file, preview its cost.", no_args_is_help=True
    )
    group.command("check")(_check)
    group.command("preview")(_preview)
    app.add_typer(group, name="plan")


def read_plan_or_warn(file: Path, *, as_json: bool) -> Plan | None:
    """Read a plan; otherwise print what is wrong with it, each with its line."""
    found = plan_file(file)
    if isinstance(found, Plan):
        return found
    if as_json:
        print_json({"file": str(file), "problems": [_problem(one) for one in found]})
    for one in found:
        warn(f"{file}:{one.line}: {one.message}")
    return None


def _problem(problem: Problem) -> dict[str, Any]:
    return {"line": problem.line, "message": problem.message}


def _check(
    file: Path = typer.Argument(..., help="A plan (.toml)."), as_json: bool = AS_JSON
) -> int:
    """Check a plan file: every error with its line."""
    plan = read_plan_or_warn(file, as_json=as_json)
    if plan is None:
        return REFUSED
    if as_json:
        print_json({"file": str(file), "plan": plan.plan_id, "problems": []})
        return DONE
    say(
        f"{plan.plan_id}: {len(plan.prepay)} prepay and {len(plan.usage)} usage lines in "
        f"{plan.unit}, nothing is wrong with it",
        "bold",
    )
    return DONE


def _preview(
    context: typer.Context,
    file: Path = typer.Argument(..., help="A plan (.toml)."),
    usage: Path = typer.Option(..., "--usage", help="Usage records (.jsonl or .csv)."),
    starts_on: datetime | None = typer.Option(
        None, "--start", formats=["%Y-%m-%d"], help="First day; else the month of the first usage."
    ),
    through: datetime | None = typer.Option(
        None, "--through", formats=["%Y-%m-%d"], help="Last day billed; else all usage is."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Show what a plan would have cost for some usage: per month, per line, per tier."""
    plan = read_plan_or_warn(file, as_json=as_json)
    if plan is None:
        return REFUSED
    choice: Choice = context.find_root().obj
    config = load_config(choice.config)
    policy = to_policy(config.tenant(choice.tenant or config.tenant_id).policy)
    uses, problems = _uses(plan, usage, policy)
    for problem in problems:
        warn(f"{usage}:{problem.line}: {problem.message}")
    if not uses:
        raise ConfigurationError(f"{usage} has no usage for plan {plan.plan_id}")
    first = min(day_of(one.used_at, policy.time_zone) for one in uses)
    begins = starts_on.date() if starts_on else first.replace(day=1)
    last = max(day_of(one.used_at, policy.time_zone) for one in uses)
    subscription = Subscription(
        _NAME, _NAME, plan, begins, Decimal(1), plan.end_of_term, plan.is_carried
    )
    found = preview(
        subscription, uses, policy, through.date() if through else _end_of(subscription, last)
    )
    if as_json:
        print_json({"plan": plan.plan_id, **_to_json(plan, found)})
    else:
        _print(plan, found)
    return REFUSED if problems else DONE


def _end_of(subscription: Subscription, last: date) -> date:
    """Return the day that ends the billing period of the last usage."""
    if subscription.ends_on is not None and last >= subscription.ends_on:
        return subscription.ends_on
    return period_of(subscription, max(last, subscription.starts_on)).ends_on


def _uses(plan: Plan, file: Path, policy: Policy) -> tuple[list[Use], list[Problem]]:
    check_is_file(file)
    found: dict[str, tuple[UsageRecord, str]] = {}
    corrections: dict[str, UsageRecord] = {}
    problems: list[Problem] = []
    with file.open("rb") as lines:
        for one in usage_source(file, policy)(lines):
            if isinstance(one, Problem):
                problems.append(one)
                continue
            record = one.record
            if record.corrects:
                before = corrections.get(record.corrects)
                if before is None or (before.used_at, before.usage_id) < (
                    record.used_at, record.usage_id,
                ):  # fmt: skip
                    corrections[record.corrects] = record
                continue
            line = plan.usage_line(record.line)
            if line is None:
                known = ", ".join(one.line_id for one in plan.usage)
                problems.append(
                    Problem(one.line, f"the plan has no usage line {record.line!r}: it has {known}")
                )
            else:
                found.setdefault(record.usage_id, (record, line.line_id))
    return [
        Use(
            record.used_at, record.used_at, record.usage_id, _NAME, line_id,
            corrections[record.usage_id].quantity
            if record.usage_id in corrections
            else record.quantity,
        )
        for record, line_id in found.values()
    ], problems  # fmt: skip


def _print(plan: Plan, found: Preview) -> None:
    for period in found.periods:
        print_table(
            f"{period.starts_on} to before {period.ends_on}",
            ("line", "tier", "quantity", "rate", f"charge {plan.unit}", "prepaid", "beyond"),
            _rows(period),
            ("tier", "quantity", "rate", f"charge {plan.unit}", "prepaid", "beyond"),
        )
        code = plan.currency
        bought = ", ".join(
            f"{origin.replace('_', ' ')} {money_text(amount, code)}"
            for origin, amount in period.bought_minor.items()
        )
        say(
            f"bought {bought or 'nothing'} ({period.refills} refills); "
            f"usage drew {money_text(period.drawn_minor, code)}, beyond it "
            f"{money_text(period.overage_minor, code)}, ended "
            f"{money_text(period.ended_minor, code)}; "
            f"left {credits_text(period.balance)} {plan.unit}"
        )
        say(f"to pay: {money_text(period.due_minor, code)} {code}\n", "bold")
    for notice in found.notices:
        say(f"{notice.at:%Y-%m-%d %H:%M} UTC {notice.kind.value}: {notice.text}")
    total = sum(period.due_minor for period in found.periods)
    say(f"{len(found.periods)} months: {money_text(total, plan.currency)} {plan.currency}", "bold")
    if found.left_out:
        warn(f"{found.left_out} usage records lie outside the subscription and were left out")


def _rows(period: PeriodCost) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in period.lines:
        beyond = f"{credits_text(line.overage)}"
        rows.append(
            [line.line_id, "", credits_text(line.quantity), "", credits_text(line.charge),
             credits_text(line.drawn), beyond]
        )  # fmt: skip
        rows += [
            ["", "free" if not tier.tier else str(tier.tier), credits_text(tier.quantity),
             credits_text(tier.rate), credits_text(tier.charge), "", ""]
            for tier in line.tiers
            if len(line.tiers) > 1
        ]  # fmt: skip
    return rows


def _to_json(plan: Plan, found: Preview) -> dict[str, Any]:
    code = plan.currency
    return {
        "currency": code,
        "unit": plan.unit,
        "left_out": found.left_out,
        "total": money_text(sum(period.due_minor for period in found.periods), code),
        "periods": [
            {
                "starts_on": period.starts_on,
                "ends_on": period.ends_on,
                "lines": [
                    {
                        "line": line.line_id,
                        "item": line.item,
                        "quantity": credits_text(line.quantity),
                        "charge": credits_text(line.charge),
                        "drawn": credits_text(line.drawn),
                        "overage": credits_text(line.overage),
                        "overage_amount": money_text(line.overage_minor, code),
                        "tiers": [
                            {
                                "tier": tier.tier,
                                "quantity": credits_text(tier.quantity),
                                "rate": credits_text(tier.rate),
                                "charge": credits_text(tier.charge),
                            }
                            for tier in line.tiers
                        ],
                    }
                    for line in period.lines
                ],
                "bought": {
                    origin: money_text(amount, code)
                    for origin, amount in period.bought_minor.items()
                },
                "refills": period.refills,
                "drawn_amount": money_text(period.drawn_minor, code),
                "ended_amount": money_text(period.ended_minor, code),
                "overage_amount": money_text(period.overage_minor, code),
                "due": money_text(period.due_minor, code),
                "balance": credits_text(period.balance),
            }
            for period in found.periods
        ],
        "notices": [notice._asdict() for notice in found.notices],
    }
