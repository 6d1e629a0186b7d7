"""The part of a transaction that all types share: who, when, which currency, which period."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.errors import invalid_value, missing, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Kind

# Body fields that have a column of their own or are computed; everything else goes to `extra`.
_PLACED = frozenset(
    {
        "id", "externalId", "refName", "createdDate", "lastModifiedDate", "tranDate", "tranId",
        "transactionNumber", "memo", "subsidiary", "currency", "exchangeRate", "postingPeriod",
        "entity", "customer", "account", "createdFrom", "status", "total", "subtotal", "taxTotal",
        "totalAfterTaxes", "amountPaid", "amountRemaining", "applied", "unapplied", "pending",
        "balance", "apply", "credit", "item", "line", "payment", "prevDate", "orderStatus",
        "deferredRevenue", "recognizedRevenue", "revenueStatus", "type", "deposit", "depositDate",
        "arAcct", "undepFunds", "refundedAmountTotalBox", "primaryBookBaseCurrency",
        "amountDeposited", "paymentsDue", "isReversal", "links",
    }
)  # fmt: skip
_LABELS = {
    "entity": "Customer", "customer": "Customer", "subsidiary": "Subsidiary", "payment": "Payment",
    "item": "Items", "line": "Lines",
}  # fmt: skip


def check_required(kind: Kind, values: Values) -> None:
    """Refuse a body without a required field. Source: USER_ERROR "Please enter value(s) for"."""
    absent = [
        _LABELS.get(name, name) for name in kind.required if values.get(name) in (None, "", [])
    ]
    if absent:
        raise missing(absent)


def start(
    books: Books, kind: Kind, values: Values, old: Header | None, *, pending: bool = False
) -> Header:
    """Build the header of a new or changed transaction, posting period included.

    Args:
        pending: Whether it does not post because it waits for approval.
    """
    company = books.company
    entity = values.get(kind.entity_field) if kind.entity_field else None
    customer = company.must("entity", entity).body if entity is not None else {}
    subsidiary = values.get("subsidiary") or customer.get("subsidiary")
    if subsidiary is None:
        raise missing(["Subsidiary"])
    if customer.get("subsidiary") not in (None, subsidiary):
        # Pattern of INVALID_KEY_OR_REF as parsed by third parties.
        raise user_error(f"Invalid entity reference key {entity} for subsidiary {subsidiary}.")
    base = company.base_currency(subsidiary)
    currency = values.get("currency") or customer.get("currency") or base
    if old is not None and currency != old.currency:
        # Source: "Currency on Customer Transactions" (bridgehead_N1398658); the text is unsure.
        raise user_error("You cannot change the currency of a transaction that has been saved.")
    day = values.get("tranDate") or company.clock.today().isoformat()
    rate = Decimal(1)
    if currency != base:
        rate = values.get("exchangeRate") or company.rate(currency, day, base)
    if rate <= 0:
        raise invalid_value(rate, "exchangeRate", "exchangeRate")
    header = Header(
        type=kind.code, trandate=day, subsidiary=subsidiary, currency=currency, exchangerate=rate,
        entity=entity, externalid=values.get("externalId"), memo=values.get("memo"),
        createdfrom=values.get("createdFrom"),
        extra={k: v for k, v in values.items() if k not in _PLACED and not _is_custom(k)
               and v is not None},
        custom={k: v for k, v in values.items() if _is_custom(k) and v is not None},
    )  # fmt: skip
    if old is None:
        header.tranid = values.get("tranId") or number(books, kind)
    else:
        header.id, header.createddate = old.id, old.createddate
        header.tranid = values.get("tranId") or old.tranid
    header.postingperiod = _period(books, kind, values, header, old, pending=pending)
    return header


def number(books: Books, kind: Kind) -> str:
    """Return the next document number of a type."""
    return f"{kind.prefix}{books.company.db.next_number(kind.code)}"


def _is_custom(name: str) -> bool:
    return name.startswith("custbody")


def _period(
    books: Books, kind: Kind, values: Values, header: Header, old: Header | None, *, pending: bool
) -> int | None:
    chosen: Any = values.get("postingPeriod")
    if old is not None and old.postingperiod is not None:
        moved = old.trandate != header.trandate
        if old.posting and not moved and chosen in (None, old.postingperiod):
            return old.postingperiod
        if old.posting:
            books.periods.check_change(
                old.postingperiod, receivables=kind.receivables, ledger=kind.posts
            )
            chosen = None if chosen == old.postingperiod else chosen
        elif chosen in (None, old.postingperiod):
            kept = books.periods.may_post(old.postingperiod, receivables=kind.receivables)
            chosen = old.postingperiod if kept else None
    if not kind.posts:
        return None
    return books.periods.resolve(
        header.trandate, chosen, receivables=kind.receivables, pending=pending
    )


def stored_values(kind: Kind, header: Header) -> Values:
    """Give a stored header back as values, the form that `build` takes."""
    values: Values = {
        **header.extra, **header.custom,
        "externalId": header.externalid, "tranId": header.tranid, "tranDate": header.trandate,
        "memo": header.memo, "subsidiary": header.subsidiary, "currency": header.currency,
        "exchangeRate": header.exchangerate, "postingPeriod": header.postingperiod,
        "createdFrom": header.createdfrom, "account": header.account,
    }  # fmt: skip
    if kind.entity_field:
        values[kind.entity_field] = header.entity
    return values
