"""Reading a plan file: every table is looked at, so that one error does not hide the others."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeVar, cast

import msgspec

from drawdown.billing.plan_file.places import Path, Places
from drawdown.billing.plan_file.shape import (
    PlanTable,
    PrepayTable,
    RolloverTable,
    ThresholdTable,
    UsageTable,
)
from drawdown.core.errors import MalformedEventError
from drawdown.core.iso4217 import EXPONENTS
from drawdown.core.money import ZERO, currency, normal_credits, to_minor
from drawdown.core.policy import Policy
from drawdown.core.ports import Problem
from drawdown.core.rating.price import Model, Price, Tier
from drawdown.core.subscription.plan import (
    Frequency,
    Measure,
    Plan,
    PrepayLine,
    Rollover,
    Threshold,
    UsageLine,
    decimals_of,
    faults,
)
from drawdown.core.subscription.span import Span, span

_T = TypeVar("_T", bound=msgspec.Struct)
_AT = re.compile(r" - at `\$([^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_STEP = re.compile(r"\.([\w\-]+)|\[(\d+)\]")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%")
_TABLES = ("prepay", "usage")
_NO_TERMS = "write a decimal number, such as 12.50"


class _Wrong(Exception):  # noqa: N818 - a value that is wrong, not a fault of ours
    """A value is wrong; where it stands, below its table, and why."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key
        self.text = text


def read_plan(text: str) -> Plan | list[Problem]:
    """Read a plan.

    Args:
        text: A whole file.

    Returns:
        The plan, or what is wrong with it by line: one problem a table at least.
    """
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        return [Problem(int(found[1]) if found else 1, f"not valid TOML: {error}")]
    reader = _Reader(text)
    plan = reader.plan(content)
    if plan is None or reader.problems:
        return reader.by_line()
    places = {line.line_id: ("prepay", n) for n, line in enumerate(plan.prepay)}
    places.update({line.line_id: ("usage", n) for n, line in enumerate(plan.usage)})
    for fault in faults(plan):
        path: Path = places.get(fault.line_id, ())
        key = {"price": "price"}.get(fault.key, fault.key)
        reader.note((*path, key), f"{fault.key}: {fault.text}")
    return reader.by_line() or plan


class _Reader:
    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self._places = Places(text)

    def note(self, path: Path, text: str) -> None:
        self.problems.append(Problem(self._places.line(path), text))

    def by_line(self) -> list[Problem]:
        return sorted(self.problems, key=lambda problem: problem.line)

    def plan(self, content: Mapping[str, Any]) -> Plan | None:
        head = {key: value for key, value in content.items() if key not in _TABLES}
        table = self._shaped((), head, PlanTable)
        code, unit = self._units(table) if table else ("", "")
        prepay = self._lines("prepay", content, PrepayTable, lambda one: _prepay(one, code, unit))
        usage = self._lines("usage", content, UsageTable, _usage)
        if table is None or self.problems:
            return None
        try:
            return Plan(
                plan_id=_id(table.id),
                name=table.name or table.id,
                currency=code,
                unit=unit,
                decimals=decimals_of(code, unit),
                prepay=cast("tuple[PrepayLine, ...]", prepay),
                usage=cast("tuple[UsageLine, ...]", usage),
                term=_span("term", table.term),
                anchor=table.billing,
                invoice_day=table.invoice_date,
                end_of_term=table.end_of_term,
                is_renewed=table.renew,
                is_carried=table.carry_over,
                drawdown_order=table.drawdown_order or Policy().drawdown_order,
                warn_days=_count("warn_days", table.warn_days),
            )
        except _Wrong as wrong:
            self.note((wrong.key,), f"{wrong.key}: {wrong.text}")
            return None

    def _units(self, table: PlanTable) -> tuple[str, str]:
        try:
            code = currency(table.currency).code
        except MalformedEventError as error:
            self.note(("currency",), str(error))
            return "", ""
        unit = table.unit or code
        if unit != code and unit in EXPONENTS:
            self.note(
                ("unit",),
                f"unit: {unit} is a currency but not the plan's, {code}; leave it out, or name "
                "credits of your own",
            )
        return code, unit

    def _lines(
        self,
        name: str,
        content: Mapping[str, Any],
        shape: type[_T],
        make: Callable[[_T], object],
    ) -> tuple[object, ...]:
        tables = content.get(name, [])
        if not isinstance(tables, list):
            self.note((name,), f"write [[{name}]] with double brackets: there can be several")
            return ()
        found: list[object] = []
        for number, raw in enumerate(tables):
            table = self._shaped((name, number), raw, shape)
            if table is None:
                continue
            try:
                found.append(make(table))
            except _Wrong as wrong:
                self.note((name, number, *wrong.key.split(".")), f"{wrong.key}: {wrong.text}")
        return tuple(found)

    def _shaped(self, path: Path, raw: object, shape: type[_T]) -> _T | None:
        try:
            return msgspec.convert(raw, shape)
        except msgspec.ValidationError as error:
            where = _AT.search(str(error))
            inside: Path = tuple(
                int(index) if index else name
                for name, index in _STEP.findall(where[1] if where else "")
            )
            text = _AT.sub("", str(error))
            unknown = _UNKNOWN.fullmatch(text)
            if unknown is not None:
                inside = (*inside, unknown[1])
                close = get_close_matches(unknown[1], shape.__struct_fields__, 1)
                text = f"no such key{f'; did you mean {close[0]}?' if close else ''}"
            name = ".".join(str(step) for step in inside)
            self.note((*path, *inside), f"{name}: {text}" if name else text)
            return None


def _prepay(table: PrepayTable, code: str, unit: str) -> PrepayLine:
    if not code:
        raise _Wrong("id", "it cannot be read before the currency is right")
    is_money = code == unit
    is_refilled = table.charge is Frequency.AUTO_REFILL
    credits_ = _positive("amount", table.amount)
    price = table.price
    if price is None and table.kind.value != "promotional":
        if not is_money:
            raise _Wrong("price", f"say what {table.amount} {unit} cost, in {code}")
        price = table.amount
    refill = table.refill_amount or (table.amount if is_refilled else ZERO)
    refill_price = table.refill_price
    if is_refilled and refill_price is None and price is not None:
        if is_money and table.price is None:
            refill_price = refill
        elif table.refill_amount in (None, table.amount):
            refill_price = price
        else:
            raise _Wrong("refill_price", "say what a refill costs: it is not the first amount")
    if is_money:
        _minor("amount", table.amount, code)
        _minor("refill_amount", refill, code)
    return PrepayLine(
        line_id=_id(table.id),
        frequency=table.charge,
        credits=credits_,
        amount_minor=_minor("price", price or ZERO, code),
        minimum=_not_negative("minimum_balance", table.minimum_balance),
        refill_credits=_not_negative("refill_amount", refill),
        refill_minor=_minor("refill_price", refill_price or ZERO, code),
        refills_max=_count("refills_per_period", table.refills_per_period),
        refill_invoice=table.refill_invoice,
        validity=_span("validity", table.validity),
        every=_span("every", table.every),
        rollover=_rollover(table.rollover) if table.rollover else None,
        kind=table.kind,
        priority=table.priority,
        is_shared=table.shared,
        items=table.items,
        thresholds=tuple(_threshold(one) for one in table.thresholds),
    )


def _rollover(table: RolloverTable) -> Rollover:
    share = _share("rollover.share", table.share)
    if not share:
        raise _Wrong("rollover.share", "nothing would roll over; leave the rollover out")
    return Rollover(
        share=share,
        cap=None if table.cap is None else _positive("rollover.cap", table.cap),
        periods=_count("rollover.periods", table.periods) or 1,
        validity=_span("rollover.validity", table.validity),
        apply=table.apply,
    )


def _threshold(table: ThresholdTable) -> Threshold:
    given = [one for one in (table.balance, table.share, table.days) if one is not None]
    if len(given) != 1:
        raise _Wrong("thresholds", "each has exactly one of balance, share and days")
    if table.balance is not None:
        return Threshold(Measure.BALANCE, _not_negative("thresholds", table.balance))
    if table.share is not None:
        return Threshold(Measure.SHARE, _share("thresholds", table.share))
    assert table.days is not None
    return Threshold(Measure.DAYS, Decimal(_count("thresholds", table.days)))


def _usage(table: UsageTable) -> UsageLine:
    tiers = tuple(
        Tier(
            None if tier.up_to is None else _positive("tiers", tier.up_to),
            _not_negative("tiers", tier.rate),
            _not_negative("tiers", tier.flat),
        )
        for tier in table.tiers
    )
    has_tiers = table.model in (Model.TIERED, Model.VOLUME)
    if has_tiers != bool(tiers) or has_tiers == (table.rate is not None):
        raise _Wrong(
            "tiers" if has_tiers else "rate",
            f"model {table.model.value} needs {'tiers' if has_tiers else 'rate'}"
            f" and no {'rate' if has_tiers else 'tiers'}",
        )
    if (table.model is Model.PACKAGE) != (table.package is not None):
        raise _Wrong("package", "a package has a size, and only model = 'package' has one")
    if table.rate is not None:
        tiers = (Tier(None, _not_negative("rate", table.rate)),)
    return UsageLine(
        line_id=_id(table.id),
        item=_text("item", table.item),
        measure=table.measure,
        price=Price(
            table.model,
            tiers,
            _not_negative("free", table.free),
            Decimal(1) if table.package is None else _positive("package", table.package),
        ),
        draws=table.draws,
        overage_rate=None
        if table.overage_rate is None
        else _not_negative("overage_rate", table.overage_rate),
    )


# -- values ---------------------------------------------------------------------------------------


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise _Wrong("id", f"{value!r} is no id: up to 60 letters, digits and . _ - without spaces")
    return value


def _text(key: str, value: str) -> str:
    if not value.strip() or value.startswith("@") or len(value) > 200 or not value.isprintable():
        raise _Wrong(key, "up to 200 characters, not beginning with @")
    return value


def _not_negative(key: str, value: Decimal) -> Decimal:
    try:
        found = normal_credits(value)
    except MalformedEventError as error:
        raise _Wrong(key, f"{error}; {_NO_TERMS}") from error
    if found < 0:
        raise _Wrong(key, f"{value} is negative; {_NO_TERMS}")
    return found


def _positive(key: str, value: Decimal) -> Decimal:
    found = _not_negative(key, value)
    if not found:
        raise _Wrong(key, f"it must be more than zero; {_NO_TERMS}")
    return found


def _minor(key: str, value: Decimal, code: str) -> int:
    try:
        found = to_minor(value, code)
    except MalformedEventError as error:
        raise _Wrong(key, str(error)) from error
    if found < 0:
        raise _Wrong(key, f"{value} is negative; {_NO_TERMS}")
    return found


def _count(key: str, value: int) -> int:
    if not 0 <= value <= 10_000:
        raise _Wrong(key, f"{value} is not between 0 and 10,000")
    return value


def _share(key: str, value: str) -> Decimal:
    match = _PERCENT.fullmatch(value.strip())
    if match is None or Decimal(match[1]) > 100:
        raise _Wrong(key, f"{value!r} is no share; write one from 0% to 100%, such as '25%'")
    return Decimal(match[1]) / 100


def _span(key: str, value: str | None) -> Span | None:
    if value is None:
        return None
    try:
        return span(value)
    except ValueError as error:
        raise _Wrong(key, str(error)) from error
