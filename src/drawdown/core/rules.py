"""The accounting rules, as the one table that decides what is posted.

A controller reads it by ``drawdown rules`` and in docs/accounting.md (a test compares them). The
order of rows is the order of posting. A reversal has no row: it is the *recorded* entry with debit
and credit exchanged (`mirror`). Only where that would change a closed period do rows R5 to R7 and
V6 say the same by documents in an open one. There is no revenue account here, so the automation
cannot post revenue: rows marked *ARM* are what NetSuite's Advanced Revenue Management posts.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.accounts import Account, Observed, Role
from drawdown.core.block import Step
from drawdown.core.policy import DepositAccount, Policy, PrepaidItem


class Record(StrEnum):
    """A native ERP record, by NetSuite's name."""

    CUSTOMER = "customer"
    SALES_ORDER = "salesOrder"
    INVOICE = "invoice"
    CUSTOMER_DEPOSIT = "customerDeposit"
    DEPOSIT_APPLICATION = "depositApplication"
    JOURNAL_ENTRY = "journalEntry"
    CREDIT_MEMO = "creditMemo"
    CUSTOMER_PAYMENT = "customerPayment"
    CUSTOMER_REFUND = "customerRefund"


class When(StrEnum):
    """The policy under which a row applies."""

    ALWAYS = ""
    DEFERRED_ITEM = "prepaid item: deferred"
    VIA_DEFERRED = "prepaid item: deferred or recognised"
    DIRECT_ITEM = "prepaid item: direct"
    RECOGNISED_ITEM = "prepaid item: recognised"
    UNDEPOSITED = "deposit account: undeposited funds"
    CLEARING = "deposit account: clearing"
    CLOSED = "period of what is undone: closed"
    CLOSED_UNDEPOSITED = "period closed; deposit account: undeposited funds"
    CLOSED_CLEARING = "period closed; deposit account: clearing"


_APPLIES: dict[When, Callable[[Policy], bool]] = {
    When.ALWAYS: lambda _: True,
    When.DEFERRED_ITEM: lambda p: p.prepaid_item is PrepaidItem.DEFERRED,
    When.VIA_DEFERRED: lambda p: p.prepaid_item is not PrepaidItem.DIRECT,
    When.DIRECT_ITEM: lambda p: p.prepaid_item is PrepaidItem.DIRECT,
    When.RECOGNISED_ITEM: lambda p: p.prepaid_item is PrepaidItem.RECOGNISED,
    When.UNDEPOSITED: lambda p: p.deposit_account is DepositAccount.UNDEPOSITED_FUNDS,
    When.CLEARING: lambda p: p.deposit_account is DepositAccount.CLEARING,
    When.CLOSED: lambda _: True,
    When.CLOSED_UNDEPOSITED: lambda p: p.deposit_account is DepositAccount.UNDEPOSITED_FUNDS,
    When.CLOSED_CLEARING: lambda p: p.deposit_account is DepositAccount.CLEARING,
}


class Rule(NamedTuple):
    """One row: what a step debits and credits, on which record, under which policy.

    Attributes:
        by_arm: NetSuite's revenue management posts it; we observe it.
        is_there: The books say it already; the journal notes it, no record is made.
    """

    code: str
    step: Step
    record: Record
    debit: Account
    credit: Account
    when: When
    memo: str
    by_arm: bool = False
    is_there: bool = False


# fmt: off
RULES: tuple[Rule, ...] = (
    #    code  step             record                      debit                          credit                          when                  memo
    Rule("P1", Step.INVOICED,   Record.INVOICE,             Role.ACCOUNTS_RECEIVABLE,      Role.DEFERRED_REVENUE_PREPAID,  When.VIA_DEFERRED,    "Purchase invoice"),
    Rule("P1", Step.INVOICED,   Record.INVOICE,             Role.ACCOUNTS_RECEIVABLE,      Role.PREPAID_CREDITS_LIABILITY, When.DIRECT_ITEM,     "Purchase invoice, direct posting"),
    Rule("P2", Step.PURCHASED,  Record.CUSTOMER_DEPOSIT,    Role.UNDEPOSITED_FUNDS,        Role.CUSTOMER_DEPOSITS,         When.UNDEPOSITED,     "Credit block deposit"),
    Rule("P2", Step.PURCHASED,  Record.CUSTOMER_DEPOSIT,    Role.PREPAYMENT_CLEARING,      Role.CUSTOMER_DEPOSITS,         When.CLEARING,        "Credit block deposit, to clearing"),
    Rule("P3", Step.PURCHASED,  Record.JOURNAL_ENTRY,       Role.PREPAYMENT_CLEARING,      Role.UNDEPOSITED_FUNDS,         When.UNDEPOSITED,     "Clearing"),
    Rule("P4", Step.PURCHASED,  Record.JOURNAL_ENTRY,       Role.DEFERRED_REVENUE_PREPAID, Role.PREPAID_CREDITS_LIABILITY, When.DEFERRED_ITEM,   "Transfer"),
    Rule("P5", Step.PAID,       Record.CUSTOMER_PAYMENT,    Role.CASH,                     Role.ACCOUNTS_RECEIVABLE,       When.ALWAYS,          "Customer pays the purchase"),
    Rule("P6", Step.RECOGNISED, Record.JOURNAL_ENTRY,       Role.DEFERRED_REVENUE_PREPAID, Role.PREPAID_CREDITS_LIABILITY, When.RECOGNISED_ITEM, "Recognition into the liability", by_arm=True),
    Rule("P7", Step.REFUNDED,   Record.CUSTOMER_REFUND,     Role.ACCOUNTS_RECEIVABLE,      Role.CASH,                      When.ALWAYS,          "Credit of the purchase paid out"),

    # A balance from before, taken over as a block; P2 and P3 as for a purchase.
    Rule("O1", Step.OPENED,     Record.JOURNAL_ENTRY,       Observed.OPENING_BALANCE,      Role.FORMER_DEFERRED_REVENUE,   When.ALWAYS,          "Opening balance, as it stands", is_there=True),
    Rule("P2", Step.OPENED,     Record.CUSTOMER_DEPOSIT,    Role.UNDEPOSITED_FUNDS,        Role.CUSTOMER_DEPOSITS,         When.UNDEPOSITED,     "Credit block deposit"),
    Rule("P2", Step.OPENED,     Record.CUSTOMER_DEPOSIT,    Role.PREPAYMENT_CLEARING,      Role.CUSTOMER_DEPOSITS,         When.CLEARING,        "Credit block deposit, to clearing"),
    Rule("P3", Step.OPENED,     Record.JOURNAL_ENTRY,       Role.PREPAYMENT_CLEARING,      Role.UNDEPOSITED_FUNDS,         When.UNDEPOSITED,     "Clearing"),
    Rule("O2", Step.OPENED,     Record.JOURNAL_ENTRY,       Role.FORMER_DEFERRED_REVENUE,  Role.PREPAID_CREDITS_LIABILITY, When.ALWAYS,          "Transfer of the opening balance"),

    Rule("D1", Step.DRAWN,      Record.INVOICE,             Role.ACCOUNTS_RECEIVABLE,      Role.DEFERRED_REVENUE_USAGE,    When.ALWAYS,          "Usage invoice"),
    Rule("D2", Step.DRAWN,      Record.DEPOSIT_APPLICATION, Role.CUSTOMER_DEPOSITS,        Role.ACCOUNTS_RECEIVABLE,       When.ALWAYS,          "Deposit applied"),
    Rule("D3", Step.DRAWN,      Record.JOURNAL_ENTRY,       Role.PREPAID_CREDITS_LIABILITY,Role.PREPAYMENT_CLEARING,       When.ALWAYS,          "Drawdown"),
    Rule("D4", Step.RECOGNISED, Record.JOURNAL_ENTRY,       Role.DEFERRED_REVENUE_USAGE,   Observed.REVENUE_USAGE,         When.ALWAYS,          "Revenue recognition", by_arm=True),

    Rule("E1", Step.EXPIRED,    Record.INVOICE,             Role.ACCOUNTS_RECEIVABLE,      Role.DEFERRED_REVENUE_BREAKAGE, When.ALWAYS,          "Expiration invoice"),
    Rule("E2", Step.EXPIRED,    Record.DEPOSIT_APPLICATION, Role.CUSTOMER_DEPOSITS,        Role.ACCOUNTS_RECEIVABLE,       When.ALWAYS,          "Deposit applied"),
    Rule("E3", Step.EXPIRED,    Record.JOURNAL_ENTRY,       Role.PREPAID_CREDITS_LIABILITY,Role.PREPAYMENT_CLEARING,       When.ALWAYS,          "Expiration"),
    Rule("E4", Step.RECOGNISED, Record.JOURNAL_ENTRY,       Role.DEFERRED_REVENUE_BREAKAGE,Observed.REVENUE_BREAKAGE,      When.ALWAYS,          "Breakage recognition", by_arm=True),

    # Another system goes on with the balance: the ERP's own billing has invoiced it as a prepayment.
    Rule("H1", Step.HANDED_OVER, Record.INVOICE,            Role.ACCOUNTS_RECEIVABLE,      Observed.CLOSING_BALANCE,       When.ALWAYS,          "Prepayment invoiced by the ERP's own billing, as it stands", is_there=True),
    Rule("H2", Step.HANDED_OVER, Record.DEPOSIT_APPLICATION,Role.CUSTOMER_DEPOSITS,        Role.ACCOUNTS_RECEIVABLE,       When.ALWAYS,          "Deposit applied"),
    Rule("H3", Step.HANDED_OVER, Record.JOURNAL_ENTRY,      Role.PREPAID_CREDITS_LIABILITY,Role.PREPAYMENT_CLEARING,       When.ALWAYS,          "Handover"),

    # Instead of R1: what is undone lies in a closed period, so the credit memo of R2 stays unapplied.
    Rule("R5", Step.REVERSED,   Record.CUSTOMER_REFUND,     Role.ACCOUNTS_RECEIVABLE,      Role.PREPAYMENT_CLEARING,       When.CLOSED,          "Credit memo refunded to clearing"),
    Rule("R6", Step.REVERSED,   Record.CUSTOMER_DEPOSIT,    Role.UNDEPOSITED_FUNDS,        Role.CUSTOMER_DEPOSITS,         When.CLOSED_UNDEPOSITED, "Deposit of the restored part"),
    Rule("R6", Step.REVERSED,   Record.CUSTOMER_DEPOSIT,    Role.PREPAYMENT_CLEARING,      Role.CUSTOMER_DEPOSITS,         When.CLOSED_CLEARING, "Deposit of the restored part, to clearing"),
    Rule("R7", Step.REVERSED,   Record.JOURNAL_ENTRY,       Role.PREPAYMENT_CLEARING,      Role.UNDEPOSITED_FUNDS,         When.CLOSED_UNDEPOSITED, "Clearing of the restored part"),
    # Instead of V3 and V2.
    Rule("V6", Step.REDUCED,    Record.CUSTOMER_REFUND,     Role.CUSTOMER_DEPOSITS,        Role.PREPAYMENT_CLEARING,       When.CLOSED,          "Deposit refunded to clearing"),
    Rule("V6", Step.VOIDED,     Record.CUSTOMER_REFUND,     Role.CUSTOMER_DEPOSITS,        Role.PREPAYMENT_CLEARING,       When.CLOSED,          "Deposit refunded to clearing"),
)

MIRRORS: dict[str, tuple[str, str]] = {
    #      code of the mirror, what undoes it in NetSuite
    "D2": ("R1", "application shrunk or deleted; R5 to R7 if its period is closed"),
    "E2": ("R1", "application shrunk or deleted; R5 to R7 if its period is closed"),
    "D1": ("R2", "credit memo, applied to the invoice as far as R1 makes room"),
    "E1": ("R2", "credit memo, applied to the invoice as far as R1 makes room"),
    "D3": ("R3", "reversing journal"),
    "E3": ("R3", "reversing journal"),
    "D4": ("R4", "ARM takes back what it had recognised"),
    "E4": ("R4", "ARM takes back what it had recognised"),
    "P4": ("V1", "reversing journal"),
    "O2": ("V1", "reversing journal"),
    "P3": ("V2", "reversing journal"),
    "R7": ("V2", "reversing journal"),
    "P2": ("V3", "deposit reduced, or deleted when nothing is left of it; V6 if its period is closed"),
    "R6": ("V3", "deposit reduced, or deleted when nothing is left of it; V6 if its period is closed"),
    "P1": ("V4", "credit memo on the purchase invoice"),
    "P6": ("V5", "ARM takes back what it had recognised"),
    "O1": ("V7", "nothing: the balance stands in the former deferred revenue again, for a person to settle"),
}
# fmt: on

MIRROR_ORDER: tuple[str, ...] = ("V1", "V2", "V3", "V4", "R1", "R2", "R3")
"""Codes of the mirrors the automation posts, in the order of posting."""


def rules_for(step: Step, policy: Policy) -> tuple[Rule, ...]:
    """Return the rows that the automation posts for a step under a policy, in posting order."""
    if step is Step.LAPSED:  # a part expires as the whole does
        step = Step.EXPIRED
    found = _CACHE.get((step, policy.prepaid_item, policy.deposit_account))
    if found is None:
        found = tuple(
            rule
            for rule in RULES
            if rule.step is step
            and not (rule.by_arm or rule.is_there)
            and _APPLIES[rule.when](policy)
        )
        _CACHE[step, policy.prepaid_item, policy.deposit_account] = found
    return found


_CACHE: dict[tuple[Step, PrepaidItem, DepositAccount], tuple[Rule, ...]] = {}


def noted_rule(step: Step) -> Rule:
    """Return the row of a step that notes what the books say already."""
    return next(rule for rule in RULES if rule.is_there and rule.step is step)


def recognition_rule(debit: Role, credit: Account) -> Rule:
    """Return the row of an observed recognition.

    Raises:
        KeyError: No row describes a recognition from `debit` to `credit`.
    """
    for rule in RULES:
        if rule.by_arm and rule.debit is debit and rule.credit is credit:
            return rule
    raise KeyError((debit, credit))
