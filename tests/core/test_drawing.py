"""What a drawn line comes to: credits, money, rounding, ordinary lines, documents."""

from __future__ import annotations

from decimal import Decimal

import pytest

from drawdown.core.plan import Operation
from drawdown.core.policy import (
    DrawdownDocument,
    Overdraw,
    Policy,
)
from drawdown.core.rules import Record
from tests.cases.script import ONE_BLOCK, run

PAY_AS_YOU_GO = Policy(overdraw=Overdraw.DRAW_REMAINING)


def test_the_last_draw_takes_the_odd_cent() -> None:
    """3 credits for 1.00: 0.33, 0.33, 0.34; whatever is undone and drawn again in between."""
    run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 3cr 1.00                  -> ok
    2026-01-01 purchase I1 S1                         -> ok
    2026-02-01 usage U1 | L1 1cr                      -> ok D1-3 0.33
    2026-02-02 usage U2 | L1 1cr                      -> ok D1-3 0.33
    2026-02-03 usage U3 | L1 1cr                      -> ok D1-3 0.34
    2026-02-04 void U1                                -> ok R1-3 0.33
    = A 1cr 0.33 open
    2026-02-05 usage U4 | L1 0.5cr                    -> ok D1-3 0.16
    2026-02-05 usage U5 | L1 0.5cr                    -> ok D1-3 0.17
    = A 0cr 0.00 open
    """)


def test_currencies_of_no_and_of_three_decimals() -> None:
    """Yen and Kuwaiti dinar: the same rule in their own minor units."""
    run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 cur=JPY | J 3cr 100           -> ok
    2026-01-01 order S2 cur=KWD | K 3cr 1.000         -> ok
    2026-01-01 purchase I1 S1                         -> ok P1-4 100
    2026-01-01 purchase I2 S2                         -> ok P1-4 1.000
    2026-02-01 usage U1 cur=JPY | L1 1cr              -> ok D1-3 33
    2026-02-01 usage U2 cur=KWD | L1 1cr              -> ok D1-3 0.333
    2026-02-02 usage U3 cur=JPY | L1 2cr              -> ok D1-3 67
    2026-02-02 usage U4 cur=KWD | L1 0.667            -> ok D1-3 0.667
    = J 0cr 0 open
    = K 0cr 0.000 open
    """)


def test_a_step_of_no_money_posts_nothing() -> None:
    """Credits worth less than a cent are counted; their money comes with the draw that fills it."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 1000cr 1.00               -> ok
    2026-01-01 purchase I1 S1                         -> ok
    2026-02-01 usage U1 | L1 9cr                      -> ok nothing
    2026-02-02 usage U2 | L1 1cr                      -> ok D1-3 0.01
    2026-02-03 void U1                                -> ok nothing
    2026-02-04 usage U3 | L1 9cr                      -> ok nothing
    = A 990cr 0.99 open
    2026-02-05 usage U4 | L1 0.99                     -> ok D1-3 0.99
    = A 0cr 0.00 open
    """)
    # The invoice bears its line of 0.00; there is no application and no journal of nothing.
    zero = [i for i in books.made(Record.INVOICE) if not i.amount_minor]
    assert len(zero) == 2
    assert len(books.made(Record.DEPOSIT_APPLICATION)) == 2


def test_promotional_blocks_have_units_and_no_money() -> None:
    """They open with the order, are drawn at 0.00, expire and are voided without a posting."""
    books = run("""
    2026-01-01 customer C1                                     -> ok
    2026-01-01 order S1 | F 10cr | G 10cr | A 10cr 5.00        -> ok nothing
    2026-02-01 usage U1 | L1 4cr block=F                       -> ok nothing
    2026-02-01 usage U2 | L1 1.00                              -> refused overdrawn
    2026-02-01 usage U2 | L1 1.00 block=F                      -> refused overdrawn
    2026-02-02 credit M1 U1 | 1cr                              -> ok nothing
    2026-02-02 credit M2 U1 | 1.00                             -> refused more_than_credited
    = F 7cr 0.00 open
    2026-02-03 void_block F                                    -> ok nothing
    = F 0cr 0.00 voided
    2026-02-04 purchase I1 S1                                  -> ok P1-4 5.00
    2026-02-05 void I1                                         -> ok V1-4 5.00
    = G 0cr 0.00 voided
    2026-02-06 order S2 | H 10cr until=2026-03-01              -> ok
    2026-03-01 clock                                           -> ok
    = H 0cr 0.00 expired
    2026-03-02 order S3 | K 10cr                               -> ok
    2026-03-02 purchase I3 S3                                  -> ok nothing
    2026-03-03 void I3                                         -> ok nothing
    = K 0cr 0.00 voided
    """)
    assert {e.block_id for e in books.entries} == {"A"}
    invoice = books.made(Record.INVOICE)[0]
    assert [(line.amount_minor, line.credits) for line in invoice.lines] == [(0, Decimal(4))]


def test_tax_and_other_lines_are_never_drawn() -> None:
    """They stay receivables of the same invoice, are paid and credited beside the block."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 usage U1 | L1 10cr | T 0.80 kind=tax | S 5.00 kind=subscription -> ok D1-3 8.00
    = A 90cr 72.00 open
    2026-02-02 payment P1 U1 5.81                     -> refused overpaid
    2026-02-02 payment P1 U1 2.00                     -> ok nothing
    2026-02-03 credit M1 U1 | 0.30 line=T             -> ok nothing
    2026-02-03 credit M2 U1 | line=T                  -> ok nothing
    2026-02-03 credit M3 U1 | 0.01 line=T             -> refused more_than_credited
    2026-02-03 credit M3 U1 | 1cr line=S              -> refused more_than_credited
    2026-02-04 payment P2 U1                          -> ok nothing
    2026-02-05 void U1                                -> ok R1-3 8.00
    = A 100cr 80.00 open
        """
    )
    invoice = books.made(Record.INVOICE)[-1]
    assert [(li.kind.value, li.amount_minor, li.block_id) for li in invoice.lines] == [
        ("usage", 800, "A"),
        ("tax", 80, ""),
        ("subscription", 500, ""),
    ]
    payments = books.made(Record.CUSTOMER_PAYMENT)
    assert [p.amount_minor for p in payments] == [200, 300]
    memos = books.made(Record.CREDIT_MEMO)
    # The tax was due; of the subscription nothing is, it was paid.
    assert [(m.amount_minor, m.applied_minor) for m in memos] == [(30, 30), (50, 50), (1300, 800)]


def test_purchase_invoices_may_bear_tax() -> None:
    """Blocks are paid first, then the rest; a void credits both."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 10cr 10.00 | B 10cr 5.00  -> ok
    2026-01-01 purchase I1 S1 | T 1.50 kind=tax       -> ok
    2026-01-02 payment P1 I1 12.00                    -> ok P5 10.00 P5 2.00
    2026-01-03 payment P2 I1 4.51                     -> refused overpaid
    2026-01-03 payment P2 I1 4.00                     -> ok P5 3.00
    2026-01-04 credit M1 I1 | 2.00 block=A            -> ok V1-4 2.00
    2026-01-05 void I1                                -> ok V1-4 8.00 V1-4 5.00
    = A 0cr 0.00 voided
    = B 0cr 0.00 voided
    2026-01-06 void I1                                -> refused nothing_to_do
    """)
    assert [books.block(b).due_minor for b in "AB"] == [-1000, -500]
    assert books.known.documents["I1"].due_minor == 0
    memos = books.made(Record.CREDIT_MEMO)
    assert [(m.amount_minor, m.applied_minor) for m in memos] == [(200, 0), (1450, 50)]


def test_usage_beyond_the_blocks_is_billed_as_it_is() -> None:
    """Policy draw_remaining: the rest is an ordinary receivable at its rate, credited first."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 usage U1 | L1 110cr rate=1.00          -> ok D1-3 80.00
    2026-02-02 credit M1 U1 | 4cr line=L1             -> ok nothing
    2026-02-03 credit M2 U1 | 6cr line=L1             -> ok nothing
    = A 0cr 0.00 open
    2026-02-04 credit M3 U1 | 5cr line=L1             -> ok R1-3 4.00
    = A 5cr 4.00 open
    2026-02-05 usage U2 | L1 10.00 block=A            -> ok D1-3 4.00
    2026-02-06 payment P1 U2                          -> ok nothing
    2026-02-07 usage U3 | L1 9cr rate=0.005           -> ok nothing
    2026-02-08 credit M4 U3 | 0.02                    -> ok nothing
    2026-02-08 credit M5 U3 | 6cr                     -> refused more_than_credited
    2026-02-08 credit M5 U3 | 5cr                     -> ok nothing
    2026-02-09 usage U4 | L1 9cr rate=0               -> ok nothing
    2026-02-10 credit M6 U4 | 0.01                    -> refused more_than_credited
    2026-02-10 credit M6 U4 | 9cr                     -> ok nothing
    2026-02-11 credit M7 U4 | 1cr                     -> refused more_than_credited
        """,
        PAY_AS_YOU_GO,
    )
    memos = books.made(Record.CREDIT_MEMO)
    assert [m.amount_minor for m in memos] == [400, 600, 400, 2, 2]
    assert books.known.documents["U2"].due_minor == 0


def test_the_standalone_document_keeps_drawn_and_billed_apart() -> None:
    """Orb's way: a drawdown invoice with no net receivable beside the invoice people pay."""
    standalone = Policy(
        drawdown_document=DrawdownDocument.STANDALONE, overdraw=Overdraw.DRAW_REMAINING
    )
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 usage U1 | L1 110cr rate=1.00 | T 1.00 kind=tax -> ok D1-3 80.00
    2026-02-02 payment P1 U1 12.00                    -> refused overpaid
    2026-02-02 payment P1 U1 1.00                     -> ok nothing
    2026-02-03 void U1                                -> ok R1-3 80.00
    2026-02-04 usage U2 | L1 5cr                      -> ok D1-3 4.00
        """,
        standalone,
    )
    drawn, billed, second = books.made(Record.INVOICE)[1:]
    assert (drawn.amount_minor, billed.amount_minor, second.amount_minor) == (8000, 1100, 400)
    application = books.made(Record.DEPOSIT_APPLICATION)[0]
    assert application.target == drawn.external_id
    memos = {m.target: m for m in books.made(Record.CREDIT_MEMO)}
    assert memos[drawn.external_id].applied_minor == 8000
    assert (memos[billed.external_id].amount_minor, memos[billed.external_id].applied_minor) == (
        1100,
        1000,
    )


@pytest.mark.parametrize("document", DrawdownDocument)
def test_blocks_of_two_exchange_rates_need_two_invoices(document: DrawdownDocument) -> None:
    """Each block keeps its own rate; ordinary lines have the invoice's."""
    books = run(
        """
    2026-01-01 customer C1                                         -> ok
    2026-01-01 order S1 cur=EUR rate=1.10 | A 5cr 5.00 until=2026-06-01 -> ok
    2026-01-01 order S2 cur=EUR rate=1.20 | B 5cr 5.00             -> ok
    2026-01-01 purchase I1 S1                                      -> ok
    2026-01-01 purchase I2 S2                                      -> ok
    2026-02-01 usage U1 cur=EUR rate=1.30 | L1 8cr | T 1.00 kind=tax -> ok D1-3 5.00 D1-3 3.00
    2026-02-02 usage U2 cur=EUR | L1 1cr | T 1.00 kind=tax         -> ok D1-3 1.00
    2026-02-03 credit M1 U1                                        -> ok R1-3 3.00 R1-3 5.00
        """,
        Policy(drawdown_document=document),
    )
    found = {(str(i.exchange_rate), i.amount_minor) for i in books.made(Record.INVOICE)[2:]}
    if document is DrawdownDocument.USAGE_INVOICE:
        assert found == {("1.10", 500), ("1.20", 300), ("1.30", 100), ("1.20", 200)}
    else:
        assert found == {("1.10", 500), ("1.20", 300), ("1.30", 100), ("1.20", 100)}
    memos = {(str(i.exchange_rate), i.amount_minor) for i in books.made(Record.CREDIT_MEMO)}
    assert memos == {("1.10", 500), ("1.20", 300), ("1.30", 100)}
    assert len({i.external_id for i in books.intents if i.operation is Operation.CREATE}) == sum(
        i.operation is Operation.CREATE for i in books.intents
    )
