"""From wire structs to core events: one canonical event, however the fact was written.

Decimals come out in normal form, instants in UTC, sets of items sorted. Dates become instants here,
in the tenant's posting time zone, and nowhere else. This is the hot path of every import: what
cannot go wrong any more is not checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from drawdown.billing.native import wire
from drawdown.billing.native.faults import FactError, shown
from drawdown.core.errors import MalformedEventError
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    BlockVoid,
    Clock,
    CreditLine,
    CreditMemo,
    CustomerChanged,
    Event,
    InvoiceLine,
    InvoiceVoid,
    LineKind,
    OpeningBalance,
    Payment,
    PurchaseInvoice,
    Refund,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.money import currency, money_text, normal_credits, price, to_minor

YEAR_MIN = 1970
YEAR_MAX = 2199

_ONE = Decimal(1)
_USAGE = LineKind.USAGE
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
# Up to this length a decimal has no more than 12 decimals and is in range (see `_normal`).
_SHORT = 13


class Converter:
    """Converts the facts of one tenant.

    Attributes:
        build: Function for each wire struct; raises `FactError`.
    """

    def __init__(self, time_zone: tzinfo) -> None:
        self.build: dict[type, Callable[[Any], Event]] = {
            wire.Customer: self._customer,
            wire.SalesOrder: self._sales_order,
            wire.OpeningBalance: self._opening_balance,
            wire.PurchaseInvoice: self._purchase_invoice,
            wire.UsageInvoice: self._usage_invoice,
            wire.CreditMemo: self._credit_memo,
            wire.InvoiceVoid: self._invoice_void,
            wire.BlockVoid: self._block_void,
            wire.Payment: self._payment,
            wire.Refund: self._refund,
            wire.Clock: self._clock,
        }

        # Usage comes with few dates and many lines.
        @lru_cache(maxsize=1024)
        def start_of(day: date) -> datetime:
            return datetime.combine(day, time(), time_zone).astimezone(UTC)

        self._start_of = start_of

    # --- events --------------------------------------------------------------------------------

    def _customer(self, fact: wire.Customer) -> Event:
        return CustomerChanged(
            fact.event_id, _utc(fact.at, "at"), fact.customer_id, fact.name,
            _known_currency(fact.currency),
        )  # fmt: skip

    def _sales_order(self, fact: wire.SalesOrder) -> Event:
        code = _known_currency(fact.currency)
        at = self._from_start(fact.at, fact.date)
        rate = fact.exchange_rate
        return SalesOrder(
            fact.event_id, at, fact.date, fact.order_id, fact.customer_id, code,
            _ONE if rate is None else _normal(rate, "exchange_rate"),
            self._blocks(fact.blocks, code, at),
        )  # fmt: skip

    def _opening_balance(self, fact: wire.OpeningBalance) -> Event:
        code = _known_currency(fact.currency)
        at = self._from_start(fact.at, fact.date)
        rate = fact.exchange_rate
        return OpeningBalance(
            fact.event_id, at, fact.date, fact.customer_id, code,
            _ONE if rate is None else _normal(rate, "exchange_rate"), fact.origin,
            self._blocks(fact.blocks, code, at),
        )  # fmt: skip

    def _purchase_invoice(self, fact: wire.PurchaseInvoice) -> Event:
        lines = fact.lines or []
        code = _currency_of_amounts(fact.currency, is_needed=bool(lines))
        blocks = tuple(fact.blocks or ())
        if len(set(blocks)) < len(blocks):
            twice = next(block_id for block_id in blocks if blocks.count(block_id) > 1)
            raise FactError("blocks", f"{shown(twice)} stands there twice; name each block once")
        made = []
        for place, line in enumerate(lines):
            try:
                amount = _minor(line.amount, code, "amount")
            except FactError as fault:
                raise fault.under(f"lines[{place}]") from None
            made.append(InvoiceLine(line.line_id, line.item, LineKind(line.kind), None, amount))
        _check_line_ids(made)
        return PurchaseInvoice(
            fact.event_id, self._from_start(fact.at, fact.date), fact.date, fact.invoice_id,
            fact.order_id, blocks, tuple(made), code,
        )  # fmt: skip

    def _usage_invoice(self, fact: wire.UsageInvoice) -> Event:
        code = _known_currency(fact.currency)
        at = self._to_end(fact.at, fact.date)
        lines = []
        place = 0
        try:
            for line in fact.lines:
                lines.append(_usage_line(line, code))
                place += 1
        except FactError as fault:
            raise fault.under(f"lines[{place}]") from None
        if len(lines) > 1:
            _check_line_ids(lines)
        rate = fact.exchange_rate
        return UsageInvoice(
            fact.event_id, at, fact.date, fact.invoice_id, fact.customer_id, code,
            None if rate is None else _normal(rate, "exchange_rate"), tuple(lines),
        )  # fmt: skip

    def _credit_memo(self, fact: wire.CreditMemo) -> Event:
        lines = fact.lines or []
        code = _currency_of_amounts(
            fact.currency, is_needed=any(line.amount is not None for line in lines)
        )
        made = []
        for place, line in enumerate(lines):
            try:
                made.append(_credited_line(line, code))
            except FactError as fault:
                raise fault.under(f"lines[{place}]") from None
        return CreditMemo(
            fact.event_id, self._to_end(fact.at, fact.date), fact.date, fact.credit_memo_id,
            fact.invoice_id, tuple(made), code,
        )  # fmt: skip

    def _invoice_void(self, fact: wire.InvoiceVoid) -> Event:
        at = self._to_end(fact.at, fact.date)
        return InvoiceVoid(fact.event_id, at, fact.date, fact.invoice_id, _reason(fact.reason))

    def _block_void(self, fact: wire.BlockVoid) -> Event:
        at = self._to_end(fact.at, fact.date)
        return BlockVoid(fact.event_id, at, fact.date, fact.block_id, _reason(fact.reason))

    def _payment(self, fact: wire.Payment) -> Event:
        code = _currency_of_amounts(fact.currency, is_needed=fact.amount is not None)
        return Payment(
            fact.event_id, self._to_end(fact.at, fact.date), fact.date, fact.payment_id,
            fact.invoice_id, None if fact.amount is None else _minor(fact.amount, code, "amount"),
            code,
        )  # fmt: skip

    def _refund(self, fact: wire.Refund) -> Event:
        code = _currency_of_amounts(fact.currency, is_needed=fact.amount is not None)
        return Refund(
            fact.event_id, self._to_end(fact.at, fact.date), fact.date, fact.refund_id,
            fact.invoice_id, None if fact.amount is None else _minor(fact.amount, code, "amount"),
            code,
        )  # fmt: skip

    def _clock(self, fact: wire.Clock) -> Event:
        return Clock(fact.event_id, _utc(fact.at, "at"))

    # --- parts ---------------------------------------------------------------------------------

    def _blocks(
        self, blocks: list[wire.Block], code: str, ordered_at: datetime
    ) -> tuple[BlockTerms, ...]:
        made = []
        for place, block in enumerate(blocks):
            try:
                made.append(self._block(block, code, ordered_at))
            except FactError as fault:
                raise fault.under(f"blocks[{place}]") from None
        return tuple(made)

    def _block(self, block: wire.Block, code: str, ordered_at: datetime) -> BlockTerms:
        credits_ = _normal(block.credits, "credits")
        effective_at = self._either(block.effective_at, block.effective_on, "effective")
        return BlockTerms(
            block.block_id, block.kind, _price(block, credits_, code), credits_,
            block.priority or 0, effective_at or ordered_at,
            self._either(block.expires_at, block.expires_on, "expires"),
            tuple(sorted(set(block.items or ()))),
        )  # fmt: skip

    def _either(self, at: datetime | None, on: date | None, name: str) -> datetime | None:
        """Return an instant given as such, or by the first day or the last day of validity."""
        if at is not None:
            if on is not None:
                raise FactError(f"{name}_on", f"stands beside {name}_at; leave one of them out")
            return _utc(at, f"{name}_at")
        if on is None:
            return None
        _check_year(on, f"{name}_on")
        return self._start_of(on + _DAY if name == "expires" else on)

    # --- dates ---------------------------------------------------------------------------------

    def _from_start(self, at: datetime | None, on: date) -> datetime:
        if not YEAR_MIN <= on.year <= YEAR_MAX:
            _check_year(on, "date")
        return self._start_of(on) if at is None else _utc(at, "at")

    def _to_end(self, at: datetime | None, on: date) -> datetime:
        if not YEAR_MIN <= on.year <= YEAR_MAX:
            _check_year(on, "date")
        return self._start_of(on + _DAY) - _MICROSECOND if at is None else _utc(at, "at")


def _usage_line(line: wire.UsageLine, code: str) -> InvoiceLine:
    kind = line.kind
    if kind is not None and kind is not _USAGE:
        return _ordinary_line(line, kind, code)
    credits_, amount, rate, used_at = line.credits, line.amount, line.rate, line.used_at
    amount_minor = None
    if amount is not None:
        if credits_ is not None:
            raise FactError("amount", "stands beside credits; a usage line gives one of them")
        amount_minor = _minor(amount, code, "amount")
        if not amount_minor:
            raise FactError("amount", "is zero, which draws nothing; leave the line out")
    elif credits_ is None:
        raise FactError("credits", "is missing; a usage line gives credits or an amount")
    return InvoiceLine(
        line.line_id,
        line.item,
        _USAGE,
        None if credits_ is None else _normal(credits_, "credits"),
        amount_minor,
        line.block_id or "",
        None if used_at is None else _utc(used_at, "used_at"),
        None if rate is None else _normal(rate, "rate"),
    )


def _ordinary_line(line: wire.UsageLine, kind: LineKind, code: str) -> InvoiceLine:
    for name in ("credits", "block_id", "used_at", "rate"):
        if getattr(line, name) is not None:
            raise FactError(name, f"does not go with kind {kind.value}: only usage is ever drawn")
    if line.amount is None:
        raise FactError("amount", f"is missing; a line of kind {kind.value} gives an amount")
    return InvoiceLine(line.line_id, line.item, kind, None, _minor(line.amount, code, "amount"))


def _credited_line(line: wire.CreditedLine, code: str) -> CreditLine:
    if line.line_id is None and line.block_id is None:
        raise FactError("", "names neither a line_id nor a block_id; say what is credited")
    if line.credits is not None and line.amount is not None:
        raise FactError(
            "amount", "stands beside credits; give one of them, or none for all that is left"
        )
    return CreditLine(
        line.line_id or "",
        line.block_id or "",
        None if line.credits is None else _normal(line.credits, "credits"),
        None if line.amount is None else _minor(line.amount, code, "amount"),
    )


def _price(block: wire.Block, credits_: Decimal, code: str) -> int:
    """Return the price of a block, checked against its kind and its control figure."""
    is_promotional = block.kind is BlockKind.PROMOTIONAL
    if block.amount is None:
        if not is_promotional:
            raise FactError("amount", f"is missing; a block of kind {block.kind.value} has a price")
        amount = 0
    else:
        amount = _minor(block.amount, code, "amount")
    if is_promotional and amount:
        raise FactError(
            "amount",
            f"is {money_text(amount, code)} {code}, but a promotional block has no price; leave it "
            "out, or make the block purchased",
        )
    if block.kind is BlockKind.PURCHASED and not amount:
        raise FactError(
            "amount", "is zero; a block without a price is promotional or an allocation"
        )
    if block.unit_price is not None:
        expected = price(Decimal(block.unit_price), credits_, code)
        if expected != amount:
            raise FactError(
                "unit_price",
                f"{block.unit_price} x {block.credits} credits is {money_text(expected, code)} "
                f"{code}, not the amount {money_text(amount, code)}; correct one of the three",
            )
    return amount


def _normal(value: str | int, name: str) -> Decimal:
    """Return a decimal in the form `normal_credits` gives, which short ones have by themselves."""
    if type(value) is str and len(value) <= _SHORT and (value[-1] != "0" or "." not in value):
        return Decimal(value)
    try:
        return normal_credits(Decimal(value))
    except MalformedEventError:
        raise FactError(
            name, f"{shown(value)} has more than 12 decimals or is larger than 10^18; round it"
        ) from None


def _minor(value: str | int, code: str, name: str) -> int:
    try:
        return to_minor(Decimal(value), code)
    except MalformedEventError as error:
        text = str(error)
        raise FactError(name, text if ";" in text else f"{text}; correct it") from None


def _known_currency(code: str) -> str:
    try:
        return currency(code).code
    except MalformedEventError as error:
        raise FactError("currency", str(error)) from None


def _currency_of_amounts(code: str | None, *, is_needed: bool) -> str:
    """Return the currency of a fact that needs one only where it gives an amount."""
    if code is not None:
        return _known_currency(code)
    if is_needed:
        raise FactError("currency", "is missing; an amount needs it, and it must be the invoice's")
    return ""


def _utc(at: datetime, name: str) -> datetime:
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        _check_year(at, name)
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _check_year(on: date, name: str) -> None:
    if not YEAR_MIN <= on.year <= YEAR_MAX:
        never = "; a block that never expires leaves it out" if name.startswith("expires") else ""
        raise FactError(
            name, f"{on.isoformat()} is not within {YEAR_MIN} and {YEAR_MAX}; correct it{never}"
        )


def _check_line_ids(lines: list[InvoiceLine]) -> None:
    seen: set[str] = set()
    for place, line in enumerate(lines):
        if line.line_id in seen:
            raise FactError(
                f"lines[{place}].line_id",
                f"{shown(line.line_id)} stands on an earlier line too; each line has its own id",
            )
        seen.add(line.line_id)


def _reason(text: str | None) -> str:
    return "" if text is None else text.replace("\r\n", "\n")
