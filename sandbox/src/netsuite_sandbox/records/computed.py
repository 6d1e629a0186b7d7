"""Fields that NetSuite computes when a record is read: balances, revenue, what an order took in.

Sources: REST API Browser 2026.1 for the names; field help of SuiteScript's record definitions.
They are read-only: a write ignores them.
"""

from __future__ import annotations

from netsuite_sandbox.company import Company
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books

_CUSTOMER = """
SELECT COALESCE(SUM(CASE type WHEN 'CustInvc' THEN open WHEN 'CustCred' THEN -open
         WHEN 'CustPymt' THEN -open END), 0) AS balance,
       COALESCE(SUM(CASE type WHEN 'CustDep' THEN open END), 0) AS deposit,
       COALESCE(SUM(CASE type WHEN 'SalesOrd' THEN open END), 0) AS unbilled
  FROM tx WHERE entity = ?
"""
_REVENUE = """
SELECT COALESCE(SUM(e.amount), 0) AS amount,
       COALESCE(SUM((SELECT SUM(p.amount) FROM planned p JOIN plan n ON n.id = p.plan
                      WHERE n.element = e.id AND p.journal IS NOT NULL)), 0) AS recognized,
       COUNT(*) AS elements
  FROM element e WHERE e.source = ?
"""


def of_customer(company: Company, customer: int) -> Values:
    """Balance, deposits and unbilled orders of a customer, in the currency of each document.

    With several currencies that is unsure. Journals on receivables count once they are applied.
    """
    row = company.db.one(_CUSTOMER, (customer,))
    assert row is not None
    deposit = to_decimal(row["deposit"])
    return {
        "balance": to_decimal(row["balance"]), "depositBalance": deposit,
        "consolDepositBalance": deposit, "unbilledOrders": to_decimal(row["unbilled"]),
    }  # fmt: skip


def of_account(company: Company, account: int, body: Values) -> Values:
    """Balance of an account, in base and in its own currency."""
    row = company.db.one(
        "SELECT COALESCE(SUM(base), 0) AS base, COALESCE(SUM(amount), 0) AS amount FROM turnover"
        " WHERE account = ?",
        (account,),
    )
    assert row is not None
    out: Values = {"balance": to_decimal(row["base"])}
    if body.get("currency") is not None:
        out["fxBalance"] = to_decimal(row["amount"])
    return out


def of_transaction(books: Books, head: Header) -> Values:
    """What a transaction shows beyond what is stored."""
    company = books.company
    base = company.must("currency", company.base_currency(head.subsidiary))
    out: Values = {"primaryBookBaseCurrency": str(base.body["name"])}
    if head.type == "CustInvc":
        out.update(type="CustInvc", totalAfterTaxes=to_decimal(head.total))
    if head.type in {"CustInvc", "CashSale", "SalesOrd", "RtnAuth"}:
        out.update(_revenue(company, head.id))
    if head.type == "SalesOrd":
        taken = _linked(company, head.id, "OrdDep")
        out.update(amountDeposited=to_decimal(taken),
                   paymentsDue=to_decimal(max(head.open - taken, 0)))  # fmt: skip
    if head.type == "CustDep":
        out["refundedAmountTotalBox"] = to_decimal(_refunded(company, head.id))
    if head.type == "CustPymt" and head.entity is not None:
        out["balance"] = of_customer(company, head.entity)["balance"]
        out["pending"] = to_decimal(0)  # No card waits for approval here.
    if head.extra.get("reversalEntry") is not None:
        out["reversalEntry"] = str(head.extra["reversalEntry"])
    return out


def _revenue(company: Company, source: int) -> Values:
    """Revenue of the elements of a transaction. The letters of revenueStatus are unsure."""
    row = company.db.one(_REVENUE, (source,))
    assert row is not None
    if not row["elements"]:
        return {}
    left = row["amount"] - row["recognized"]
    letter = "C" if not left else ("B" if row["recognized"] else "A")
    return {"recognizedRevenue": to_decimal(row["recognized"]),
            "deferredRevenue": to_decimal(left), "revenueStatus": letter}  # fmt: skip


def _linked(company: Company, previous: int, kind: str) -> int:
    found: int = company.db.value(
        "SELECT COALESCE(SUM(amount), 0) FROM link WHERE previousdoc = ? AND linktype = ?",
        (previous, kind),
    )
    return found


def _refunded(company: Company, deposit: int) -> int:
    """What applications of a deposit paid back by refunds."""
    found: int = company.db.value(
        "SELECT COALESCE(SUM(p.amount), 0) FROM link a JOIN link p ON p.nextdoc = a.nextdoc"
        " JOIN tx r ON r.id = p.previousdoc AND r.type = 'CustRfnd'"
        " WHERE a.previousdoc = ? AND a.linktype = 'DepAppl' AND p.linktype = 'Payment'",
        (deposit,),
    )
    return found
