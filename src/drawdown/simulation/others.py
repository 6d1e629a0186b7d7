"""Documents that others enter in NetSuite, and what they change of them while we watch.

Where the policy has the documents in NetSuite nobody tells facts: an integration (or a person)
writes an order for a block, its invoice and invoices of usage, credits, edits and deletes some.
Some become visible late: NetSuite dates a change when its request begins, not when it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from drawdown.core.events import UsageInvoice
from drawdown.core.ids import native_reference
from drawdown.service.watch.facts import event_id_of
from drawdown.simulation.company import Company
from drawdown.simulation.people import NetSuiteUser
from drawdown.simulation.scenario import FIRST
from drawdown.store.codec import decode_event

LATE_MAX = timedelta(minutes=15)
"""A request runs no longer; Oracle help, "SuiteTalk limits"."""
_TAKEN = """
    SELECT e.payload::text, n.status FROM drawdown.native_document n
    JOIN drawdown.event e ON e.tenant_id = n.tenant_id
    WHERE n.tenant_id = %s AND n.reference = %s AND e.event_id = %s
"""
PRICE = 10
"""A block's price per credit, in whole units of the currency."""


@dataclass(slots=True)
class Others:
    """Those who enter documents.

    They remember the orders that they could not bill yet, and the line, as it was, of each invoice
    whose amount they edited.
    """

    company: Company
    _unbilled: set[int] = field(default_factory=set)
    _edited: dict[str, dict[str, Any]] = field(default_factory=dict)

    def plan(self, until_s: float) -> None:
        """Have one or two blocks sold and used within so many seconds."""
        for number in range(1, self.company.world.chance.choice((1, 1, 2)) + 1):
            chance = self.company.world.chance
            steps = [partial(self._order, number), partial(self._bill, number)]
            for use in range(chance.choice((1, 2, 3))):
                steps.append(partial(self._use, f"U{number}-{use}", number))
                if chance.randrange(3) == 0:
                    change = chance.choice((self._edit, self._delete, self._credit))
                    steps.append(partial(self._change, change, f"U{number}-{use}"))
            times = sorted(chance.uniform(0, until_s) for _ in steps)
            for at, step in zip(times, steps, strict=True):
                self.company.world.after(at, partial(self._enter, step))

    def put_right(self) -> list[str]:
        """Bill what a closed period kept from being billed, set back what was edited meanwhile.

        Returns:
            What nobody says of an edit.
        """
        unnoticed: list[str] = []
        for order in sorted(self._unbilled):
            self._bill(order)
        for number, line in self._edited.items():
            reference = native_reference("invoice", number)
            for payload, status in self.company.rows(_TAKEN, reference, event_id_of(reference)):
                fact = decode_event("usage_invoice", payload)
                assert isinstance(fact, UsageInvoice)
                if fact.lines[0].amount_minor != 100 * line["amount"]:
                    continue  # it had been edited before it was first seen
                if status not in (
                    "edited",
                    "missing",
                    "refused",
                ):  # of what was refused nothing is posted
                    unnoticed.append(f"{reference} was edited, and watching says {status}")
                path = f"/invoice/{self._id('invoice', number)}"
                self._user.rest("PATCH", path, {"item": {"items": [line]}})
        return unnoticed

    def _enter(self, step: Callable[[], None]) -> None:
        """Do it at the time of NetSuite, or as of some minutes ago: it becomes visible late."""
        world, network = self.company.world, self.company.network
        if world.chance.randrange(3) == 0:
            world.fire("visible_late")
            network.set_clock(world.now - LATE_MAX * world.chance.random())
        else:
            network.set_clock(world.now)
        step()
        network.set_clock(world.now)

    # -- what they do ---------------------------------------------------------------------------

    def _order(self, number: int) -> None:
        customer = {"companyName": f"Customer {number}", "subsidiary": {"id": "1"}}
        self._user.rest("PUT", f"/customer/eid:N{number}", customer)
        line = self._line("Prepaid Credits", PRICE * 100, 100, number)
        body = {
            "entity": {"externalId": f"N{number}"},
            "orderStatus": {"id": "B"},
            "custbody_dd_expires_on": "2028-04-20",
            "item": {"items": [line]},
        }
        self._post("salesOrder", f"SO{number}", "/salesOrder", body, 1)

    def _bill(self, number: int) -> None:
        path = f"/salesOrder/{self._id('salesorder', f'SO{number}')}/!transform/invoice"
        if not self._post("invoice", f"PI{number}", path, {}, 2):
            self._unbilled.add(number)

    def _use(self, name: str, number: int) -> None:
        amount = PRICE * self.company.world.chance.randrange(1, 30)
        body = {
            "entity": {"externalId": f"N{number}"},
            "item": {"items": [self._line("Usage", amount, 1, number)]},
        }
        self._post("invoice", name, "/invoice", body, 20)

    def _change(self, change: Callable[[str], None], name: str) -> None:
        """Change an invoice, if NetSuite has taken it."""
        if self.company.entered.get(native_reference("invoice", name)):
            change(name)

    def _edit(self, name: str) -> None:
        """Lower the amount of an invoice, if NetSuite lets it be lowered."""
        line = self._first_line(name)
        path = f"/invoice/{self._id('invoice', name)}"
        less = {"line": line["line"], "amount": line["amount"] - 1, "rate": line["amount"] - 1}
        if self._user.attempt("PATCH", path, {"item": {"items": [less]}})[0] < 300:
            self.company.world.fire("native_edited", name)
            self._edited[name] = {**less, "amount": line["amount"], "rate": line["amount"]}

    def _delete(self, name: str) -> None:
        path = f"/invoice/{self._id('invoice', name)}"
        if self._user.attempt("DELETE", path)[0] < 300:
            self.company.world.fire("native_deleted", name)
            self.company.entered[native_reference("invoice", name)] = False

    def _credit(self, name: str) -> None:
        """Credit a part of an invoice, and leave open to what it is applied."""
        line = self._first_line(name)
        kept = {"item": {"id": line["item"]["id"]}, "line": line["line"], "quantity": 1}
        kept |= {"custcol_dd_block_id": line["custcol_dd_block_id"], "rate": PRICE / 2}
        body = {"item": {"items": [{**kept, "amount": PRICE / 2}]}, "apply": {"items": []}}
        path = f"/invoice/{self._id('invoice', name)}/!transform/creditMemo"
        self._post("creditMemo", f"M{name}", path, body, 25)

    # -- helpers --------------------------------------------------------------------------------

    @property
    def _user(self) -> NetSuiteUser:
        return NetSuiteUser(self.company)

    def _post(self, record: str, number: str, path: str, body: dict[str, Any], day: int) -> bool:
        on = (FIRST + timedelta(days=day)).date().isoformat()
        status, _ = self._user.attempt("POST", path, {"tranId": number, "tranDate": on, **body})
        if status < 300:
            self.company.world.fire("native_entered", f"{record} {number}")
            self.company.entered[native_reference(record, number)] = True
        return status < 300

    def _line(self, item: str, amount: int, quantity: int, number: int) -> dict[str, Any]:
        rows = self._user.rows(f"SELECT i.id AS id FROM item i WHERE i.itemid = '{item}'")
        return {
            "item": {"id": rows[0]["id"]},
            "quantity": quantity,
            "amount": amount,
            "custcol_dd_block_id": f"N{number}",
        }

    def _first_line(self, name: str) -> Any:
        path = f"/invoice/{self._id('invoice', name)}?expandSubResources=true"
        return self._user.rest("GET", path)["item"]["items"][0]

    def _id(self, record: str, number: str) -> str:
        rows = self._user.rows(
            f"SELECT t.id AS id FROM transaction t WHERE t.recordtype = '{record}' "
            f"AND t.tranid = '{number}' ORDER BY t.id"
        )
        return rows[0]["id"] if rows else "0"
