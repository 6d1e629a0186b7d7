"""Documents that are in NetSuite without us become facts, once each, and the books agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from drawdown.core.errors import StoreError
from drawdown.core.events import Event
from drawdown.core.policy import Policy
from drawdown.core.rules import Record
from drawdown.service import exceptions
from drawdown.service.ingest import Answer, ingest
from drawdown.service.watch import Watched, cycle, watch
from drawdown.store import natives
from drawdown.store.database import Session
from drawdown.store.ledger import all_blocks
from tests.cases import facts as f
from tests.e2e.company import Companies, Company
from tests.e2e.general_ledger import balances
from tests.e2e.native import Integration

OURS = (Record.CUSTOMER_DEPOSIT, Record.DEPOSIT_APPLICATION, Record.JOURNAL_ENTRY)


@pytest.fixture
def watching(companies: Companies) -> Iterator[Company]:
    with companies.open(documents="in_netsuite") as company:
        yield company


def look(company: Company) -> Watched:
    return watch(company.books.session, company.netsuite, company.books.policy)


def statuses(watched: Watched) -> dict[str, str]:
    return {one.reference.removeprefix("native:"): one.status for one in watched.taken}


def sell(company: Company) -> Integration:
    """A customer, an order of one block of 1,000 credits for 1,000.00, its invoice."""
    there = Integration(company)
    there.customer("acme")
    there.order("SO-1", "acme", "B1", 1000, 1000)
    there.bill("INV-1", "SO-1")
    return there


def settle(company: Company, month: str = "2026-03") -> None:
    """Deliver, run the month end, and compare: the books agree."""
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    company.controls.month_end(month)
    assert company.observe().refused == ()
    assert [one.detail for one in company.reconcile().differences] == []


def written(company: Company) -> set[str]:
    """Return the types of NetSuite's records that bear an external id of ours."""
    rows = company.rows(
        "SELECT DISTINCT t.recordtype AS kind FROM transaction t "
        "WHERE SUBSTR(t.externalid, 1, 3) = 'dd_' ORDER BY t.recordtype"
    )
    return {row["kind"] for row in rows}


def test_order_and_invoices_of_others_become_facts_and_only_the_rest_is_written(
    watching: Company,
) -> None:
    """Deposit, applications and journals are ours; orders and invoices stay what they are."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"), there.usage(25))
    assert statuses(look(watching)) == {
        "salesOrder:SO-1": "taken",
        "invoice:INV-1": "taken",
        "invoice:INV-2": "taken",
    }
    settle(watching)
    assert written(watching) == {record.lower() for record in OURS}
    (block,) = all_blocks(watching.books.session)
    assert (block.credits, block.remaining_minor) == (Decimal(1000), 70_000)
    assert balances(watching)["2310"] == -700


def test_a_document_seen_again_counts_once(watching: Company) -> None:
    """The next cycle reads the overlap again and takes in nothing."""
    sell(watching)
    first = look(watching)
    again = look(watching)
    assert (first.seen, len(first.taken)) == (2, 2)
    assert (again.seen, again.repeats, again.taken) == (2, 2, ())
    settle(watching, "2026-01")


def test_what_billing_sends_too_counts_once_in_either_order(watching: Company) -> None:
    """Before it is seen the platform's fact waits; then it is the same document again."""
    early = (
        f.customer("2026-01-01", "acme"),
        f.order("2026-01-02", "SO-1", f.terms("B1", "1000", "1000"), customer_id="acme"),
        f.purchase("2026-01-03", "INV-1", "SO-1"),
    )
    assert [one.status for one in watching.take(*early)] == ["held", "held", "held"]
    sell(watching)
    assert set(statuses(look(watching)).values()) == {"taken"}
    ended = [(one.status, one.reason) for one in watching.take(*early)]
    assert ended[0] == ("accepted", "")
    assert ended[1:] == [("refused", "duplicate_document")] * 2
    late = watching.take(
        f.usage("2026-03-10", "INV-2", f.line("L1", "300cr", "B1"), customer_id="acme")
    )
    assert late[0].status == "held"
    settle(watching)
    assert written(watching) == {"customerdeposit", "journalentry"}


def test_an_invoice_that_sells_without_an_order_is_enough(watching: Company) -> None:
    """Terms come from the invoice: credits by quantity, expiry and kind from its body."""
    there = Integration(watching)
    there.customer("acme")
    there.invoice(
        "INV-7",
        "acme",
        there.prepaid("B7", 640.5, 2000),
        custbody_dd_expires_on="2026-06-30",
        custbody_dd_credit_type="allocation",
    )
    look(watching)
    (block,) = all_blocks(watching.books.session)
    assert (block.kind, block.amount_minor, block.credits) == ("allocation", 64_050, Decimal(2000))
    assert block.expires_at == f.at("2026-07-01")
    settle(watching)


def test_a_credit_memo_of_others_restores_the_block(watching: Company) -> None:
    """The application is shrunk and the journal reversed; the memo itself is theirs."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    look(watching)
    settle(watching)
    there.credit("CM-1", "INV-2", 100)
    assert statuses(look(watching)) == {"creditMemo:CM-1": "taken"}
    assert watching.deliver().problems == {}
    (block,) = all_blocks(watching.books.session)
    assert block.remaining_minor == 80_000
    assert "creditmemo" not in written(watching)
    balance = {one.kind for one in watching.reconcile().differences}
    assert "balance" not in balance


def test_a_credit_memo_of_others_on_a_closed_period_is_refunded(watching: Company) -> None:
    """The application stays; the memo is paid out to clearing, into a new deposit of the block."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    look(watching)
    settle(watching)
    for row in watching.rows(
        "SELECT p.id AS id, TO_CHAR(p.startdate, 'YYYY-MM') AS month FROM accountingperiod p "
        "WHERE p.isquarter = 'F' AND p.isyear = 'F' AND p.startdate < TO_DATE('2026-04-01', "
        "'YYYY-MM-DD') ORDER BY p.id"
    ):
        watching.controls.close_period(row["month"])
    watching.observe()
    there.credit("CM-1", "INV-2", 100, tranDate="2026-04-05")
    assert statuses(look(watching)) == {"creditMemo:CM-1": "taken"}
    settle(watching, "2026-04")
    assert "customerrefund" in written(watching)
    (block,) = all_blocks(watching.books.session)
    assert block.remaining_minor == 80_000


def test_payments_of_others_pay_the_purchase(watching: Company) -> None:
    """What the customer owes on the block goes down, and nothing is written."""
    there = sell(watching)
    look(watching)
    there.pay("PAY-1", "INV-1", 400)
    assert statuses(look(watching)) == {"customerPayment:PAY-1": "taken"}
    (block,) = all_blocks(watching.books.session)
    assert block.due_minor == 60_000
    settle(watching)


@pytest.mark.parametrize("how", ["voided", "deleted"])
def test_an_invoice_voided_or_deleted_gives_its_credits_back(watching: Company, how: str) -> None:
    """Somebody takes the application off and voids or deletes the invoice."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    look(watching)
    assert watching.deliver().problems == {}
    watching.rest("DELETE", f"/depositApplication/{watching.record_id('depositapplication')}")
    invoice = there.id_of("invoice", "INV-2")
    if how == "voided":
        watching.controls.control("POST", "/void", {"id": invoice})
    else:
        watching.rest("DELETE", f"/invoice/{invoice}")
    assert statuses(look(watching)) == {"invoice:INV-2": how}
    assert look(watching).taken == ()
    settle(watching, "2026-04")
    (block,) = all_blocks(watching.books.session)
    assert block.remaining_minor == 100_000


def test_an_edit_is_shown_and_nothing_is_posted(watching: Company) -> None:
    """The amount of an invoice that was drawn already: a person must choose, or set it back."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    look(watching)
    settle(watching)
    path = f"/invoice/{there.id_of('invoice', 'INV-2')}"
    lines = watching.rest("GET", f"{path}?expandSubResources=true")["item"]["items"]
    for amount, status in ((310, "edited"), (300, "taken")):
        edited = {"line": lines[0]["line"], "rate": amount, "amount": amount}
        watching.rest("PATCH", path, {"item": {"items": [edited]}})
        assert statuses(look(watching)) == {"invoice:INV-2": status}
        (block,) = all_blocks(watching.books.session)
        assert block.remaining_minor == 70_000


def test_a_new_number_is_not_a_new_document(watching: Company) -> None:
    """Renumbered in NetSuite: shown, not drawn a second time."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    look(watching)
    watching.rest("PATCH", f"/invoice/{there.id_of('invoice', 'INV-2')}", {"tranId": "INV-99"})
    (taken,) = look(watching).taken
    assert (taken.reference, taken.status) == ("native:invoice:INV-2", "missing")
    assert "INV-99" in taken.detail
    assert look(watching).taken == ()


def test_what_cannot_be_drawn_is_refused_in_words(watching: Company) -> None:
    """More than the block holds: nothing is posted, the reason is told, the rest goes on."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(3000, "B1"))
    there.invoice("INV-3", "acme", there.usage(30, "B1"))
    found = {one.reference: one for one in look(watching).taken}
    refused = found["native:invoice:INV-2"]
    assert refused.status == "refused"
    assert "cannot cover" in refused.detail
    assert found["native:invoice:INV-3"].status == "taken"
    assert look(watching).taken == ()
    assert "native_refused" in {one.kind for one in watching.reconcile().differences}


def test_usage_before_its_block_waits_and_goes_on(watching: Company) -> None:
    """An invoice synced before the order it draws is held, then drawn, then reported as taken."""
    there = Integration(watching)
    there.customer("acme")
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    assert statuses(look(watching)) == {"invoice:INV-2": "held"}
    there.order("SO-1", "acme", "B1", 1000, 1000)
    there.bill("INV-1", "SO-1")
    assert statuses(look(watching))["invoice:INV-2"] == "taken"
    settle(watching)


def test_a_held_invoice_that_is_deleted_is_taken_back_when_it_goes_on(watching: Company) -> None:
    """Its fact waits for the block; the order that sells it lets it go on. Nothing stays drawn."""
    there = Integration(watching)
    there.customer("acme")
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    assert statuses(look(watching)) == {"invoice:INV-2": "held"}
    watching.rest("DELETE", f"/invoice/{there.id_of('invoice', 'INV-2')}")
    (told,) = look(watching).taken
    assert (told.status, "is taken back when it has gone on" in told.detail) == ("held", True)
    assert look(watching).taken == ()
    there.order("SO-1", "acme", "B1", 1000, 1000)
    there.bill("INV-1", "SO-1")
    assert statuses(look(watching))["invoice:INV-2"] == "deleted"
    assert look(watching).taken == ()
    (block,) = all_blocks(watching.books.session)
    assert block.remaining_minor == 100_000


def test_what_credits_a_held_invoice_goes_on_with_it(watching: Company) -> None:
    """However long ago it was entered: no cycle reads it again by then for its last change."""
    there = Integration(watching)
    there.customer("acme")
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    there.credit("CM-1", "INV-2", 100)
    assert statuses(look(watching)) == {"invoice:INV-2": "held", "creditMemo:CM-1": "held"}
    amended = {"item": {"items": [{"line": 1, "rate": 80, "amount": 80}]}}
    watching.rest("PATCH", f"/creditMemo/{there.id_of('creditmemo', 'CM-1')}", amended)
    assert statuses(look(watching)) == {"creditMemo:CM-1": "held"}
    watching.store().execute(
        "UPDATE tx SET lastmodifieddate = "
        "strftime('%Y-%m-%dT%H:%M:%SZ', lastmodifieddate, '-1 day')"
    )
    assert statuses(look(watching)) == {}
    there.order("SO-1", "acme", "B1", 1000, 1000)
    there.bill("INV-1", "SO-1")
    told = statuses(look(watching))
    assert (told["invoice:INV-2"], told["creditMemo:CM-1"]) == ("taken", "taken")
    assert statuses(look(watching)) == {}
    (block,) = all_blocks(watching.books.session)
    assert block.remaining_minor == 78_000
    assert watching.deliver().problems == {}


def test_a_change_that_became_visible_late_is_not_missed(watching: Company) -> None:
    """A commit dated an hour before the latest change already read is inside the overlap."""
    sell(watching)
    look(watching)
    high = natives.high(watching.books.session)
    assert high is not None
    there = Integration(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    watching.store().execute(
        "UPDATE tx SET lastmodifieddate = strftime('%Y-%m-%dT%H:%M:%SZ', ?, '-60 minutes') "
        "WHERE tranid = 'INV-2'",
        (high.isoformat(),),
    )
    assert statuses(look(watching)) == {"invoice:INV-2": "taken"}


def test_documents_without_a_block_are_none_of_our_business(watching: Company) -> None:
    """Ordinary invoices, and payments of them, are read and left alone."""
    there = Integration(watching)
    there.customer("acme")
    there.invoice("INV-5", "acme", there.usage(50))
    there.pay("PAY-5", "INV-5", 50)
    watched = look(watching)
    assert (watched.seen, watched.taken) == (2, ())


def test_foreign_currency_keeps_the_rate_of_the_order(watching: Company) -> None:
    """Deposit and journals at the order's rate; the usage invoice of others at the same one."""
    there = Integration(watching)
    there.customer("euro", "EUR")
    there.order("SO-1", "euro", "B1", 1000, 1000, exchangeRate=1.1)
    there.bill("INV-1", "SO-1", exchangeRate=1.1)
    there.invoice("INV-2", "euro", there.usage(300, "B1"), exchangeRate=1.1)
    look(watching)
    settle(watching)
    assert balances(watching)["2310"] == -770


def test_where_we_write_the_documents_nothing_is_taken_in(company: Company) -> None:
    """Policy documents: ours. Whatever others enter is for reconcile to name."""
    there = Integration(company)
    there.customer("acme")
    there.order("SO-1", "acme", "B1", 1000, 1000)
    assert look(company) == Watched(0, 0, ())
    assert [one.kind for one in company.reconcile().differences] == ["record_foreign"]


def test_an_invoice_deleted_before_its_application_was_delivered(watching: Company) -> None:
    """The application has nothing to be applied to; once it is given up, the books agree."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    look(watching)
    watching.rest("DELETE", f"/invoice/{there.id_of('invoice', 'INV-2')}")
    assert statuses(look(watching)) == {"invoice:INV-2": "deleted"}
    (problem,) = watching.deliver().problems.values()
    assert "INV-2" in problem
    session = watching.books.session
    parked = [one.exception_id for one in exceptions.stuck(session)]
    assert [one.is_done for one in exceptions.skip(session, parked, "ann", "deleted")] == [True]
    settle(watching)


@pytest.mark.parametrize("is_posted", [True, False])
@pytest.mark.parametrize("is_deleted", [True, False])
def test_who_dies_while_an_invoice_is_taken_in_finds_it_again(
    watching: Company, monkeypatch: pytest.MonkeyPatch, *, is_posted: bool, is_deleted: bool
) -> None:
    """The database goes away just before or just after it is posted; then it may be deleted."""
    there = sell(watching)
    look(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))

    def dies(session: Session, events: Sequence[Event], policy: Policy) -> list[Answer]:
        if is_posted:
            ingest(session, events, policy)
        raise StoreError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr(cycle, "ingest", dies)
        with pytest.raises(StoreError):
            look(watching)
    if is_deleted:
        watching.rest("DELETE", f"/invoice/{there.id_of('invoice', 'INV-2')}")

    assert statuses(look(watching)) == {"invoice:INV-2": "deleted" if is_deleted else "taken"}
    assert statuses(look(watching)) == {}
    (block,) = all_blocks(watching.books.session)
    assert block.remaining_minor == (100_000 if is_deleted else 70_000)


def test_an_invoice_edited_and_then_deleted_is_taken_back(watching: Company) -> None:
    """Told once as edited; deleted, it counts as any other that was deleted."""
    there = sell(watching)
    there.invoice("INV-2", "acme", there.usage(300, "B1"))
    look(watching)
    path = f"/invoice/{there.id_of('invoice', 'INV-2')}"
    (line,) = watching.rest("GET", f"{path}?expandSubResources=true")["item"]["items"]
    edited = {"line": line["line"], "amount": 200, "rate": 200}
    watching.rest("PATCH", path, {"item": {"items": [edited]}})
    assert statuses(look(watching)) == {"invoice:INV-2": "edited"}
    watching.rest("DELETE", path)
    assert statuses(look(watching)) == {"invoice:INV-2": "deleted"}
    assert statuses(look(watching)) == {}


@pytest.mark.parametrize("credited", [0, 50, 200])
def test_one_invoice_of_a_summary_deleted_before_it_was_delivered(
    companies: Companies, credited: int
) -> None:
    """The list says what to do; the application goes on to the invoice that is there.

    So do the changes that wait behind it: a credit on the other invoice was decided when the
    deleted one still counted. Credited in full, nothing of the application is left.
    """
    with companies.open(documents="in_netsuite", journals="per_month") as watching:
        there = sell(watching)
        for number, amount in (("INV-2", 300), ("INV-3", 200)):
            there.invoice(number, "acme", there.usage(amount, "B1"))
        look(watching)
        if credited:
            there.credit("CM-1", "INV-3", credited)
            look(watching)
        session = watching.books.session
        watching.rest("DELETE", f"/invoice/{there.id_of('invoice', 'INV-2')}")
        assert statuses(look(watching)) == {"invoice:INV-2": "deleted"}
        watching.deliver()
        (parked,) = exceptions.stuck(session)
        assert parked.actions == ("skip", "retry")
        assert "native:invoice:INV-2 is gone and taken back" in parked.problem

        (done,) = exceptions.skip(session, [parked.exception_id], "ann", "deleted")

        assert done.detail == "will be delivered without native:invoice:INV-2"
        assert watching.deliver().problems == {}
        assert applied(watching) == [200]
        assert exceptions.stuck(session) == []
        watching.slept.append(900)  # what shrinks a record tried twice waits so long
        delivered = watching.deliver()
        assert (delivered.problems, delivered.waiting) == ({}, 0)
        assert applied(watching) == ([200 - credited] if credited < 200 else [])
        settle(watching)


def applied(company: Company) -> list[Decimal]:
    """Return the totals of the applications in NetSuite."""
    rows = company.rows(
        "SELECT t.foreigntotal AS total FROM transaction t WHERE t.type = 'DepAppl' ORDER BY t.id"
    )
    return [abs(Decimal(row["total"])) for row in rows]
