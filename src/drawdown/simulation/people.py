"""What people do in NetSuite while everything runs, and how they put things right afterwards."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization

from drawdown.erp.netsuite.connection import Certificate, ClientCredentials
from drawdown.simulation.company import Company
from drawdown.simulation.scenario import MONTHS
from drawdown.simulation.world import START


class NetSuiteUser:
    """Somebody with a browser, or another integration: calls NetSuite past our network."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._token = ""

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """Call the record interface; it must succeed."""
        status, data = self.attempt(method, path, body)
        assert status < 300, f"{method} {path}: {data}"
        return data

    def attempt(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the record interface; return status and JSON."""
        answer = self._company.controls.client.request(
            method,
            f"{self._company.controls.url}/services/rest/record/v1{path}",
            json=body,
            headers=self._headers(),
        )
        return answer.status_code, answer.json() if answer.content else {}

    def rows(self, sql: str) -> list[dict[str, str]]:
        """Query all rows."""
        rows: list[dict[str, str]] = []
        while True:
            answer = self._company.controls.client.request(
                "POST",
                f"{self._company.controls.url}/services/rest/query/v1/suiteql",
                params={"limit": 1000, "offset": len(rows)},
                json={"q": sql},
                headers={**self._headers(), "Prefer": "transient"},
            )
            assert answer.status_code == 200, answer.text
            page = answer.json()
            rows += page["items"]
            if not page["hasMore"]:
                return rows

    def _headers(self) -> dict[str, str]:
        if not self._token:
            self._token = self._company.controls.control("POST", "/tokens")["access_token"]
        return {"Authorization": f"Bearer {self._token}"}


@dataclass(slots=True)
class People:
    """What people did that somebody has to put right.

    Attributes:
        closed: Periods that are closed now.
        foreign: External ids of ours that somebody gave to records of their own.
    """

    company: Company
    closed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    _frozen: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    @property
    def user(self) -> NetSuiteUser:
        """Somebody who works in NetSuite."""
        return NetSuiteUser(self.company)

    @property
    def _chance(self) -> random.Random:
        return self.company.world.chance

    # -- while everything runs ------------------------------------------------------------------

    def close_period(self) -> None:
        """Close the next month, or only lock its receivables; late records may be let through."""
        if len(self.closed) == len(MONTHS):
            return
        month = MONTHS[len(self.closed)]
        action = self._chance.choice(("close", "close", "lock", "lock-ar"))
        if self._chance.randrange(3) == 0:
            self.company.controls.control("PUT", "/settings", _MOVING)
        self.company.world.fire("period_closed", f"{month} {action}")
        self.company.controls.control("POST", f"/periods/{month}/{action}")
        self.closed.append(month)
        if action == "close":
            self._frozen[month] = self._postings(month)

    def take_external_id(self) -> None:
        """Give one of our external ids to a journal of one's own, before we use it."""
        rows = self.company.rows(
            "SELECT external_id FROM drawdown.outbox WHERE tenant_id = %s AND status = 'waiting' "
            "AND operation = 'create' AND attempts = 0 ORDER BY position"
        )
        if not rows:
            return
        name = self._chance.choice(rows)[0]
        status, _ = self.user.attempt("POST", "/journalEntry", self._journal(name))
        if status < 300:
            self.company.world.fire("foreign_content", name)
            self.foreign.append(name)

    def refresh(self) -> None:
        """Refresh the account: all internal ids change, integrations and tokens are gone."""
        company = self.company
        company.world.fire("sandbox_refresh")
        company.controls.control("POST", "/refresh")
        names = company.controls.control(
            "POST", "/integrations", {"public_key_pem": _public_key(company)}
        )
        self._register(names["client_id"], names["certificate_id"])

    def _register(self, client_id: str, certificate_id: str) -> None:
        company = self.company
        certificate = dataclasses.replace(_certificate(company), certificate_id=certificate_id)
        company.connection = dataclasses.replace(
            company.connection, credentials=ClientCredentials(client_id, (certificate,))
        )

    # -- afterwards -----------------------------------------------------------------------------

    def put_right(self) -> None:
        """Open what was closed and remove what bears our ids, so that nothing stands in the way."""
        company = self.company
        self.check_closed()
        for row in self.user.rows(_MOVED):
            company.world.fire("period_moved", row["name"])
        for month in self.closed:
            company.controls.control("POST", f"/periods/{month}/open")
        self.closed.clear()
        for name in self.foreign:
            self.user.rest("DELETE", f"/journalEntry/eid:{name}")
        self.foreign.clear()

    def check_closed(self) -> None:
        """Nothing may have been posted in a period since it was closed."""
        for month, before in self._frozen.items():
            if self._postings(month) != before:
                self.company.world.failures.append(f"the closed period {month} has changed")
        self._frozen.clear()

    def _postings(self, month: str) -> list[dict[str, str]]:
        """Postings of a month, by names that survive a refresh of the account."""
        return self.user.rows(
            "SELECT t.recordtype AS record, t.tranid AS number, a.acctnumber AS account, "
            "tal.amount AS amount FROM transaction t "
            "JOIN transactionline tl ON tl.transaction = t.id "
            "JOIN transactionaccountingline tal ON tal.transaction = tl.transaction "
            "AND tal.transactionline = tl.id JOIN account a ON a.id = tal.account "
            "JOIN accountingperiod p ON p.id = t.postingperiod "
            f"WHERE tal.posting = 'T' AND TO_CHAR(p.startdate, 'YYYY-MM') = '{month}' "
            "ORDER BY t.recordtype, t.tranid, tl.id"
        )

    def _journal(self, external_id: str) -> dict[str, Any]:
        accounts = self.user.rows(
            "SELECT a.id AS id FROM account a WHERE a.acctnumber IN ('1000', '6000') ORDER BY a.id"
        )
        return {
            "externalId": external_id,
            "subsidiary": {"id": "1"},
            "tranDate": START.date().isoformat(),
            "memo": "somebody else's",
            "line": {
                "items": [
                    {"account": {"id": accounts[0]["id"]}, "debit": 7},
                    {"account": {"id": accounts[1]["id"]}, "credit": 7},
                ]
            },
        }


_MOVING = {
    "date_outside_posting_period": "allow",
    "default_posting_period_when_closed": "first_open",
}
"""Preferences by which NetSuite exchanges a closed period for the first open one in silence."""
_MOVED = (
    "SELECT t.externalid AS name FROM transaction t "
    "JOIN accountingperiod p ON p.id = t.postingperiod "
    "WHERE t.externalid IS NOT NULL AND (t.trandate > p.enddate OR t.trandate < p.startdate) "
    "ORDER BY t.id"
)


def _certificate(company: Company) -> Certificate:
    credentials = company.connection.credentials
    assert isinstance(credentials, ClientCredentials)
    return credentials.certificates[0]


def _public_key(company: Company) -> str:
    """The public half of the company's key, as it is uploaded again after a refresh."""
    pem = _certificate(company).private_key_pem.encode()
    key = serialization.load_pem_private_key(pem, password=None)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()
