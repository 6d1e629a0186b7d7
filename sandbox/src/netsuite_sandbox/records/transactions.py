"""Create, change, transform and delete transactions: the one way into the general ledger."""

from __future__ import annotations

from netsuite_sandbox.arm.elements import drop_source
from netsuite_sandbox.arm.recognition import drop_journal, is_system_journal
from netsuite_sandbox.errors import (
    DUP_ENTITY,
    DUP_RCRD,
    NO_DELETE,
    REVENUE_JOURNAL,
    TRANS_IN_USE,
    TYPE_MISMATCH,
    VOIDED,
    NetSuiteError,
    nonexistent,
    user_error,
)
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records import (
    applying,
    cash,
    credit_memo,
    customer_deposit,
    customer_payment,
    customer_refund,
    deposit_application,
    fulfilling,
    header as headers,
    invoice,
    journal_entry,
    offers,
    sales_order,
)
from netsuite_sandbox.records.fields import Values, definition
from netsuite_sandbox.records.kinds import Books, Draft, Kind
from netsuite_sandbox.records.transforming import TRANSFORMS, starting_values
from netsuite_sandbox.records.usable import check_lines
from netsuite_sandbox.records.voiding import refunded, void
from netsuite_sandbox.suitebilling.charges import release

KINDS: dict[str, Kind] = {
    kind.record: kind
    for kind in (
        sales_order.KIND,
        invoice.KIND,
        credit_memo.KIND,
        customer_deposit.KIND,
        deposit_application.KIND,
        customer_payment.KIND,
        customer_refund.KIND,
        journal_entry.KIND,
        journal_entry.TWO_COMPANIES,
        journal_entry.COMPANIES,
        cash.SALE,
        cash.REFUND,
        offers.ESTIMATE,
        offers.RETURN,
        fulfilling.FULFILLMENT,
        fulfilling.REQUEST,
    )
}
BY_CODE = {kind.code: kind for kind in KINDS.values()} | {"Journal": journal_entry.KIND}
# Types that the system writes by itself: no REST record of their own here.
SYSTEM_LABELS = {"FxReval": "Currency Revaluation", "RevArrng": "Revenue Arrangement"}


def create(books: Books, kind: Kind, values: Values) -> int:
    """Create a transaction by POST and return its internal id."""
    if not kind.create:
        # Source: "Deposit Application": only by transformation. The text is unsure.
        raise user_error(f"The record type {kind.record} can only be created by transformation.")
    return _create(books, kind, values)


def _create(books: Books, kind: Kind, values: Values) -> int:
    headers.check_required(kind, values)
    check_external_id(books, values.get("externalId"), 0)
    draft = kind.build(books, kind, values, None)
    check_lines(books.company, draft.header, draft.lines)
    books.ledger.insert(draft.header, draft.lines)
    kind.settle(books, draft)
    offers.refresh(books, draft.header.createdfrom)
    return draft.header.id


def check_external_id(books: Books, external_id: str | None, me: int) -> None:
    """Refuse an external id that any other transaction has.

    Source: "Shared Internal and External IDs": one namespace for all transactions.
    """
    if external_id:
        found = books.company.by_external_id("transaction", external_id)
        if found is not None and found != me:
            texts = {"entity_exists": DUP_ENTITY, "record_exists": DUP_RCRD}
            raise user_error(texts[books.company.settings["duplicate_external_id"]])


def get(books: Books, kind: Kind, tx: int) -> Header:
    """Return the header of a transaction of the type.

    Raises:
        NetSuiteError: 404; or 400 "Transaction type specified is incorrect." when the id belongs to
            another type (seen by third parties).
    """
    head = books.ledger.header(tx)
    if head is None:
        raise nonexistent()
    if record_of(head) != kind.record:
        raise user_error(TYPE_MISMATCH)
    return head


def record_of(head: Header) -> str:
    """Return the record type of a transaction; its code for what only the system writes."""
    kind = BY_CODE.get(head.type)
    return str(head.extra.get("record") or (kind.record if kind else head.type))


def current_values(books: Books, kind: Kind, head: Header) -> Values:
    """Return all values of a stored transaction, sublists included."""
    values = headers.stored_values(kind, head)
    values.update(kind.show(books, head))
    return values


def update(
    books: Books, kind: Kind, tx: int, patch: Values, replace: frozenset[str] = frozenset()
) -> None:
    """Change a transaction.

    Args:
        replace: Names of sublists that are replaced instead of merged.
    """
    old = get(books, kind, tx)
    old_lines = books.ledger.lines(tx)
    if patch.get("externalId"):
        check_external_id(books, patch["externalId"], tx)
    values = current_values(books, kind, old)
    values["account"] = old.account
    if kind.entity_field == "customer" and "payment" in values:
        values["payment"] = to_decimal(old.total)
    if "payment" in values or kind.code == "CashSale":
        values.pop("undepFunds", None)
    _merge(books, kind, tx, values, patch, replace)
    if "item" in kind.sublists:
        for line in values.get("item") or []:
            line.pop("account", None)
    headers.check_required(kind, values)
    if not kind.settled_once:
        kind.undo(books, Draft(old, old_lines))
    draft = kind.build(books, kind, values, old)
    check_lines(books.company, draft.header, draft.lines)
    moved = _impact(old_lines) != _impact(draft.lines)
    changed = moved or old.posting != draft.header.posting
    if old.posting:
        books.periods.check_change(old.postingperiod, receivables=kind.receivables, ledger=changed)
    if old.extra.get("voided"):
        _stay_voided(draft.header, old, changed=changed)
    if moved and old.type == "Journal" and is_system_journal(books.company, tx):
        raise user_error(REVENUE_JOURNAL)
    books.ledger.replace(draft.header, draft.lines)
    if not kind.settled_once:
        kind.settle(books, draft)
    _refresh_orders(books, old_lines)
    offers.refresh(books, draft.header.createdfrom)
    order = draft.header.createdfrom
    if kind.record == "invoice" and order and draft.header.posting and not old.posting:
        _apply_order_deposits(books, order, tx)  # It was billed before, but not approved.
    if patch.get("void") and books.company.settings["journal_void_property"] == "voids":
        void(books, kind, tx)


def _stay_voided(head: Header, old: Header, *, changed: bool) -> None:
    if changed:
        raise user_error(VOIDED)
    head.status = old.status


def _merge(
    books: Books, kind: Kind, tx: int, values: Values, patch: Values, replace: frozenset[str]
) -> None:  # fmt: skip
    """Lay a patch over the values of a stored transaction."""
    for name, value in patch.items():
        # Source: "Replacing a Sublist": null clears a sublist.
        whole = name in replace or value is None
        if name == "apply" and not kind.settled_once:
            values[name] = applying.merge_apply(books, tx, value or [], replace=whole)
        elif name in kind.sublists and not kind.settled_once:
            values[name] = _merge_lines(values.get(name) or [], value or [], replace=whole)
        else:
            values[name] = value
            if name == "account" and "undepFunds" not in patch:
                values.pop("undepFunds", None)


def _merge_lines(stored: list[Values], changes: list[Values], *, replace: bool) -> list[Values]:
    """Merge a sublist keyed by `line`. Source: "Updating a Sublist", "Replacing a Sublist"."""
    merged = {line["line"]: line for line in stored}
    if replace:
        return [{**merged.get(change.get("line"), {}), **change} for change in changes]
    added: list[Values] = []
    for change in changes:
        key = change.get("line")
        if key in merged:
            line = {**merged[key], **change}
            if "amount" not in change and {"quantity", "rate"} & change.keys():
                line.pop("amount", None)
            if "debit" in change:
                line["credit"] = change.get("credit")
            elif "credit" in change:
                line["debit"] = None
            merged[key] = line
        else:
            added.append(change)
    return [*merged.values(), *added]


def _impact(lines: list[Line]) -> dict[tuple[int, int | None], tuple[int, int]]:
    out: dict[tuple[int, int | None], tuple[int, int]] = {}
    for line in lines:
        key = (line.account, line.entity)
        amount, base = out.get(key, (0, 0))
        out[key] = (amount + line.amount, base + line.base)
    return out


def _refresh_orders(books: Books, lines: list[Line]) -> None:
    for order in {line.orderdoc for line in lines if line.orderdoc is not None}:
        sales_order.refresh(books, order)


def delete(books: Books, kind: Kind, tx: int) -> None:
    """Delete a transaction that no other one is linked to."""
    head = get(books, kind, tx)
    settings = books.company.settings
    if settings["void_using_reversing_journals"] and settings["reversing_voids_forbid_delete"]:
        raise user_error(NO_DELETE)
    if kind.settled_once:
        kind.undo(books, Draft(head, books.ledger.lines(tx)))
    linked = books.company.db.one("SELECT 1 FROM link WHERE previousdoc = ? LIMIT 1", (tx,))
    if linked or refunded(books, tx):
        raise user_error(TRANS_IN_USE)
    if head.posting:  # Source: "Non-Posting Transactions in Locked and Closed Periods".
        books.periods.check_change(head.postingperiod, receivables=kind.receivables, ledger=True)
    lines = books.ledger.lines(tx)
    if not kind.settled_once:
        kind.undo(books, Draft(head, lines))
    drop_source(books.company, tx)
    if head.type in {"CustInvc", "CustCred"}:
        release(books.company, tx)
    if head.type == "Journal":
        drop_journal(books.company, tx)
    books.ledger.delete(tx)
    _refresh_orders(books, lines)
    offers.refresh(books, head.createdfrom)


def transform(
    books: Books, origin: tuple[str, int], target: Kind, body: Values,
    replace: frozenset[str] = frozenset(),
) -> int:  # fmt: skip
    """Create a transaction out of another one.

    Args:
        origin: Record type and internal id of what is transformed.
        body: Overrides of the target's values.
        replace: Names of sublists of which the body lists all lines; what the transformation
            fills in beyond them goes. Source: "Replacing a Sublist", POST with default lines.

    Returns:
        Internal id of the new transaction.
    """
    source, source_id = origin
    if (source, target.record) not in TRANSFORMS:
        raise NetSuiteError(
            400, "INVALID_REQUEST", f"{source} cannot be transformed to {target.record}."
        )
    if source == "customer":
        return _create(books, target, {**body, target.entity_field: source_id})
    head = get(books, KINDS[source], source_id)
    values = starting_values(books, head, target, body, replace)
    known = definition(target.record).fields
    values = {k: v for k, v in values.items() if k in known or k.startswith("custbody")}
    made = _create(books, target, values)
    if target.record == "invoice":
        _apply_order_deposits(books, source_id, made)
    if "returnAuthorization" in {source, target.record}:
        books.ledger.link((source_id, 0), (made, 0), "SaleRet", 0, day=values.get("tranDate"))
    return made


def _apply_order_deposits(books: Books, order: int, made: int) -> None:
    """Apply the deposits taken for an order to its invoice.

    Source: "Customer Deposits": a deposit linked to a sales order is applied when that is billed.
    """
    rows = books.company.db.all(
        "SELECT d.id FROM link l JOIN tx d ON d.id = l.nextdoc"
        " WHERE l.previousdoc = ? AND l.linktype = 'OrdDep' AND d.open > 0 ORDER BY d.id",
        (order,),
    )
    for row in rows:
        bill = books.ledger.header(made)
        deposit = books.ledger.header(row["id"])
        assert bill is not None
        assert deposit is not None
        units = min(bill.open, deposit.open)
        if units and bill.currency == deposit.currency:
            apply = {"doc": made, "apply": True, "amount": to_decimal(units)}
            body: Values = {"tranDate": bill.trandate, "apply": [apply]}
            values = deposit_application.from_deposit(books, deposit, body)
            _create(books, deposit_application.KIND, values)


def label(code: str) -> str:
    """Return the name of a transaction type for people."""
    kind = BY_CODE.get(code)
    return kind.label if kind else SYSTEM_LABELS.get(code, code)
