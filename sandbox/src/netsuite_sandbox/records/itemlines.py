"""Item lines of sales orders, invoices and credit memos, and the accounts they post to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.errors import invalid_value, missing, user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import SCALE, times_rate, to_decimal, to_units
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books

_PLACED = frozenset(
    {"item", "quantity", "rate", "amount", "description", "line", "lineUniqueKey", "uniqueKey",
     "orderDoc", "orderLine", "department", "class", "location", "account", "links", "itemType",
     "quantityBilled", "quantityFulfilled", "grossAmt"}
)  # fmt: skip


def revenue_account(item: dict[str, Any], line: Values) -> int:
    """Return the account an item line posts to.

    Source: with revenue management on, a line of an item with a deferral account credits that
    account; an item flagged Direct Revenue Posting, or without one, credits its income account
    ("Revenue Recognition ... G/L Impact", section 5.1 of the guide on Direct Revenue Posting).
    """
    deferral = item.get("deferredRevenueAccount")
    if deferral is not None and not item.get("directRevenuePosting"):
        return int(deferral)
    account = item.get("incomeAccount")
    if account is None:
        raise invalid_value(line.get("item"), "item", "item.items.item")
    return int(account)


def is_deferred(item: dict[str, Any]) -> bool:
    """Whether lines of the item become revenue elements."""
    return item.get("deferredRevenueAccount") is not None and not item.get("directRevenuePosting")


def build(
    books: Books, header: Header, values: list[Values], sign: int, old: list[int] | None = None
) -> tuple[list[Line], int]:
    """Build item lines.

    Args:
        sign: -1 where items credit their account (order, invoice), +1 where they debit it (memo).
        old: Line ids already used by the transaction.

    Returns:
        The lines and their total, positive, transaction currency.
    """
    company = books.company
    precision = company.precision(header.currency)
    base_precision = company.precision(company.base_currency(header.subsidiary))
    next_id = max([0, *(old or []), *(int(v["line"]) for v in values if v.get("line"))])
    lines: list[Line] = []
    taxes = 0
    total = 0
    for index, value in enumerate(values):
        if value.get("item") is None:
            raise missing(["Items"])
        item = company.must("item", value["item"])
        quantity, rate, units = _amounts(value, item.body, precision)
        if value.get("line"):
            line_id = int(value["line"])
        else:
            next_id += 1
            line_id = next_id
        amount = sign * units
        lines.append(
            Line(
                id=line_id, account=revenue_account(item.body, value), amount=amount,
                base=times_rate(amount, header.exchangerate, base_precision),
                entity=header.entity, item=item.id, quantity=sign * quantity, rate=rate,
                memo=value.get("description"), orderdoc=value.get("orderDoc"),
                orderline=value.get("orderLine"), department=value.get("department"),
                klass=value.get("class"), location=value.get("location"),
                extra={k: v for k, v in value.items() if k not in _PLACED and v is not None
                       and not k.startswith("custcol")},
                custom={k: v for k, v in value.items() if k.startswith("custcol")
                        and v is not None},
            )
        )  # fmt: skip
        total += units
        if tax := value.get("tax1Amt"):
            taxes += to_units(tax, precision)
        assert lines[index].id == line_id
    _check_mixed(books, values)
    if taxes:
        lines.append(_tax_line(books, header, sign * taxes, base_precision, next_id + 1))
    return lines, total + taxes


def _check_mixed(books: Books, values: list[Values]) -> None:
    """Refuse items that post directly beside items that are deferred (the wording is unsure).

    Source: "Item Configuration for Advanced Revenue Management" (section_4340443927).
    """
    items = [books.company.must("item", value["item"]).body for value in values]
    if any(item.get("directRevenuePosting") for item in items) and any(map(is_deferred, items)):
        raise user_error(
            "You cannot mix items that post directly to revenue with items that post to deferred "
            "revenue in the same transaction."
        )


def _tax_line(books: Books, header: Header, amount: int, base_precision: int, line: int) -> Line:
    return Line(
        id=line, account=books.company.special_account("SalesTaxPay"), amount=amount,
        base=times_rate(amount, header.exchangerate, base_precision), taxline=True,
        entity=header.entity,
    )  # fmt: skip


def _amounts(value: Values, item: dict[str, Any], precision: int) -> tuple[Decimal, Decimal, int]:
    """Return quantity, rate and amount (units) of a line; amount wins over quantity x rate."""
    quantity = value.get("quantity")
    quantity = Decimal(1) if quantity is None else quantity
    rate, amount = value.get("rate"), value.get("amount")
    if amount is not None:
        units = to_units(amount, precision)
        if rate is None:
            rate = Decimal(units) / SCALE / quantity if quantity else Decimal(0)
            rate = rate.quantize(Decimal("0.00000001")).normalize()
        return quantity, rate, units
    if rate is None:
        rate = Decimal(item.get("rate") or 0)
    return quantity, rate, to_units(quantity * rate, precision)


def show(lines: list[Line], sign: int) -> list[Values]:
    """Give item lines back as REST values."""
    out: list[Values] = []
    for line in lines:
        if line.item is None:
            continue
        out.append(
            {
                "line": line.id,
                "item": line.item,
                "quantity": None if line.quantity is None else sign * line.quantity,
                "rate": line.rate,
                "amount": to_decimal(sign * line.amount),
                "description": line.memo,
                "account": line.account,
                "orderDoc": line.orderdoc,
                "orderLine": line.orderline,
                "department": line.department,
                "class": line.klass,
                "location": line.location,
                **line.extra,
                **line.custom,
            }
        )
    return out


def has_elements(books: Books, lines: list[Line]) -> bool:
    """Whether any line is one that revenue management looks at."""
    return any(
        line.item is not None
        and not line.extra.get("doNotCreateRevenueElement")
        and is_deferred(books.company.must("item", line.item).body)
        for line in lines
    )


def main_line(header: Header, account: int, lines: list[Line]) -> Line:
    """Return the main line that balances the others.

    Source: the base amount of the receivable is the sum of the lines' rounded base amounts.
    """
    return Line(
        id=0, account=account, amount=-sum(line.amount for line in lines),
        base=-sum(line.base for line in lines), mainline=True, entity=header.entity,
        memo=header.memo,
    )  # fmt: skip
