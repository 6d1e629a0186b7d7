"""What a transaction turns into, and the values that the new one starts with.

Source: "Transforming Records", the table of record.transform.
"""

from __future__ import annotations

from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records import (
    customer_refund,
    deposit_application,
    fulfilling,
    itemlines,
    sales_order,
)
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Kind

TRANSFORMS = frozenset(
    {
        ("salesOrder", "invoice"),
        ("salesOrder", "cashSale"),
        ("salesOrder", "itemFulfillment"),
        ("salesOrder", "fulfillmentRequest"),
        ("salesOrder", "returnAuthorization"),
        ("customerDeposit", "depositApplication"),
        ("customerDeposit", "customerRefund"),
        ("creditMemo", "customerRefund"),
        ("customerPayment", "customerRefund"),
        ("invoice", "creditMemo"),
        ("invoice", "customerPayment"),
        ("invoice", "returnAuthorization"),
        ("cashSale", "cashRefund"),  # Source: REST API Browser 2026.1, cashSale.
        ("cashSale", "returnAuthorization"),
        ("returnAuthorization", "creditMemo"),
        ("returnAuthorization", "cashRefund"),
        ("customer", "invoice"),
        ("customer", "salesOrder"),
        ("customer", "customerPayment"),
        ("customer", "cashSale"),
        ("customer", "estimate"),
    }
)
_SIGNS = {"CustCred": 1, "RtnAuth": 1, "CashRfnd": 1}


def starting_values(
    books: Books, head: Header, target: Kind, body: Values, replace: frozenset[str] = frozenset()
) -> Values:
    """Return the values of the target; the body overrides.

    Args:
        replace: Names of sublists of which the body lists all lines.
    """
    values = _starting(books, head, target, body, whole="item" in replace)
    ordered = head.type == "SalesOrd" and target.record != "returnAuthorization"
    if ordered and "item" in replace and "item" in body:
        values["item"] = chosen_lines(values.get("item") or [], body["item"] or [])
    return values


def _starting(books: Books, head: Header, target: Kind, body: Values, *, whole: bool) -> Values:
    if target.record in {"itemFulfillment", "fulfillmentRequest"}:
        return fulfilling.from_order(books, head, target, body)
    if head.type == "SalesOrd" and target.record != "returnAuthorization":
        return sales_order.to_invoice(books, head, body)
    if target.record == "customerRefund":
        return customer_refund.from_credit(head, body)
    if head.type == "CustDep":
        return deposit_application.from_deposit(books, head, body)
    if target.record == "customerPayment":
        return {
            "customer": head.entity, "subsidiary": head.subsidiary, "currency": head.currency,
            "exchangeRate": head.exchangerate, "arAcct": head.account,
            "apply": [{"doc": head.id, "apply": True}], **body,
        }  # fmt: skip
    values = _copied(books, head, body, whole=whole)
    if head.type == "CustInvc" and target.record == "creditMemo":
        _apply_to_source(books, head, values, body)
    return values


def laid_over(filled: list[Values], listed: list[Values], *, whole: bool) -> list[Values]:
    """Lay the lines of a body over those that a transformation fills in.

    Sources: "Updating a Sublist", "Replacing a Sublist" (POST with default lines): lines with a
    known key are changed, others are added; with replace what is not listed goes.
    """
    known = {line.get("line") for line in filled}
    changes = {line["line"]: line for line in listed if line.get("line") in known}
    kept: list[Values] = []
    for line in filled:
        change = changes.get(line.get("line"))
        if change is None and whole:
            continue
        kept.append({**line, **(change or {})})
        if change and "amount" not in change and {"quantity", "rate"} & change.keys():
            kept[-1].pop("amount", None)
    fresh = [line for line in listed if line.get("line") not in known]
    return [{k: v for k, v in line.items() if k != "line"} for line in (*kept, *fresh)]


def chosen_lines(filled: list[Values], listed: list[Values]) -> list[Values]:
    """With replace, keep of an order's lines those that the body lists, and its new ones."""
    named = {line["orderLine"] for line in listed if line.get("orderLine")}
    fresh = [line for line in listed if not line.get("orderLine")]
    return [*(line for line in filled if line.get("orderLine") in named), *fresh]


def _copied(books: Books, head: Header, body: Values, *, whole: bool) -> Values:
    """All lines of the source with their prices; the body overrides."""
    lines = [
        {k: v for k, v in line.items() if k not in ("account", "orderDoc", "orderLine")}
        for line in itemlines.show(books.ledger.lines(head.id), _SIGNS.get(head.type, -1))
    ]
    if head.type == "RtnAuth":
        for line in lines:
            line.update(orderDoc=head.id, orderLine=line["line"])
    return {
        "entity": head.entity, "subsidiary": head.subsidiary, "currency": head.currency,
        "exchangeRate": head.exchangerate, "memo": head.memo, **head.custom,
        "createdFrom": head.id, **body,
        "item": laid_over(lines, body.get("item") or [], whole=whole and "item" in body),
    }  # fmt: skip


def _apply_to_source(books: Books, head: Header, values: Values, body: Values) -> None:
    """Apply a memo to its invoice as far as that is open."""
    if "apply" in body or not head.open:
        return
    values["apply"] = [{"doc": head.id, "apply": True}]
    total = sum((line.get("amount") or 0 for line in values["item"]), start=to_decimal(0))
    if total < to_decimal(head.open):
        values["apply"][0]["amount"] = round(total, books.company.precision(head.currency))
