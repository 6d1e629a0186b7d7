"""Reversals and cancellations: what comes back, to whom, and what is left."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from drawdown.core.decide import decide
from drawdown.core.plan import Operation
from drawdown.core.policy import (
    DrawdownDocument,
    Policy,
    PrepaidItem,
    PurchaseTrigger,
)
from drawdown.core.rules import Record
from tests.cases import facts as f
from tests.cases.books import month_end
from tests.cases.script import ONE_BLOCK, run

BY_ORDER = Policy(purchase_trigger=PurchaseTrigger.SALES_ORDER)


def test_partial_reversals_unwind_the_last_draw_first() -> None:
    """Over several blocks and lines; the application shrinks to what is left of it."""
    books = run("""
    2026-01-01 customer C1                                                 -> ok
    2026-01-01 order S1 | A 10cr 10.00 until=2026-06-01 | B 10cr 20.00     -> ok
    2026-01-01 purchase I1 S1                                              -> ok
    2026-02-01 usage U1 | L1 4cr | L2 12cr                                 -> ok
    = A 0cr 0.00 open
    = B 4cr 8.00 open
    2026-02-02 credit M1 U1 | 8cr line=L2              -> ok R1-3 12.00 R1-3 2.00
    = A 2cr 2.00 open
    = B 10cr 20.00 open
    2026-02-03 credit M2 U1 | 5cr                                          -> ok R1-3 4.00 R1-3 1.00
    = A 7cr 7.00 open
    2026-02-04 credit M3 U1 | 2.50 block=A                                 -> ok R1-3 2.50
    = A 9.5cr 9.50 open
    2026-02-05 credit M4 U1                                                -> ok R1-3 0.50
    = A 10cr 10.00 open
    """)
    undone = [
        i for i in books.made(Record.DEPOSIT_APPLICATION) if i.operation is not Operation.CREATE
    ]
    assert [(i.block_id, i.operation.value, i.amount_minor) for i in undone] == [
        ("B", "delete", 0),
        ("A", "set_amount", 800),
        ("A", "set_amount", 300),
        ("A", "set_amount", 50),
        ("A", "delete", 0),
    ]
    # One reversing journal and one credit memo per block and invoice, whatever the lines.
    assert len(books.made(Record.CREDIT_MEMO)) == 4
    journals = books.made(Record.JOURNAL_ENTRY)
    assert [i.amount_minor for i in journals[-5:]] == [1200, 200, 500, 250, 50]


def test_a_credit_by_money_leaves_other_draws_alone() -> None:
    """What rounding once gave is not taken from a draw that was not asked for."""
    run("""
    2026-01-01 customer C1                                   -> ok
    2026-01-01 order S1 | A 3cr 1.00 until=2026-06-01 | B 3cr 1.00 -> ok
    2026-01-01 purchase I1 S1                                -> ok
    2026-02-01 usage U1 | L1 1cr block=A | L2 1cr block=B    -> ok
    2026-02-02 credit M1 U1 | 0.5cr line=L1                  -> ok R1-3 0.17
    = A 2.5cr 0.84 open
    2026-02-03 credit M2 U1 | 0.33                           -> ok R1-3 0.33
    = A 2.5cr 0.84 open
    = B 3cr 1.00 open
    """)


def test_a_payment_with_the_number_of_an_invoice_is_not_a_draw() -> None:
    """Numbers of payments and of invoices are series of their own."""
    books = run(
        ONE_BLOCK
        + """
    2026-01-02 payment 42 I1                          -> ok P5 80.00
    2026-02-01 usage 42 | L1 10cr                     -> ok
    2026-02-02 credit M1 42 | 4cr                     -> ok R1-3 3.20
        """
    )
    shrunk = books.made(Record.DEPOSIT_APPLICATION)[-1]
    assert (shrunk.operation, shrunk.amount_minor) == (Operation.SET_AMOUNT, 480)


def test_expired_credits_can_be_restored_and_expire_again() -> None:
    """A credit memo after expiry opens the block; the next clock takes what it restored."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 usage U1 | L1 10cr                     -> ok
    2027-01-01 clock                                  -> ok
    = A 0cr 0.00 expired
    2027-01-02 credit M1 U1 | 5cr                     -> ok R1-3 4.00
    = A 5cr 4.00 open
    2027-01-02 usage U2 | L1 1cr used=2026-12-30      -> ok D1-3 0.80
    2027-01-03 clock                                  -> ok
    = A 0cr 0.00 expired
        """
    )
    assert [e.amount_minor for e in books.entries if e.code == "E1"] == [7200, 320]
    books.take_all(month_end(books, date(2027, 1, 31)))
    expired = [b for b in books.known.documents.values() if b.kind == "expiration"]
    assert len({document.document_id for document in expired}) == 2


def test_breakage_is_not_dated_before_what_it_comes_from() -> None:
    """Not before the purchase, where that comes late, nor before a credit memo."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 10cr 10.00 until=2026-02-01 | B 10cr 10.00 until=2026-02-01 -> ok
    2026-01-01 purchase I1 S1 B                       -> ok
    2026-01-10 usage U1 | L1 4cr block=B              -> ok
    2026-02-01 clock                                  -> ok
    2026-03-01 purchase I2 S1                         -> ok
    2026-03-05 credit M1 U1 | 1cr                     -> ok
    2026-04-01 clock                                  -> ok
    """)
    dated = [(e.block_id, e.posted_on.isoformat()) for e in books.entries if e.code == "E1"]
    assert dated == [("B", "2026-01-31"), ("A", "2026-03-01"), ("B", "2026-03-05")]


def test_only_what_came_back_late_is_dated_late() -> None:
    """A credit memo between the expiry and the clock; what had been left keeps the expiry's day."""
    books = run("""
    2026-01-01 customer C1                                                 -> ok
    2026-01-01 order S1 | A 10cr 10.00 until=2026-02-01                    -> ok
    2026-01-01 purchase I1 S1                                              -> ok
    2026-01-10 usage U1 | L1 6cr                                           -> ok
    2026-02-03 credit M1 U1 | 2cr                                          -> ok R1-3 2.00
    2026-02-05 usage U2 | L1 1cr used=2026-01-30                           -> ok D1-3 1.00
    2026-02-06 credit M2 U1 | 1cr                                          -> ok R1-3 1.00
    2026-02-10 clock                                                       -> ok
    = A 0cr 0.00 expired
    2026-02-12 void U1                                                     -> ok R1-3 3.00
    2026-02-14 clock                                                       -> ok
    = A 0cr 0.00 expired
    """)
    parts = [(e.posted_on.isoformat()[5:], e.amount_minor) for e in books.entries if e.code == "E1"]
    assert parts == [("01-31", 300), ("02-03", 200), ("02-06", 100), ("02-12", 300)]
    expired = [d.document_id for d in books.known.documents.values() if d.kind == "expiration"]
    assert len(expired) == 4
    # Each part can be undone by itself, and expires again.
    books.take_all([f.void_invoice("2026-02-15", expired[1])])
    assert books.block("A").remaining_minor == 200
    books.take(f.clock("2026-02-16"))
    assert books.block("A").remaining_minor == 0


def test_a_reversal_mirrors_what_was_recorded_not_todays_policy() -> None:
    """Bought and drawn under one policy, undone under another."""
    books = run(ONE_BLOCK + "2026-02-01 usage U1 | L1 10cr -> ok")
    books.policy = Policy(
        prepaid_item=PrepaidItem.DIRECT, drawdown_document=DrawdownDocument.STANDALONE
    )
    books.take_all([f.void_invoice("2026-02-02", "U1"), f.void_invoice("2026-02-03", "I1")])
    first, last = books.entries[:7], books.entries[7:]
    order = {code: place for place, code in enumerate(["D2", "D1", "D3", "P4", "P3", "P2", "P1"])}
    mirrored = sorted(first, key=lambda entry: order[entry.code])
    assert [(e.debit, e.credit, e.amount_minor) for e in last] == [
        (e.credit, e.debit, e.amount_minor) for e in mirrored
    ]


def test_a_void_after_part_use_keeps_what_was_used() -> None:
    """The deposit shrinks to what was applied; the invoice is credited for the rest."""
    books = run(
        ONE_BLOCK
        + """
    2026-01-02 payment P1 I1 50.00                    -> ok
    2026-02-01 usage U1 | L1 30cr                     -> ok
    2026-02-02 void_block A                           -> ok V1-4 56.00
    = A 0cr 0.00 voided
        """
    )
    deposit = books.made(Record.CUSTOMER_DEPOSIT)[-1]
    assert (deposit.operation, deposit.amount_minor) == (Operation.SET_AMOUNT, 2400)
    memo = books.made(Record.CREDIT_MEMO)[-1]
    assert (memo.amount_minor, memo.applied_minor) == (5600, 3000)
    assert books.block("A").due_minor == -2600
    assert books.block("A").cancelled_minor == 5600


def test_parts_of_a_purchase_can_be_credited() -> None:
    """By credits, by money, the rest; the whole only while nothing was used."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 credit M1 I1 | 10cr block=A            -> ok V1-4 8.00
    = A 90cr 72.00 open
    2026-02-02 credit M2 I1 | 12.00 block=A           -> ok V1-4 12.00
    = A 75cr 60.00 open
    2026-02-03 usage U1 | L1 25cr                     -> ok
    2026-02-04 credit M3 I1                           -> refused block_in_use
    2026-02-04 credit M3 I1 | block=A                 -> ok V1-4 40.00
    = A 0cr 0.00 voided
        """
    )
    deposits = books.made(Record.CUSTOMER_DEPOSIT)[1:]
    assert [(d.operation.value, d.amount_minor) for d in deposits] == [
        ("set_amount", 7200),
        ("set_amount", 6000),
        ("set_amount", 2000),
    ]


def test_credits_of_a_purchase_can_be_worth_nothing_yet() -> None:
    """They are taken off the block without a posting, record or change of its money."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 10cr 0.05                 -> ok
    2026-01-01 purchase I1 S1                         -> ok
    2026-02-01 credit M1 I1 | 1cr block=A             -> ok nothing
    = A 9cr 0.05 open
    """)
    assert books.made(Record.CREDIT_MEMO) == []


def test_what_was_credited_before_is_not_use() -> None:
    """After a partial credit the rest of a purchase invoice can be credited whole."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 credit M1 I1 | 10cr block=A            -> ok
    2026-02-02 void I1                                -> ok V1-4 72.00
    = A 0cr 0.00 voided
        """
    )
    deposit = books.made(Record.CUSTOMER_DEPOSIT)[-1]
    assert (deposit.operation, deposit.amount_minor) == (Operation.DELETE, 0)
    assert books.block("A").due_minor == 0


def test_the_order_as_trigger_opens_blocks_before_they_are_billed() -> None:
    """The invoice then posts P1 alone; transfer and receivable meet when it comes."""
    run(
        """
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 100cr 80.00               -> ok P2 80.00 P3 80.00 P4 80.00
    2026-02-01 usage U1 | L1 10cr                     -> ok
    2026-03-01 purchase I1 S1                         -> ok P1 80.00
        """,
        BY_ORDER,
    )


def test_a_block_voided_before_it_is_billed_is_billed_for_what_was_used() -> None:
    """One that was not used is left off its order's invoice."""
    for item in PrepaidItem:
        policy = Policy(purchase_trigger=PurchaseTrigger.SALES_ORDER, prepaid_item=item)
        books = run(
            """
    2026-01-01 customer C1                                      -> ok
    2026-01-01 order S1 | A 100cr 80.00 | B 9cr 9.00 | D 1cr 1.00 -> ok
    2026-02-01 usage U1 | L1 30cr block=A                       -> ok
    2026-02-02 void_block A                                     -> ok
    2026-02-02 void_block B                                     -> ok
    2026-02-03 purchase I1 S1 B                                 -> refused block_closed
    2026-02-03 purchase I1 S1                                   -> ok P1 24.00 P1 1.00
    2026-02-03 purchase I2 S1                                   -> refused duplicate_document
    2026-02-04 payment P1 I1                                    -> ok P5 24.00 P5 1.00
    2026-02-05 usage U2 | L1 1cr block=D                        -> ok
            """,
            policy,
        )
        invoice = books.made(Record.INVOICE)[-2]
        assert [(li.block_id, li.amount_minor, li.credits) for li in invoice.lines] == [
            ("A", 2400, Decimal(30)),
            ("D", 100, Decimal(1)),
        ]
        books.take_all(month_end(books, date(2026, 2, 28)))
        assert books.not_at_zero() == []


def test_a_decision_changes_nothing_it_was_given() -> None:
    """`decide` is pure: the same known facts decide the same twice."""
    books = run(ONE_BLOCK)
    event = f.usage("2026-02-01", "U1", f.line("L1", "10cr"))
    first = decide(event, books.known, books.policy)
    assert decide(event, books.known, books.policy) == first
    assert books.block("A").used_minor == 0
