"""Sales order: non-posting; billed in whole or in part by transform to invoice.

Status letters: A Pending Approval, F Pending Billing (nothing to fulfil), G Billed, as SuiteQL
shows them. Source: REST API Browser (orderStatus A, B); letters of `status` from third-party code.
"""

from __future__ import annotations

from decimal import Decimal

from netsuite_sandbox.errors import user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records import header as headers, itemlines
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Draft, Kind


def build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    """Build a sales order."""
    head = headers.start(books, kind, values, old)
    head.posting = False
    used = [line.id for line in books.ledger.lines(head.id)] if old else None
    lines, head.total = itemlines.build(books, head, values["item"], -1, used)
    head.account = books.company.special_account("SalesOrd")
    approved = values.get("orderStatus") or books.company.settings["default_sales_order_status"]
    head.status = "A" if approved == "A" else "F"
    head.open = head.total
    head.arm = head.status != "A" and itemlines.has_elements(books, lines)
    main = itemlines.main_line(head, head.account, lines)
    return Draft(head, [main, *lines])


def settle(books: Books, draft: Draft) -> None:
    """Keep the status of an edited order in step with what is billed."""
    refresh(books, draft.header.id)


def billed(books: Books, order: int) -> dict[int, tuple[Decimal, int]]:
    """Return what invoices and cash sales have billed, by order line: quantity and units."""
    rows = books.company.db.all(
        "SELECT l.orderline, l.quantity, l.amount FROM line l JOIN tx t ON t.id = l.tx"
        " WHERE l.orderdoc = ? AND t.type IN ('CustInvc', 'CashSale')"
        " AND json_extract(t.extra, '$.voided') IS NULL",
        (order,),
    )
    out: dict[int, tuple[Decimal, int]] = {}
    for row in rows:
        quantity, units = out.get(row["orderline"], (Decimal(0), 0))
        out[row["orderline"]] = (quantity - Decimal(row["quantity"] or 0), units - row["amount"])
    return out


def fulfilled(books: Books, order: int, kind: str = "ItemShip", but: int = 0) -> dict[int, Decimal]:
    """Return the quantity fulfilled (or requested) by order line.

    Args:
        but: A transaction that does not count.
    """
    rows = books.company.db.all(
        "SELECT l.orderline, l.quantity FROM line l JOIN tx t ON t.id = l.tx"
        " WHERE l.orderdoc = ? AND t.type = ? AND t.id <> ?",
        (order, kind, but),
    )
    out: dict[int, Decimal] = {}
    for row in rows:
        number = row["orderline"]
        out[number] = out.get(number, Decimal(0)) + Decimal(row["quantity"] or 0)
    return out


def refresh(books: Books, order: int) -> None:
    """Set status and open amount of an order from what is billed and fulfilled.

    Source: "Sales Order Status": lines that can be fulfilled keep it at Pending Fulfillment.
    """
    head = books.ledger.header(order)
    if head is None or head.type != "SalesOrd" or head.status == "A":
        return
    # Plans follow what bills and fulfils their order.
    books.company.db.execute("UPDATE element SET stale = 1 WHERE source = ?", (order,))
    done = billed(books, order)
    shipped = fulfilled(books, order)
    left = waiting = unbilled = False
    for line in books.ledger.lines(order):
        if line.item is None:
            continue
        ordered = -(line.quantity or Decimal(0))
        quantity = done.get(line.id, (Decimal(0), 0))[0]
        left = left or quantity < ordered or line.id not in done
        sent = shipped.get(line.id, Decimal(0))
        unbilled = unbilled or sent > quantity
        can = books.company.must("item", line.item).body.get("isFulfillable")
        waiting = waiting or (can is True and sent < ordered)
    letter = "F" if left else "G"
    if waiting:
        letter = "E" if unbilled else ("D" if shipped else "B")
    open_units = head.total - sum(units for _, units in done.values())
    books.ledger.set_open(order, max(open_units, 0), letter)


def to_invoice(books: Books, order: Header, body: Values) -> Values:
    """Return the values of the invoice that bills an order.

    All that is not yet billed, or, when the body lists lines with `orderLine`, only these
    (setting transform_order_line_selects, unsure).
    """
    if order.status == "A":
        raise user_error("The sales order is pending approval and cannot be billed.")
    done = billed(books, order.id)
    overrides = {v["orderLine"]: v for v in body.get("item") or [] if v.get("orderLine")}
    extra = [v for v in body.get("item") or [] if not v.get("orderLine")]
    select = bool(overrides) and books.company.settings["transform_order_line_selects"]
    items: list[Values] = []
    for line in itemlines.show(books.ledger.lines(order.id), -1):
        number = line["line"]
        override = overrides.get(number)
        if line.get("isClosed") or (select and override is None):
            continue
        quantity, units = done.get(number, (Decimal(0), 0))
        rest = line["quantity"] - quantity
        if number in done and rest <= 0 and override is None:
            continue
        value = {k: v for k, v in line.items() if v is not None and k not in ("line", "account")}
        value.update(orderDoc=order.id, orderLine=number)
        if number in done:
            value.update(quantity=rest, amount=line["amount"] - to_decimal(units))
        if override is not None:
            if override.get("amount") is None and (
                override.get("quantity") is not None or override.get("rate") is not None
            ):
                value.pop("amount")
            value.update({k: v for k, v in override.items() if v is not None})
        value.pop("line", None)
        items.append(value)
    if not items and not extra:
        raise user_error("The sales order has no lines left to bill.")
    values: Values = {
        "entity": order.entity, "subsidiary": order.subsidiary, "currency": order.currency,
        "exchangeRate": order.exchangerate, "memo": order.memo, **order.custom,
    }  # fmt: skip
    values.update({k: v for k, v in body.items() if k != "item"})
    values["createdFrom"] = order.id
    values["item"] = items + extra
    return values


def show(books: Books, head: Header) -> Values:
    """Computed fields."""
    done = billed(books, head.id)
    shipped = fulfilled(books, head.id)
    lines = itemlines.show(books.ledger.lines(head.id), -1)
    for line in lines:
        line["quantityBilled"] = done.get(line["line"], (Decimal(0), 0))[0]
        line["quantityFulfilled"] = shipped.get(line["line"], Decimal(0))
    return {
        "total": to_decimal(head.total), "subtotal": to_decimal(head.total),
        "orderStatus": "A" if head.status == "A" else "B", "item": lines, "account": None,
        "postingPeriod": None,
    }  # fmt: skip


KIND = Kind(
    "salesOrder", "SalesOrd", "Sales Order", "SO", "entity", build, settle=settle, show=show,
    sublists=("item",), required=("entity", "item"), receivables=False, posts=False,
    statuses={
        "A": "Pending Approval", "B": "Pending Fulfillment", "C": "Cancelled",
        "D": "Partially Fulfilled", "E": "Pending Billing/Partially Fulfilled",
        "F": "Pending Billing", "G": "Billed", "H": "Closed",
    },
)  # fmt: skip
