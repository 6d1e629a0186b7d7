"""The cases of the reference ledger as NetSuite's general ledger must show them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from drawdown.core.accounts import Account, Observed, Role
from tests.cases.stories import reference_case
from tests.e2e.general_ledger import RECOGNITION, Posting

NUMBERS: dict[Account, str] = {
    Role.ACCOUNTS_RECEIVABLE: "1100",
    Role.UNDEPOSITED_FUNDS: "1050",
    Role.PREPAYMENT_CLEARING: "1290",
    Role.CASH: "1000",
    Role.CUSTOMER_DEPOSITS: "2100",
    Role.PREPAID_CREDITS_LIABILITY: "2310",
    Role.DEFERRED_REVENUE_PREPAID: "2320",
    Role.DEFERRED_REVENUE_USAGE: "2331",  # the usage item's own
    Role.DEFERRED_REVENUE_BREAKAGE: "2390",
    Observed.REVENUE_USAGE: "4311",
    Observed.REVENUE_BREAKAGE: "4390",
}
"""Account numbers of the sandbox's company."""
ACCOUNTS: dict[str, Account] = {
    "AR": Role.ACCOUNTS_RECEIVABLE,
    "Undeposited funds": Role.UNDEPOSITED_FUNDS,
    "Prepayment clearing": Role.PREPAYMENT_CLEARING,
    "Cash": Role.CASH,
    "Customer deposits": Role.CUSTOMER_DEPOSITS,
    "Prepaid credits liability": Role.PREPAID_CREDITS_LIABILITY,
    "Deferred revenue: prepaid credit item": Role.DEFERRED_REVENUE_PREPAID,
    "Deferred revenue: usage item": Role.DEFERRED_REVENUE_USAGE,
    "Deferred revenue: breakage item": Role.DEFERRED_REVENUE_BREAKAGE,
    "Revenue: usage": Observed.REVENUE_USAGE,
    "Revenue: breakage": Observed.REVENUE_BREAKAGE,
}
RECORDS = {
    "Sales order -> invoice (generic prepaid credit item)": "invoice",
    "Customer Deposit (1 per block)": "customerdeposit",
    "Journal (prepayment clearing)": "journalentry",
    "Journal (transfer)": "journalentry",
    "Customer payment (independent of the deposit)": "customerpayment",
    "Standalone invoice at the block's cost basis": "invoice",
    "Deposit application (transform of the deposit)": "depositapplication",
    "Journal": "journalentry",
    "ARM revenue recognition journal": RECOGNITION,
    "ARM (credit memo element), open period": RECOGNITION,
    "Credit memo applied to the drawdown invoice": "creditmemo",
    "Credit memo on the purchase invoice": "creditmemo",
    "Reversing journal": "journalentry",
}
IN_PLACE = {
    "Deposit application edited or deleted": "depositapplication",
    "Customer Deposit voided": "customerdeposit",
}
"""Steps that leave no record of their own: the record that they change shows what is left."""


def postings_of(case_id: str) -> Iterator[Posting]:
    """Yield the case's postings as NetSuite must hold them at the end.

    What was undone in place is taken off the last such record of the block. A payment names no
    block in NetSuite: one record for all.
    """
    kept: list[Posting] = []
    paid = Decimal(0)
    for _step, record, block_id, debit, credit, text in reference_case(case_id)["postings"]:
        one = Posting(
            RECORDS.get(record, ""),
            block_id,
            NUMBERS[ACCOUNTS[debit]],
            NUMBERS[ACCOUNTS[credit]],
            Decimal(text),
        )
        if record in IN_PLACE:
            _take_off(kept, one._replace(record=IN_PLACE[record]))
        elif one.record == "customerpayment":
            paid += one.amount
        else:
            kept.append(one)
    yield from kept
    if paid:
        yield Posting("customerpayment", "", NUMBERS[Role.CASH], "1100", paid)


def _take_off(kept: list[Posting], undone: Posting) -> None:
    left = undone.amount
    for place in range(len(kept) - 1, -1, -1):
        was = kept[place]
        if was[:4] == (undone.record, undone.block_id, undone.credit, undone.debit) and left:
            part = min(left, was.amount)
            kept[place] = was._replace(amount=was.amount - part)
            left -= part
    assert not left
    kept[:] = [one for one in kept if one.amount]


def balances_of(case_id: str) -> dict[str, Decimal]:
    """Return what the case leaves, by account number; every other account is at zero."""
    left = reference_case(case_id)["final_nonzero"]
    return {NUMBERS[ACCOUNTS[name]]: Decimal(text) for name, text in left.items()}
