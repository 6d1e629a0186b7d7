"""What is undone in a closed period is undone by new documents in an open one."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from drawdown.core.accounts import Account
from drawdown.core.checks import balances
from drawdown.core.plan import Entry, Operation
from drawdown.core.policy import DepositAccount, Policy
from drawdown.core.rules import Record
from tests.cases import facts as f
from tests.cases.books import Books, month_end
from tests.cases.script import ONE_BLOCK, run

APRIL = date(2026, 4, 1)
BOUGHT = ONE_BLOCK.replace("-> ok P1-4 80.00", "-> ok")
USED = BOUGHT + "2026-02-01 usage U1 | L1 30cr -> ok D1-3 24.00\n"


def closing(books: Books, opened: date = APRIL) -> Books:
    """Close every period before a day."""
    values = {name: getattr(books.policy, name) for name in books.policy.__slots__}
    books.policy = Policy(**{**values, "books_open_from": opened})
    return books


def since(books: Books, entries: int) -> list[tuple[str, int]]:
    """Return code and amount of what was posted after that many entries, all of it in the open."""
    found = books.entries[entries:]
    opened = books.policy.books_open_from
    assert opened is not None
    assert all(entry.posted_on >= opened for entry in found)
    return [(entry.code, entry.amount_minor) for entry in found]


def sums(entries: list[Entry]) -> Counter[Account]:
    return Counter({account: amount for account, amount in balances(entries).items() if amount})


@pytest.mark.parametrize("account", DepositAccount)
def test_a_reversal_says_the_same_as_an_edit_would(account: DepositAccount) -> None:
    """Credit memo, refund, new deposit, journal: the sum of R1, R2 and R3."""
    policy = Policy(deposit_account=account)
    edited = run(USED, policy)
    edited.take_all([f.credit("2026-04-02", "M1", "U1", f.credit_line("10cr"))])
    books = closing(run(USED, policy))
    before = len(books.entries)
    books.take_all([f.credit("2026-04-02", "M1", "U1", f.credit_line("10cr"))])
    codes = ["R2", "R3", "R5", "R6"]
    codes += ["R7"] if account is DepositAccount.UNDEPOSITED_FUNDS else []
    assert since(books, before) == [(code, 800) for code in codes]
    assert sums(books.entries) == sums(edited.entries)
    assert books.block("A")._replace(deposits=()) == edited.block("A")._replace(deposits=())
    assert [d.unapplied_minor for d in books.block("A").deposits] == [5600, 800]
    memo, refund, deposit, *journals = books.intents[-len(codes) :]
    assert (memo.record, memo.amount_minor, memo.applied_minor) == (Record.CREDIT_MEMO, 800, 0)
    assert (refund.record, refund.target, refund.applied_minor) == (
        Record.CUSTOMER_REFUND, memo.external_id, 800,
    )  # fmt: skip
    assert deposit.record is Record.CUSTOMER_DEPOSIT
    assert deposit.is_clearing_deposit is (account is DepositAccount.CLEARING)
    assert {journal.record for journal in journals} == {Record.JOURNAL_ENTRY}
    assert {intent.operation for intent in books.intents} <= {Operation.CREATE, Operation.UPSERT}


def test_deposits_pay_oldest_first_with_an_application_each() -> None:
    """What was restored is drawn after what had never been drawn."""
    books = closing(run(USED))
    books.take_all(
        [
            f.credit("2026-04-02", "M1", "U1", f.credit_line("10cr")),
            f.usage("2026-04-03", "U2", f.line("L1", "75cr")),
        ]
    )
    first, second = books.block("A").deposits
    assert (first.unapplied_minor, second.unapplied_minor) == (0, 400)
    applications = books.made(Record.DEPOSIT_APPLICATION)[-2:]
    assert [(i.source, i.amount_minor) for i in applications] == [
        (first.record, 5600), (second.record, 400),
    ]  # fmt: skip
    assert since(books, len(books.entries) - 4) == [
        ("D1", 6000), ("D2", 5600), ("D2", 400), ("D3", 6000),
    ]  # fmt: skip
    books.take_all([f.credit("2026-04-04", "M2", "U2", f.credit_line("6.00"))])
    undone = books.intents[-4:-2]
    assert [(i.source, i.operation.value, i.amount_minor) for i in undone] == [
        (second.record, "delete", 0), (first.record, "set_amount", 5400),
    ]  # fmt: skip


def test_a_reversal_of_what_was_drawn_again_can_be_reversed_again() -> None:
    """Each closing adds a deposit; the block ends at zero all the same."""
    books = run(USED)
    for month, number in ((4, 2), (5, 3), (6, 4)):
        closing(books, date(2026, month, 1))
        books.take_all(
            [
                f.void_invoice(f"2026-0{month}-02", f"U{number - 1}"),
                f.usage(f"2026-0{month}-03", f"U{number}", f.line("L1", "100cr")),
            ]
        )
    assert [d.amount_minor for d in books.block("A").deposits] == [8000, 2400, 8000, 8000]
    books.take_all([f.payment("2026-06-30", "P1", "I1")])
    books.take_all(month_end(books, date(2026, 6, 30)))
    assert books.not_at_zero() == []


def test_a_void_refunds_a_deposit_of_a_closed_period() -> None:
    """The unused part leaves by a customer refund; the deposit itself is not touched."""
    books = closing(run(USED))
    before = len(books.entries)
    books.take_all([f.void_block("2026-04-02", "A")])
    assert since(books, before) == [("V1", 5600), ("V4", 5600), ("V6", 5600)]
    refund = books.made(Record.CUSTOMER_REFUND)[0]
    assert (refund.source, refund.target, refund.amount_minor) == (
        books.block("A").deposits[0].record, "", 5600,
    )  # fmt: skip
    assert books.block("A").deposits[0].amount_minor == 8000


def test_of_deposits_on_both_sides_each_goes_its_own_way() -> None:
    """The old deposit is refunded, the new one shrinks and its clearing is reversed."""
    books = closing(run(USED))
    books.take_all([f.void_invoice("2026-04-02", "U1")])
    before = len(books.entries)
    books.take_all([f.void_block("2026-04-03", "A")])
    assert since(books, before) == [
        ("V1", 8000), ("V2", 2400), ("V3", 2400), ("V4", 8000), ("V6", 5600),
    ]  # fmt: skip


def test_expired_money_restored_in_a_closed_period_expires_in_the_open() -> None:
    """The breakage of the restored part bears the day of its deposit."""
    books = run(
        ONE_BLOCK.replace("80.00", "80.00 until=2026-03-01").replace(
            "-> ok P1-4 80.00 until=2026-03-01", "-> ok P1-4 80.00"
        )
        + "2026-02-01 usage U1 | L1 30cr -> ok\n2026-03-01 clock -> ok\n"
    )
    closing(books)
    before = len(books.entries)
    books.take_all([f.credit("2026-04-10", "M1", "U1", f.credit_line("10cr"))])
    assert books.block("A").remaining_minor == 800
    books.take(f.clock("2026-04-20"))
    codes = ["R2", "R3", "R5", "R6", "R7", "E1", "E2", "E3"]
    assert since(books, before) == [(code, 800) for code in codes]
    assert {e.posted_on for e in books.entries[-3:]} == {date(2026, 4, 10)}


def test_an_application_is_not_dated_before_its_deposit() -> None:
    """A usage invoice that waited for a late purchase keeps its own date; the rest follows."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 10cr 10.00                -> ok
    2026-01-10 usage U1 | L1 4cr block=A              -> held block:A
    2026-03-01 purchase I1 S1                         -> ok
    """)
    drawn = {e.code: e.posted_on.isoformat() for e in books.entries if e.code[0] == "D"}
    assert drawn == {"D1": "2026-01-10", "D2": "2026-03-01", "D3": "2026-03-01"}
    application = books.made(Record.DEPOSIT_APPLICATION)[0]
    assert (application.posted_on, application.fact_on) == (date(2026, 3, 1), date(2026, 1, 10))
