"""Whether a record in NetSuite says what an intent says. Pure.

Asked after every creation (scripts of the account may have changed what was saved) and before a
record that is there already is taken for ours.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from drawdown.core.accounts import Role
from drawdown.core.money import to_decimal
from drawdown.core.plan import RecordIntent
from drawdown.core.rules import Record
from drawdown.erp.netsuite import fields
from drawdown.erp.netsuite.bodies import number, reference, sublist
from drawdown.erp.netsuite.encode import References, event_text, target_type

RATE_DECIMALS = Decimal("0.00000001")
"""Exchange rates are compared to as many decimals as NetSuite is known to keep."""

_APPLYING = (
    Record.DEPOSIT_APPLICATION,
    Record.CREDIT_MEMO,
    Record.CUSTOMER_PAYMENT,
    Record.CUSTOMER_REFUND,
)
_ITEM_LINES = (Record.SALES_ORDER, Record.INVOICE, Record.CREDIT_MEMO)

Body = dict[str, Any]


def differences(
    intent: RecordIntent, data: Body, references: References, base_currency: str
) -> list[str]:
    """Name each difference between an intent and the record that bears its external id.

    Returns:
        Texts such as ``total 90.00 instead of 100.00``; empty if they agree.
    """
    assert intent.posted_on is not None
    currency = references.currency(intent.currency)
    pairs: list[tuple[str, object, object]] = [
        ("date", data.get("tranDate"), intent.posted_on.isoformat()),
        (
            "total",
            _money(total(intent.record, data), intent.currency),
            to_decimal(intent.amount_minor, intent.currency),
        ),
        ("currency", reference(data, "currency") or currency, currency),
        ("block", data.get(fields.BLOCK_ID) or "", intent.block_id),
        ("event", data.get(fields.EVENT_ID) or "", event_text(intent)),
    ]
    if intent.currency != base_currency and "exchangeRate" in data:
        pairs.append(
            (
                "exchange rate",
                number(data["exchangeRate"]).quantize(RATE_DECIMALS),
                intent.exchange_rate.quantize(RATE_DECIMALS),
            )
        )
    if intent.record is Record.DEPOSIT_APPLICATION:
        deposit = references.transaction(Record.CUSTOMER_DEPOSIT, intent.source)
        pairs.append(("deposit", reference(data, "deposit") or deposit, deposit))
    if intent.record in _APPLYING:
        for name, minor in intent.applications:
            kind = target_type(intent.record)
            target = references.transaction(kind, name)
            wanted = to_decimal(minor, intent.currency)
            found = _money(applied(data, target), intent.currency)
            pairs.append((f"applied to {kind} {name}", found, wanted))
    if intent.record in _ITEM_LINES:
        pairs.append(("lines by block", *_item_lines(intent, data)))
    if intent.record is Record.JOURNAL_ENTRY:
        pairs.append(("lines", *_journal_lines(intent, data, references)))
    return [
        f"{name} {_shown(found)} instead of {_shown(wanted)}"
        for name, found, wanted in pairs
        if found != wanted
    ]


def _money(amount: Decimal, code: str) -> Decimal:
    """Give an amount the decimals of its currency, unless it has more."""
    unit = to_decimal(1, code)
    return amount.quantize(unit) if amount % unit == 0 else amount


def total(record: Record, data: Body) -> Decimal:
    """Return what a record is worth, in its own currency."""
    match record:
        case Record.CUSTOMER_DEPOSIT | Record.CUSTOMER_PAYMENT:
            return number(data.get("payment"))
        case Record.JOURNAL_ENTRY:
            return sum((number(line.get("debit")) for line in sublist(data, "line")), Decimal(0))
        case Record.DEPOSIT_APPLICATION:
            return applied(data)
        case _:
            if "total" in data:
                return number(data["total"])
            # The browser's list of a sales order's properties does not name its total.
            return sum((number(line.get("amount")) for line in sublist(data, "item")), Decimal(0))


def applied(data: Body, target: str = "") -> Decimal:
    """Return what a record applies to one document, or to all."""
    return sum(
        (
            number(line.get("amount"))
            for line in sublist(data, "apply")
            if line.get("apply") is not False and target in ("", reference(line, "doc"))
        ),
        Decimal(0),
    )


def customers(record: Record, data: Body) -> set[str]:
    """Return the internal ids of the customers that a record names; of a journal, on its lines."""
    if record is Record.JOURNAL_ENTRY:
        return {reference(line, "entity") for line in sublist(data, "line")} - {""}
    return {reference(data, "entity") or reference(data, "customer")} - {""}


def _item_lines(intent: RecordIntent, data: Body) -> tuple[object, object]:
    wanted: Counter[tuple[str, Decimal]] = Counter(
        (line.block_id, to_decimal(line.amount_minor, intent.currency)) for line in intent.lines
    )
    found: Counter[tuple[str, Decimal]] = Counter(
        (
            str(line.get(fields.LINE_BLOCK_ID) or ""),
            _money(number(line.get("amount")), intent.currency),
        )
        for line in sublist(data, "item")
    )
    return found, wanted


def _journal_lines(
    intent: RecordIntent, data: Body, references: References
) -> tuple[object, object]:
    wanted: Counter[tuple[str, str, Decimal]] = Counter()
    for line in intent.lines:
        amount = to_decimal(line.amount_minor, intent.currency)
        wanted[line.block_id, references.account(Role(line.debit)), amount] += 1
        wanted[line.block_id, references.account(Role(line.credit)), -amount] += 1
    found: Counter[tuple[str, str, Decimal]] = Counter(
        (
            str(line.get(fields.LINE_BLOCK_ID) or ""),
            reference(line, "account"),
            _money(number(line.get("debit")) - number(line.get("credit")), intent.currency),
        )
        for line in sublist(data, "line")
    )
    return found, wanted


def _shown(value: object) -> str:
    if isinstance(value, Counter):
        return "; ".join(
            " ".join(str(part) for part in key if part != "") + (f" x{n}" if n > 1 else "")
            for key, n in sorted(value.items())
        )
    return str(value) if value not in ("", None) else "nothing"
