"""What people do to records of ours in NetSuite, drawn by a seed; each change with what finds it.

Every change is made to a block of its own, so that none hides another.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.rules import Record
from drawdown.service.reconcile import Difference
from drawdown.store import outbox
from tests.e2e.company import Company

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Life:
    """A block with a life behind it, and its records.

    Attributes:
        intents: What was delivered for it, in order.
        other: External id of another customer.
    """

    company: Company
    block_id: str
    intents: list[RecordIntent]
    other: str
    chance: random.Random

    def find(self, record: Record, memo: str = "") -> str:
        """Return the external id of its record of a type whose memo says so."""
        for intent in self.intents:
            is_created = intent.operation is Operation.CREATE
            if is_created and intent.record is record and memo in intent.memo:
                return intent.external_id
        raise AssertionError((record, memo, self.block_id))

    def get(self, record: Record, external_id: str) -> Body:
        """Read a record with its sublists."""
        path = f"/{record}/eid:{external_id}?expandSubResources=true"
        found: Body = self.company.rest("GET", path)
        return found

    def patch(self, record: Record, external_id: str, body: Body) -> None:
        """Edit a record."""
        self.company.rest("PATCH", f"/{record}/eid:{external_id}", body)

    def delete(self, record: Record, external_id: str) -> None:
        """Delete a record."""
        self.company.rest("DELETE", f"/{record}/eid:{external_id}")


class UnsuitableError(Exception):
    """The change cannot be made to this block."""


class Finding(NamedTuple):
    """How a change must be found: one of the kinds, on a record or account."""

    kinds: tuple[str, ...]
    what: str = ""

    def is_in(self, differences: tuple[Difference, ...]) -> bool:
        """Whether it was found."""
        return any(one.kind in self.kinds and self.what in (one.what, "") for one in differences)


def _deposit(life: Life) -> str:
    return life.find(Record.CUSTOMER_DEPOSIT)


def _application(life: Life) -> str:
    return life.find(Record.DEPOSIT_APPLICATION)


def _usage(life: Life) -> str:
    return life.find(Record.INVOICE, "Usage invoice")


def _purchase(life: Life) -> str:
    return life.find(Record.INVOICE, "Purchase invoice")


def _journal(life: Life) -> str:
    return life.find(Record.JOURNAL_ENTRY, life.chance.choice(["Clearing", "Transfer", "released"]))


def _amount_of(life: Life, external_id: str) -> str:
    intent = next(one for one in life.intents if one.external_id == external_id)
    return f"{intent.amount_minor / 100:.2f}"


def _body(record: Record, choose: Callable[[Life], str], body: Body, *kinds: str) -> Change:
    def act(life: Life) -> Finding:
        external_id = choose(life)
        life.patch(record, external_id, body)
        return Finding(kinds, external_id)

    return act


Change = Callable[[Life], Finding]
INVOICE, JOURNAL, DEPOSIT = Record.INVOICE, Record.JOURNAL_ENTRY, Record.CUSTOMER_DEPOSIT
APPLICATION, PAYMENT = Record.DEPOSIT_APPLICATION, Record.CUSTOMER_PAYMENT


def _raise_deposit(life: Life) -> Finding:
    external_id = _deposit(life)
    amount = float(_amount_of(life, external_id)) + life.chance.choice([0.01, 5, 1000])
    life.patch(DEPOSIT, external_id, {"payment": round(amount, 2)})
    return Finding(("record_amount",), external_id)


def _delete_application(life: Life) -> Finding:
    external_id = _application(life)
    life.delete(APPLICATION, external_id)
    return Finding(("record_missing",), external_id)


def _shrink_application(life: Life) -> Finding:
    external_id = _application(life)
    line = life.get(APPLICATION, external_id)["apply"]["items"][0]
    amount = round(float(line["amount"]) - 0.01, 2)
    edited = {"doc": {"id": line["doc"]["id"]}, "apply": True, "amount": amount}
    life.patch(APPLICATION, external_id, {"apply": {"items": [edited]}})
    return Finding(("record_amount",), external_id)


def _void_journal(life: Life) -> Finding:
    external_id = _journal(life)
    life.company.controls.control("POST", "/void", {"externalId": external_id})
    return Finding(("record_voided",), external_id)


def _void_usage(life: Life) -> Finding:
    life.delete(APPLICATION, _application(life))
    external_id = _usage(life)
    life.company.controls.control("POST", "/void", {"externalId": external_id})
    return Finding(("record_voided",), external_id)


def _reverse_journal(life: Life) -> Finding:
    external_id = _journal(life)
    life.patch(JOURNAL, external_id, {"reversalDate": "2026-07-01"})
    return Finding(("record_reversed",), external_id)


def _lines(
    record: Record, choose: Callable[[Life], str], edit: Callable[[Life, Body], Body], *kinds: str
) -> Change:
    def act(life: Life) -> Finding:
        external_id = choose(life)
        sublist = "line" if record is JOURNAL else "item"
        lines = life.get(record, external_id)[sublist]["items"]
        edited = [{"line": line["line"], **edit(life, line)} for line in lines]
        life.patch(record, external_id, {sublist: {"items": edited}})
        return Finding(kinds, external_id)

    return act


def _other_amount(_life: Life, line: Body) -> Body:
    if "amount" in line:
        return {"amount": round(float(line["amount"]) + 0.01, 2)}
    side = "debit" if line.get("debit") else "credit"
    return {side: round(float(line[side]) + 1, 2)}


def _other_account(life: Life, line: Body) -> Body:
    return {"account": {"id": life.company.account_id("6000")}} if line.get("debit") else {}


def _other_item(life: Life, _line: Body) -> Body:
    sql = "SELECT i.id AS id FROM item i WHERE i.itemid = 'Other Charges' ORDER BY i.id"
    return {"item": {"id": life.company.rows(sql)[0]["id"]}}


def _delete_journal(life: Life) -> Finding:
    external_id = _journal(life)
    life.delete(JOURNAL, external_id)
    return Finding(("record_missing",), external_id)


def _credit_by_hand(life: Life) -> Finding:
    path = f"/invoice/eid:{life.chance.choice([_usage, _purchase])(life)}/!transform/creditMemo"
    life.company.rest("POST", path, {"tranId": f"CM-{life.block_id}"})
    return Finding(("record_foreign",), f"creditMemo CM-{life.block_id}")


def _refund_by_hand(life: Life) -> Finding:
    external_id = _deposit(life)
    bank = {"account": {"id": life.company.account_id("1000")}}
    life.company.rest("POST", f"/customerDeposit/eid:{external_id}/!transform/customerRefund", bank)
    return Finding(("unapplied",), external_id)


def _pay_by_hand(life: Life) -> Finding:
    data = life.get(INVOICE, _purchase(life))
    body = {
        "tranId": f"PAY-{life.block_id}",
        "customer": {"id": data["entity"]["id"]},
        "payment": 1,
        "currency": {"id": data["currency"]["id"]},
        "apply": {"items": [{"doc": {"id": data["id"]}, "apply": True, "amount": 1}]},
    }
    life.company.rest("POST", "/customerPayment", body)
    return Finding(("record_foreign",), f"customerPayment PAY-{life.block_id}")


def _merge_customer(life: Life) -> Finding:
    """Move what the customer has to another one: REST has no merge, so in the store itself."""
    from_id, into_id = (
        life.company.rows(
            f"SELECT c.id AS id FROM customer c WHERE c.externalid = '{name}' ORDER BY c.id"
        )[0]["id"]
        for name in (life.intents[0].customer, life.other)
    )
    db = life.company.store()
    with db.transaction():
        db.execute("UPDATE tx SET entity = ? WHERE entity = ?", (into_id, from_id))
        db.execute("UPDATE line SET entity = ? WHERE entity = ?", (into_id, from_id))
    return Finding(("record_customer",), _deposit(life))


def _again(life: Life, external_id: str, *, with_event: bool) -> Body:
    """Return a journal as somebody would enter it again, or import it."""
    data = life.get(JOURNAL, external_id)
    lines = [
        {
            "account": {"id": line["account"]["id"]},
            "entity": {"id": line["entity"]["id"]},
            side: line[side],
            "custcol_dd_block_id": line["custcol_dd_block_id"],
        }
        for line in data["line"]["items"]
        for side in ("debit", "credit")
        if line.get(side)
    ]
    names = ["tranDate", "memo", "exchangeRate"]
    names += ["custbody_dd_block_id", "custbody_dd_event_id"] if with_event else []
    return {
        **{name: data[name] for name in names},
        "subsidiary": {"id": data["subsidiary"]["id"]},
        "currency": {"id": data["currency"]["id"]},
        "line": {"items": lines},
    }


def _recreate(life: Life) -> Finding:
    """Deleted and entered again; imported from a file, the billing event may be missing."""
    external_id = _journal(life)
    body = _again(life, external_id, with_event=life.chance.random() < 0.5)
    life.delete(JOURNAL, external_id)
    life.company.rest("POST", "/journalEntry", body)
    return Finding(("record_unlinked",), external_id)


def _copy(life: Life) -> Finding:
    external_id = _journal(life)
    body = {**_again(life, external_id, with_event=True), "tranId": f"COPY-{life.block_id}"}
    life.company.rest("POST", "/journalEntry", body)
    return Finding(("record_copied",), f"journalEntry COPY-{life.block_id}")


def _lose_external_id(life: Life) -> Finding:
    record, choose = life.chance.choice(
        [(DEPOSIT, _deposit), (JOURNAL, _journal), (INVOICE, _usage), (APPLICATION, _application)]
    )
    external_id = choose(life)
    other = life.chance.choice([None, f"imported-{life.block_id}"])
    life.patch(record, external_id, {"externalId": other})
    return Finding(("record_unlinked",), external_id)


def _exchange_rate(life: Life) -> Finding:
    if life.intents[0].currency == "USD":  # the base currency has none
        raise UnsuitableError
    external_id = _journal(life)
    life.patch(JOURNAL, external_id, {"exchangeRate": 1.7})
    return Finding(("record_rate",), external_id)


def _move_period(life: Life) -> Finding:
    external_id = _journal(life)
    rows = life.company.rows(
        "SELECT p.id AS id FROM accountingperiod p WHERE p.periodname = 'Aug 2026' ORDER BY p.id"
    )
    life.company.controls.control("PUT", "/settings", {"date_outside_posting_period": "allow"})
    life.patch(JOURNAL, external_id, {"postingPeriod": {"id": rows[0]["id"]}})
    return Finding(("record_period",), external_id)


def _remove_payment(life: Life) -> Finding:
    external_id = life.find(PAYMENT)
    if life.chance.random() < 0.5:
        life.delete(PAYMENT, external_id)
        return Finding(("record_missing",), external_id)
    invoice = life.get(INVOICE, _purchase(life))["id"]
    line = {"doc": {"id": invoice}, "apply": False}
    life.patch(PAYMENT, external_id, {"apply": {"items": [line]}})
    return Finding(("record_applied",), external_id)


def _void_payment(life: Life) -> Finding:
    external_id = life.find(PAYMENT)
    life.company.controls.control("POST", "/void", {"externalId": external_id})
    return Finding(("record_voided",), external_id)


def _stray_journal(life: Life) -> Finding:
    """A journal on a control account: with the block, without, or under an id like ours."""
    how = life.chance.choice(["block", "none", "ours"])
    block = {"custcol_dd_block_id": life.block_id} if how == "block" else {}
    company = life.company
    body: Body = {
        "subsidiary": {"id": "1"},
        "tranDate": "2026-03-31",
        "tranId": f"STRAY-{life.block_id}",
        "line": {
            "items": [
                {"account": {"id": company.account_id("1290")}, "debit": 50, **block},
                {"account": {"id": company.account_id("6000")}, "credit": 50, **block},
            ]
        },
    }
    if how == "ours":
        body["externalId"] = f"dd_je_{life.block_id}"
    company.rest("POST", "/journalEntry", body)
    if how == "block":
        return Finding(("record_foreign",), f"journalEntry STRAY-{life.block_id}")
    if how == "none":
        return Finding(("untagged",), "prepayment_clearing")
    return Finding(("record_unknown",), f"dd_je_{life.block_id}")


CHANGES: dict[str, Change] = {
    "deposit raised": _raise_deposit,
    "deposit to another account": _body(
        DEPOSIT, _deposit, {"undepFunds": {"id": "F"}, "account": {"id": "1"}}, "record_lines"
    ),
    "application deleted": _delete_application,
    "application shrunk": _shrink_application,
    "journal voided": _void_journal,
    "journal reversed": _reverse_journal,
    "journal amounts": _lines(JOURNAL, _journal, _other_amount, "record_amount"),
    "journal account": _lines(JOURNAL, _journal, _other_account, "record_lines"),
    "journal block cleared": _lines(
        JOURNAL, _journal, lambda *_: {"custcol_dd_block_id": None}, "record_lines"
    ),
    "journal block changed": _lines(
        JOURNAL, _journal, lambda *_: {"custcol_dd_block_id": "elsewhere"}, "record_lines"
    ),
    "journal deleted": _delete_journal,
    "journal recreated or imported": _recreate,
    "journal copied": _copy,
    "usage invoice voided": _void_usage,
    "usage invoice amount": _lines(INVOICE, _usage, _other_amount, "record_amount"),
    "purchase invoice amount": _lines(INVOICE, _purchase, _other_amount, "record_amount"),
    "invoice block cleared": _lines(
        INVOICE, _usage, lambda *_: {"custcol_dd_block_id": None}, "record_lines"
    ),
    "invoice item": _lines(INVOICE, _usage, _other_item, "record_lines"),
    "credit memo by hand": _credit_by_hand,
    "refund by hand": _refund_by_hand,
    "payment by hand": _pay_by_hand,
    "payment removed": _remove_payment,
    "payment voided": _void_payment,
    "customer merged": _merge_customer,
    "external id lost": _lose_external_id,
    "block id cleared": _body(DEPOSIT, _deposit, {"custbody_dd_block_id": None}, "record_block"),
    "block id changed": _body(JOURNAL, _journal, {"custbody_dd_block_id": "Z"}, "record_block"),
    "event changed": _body(JOURNAL, _journal, {"custbody_dd_event_id": "e"}, "record_event"),
    "invoice date": _body(INVOICE, _usage, {"tranDate": "2026-05-05"}, "record_date"),
    "journal date": _body(JOURNAL, _journal, {"tranDate": "2026-05-05"}, "record_date"),
    "application date": _body(APPLICATION, _application, {"tranDate": "2026-05-05"}, "record_date"),
    "period": _move_period,
    "exchange rate": _exchange_rate,
    "memo": _body(INVOICE, _usage, {"memo": "see Bob"}, "record_memo"),
    "stray journal": _stray_journal,
}


def lives_of(company: Company, chance: random.Random) -> list[Life]:
    """Return each block of a company, where all is delivered, with what belongs to it."""
    intents = [
        one.states[0]
        for one in outbox.expected_records(company.books.session)
        if one.states[0] is not None
    ]
    customers = sorted({intent.customer for intent in intents})
    lives: list[Life] = []
    for block_id in sorted({intent.block_id for intent in intents} - {""}):
        own = [
            intent
            for intent in intents
            if block_id in intent.lanes
            or intent.block_id == block_id
            or block_id in {line.block_id for line in intent.lines}
        ]
        other = next(name for name in customers if name != own[0].customer)
        lives.append(Life(company, block_id, own, other, chance))
    return lives
