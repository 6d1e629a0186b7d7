"""Item fulfillment and fulfillment request: quantities of an order's lines, without money.

Sources: "Item Fulfillment", "Fulfillment Requests": both come from a sales order only. A fulfilled
service has no cost of goods, so nothing reaches the general ledger. An item whose isFulfillable
(Can be Fulfilled/Received) is false cannot be fulfilled; one that says nothing may (unsure), and
does not hold back billing. The letters A, B, C are the shipStatus of the Schema Browser; type name
and letters of the request are unsure.
"""

from __future__ import annotations

from decimal import Decimal

from netsuite_sandbox.errors import missing, user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.records import header as headers, itemlines, sales_order
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Draft, Kind

_NO_LINES = "You must enter at least one line item for this transaction."


def from_order(books: Books, order: Header, kind: Kind, body: Values) -> Values:
    """Return the values that fulfil an order: what is left, or what the body's lines say."""
    if order.status == "A":
        raise user_error("The sales order is pending approval and cannot be fulfilled.")
    before = sales_order.fulfilled(books, order.id, kind.code)
    overrides = {v["orderLine"]: v for v in body.get("item") or [] if v.get("orderLine")}
    lines: list[Values] = []
    for line in itemlines.show(books.ledger.lines(order.id), -1):
        number = line["line"]
        override = overrides.get(number, {})
        left = line["quantity"] - before.get(number, Decimal(0))
        item = books.company.must("item", line["item"]).body
        unwanted = override.get("itemReceive") is False or line.get("isClosed")
        if unwanted or left <= 0 or item.get("isFulfillable") is False:
            continue
        keep = {k: v for k, v in line.items()
                if k in {"item", "description", "department", "class", "location"}
                or k.startswith("custcol")}  # fmt: skip
        lines.append({**keep, "quantity": left, "orderLine": number, "orderDoc": order.id,
                      **{k: v for k, v in override.items() if k != "line"}})  # fmt: skip
    values: Values = {
        "entity": order.entity, "subsidiary": order.subsidiary, "currency": order.currency,
        "exchangeRate": order.exchangerate, "memo": order.memo, **order.custom, **body,
    }  # fmt: skip
    return {**values, "createdFrom": order.id, "item": lines}


def _build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    head = headers.start(books, kind, values, old)
    if head.createdfrom is None:
        raise missing(["Created From"])
    if not values.get("item"):
        raise user_error(_NO_LINES)
    head.posting = kind.posts
    head.account = books.company.special_account("SalesOrd")
    head.status = str(values.get("shipStatus") or "C") if kind.posts else "A"
    ordered = {line.id: line for line in books.ledger.lines(head.createdfrom)}
    before = sales_order.fulfilled(books, head.createdfrom, kind.code, head.id)
    lines = [Line(0, head.account, 0, 0, mainline=True, entity=head.entity, memo=head.memo)]
    for number, value in enumerate(values["item"], 1):
        source = ordered.get(int(value.get("orderLine") or 0))
        if source is None or source.item is None:
            raise missing(["Order Line"])
        left = -(source.quantity or Decimal(0)) - before.get(source.id, Decimal(0))
        quantity = left if value.get("quantity") is None else value["quantity"]
        if not 0 < quantity <= left:
            raise user_error(f"The quantity {quantity} is more than what is left of it, {left}.")
        before[source.id] = before.get(source.id, Decimal(0)) + quantity
        lines.append(
            Line(
                int(value.get("line") or number), head.account, 0, 0, entity=head.entity,
                item=source.item, quantity=quantity, memo=value.get("description"),
                orderdoc=head.createdfrom, orderline=source.id,
                department=value.get("department"), klass=value.get("class"),
                location=value.get("location"),
                custom={k: v for k, v in value.items() if k.startswith("custcol") and v},
            )
        )  # fmt: skip
    return Draft(head, lines)


def _settle(books: Books, draft: Draft) -> None:
    """Link to the order lines, as the order's shipments."""
    head = draft.header
    for line in draft.lines:
        if line.orderdoc is not None and line.orderline is not None:
            books.ledger.link(
                (line.orderdoc, line.orderline), (head.id, line.id), "ShipRcpt", 0,
                day=head.trandate,
            )  # fmt: skip
    if head.createdfrom is not None:
        sales_order.refresh(books, head.createdfrom)


def _undo(books: Books, draft: Draft) -> None:
    books.company.db.execute(
        "DELETE FROM link WHERE nextdoc = ? AND linktype = 'ShipRcpt'", (draft.header.id,)
    )


def _show(books: Books, head: Header) -> Values:
    lines = itemlines.show(books.ledger.lines(head.id), 1)
    for line in lines:
        line.update(itemReceive=True, amount=None, rate=None)
    out: Values = {"item": lines, "account": None}
    return {**out, "shipStatus": head.status} if head.posting else {**out, "postingPeriod": None}


FULFILLMENT = Kind(
    "itemFulfillment", "ItemShip", "Item Fulfillment", "IF", "entity", _build, settle=_settle,
    undo=_undo, show=_show, sublists=("item",), required=("entity", "item"), receivables=False,
    create=False, statuses={"A": "Picked", "B": "Packed", "C": "Shipped"},
)  # fmt: skip
REQUEST = Kind(
    "fulfillmentRequest", "FftReq", "Fulfillment Request", "FR", "entity", _build,
    settle=_settle, undo=_undo, show=_show, sublists=("item",), required=("entity", "item"),
    receivables=False, create=False, posts=False,
    statuses={"A": "New", "B": "In Progress", "C": "Fulfilled", "R": "Rejected"},
)  # fmt: skip
