"""What people changed is shown, and follows a person's choice; nothing is overwritten by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drawdown.core.errors import ChoiceError
from drawdown.service.changes import accept, awaiting, leave, note, restore
from drawdown.service.reconcile import Reconciliation
from drawdown.store import changes
from drawdown.store.changes import Action, Change
from drawdown.store.ledger import all_blocks
from tests.cases.stories import STORIES
from tests.e2e.company import Company
from tests.e2e.native import Integration

BOUGHT, USED = STORIES[0].months[:2]


def find(company: Company) -> list[Change]:
    """Reconcile, and return what awaits a choice."""
    return note(company.books.session, company.reconcile())


def the(company: Company, kind: str) -> Change:
    (found,) = [one for one in find(company) if one.kind == kind]
    return found


def choose(company: Company, choice: Callable[..., None], change: Change, reason: str = "") -> None:
    books = company.books
    choice(books.session, company.netsuite, books.policy, change.change_id, "eva", reason)


def settle(company: Company) -> Reconciliation:
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    result = company.reconcile()
    note(company.books.session, result)
    return result


def remaining(company: Company) -> int:
    (block,) = all_blocks(company.books.session)
    return block.remaining_minor


@pytest.fixture
def used(company: Company) -> Company:
    """A block of 1,000.00, 300.00 of it used; delivered, nothing recognised."""
    company.take(*BOUGHT.events, *USED.events)
    assert company.deliver().problems == {}
    assert company.reconcile().differences == ()
    return company


def delete(company: Company, record: str, number: int = 1) -> None:
    company.rest("DELETE", f"/{record}/{company.record_id(record.lower(), number)}")


def patch(company: Company, record: str, body: dict[str, Any], number: int = 1) -> None:
    company.rest("PATCH", f"/{record}/{company.record_id(record.lower(), number)}", body)


def void(company: Company, record: str, number: int = 1) -> None:
    company.controls.control("POST", "/void", {"id": company.record_id(record.lower(), number)})


# -- accept --------------------------------------------------------------------------------------


def test_a_voided_invoice_is_accepted_and_the_block_has_its_credits_again(used: Company) -> None:
    """The journal takes the usage back; no credit memo is written, the void stays the void."""
    delete(used, "depositApplication")
    void(used, "invoice", 2)
    choose(used, accept, the(used, "record_voided"))
    assert settle(used).differences == ()
    assert remaining(used) == 100_000
    assert awaiting(used.books.session) == []
    rows = used.rows("SELECT t.id AS id FROM transaction t WHERE t.type = 'CustCred' ORDER BY t.id")
    assert rows == []


def test_a_deleted_application_is_accepted_as_a_credit_of_the_usage(used: Company) -> None:
    """The invoice is credited, so that nothing is due on it, and the block has its money again."""
    delete(used, "depositApplication")
    choose(used, accept, the(used, "record_missing"))
    assert settle(used).differences == ()
    assert remaining(used) == 100_000


def test_a_shrunk_application_is_accepted_for_the_part(used: Company) -> None:
    """Applied 200.00 instead of 300.00: 100.00 of the usage is credited."""
    line = {"doc": {"id": used.record_id("invoice", 2)}, "apply": True, "amount": 200}
    patch(used, "depositApplication", {"apply": {"items": [line]}})
    choose(used, accept, the(used, "record_amount"))
    assert settle(used).differences == ()
    assert remaining(used) == 80_000


def test_a_lowered_deposit_is_accepted_as_a_cancelled_part_of_the_block(used: Company) -> None:
    """Deposit 900.00 instead of 1,000.00: transfer, clearing and purchase follow for 100.00."""
    patch(used, "customerDeposit", {"payment": 900})
    choose(used, accept, the(used, "record_amount"))
    assert settle(used).differences == ()
    assert remaining(used) == 60_000


def test_a_credit_memo_made_by_hand_is_adopted(used: Company) -> None:
    """It is the document of a credit from now on; application and journal follow."""
    Integration(used).credit("CM-1", used.rows(
        "SELECT t.tranid AS no FROM transaction t WHERE t.type = 'CustInvc' ORDER BY t.id"
    )[1]["no"], 100)  # fmt: skip
    choose(used, accept, the(used, "record_foreign"))
    found = settle(used).differences
    assert remaining(used) == 80_000
    assert {one.kind for one in found} == {"due"}  # the memo is not applied to the invoice yet


def purchase_number(company: Company) -> str:
    sql = "SELECT t.tranid AS no FROM transaction t WHERE t.type = 'CustInvc' ORDER BY t.id"
    return company.rows(sql)[0]["no"]


def test_a_payment_made_by_hand_is_adopted(company: Company) -> None:
    """Entered in NetSuite instead of billing: what is due agrees again."""
    company.take(*BOUGHT.events[:3])
    assert company.deliver().problems == {}
    Integration(company).pay("PAY-1", purchase_number(company), 400)
    choose(company, accept, the(company, "record_foreign"))
    assert settle(company).differences == ()
    (block,) = all_blocks(company.books.session)
    assert block.due_minor == 60_000


def test_a_payment_that_the_journal_has_already_is_refused(used: Company) -> None:
    """Deleted and entered again by hand: restore the one, delete the other."""
    delete(used, "customerPayment")
    Integration(used).pay("PAY-1", purchase_number(used), 400)
    kinds = {one.kind for one in find(used)}
    assert kinds == {"record_missing", "record_foreign"}
    with pytest.raises(ChoiceError, match="cannot be applied"):
        choose(used, accept, the(used, "record_foreign"))


def test_what_the_journal_cannot_follow_is_refused_in_words(used: Company) -> None:
    """A deleted journal is restored or left: books without it would not balance."""
    delete(used, "journalEntry")
    change = the(used, "record_missing")
    with pytest.raises(ChoiceError, match="cannot follow"):
        choose(used, accept, change)
    assert changes.latest(used.books.session)[change.change_id].action is Action.FOUND


# -- restore -------------------------------------------------------------------------------------

EDITS: dict[str, tuple[Callable[[Company], None], str]] = {
    "journal deleted": (lambda c: delete(c, "journalEntry", 2), "record_missing"),
    "application deleted": (lambda c: delete(c, "depositApplication"), "record_missing"),
    "journal voided": (lambda c: void(c, "journalEntry"), "record_voided"),
    "deposit edited": (
        lambda c: patch(c, "customerDeposit", {"payment": 900}), "record_amount"
    ),
    "memo edited": (lambda c: patch(c, "invoice", {"memo": "see Bob"}), "record_memo"),
    "date edited": (
        lambda c: patch(c, "journalEntry", {"tranDate": "2026-05-05"}), "record_date"
    ),
    "block id cleared": (
        lambda c: patch(c, "customerDeposit", {"custbody_dd_block_id": None}), "record_block"
    ),
    "journal reversed": (
        lambda c: patch(c, "journalEntry", {"reversalDate": "2026-07-01"}), "record_reversed"
    ),
    "external id lost": (
        lambda c: patch(c, "customerDeposit", {"externalId": "mine"}), "record_unlinked"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_a_restored_record_is_as_it_was_delivered(used: Company, name: str) -> None:
    """Delivered again, set back, or given its external id back: the ledgers agree again."""
    edit, kind = EDITS[name]
    edit(used)
    choose(used, restore, the(used, kind), "by mistake")
    assert [one.detail for one in settle(used).differences] == []
    assert awaiting(used.books.session) == []


def test_a_voided_record_stays_as_evidence_beside_the_new_one(used: Company) -> None:
    """The void keeps its number and gives up the external id; the new record has it."""
    void(used, "journalEntry")
    choose(used, restore, the(used, "record_voided"))
    settle(used)
    rows = used.rows(
        "SELECT t.externalid AS eid, t.voided AS voided FROM transaction t "
        "WHERE t.type = 'Journal' ORDER BY t.id"
    )
    assert [row["voided"] for row in rows] == ["T", "F", "F", "F"]
    assert rows[0]["eid"].startswith("void_")


def test_a_whole_chain_is_restored_in_order(used: Company) -> None:
    """Application and deposit deleted: each its own change; the deposit goes first."""
    delete(used, "depositApplication")
    delete(used, "customerDeposit")
    missing = [one for one in find(used) if one.kind == "record_missing"]
    for change in sorted(missing, key=lambda one: one.record.startswith("dd_app")):
        choose(used, restore, change)
    assert settle(used).differences == ()


# -- leave, and history ---------------------------------------------------------------------------


def test_what_is_left_with_a_reason_is_explained(used: Company) -> None:
    """Its effect on balances is explained with it; anything else on the block is not."""
    delete(used, "journalEntry")
    change = the(used, "record_missing")
    with pytest.raises(ChoiceError, match="say why"):
        leave(used.books.session, change.change_id, "eva", " ")
    leave(used.books.session, change.change_id, "eva", "entered in the old system")
    result = settle(used)
    assert result.differences == ()
    assert {one.kind for one in result.explained} == {"record_missing", "balance"}
    patch(used, "customerDeposit", {"payment": 900})
    assert {one.kind for one in used.reconcile().differences} >= {"record_amount", "balance"}


def test_every_step_of_a_change_is_kept(used: Company) -> None:
    """Found, restored by whom and why, gone; found again as a change of its own history."""
    delete(used, "journalEntry")
    change = the(used, "record_missing")
    find(used)
    choose(used, restore, change, "by mistake")
    settle(used)
    steps = changes.history(used.books.session, change.change_id)
    assert [(one.action, one.person, one.reason) for one in steps] == [
        ("found", "", ""),
        ("restored", "eva", "by mistake"),
        ("gone", "", ""),
    ]
    with pytest.raises(ChoiceError, match="nothing left to choose"):
        choose(used, restore, change)
    delete(used, "journalEntry", 3)
    assert the(used, "record_missing").change_id == change.change_id


def test_a_restore_that_did_not_help_awaits_a_choice_again(used: Company) -> None:
    """Deleted again before the delivery was looked at: found again."""
    delete(used, "journalEntry")
    change = the(used, "record_missing")
    choose(used, restore, change)
    assert used.deliver().problems == {}
    delete(used, "journalEntry", 3)
    assert [one.change_id for one in find(used)] == [change.change_id]
