"""Revenue arrangements and elements: one element per source line, one arrangement per source.

Sources: "Revenue Arrangement Management" (section_4333740355): sales order lines, lines of invoices
and cash sales without an order, credit memo and cash refund lines, return authorization lines,
journal lines with a recognition rule, subscription lines; what needs approval makes its elements
once it is approved. Bills of an order, credits of a return authorization (section_4381033932) and
bills of a subscription's charges make no element of their own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.arm import field_maps
from netsuite_sandbox.arm.allocation import allocate
from netsuite_sandbox.arm.elements_table import new_arrangement, put
from netsuite_sandbox.arm.events import ON_CREATION, ON_PROGRESS
from netsuite_sandbox.arm.netting import net_credit, release
from netsuite_sandbox.arm.project_rules import has_rule, update_projects
from netsuite_sandbox.arm.rules import BY_PERCENT
from netsuite_sandbox.arm.subscriptions import update_subscriptions
from netsuite_sandbox.company import Company
from netsuite_sandbox.ledger import Header, Ledger, Line
from netsuite_sandbox.records.deferral import INCOME_ACCOUNT
from netsuite_sandbox.store.database import Row


def update_arrangements(company: Company, ledger: Ledger, until: str) -> int:
    """Bring elements in step with all sources dated up to `until`; return how many were touched."""
    touched = 0
    rows = company.db.all(
        "SELECT id FROM tx WHERE arm = 1 AND trandate <= ? ORDER BY trandate, id", (until,)
    )
    for row in rows:
        head = ledger.header(row["id"])
        assert head is not None
        touched += _update_source(company, ledger, head)
        company.db.execute("UPDATE tx SET arm = 0 WHERE id = ?", (head.id,))
    touched += update_projects(company, ledger)
    return touched + update_subscriptions(company, ledger, until)


def _update_source(company: Company, ledger: Ledger, head: Header) -> int:
    sign = 1 if head.type in {"CustCred", "CashRfnd", "RtnAuth"} else -1
    seen: set[int] = set()
    for line in ledger.lines(head.id):
        if head.type == "Journal":
            if not line.extra.get(INCOME_ACCOUNT) or not head.posting:
                continue
        elif not _is_source(company, head, line):
            continue
        seen.add(line.id)
        _put_element(company, ledger, head, line, sign)
    for row in company.db.all("SELECT id, sourceline FROM element WHERE source = ?", (head.id,)):
        if row["sourceline"] not in seen:
            _retire(company, row["id"])
    if head.type in {"CustCred", "RtnAuth"} and seen:
        net_credit(company, head)
    if seen:
        total_arrangement(company, head.id)
        allocate(company, _arrangement(company, ledger, head))
    return len(seen)


def _is_source(company: Company, head: Header, line: Line) -> bool:
    """Whether a line makes an element: not if it opts out or bills an order, return or charge."""
    if line.item is None or line.extra.get("doNotCreateRevenueElement"):
        return False
    if head.type in {"CustInvc", "CustCred", "CashSale", "CashRfnd"} and (
        line.orderdoc is not None or line.extra.get("subscriptionLine")
    ):
        return False
    if line.extra.get("charge") and has_rule(company, head.entity, line.item):
        return False
    item = company.must("item", line.item).body
    return item.get("deferredRevenueAccount") is not None and not item.get("directRevenuePosting")


def _put_element(company: Company, ledger: Ledger, head: Header, line: Line, sign: int) -> None:
    """Create or update the element of a line. Amounts of credits and returns are negative."""
    values = _of_journal(company, line) if head.type == "Journal" else _of_item(company, line, sign)
    row: dict[str, Any] = {
        "arrangement": _arrangement(company, ledger, head), "source": head.id,
        "sourceline": line.id, "entity": line.entity or head.entity,
        "subsidiary": line.subsidiary or head.subsidiary, "currency": head.currency,
        "exchangerate": format(head.exchangerate, "f"), "elementdate": head.trandate,
        "amount": -line.amount, "base": -line.base, **values,
    }  # fmt: skip
    found = field_maps.mapped(company, head, line)
    put(company, {**row, **field_maps.columns(found)}, "source, sourceline")
    if field_maps.GROUP in found:
        company.db.execute(
            "INSERT OR REPLACE INTO unbilledgroup"
            " SELECT id, ? FROM element WHERE source = ? AND sourceline = ?",
            (found[field_maps.GROUP], head.id, line.id),
        )


def _of_item(company: Company, line: Line, sign: int) -> dict[str, Any]:
    assert line.item is not None
    item = company.must("item", line.item).body
    quantity = abs(line.quantity or Decimal(0))
    return {
        "item": line.item, "quantity": format(-quantity if sign > 0 else quantity, "f"),
        "startdate": line.extra.get("revRecStartDate"),
        "enddate": line.extra.get("revRecEndDate"),
        "deferralaccount": item["deferredRevenueAccount"],
        "recognitionaccount": item["incomeAccount"], "rule": item.get("revenueRecognitionRule"),
        "planson": item.get("createRevenuePlansOn"),
        "allocationtype": item.get("VSOESopGroup", "NORMAL"),
    }  # fmt: skip


def _of_journal(company: Company, line: Line) -> dict[str, Any]:
    """What a journal line with a rule gives its element.

    Source: "Creating Revenue Elements from Journal Entries" (section_4423536353): item and
    quantity are blank, the allocation type is Exclude, the start date is the event date.
    """
    more = {"elementdate": line.extra["startDate"]} if line.extra.get("startDate") else {}
    rule = company.must("revRecRule", line.extra["revenueRecognitionRule"]).body
    by_progress = rule.get("amountSource") == BY_PERCENT
    return {
        "item": None, "quantity": None, "startdate": line.extra.get("startDate"),
        "enddate": line.extra.get("endDate"), "deferralaccount": line.account,
        "recognitionaccount": line.extra[INCOME_ACCOUNT],
        "rule": line.extra["revenueRecognitionRule"],
        "planson": ON_PROGRESS if by_progress else ON_CREATION,
        "allocationtype": "EXCLUDE", **more,
    }  # fmt: skip


def _arrangement(company: Company, ledger: Ledger, head: Header) -> int:
    """Return the arrangement of a source transaction, made on first use.

    Source: it is a transaction of type RevArrng.
    """
    found = company.db.value("SELECT arrangement FROM element WHERE source = ? LIMIT 1", (head.id,))
    if found is not None:
        return int(found)
    return new_arrangement(company, ledger, Header(
        type="RevArrng", trandate=head.trandate, subsidiary=head.subsidiary,
        currency=head.currency, exchangerate=head.exchangerate, entity=head.entity,
        createdfrom=head.id,
    ))  # fmt: skip


def total_arrangement(company: Company, source: int) -> None:
    """Set the totals of the arrangements of a source transaction."""
    company.db.execute(
        "UPDATE tx SET total = (SELECT SUM(amount) FROM element WHERE arrangement = tx.id)"
        " WHERE id IN (SELECT arrangement FROM element WHERE source = ?)",
        (source,),
    )


def _retire(company: Company, element: int) -> None:
    """Take out the element of a line that is gone; keep it at zero if any was recognized."""
    db = company.db
    release(company, element)
    for row in db.all("SELECT credit, amount FROM netting WHERE debit = ?", (element,)):
        db.execute(
            "UPDATE element SET netted = netted + ? WHERE id = ?", (row["amount"], row["credit"])
        )
    db.execute("DELETE FROM netting WHERE debit = ?", (element,))
    if db.one(
        "SELECT 1 FROM planned p JOIN plan n ON n.id = p.plan"
        " WHERE n.element = ? AND p.journal IS NOT NULL LIMIT 1",
        (element,),
    ):
        db.execute(
            "UPDATE element SET amount = 0, base = 0, revenue = 0, netted = 0, stale = 1,"
            " allocationtype = 'EXCLUDE' WHERE id = ?",
            (element,),
        )
        return
    db.execute(
        "DELETE FROM planned WHERE plan IN (SELECT id FROM plan WHERE element = ?)", (element,)
    )
    db.execute("DELETE FROM plan WHERE element = ?", (element,))
    db.execute("DELETE FROM element WHERE id = ?", (element,))


def drop_source(company: Company, tx: int) -> None:
    """Have the elements of a deleted transaction follow it."""
    rows: list[Row] = company.db.all("SELECT id FROM element WHERE source = ?", (tx,))
    for row in rows:
        _retire(company, row["id"])
