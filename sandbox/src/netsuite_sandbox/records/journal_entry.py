"""Journal entry: what its lines say.

Sources: "Journal Entry" (REST use case), "GL Impact Rounding on Journal Entries": each line is
converted and rounded by itself; what that leaves in base currency goes to the rounding account
(where exactly is unsure).
"""

from __future__ import annotations

from decimal import Decimal

from netsuite_sandbox.errors import TRANS_UNBALNCD_DECIMALS, invalid_value, missing, user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import fits, times_rate, to_decimal, to_units
from netsuite_sandbox.records import (
    accounting_books,
    applying,
    deferral,
    header as headers,
    intercompany,
    receivable_journals,
    reversal,
)
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Draft, Kind

_PLACED = frozenset(
    {"account", "lineSubsidiary", "debit", "credit", "entity", "memo", "line", "department",
     "class", "location", "links", "lineCreatedDate", "lineLastModifiedDate"}
)  # fmt: skip
_APPROVED = "2"
_NEEDS_ENTITY = frozenset({"AcctRec", "AcctPay"})
_NO_POSTING = frozenset({"NonPosting", "Stat"})
_NO_NAME = (
    "A line of a book-specific journal entry on accounts receivable or accounts payable has no "
    "name."
)
_MISMATCH = "Transaction and foreign currency account use different currencies."


def build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    """Build a journal entry."""
    company = books.company
    approved = _approved(values, old)
    if approved is None:
        approved = not company.settings["require_journal_approval"]
    head = headers.start(books, kind, values, old, pending=not approved)
    head.extra["approved"] = bool(approved)
    if approved:
        head.extra["approvalStatus"] = _APPROVED
    head.extra.pop("reversalEntry", None)
    head.posting = bool(approved)
    head.status = "B" if approved else "A"
    where = intercompany.places(books, kind, head, values)
    subsidiaries = {subsidiary for subsidiary, _ in where}
    head.book = accounting_books.chosen(company, values, old, subsidiaries)
    if head.book is not None:
        head.extra.update(accountingBook=head.book, isBookSpecific=True)
    mainline = company.settings["journal_lines_mainline"] == "T"
    used = [line.id for line in books.ledger.lines(head.id)] if old else []
    given = [int(v["line"]) for v in values["line"] if v.get("line") is not None]
    next_id = max([-1, *used, *given])
    lines: list[Line] = []
    for index, value in enumerate(values["line"]):
        if value.get("line") is None:
            next_id += 1
        line_id = next_id if value.get("line") is None else int(value["line"])
        amount = _amount(books, head, value, index)
        account = _account(books, head, value, index)
        subsidiary, rate = where[index]
        base_precision = company.precision(company.base_currency(subsidiary))
        account = deferral.swapped(company, value, account, f"line.items[{index}]")
        lines.append(
            Line(
                id=line_id, account=account, amount=amount,
                base=times_rate(amount, rate, base_precision), mainline=mainline,
                subsidiary=None if kind.record == intercompany.PLAIN else subsidiary,
                entity=value.get("entity"), memo=value.get("memo"),
                department=value.get("department"), klass=value.get("class"),
                location=value.get("location"),
                extra={k: v for k, v in value.items() if k not in _PLACED and v is not None
                       and not k.startswith("custcol")},
                custom={k: v for k, v in value.items() if k.startswith("custcol")
                        and v is not None},
            )
        )  # fmt: skip
    _check_lines(books, lines)
    head.arm = any(line.extra.get(deferral.INCOME_ACCOUNT) for line in lines) or bool(old)
    head.arm = head.arm and head.book is None
    head.total = sum(line.amount for line in lines if line.amount > 0)
    for subsidiary in sorted(subsidiaries):
        mine = [line for line in lines if line.subsidiary in (None, subsidiary)]
        if not sum(line.amount for line in mine) and (rest := sum(line.base for line in mine)):
            rounding, next_id = company.special_account("RndERV"), next_id + 1
            lines.append(Line(next_id, rounding, 0, -rest, subsidiary=mine[0].subsidiary,
                              extra={"system": True}))  # fmt: skip
    return Draft(head, lines)


def undo(books: Books, draft: Draft) -> None:
    """Take the journal out of applications, and its reversal away."""
    reversal.undo(books, draft)
    receivable_journals.unapply(books, draft.header)
    applying.undo(books, draft.header, reverse=True)


def _check_lines(books: Books, lines: list[Line]) -> None:
    """Refuse what the settings on receivables and Customer Deposits do not allow (both unsure)."""
    company = books.company
    receivable = [x for x in lines if company.account_type(x.account) in _NEEDS_ENTITY]
    if len(receivable) > 1 and company.settings["journal_receivable_lines"] == "one":
        raise user_error(
            "A journal entry can have one line on accounts receivable or accounts payable only."
        )
    deposits = company.special_account("CustDep")
    if company.settings["journals_on_customer_deposits"] == "refused" and any(
        line.account == deposits for line in lines
    ):
        raise invalid_value(deposits, "account", "line.items.account")


def _approved(values: Values, old: Header | None) -> bool | None:
    """What a write says of approval: `approved`, or approvalStatus with approval routing.

    Source: "Journal Entry" (REST use case); the values 1 pending, 2 approved, 3 rejected, 11 open
    from the REST API Browser, their labels unsure.
    """
    before = None if old is None else old.extra.get("approvalStatus")
    status = values.get("approvalStatus")
    if status is not None and status != before:
        return bool(status == _APPROVED)
    approved: bool | None = values.get("approved")
    return approved


def _amount(books: Books, head: Header, value: Values, index: int) -> int:
    """Return the signed units of a line."""
    debit, credit = value.get("debit"), value.get("credit")
    if debit is not None and credit is not None and debit and credit:
        raise user_error(
            "A journal line has a debit or a credit, not both.", f"line.items[{index}]"
        )
    precision = books.company.precision(head.currency)
    amount = (debit or Decimal(0)) - (credit or Decimal(0))
    if not fits(amount, precision):
        raise user_error(TRANS_UNBALNCD_DECIMALS.format(precision))
    return to_units(amount, precision)


def _account(books: Books, head: Header, value: Values, index: int) -> int:
    account = value.get("account")
    if account is None:
        raise missing(["Account"])
    path = f"line.items[{index}]"
    record = books.company.must("account", account)
    kind = record.body["acctType"]
    if kind in _NO_POSTING or record.body.get("isInactive"):
        raise invalid_value(account, "account", f"{path}.account")
    if kind in _NEEDS_ENTITY and head.book is not None:
        if value.get("entity") is not None:
            raise user_error(_NO_NAME)
    elif kind in _NEEDS_ENTITY and value.get("entity") is None:
        raise missing(["Name"])
    currency = record.body.get("currency")
    if currency is not None and currency != head.currency:
        raise user_error(_MISMATCH)
    entity = value.get("entity")
    if entity is not None and value.get("lineSubsidiary") is None:
        subsidiary = books.company.must("entity", entity).body.get("subsidiary")
        if subsidiary not in (None, head.subsidiary):
            raise user_error(
                f"Invalid entity reference key {entity} for subsidiary {head.subsidiary}."
            )
    return int(account)


def show(books: Books, head: Header) -> Values:
    """Computed fields."""
    lines: list[Values] = []
    for line in books.ledger.lines(head.id):
        if line.extra.get("system"):
            continue
        lines.append(
            {
                "line": line.id,
                "lineSubsidiary": line.subsidiary,
                "account": line.account,
                "debit": to_decimal(line.amount) if line.amount > 0 else None,
                "credit": to_decimal(-line.amount) if line.amount < 0 else None,
                "entity": line.entity,
                "memo": line.memo,
                "department": line.department,
                "class": line.klass,
                "location": line.location,
                **line.extra,
                **line.custom,
            }
        )
    original = head.extra.get("isReversalOf")
    return {"line": lines, "account": None, "isReversal": original is not None,
            "createdFrom": original}  # fmt: skip


def _kind(record: str, label: str, prefix: str) -> Kind:
    return Kind(
        record, "Journal", label, prefix, "", build, settle=reversal.settle, undo=undo,
        show=show, sublists=("line",), required=("subsidiary", "line"), receivables=False,
        statuses={"A": "Pending Approval", "B": "Approved for Posting"},
    )  # fmt: skip


KIND = _kind(intercompany.PLAIN, "Journal", "JE")
TWO_COMPANIES = _kind(intercompany.TWO, "Intercompany Journal Entry", "ICJE")
COMPANIES = _kind(intercompany.ADVANCED, "Advanced Intercompany Journal Entry", "AICJE")
