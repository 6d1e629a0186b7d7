"""What people change in NetSuite behind our back, and whether one reconciliation names it.

After the faults have stopped and everything is delivered, both ledgers agree and reconciliation
says nothing. Then one record is changed in one way, and the very next reconciliation must point at
the record or its block (I13).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from drawdown.core.rules import Record
from drawdown.service.reconcile import Difference
from drawdown.simulation import processes
from drawdown.simulation.company import Company
from drawdown.simulation.people import NetSuiteUser


class Edited(NamedTuple):
    """A record of ours before somebody changed it."""

    external_id: str
    tran_id: str
    block_ids: tuple[str, ...]


Edit = Callable[[NetSuiteUser, Company, Edited], bool]
"""Changes a record; False if NetSuite does not let it be changed so."""


def change_one(company: Company) -> list[str]:
    """Change one record, reconcile before and after; return what is wrong with that."""
    found = _reconcile(company)
    problems = [f"false alarm: {one.kind}: {one.detail}" for one in found]
    chance, user = company.world.chance, NetSuiteUser(company)
    kinds = sorted(EDITS)
    chance.shuffle(kinds)
    for kind in kinds:
        record, edit = EDITS[kind]
        for edited in _candidates(company, user, record):
            if edit(user, company, edited):
                company.world.fire(kind, edited.external_id)
                seen = _reconcile(company)
                if not any(_names(one, edited, kind) for one in seen):
                    problems.append(f"{kind} of {edited} was not named by reconciliation: {seen}")
                return problems
    return problems


def _names(difference: Difference, edited: Edited, kind: str) -> bool:
    """Whether a difference is of what was changed: a memo made by hand is named itself."""
    if kind == "credit_memo_by_hand" and difference.what.startswith(Record.CREDIT_MEMO):
        return True
    wanted = {edited.external_id, edited.tran_id, *edited.block_ids} - {""}
    return bool(wanted & {difference.what, difference.block_id}) or any(
        name in difference.detail for name in wanted
    )


def _reconcile(company: Company) -> tuple[Difference, ...]:
    return processes.compare(company).differences


def _candidates(company: Company, user: NetSuiteUser, record: Record) -> list[Edited]:
    lanes = dict(
        company.rows(
            "SELECT DISTINCT ON (external_id) external_id, lanes FROM drawdown.outbox "
            "WHERE tenant_id = %s ORDER BY external_id, position"
        )
    )
    rows = user.rows(
        "SELECT t.id AS id, t.externalid AS name, t.tranid AS number FROM transaction t "
        f"WHERE t.recordtype = '{record.lower()}' AND t.externalid IS NOT NULL "
        "AND t.voided = 'F' ORDER BY t.id"
    )
    found = [
        Edited(row["name"], row.get("number", ""), tuple(lanes[row["name"]]))
        for row in rows
        if row["name"] in lanes
    ]
    company.world.chance.shuffle(found)
    return found


def _path(record: Record, edited: Edited) -> str:
    return f"/{record}/eid:{edited.external_id}"


def _set_deposit(user: NetSuiteUser, _company: Company, edited: Edited) -> bool:
    path = _path(Record.CUSTOMER_DEPOSIT, edited)
    payment = user.rest("GET", path)["payment"]
    return user.attempt("PATCH", path, {"payment": payment + 10})[0] < 300


def _delete_application(user: NetSuiteUser, _company: Company, edited: Edited) -> bool:
    return user.attempt("DELETE", _path(Record.DEPOSIT_APPLICATION, edited))[0] < 300


def _delete_journal(user: NetSuiteUser, _company: Company, edited: Edited) -> bool:
    return user.attempt("DELETE", _path(Record.JOURNAL_ENTRY, edited))[0] < 300


def _void(_user: NetSuiteUser, company: Company, edited: Edited) -> bool:
    answer = company.controls.client.post(
        f"{company.controls.url}/_sandbox/void", json={"externalId": edited.external_id}
    )
    return answer.status_code < 300


def _credit_by_hand(user: NetSuiteUser, _company: Company, edited: Edited) -> bool:
    path = f"{_path(Record.INVOICE, edited)}/!transform/creditMemo"
    return user.attempt("POST", path, {})[0] < 300


def _merge_customer(user: NetSuiteUser, company: Company, edited: Edited) -> bool:
    """Merge the customer into another one, which did not know of us."""
    deposit = user.rest("GET", _path(Record.CUSTOMER_DEPOSIT, edited))
    body = {
        "companyName": "Duplicate",
        "externalId": "duplicate",
        "subsidiary": {"id": "1"},
        "currency": {"id": deposit["currency"]["id"]},
    }
    user.rest("POST", "/customer", body)
    (other,) = user.rows("SELECT c.id AS id FROM customer c WHERE c.externalid = 'duplicate'")
    merged = {"from": deposit["customer"]["id"], "into": other["id"]}
    company.controls.control("POST", "/merge", merged)
    return True


def _recreate(user: NetSuiteUser, _company: Company, edited: Edited) -> bool:
    """Delete a journal and enter it again, with its blocks but without our external id."""
    path = _path(Record.JOURNAL_ENTRY, edited)
    before = user.rest("GET", f"{path}?expandSubResources=true")
    if user.attempt("DELETE", path)[0] >= 300:
        return False
    kept = ("account", "debit", "credit", "custcol_dd_block_id")
    lines: list[dict[str, Any]] = [
        {name: line[name] for name in kept if line.get(name)} for line in before["line"]["items"]
    ]
    body = {
        "subsidiary": {"id": "1"},
        "tranDate": before["tranDate"],
        "currency": before["currency"],
        "exchangeRate": before["exchangeRate"],
        "line": {"items": lines},
    }
    user.rest("POST", "/journalEntry", body)
    return True


EDITS: dict[str, tuple[Record, Edit]] = {
    "deposit_edited": (Record.CUSTOMER_DEPOSIT, _set_deposit),
    "application_deleted": (Record.DEPOSIT_APPLICATION, _delete_application),
    "journal_deleted": (Record.JOURNAL_ENTRY, _delete_journal),
    "journal_voided": (Record.JOURNAL_ENTRY, _void),
    "invoice_voided": (Record.INVOICE, _void),
    "customer_merged": (Record.CUSTOMER_DEPOSIT, _merge_customer),
    "credit_memo_by_hand": (Record.INVOICE, _credit_by_hand),
    "recreated_without_id": (Record.JOURNAL_ENTRY, _recreate),
}
"""What can be changed, and on which records."""
