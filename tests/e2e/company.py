"""A company in this process: a tenant's books and a NetSuite sandbox of its own, connected."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from drawdown.bootstrap import Books, open_books
from drawdown.config import Config, PolicyTable, TenantTable, load_config
from drawdown.core.events import Event
from drawdown.erp.netsuite import NetSuite, Threads, UsageItem
from drawdown.erp.netsuite.connect import read_settings, to_connection, to_mapping
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import Controls
from drawdown.service.delivery import DeliveryReport, deliver
from drawdown.service.ingest import Answer, ingest
from drawdown.service.observe import Observation, observe
from drawdown.service.reconcile import Reconciliation, reconcile
from drawdown.service.summaries import post_summaries
from netsuite_sandbox.in_process import InProcessClient
from tests.cases.stories import Month, Story

URL = "http://127.0.0.1:8055"
STARTS_AT = datetime(2026, 1, 1, tzinfo=UTC)
USAGE_ITEMS = (UsageItem("usage", "Usage"), UsageItem("chat", "Chat"))


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant's books, its NetSuite, and what a person can do in both.

    Attributes:
        folder: Where the key is that its NetSuite knows.
        slept: Seconds that deliveries would have waited.
    """

    books: Books
    netsuite: NetSuite
    controls: Controls
    folder: Path
    slept: list[float]

    # -- what the product does ------------------------------------------------------------------

    def take(self, *events: Event) -> list[Answer]:
        """Ingest facts."""
        return ingest(self.books.session, events, self.books.policy)

    def deliver(self, concurrency: int = 1) -> DeliveryReport:
        """Deliver what waits."""
        return deliver(
            self.books.session,
            self.netsuite,
            concurrency=concurrency,
            sleep=self.slept.append,
            clock=self.now,
        )

    def now(self) -> datetime:
        """Return an instant that only waiting moves on."""
        return STARTS_AT + timedelta(seconds=sum(self.slept))

    def observe(self) -> Observation:
        """Take in open periods and recognition."""
        return observe(self.books.session, self.netsuite, self.books.policy)

    def reconcile(self) -> Reconciliation:
        """Compare both ledgers."""
        return reconcile(self.books.session, self.netsuite)

    def live(self, month: Month) -> None:
        """Live through a month: facts, delivery, month end, observation; all must succeed.

        Afterwards the ledgers agree.
        """
        answers = self.take(*month.events)
        assert {answer.status for answer in answers} == {"accepted"}, answers
        post_summaries(self.books.session, date.fromisoformat(month.last_day))
        delivered = self.deliver()
        assert (delivered.problems, delivered.waiting) == ({}, 0)
        self.controls.month_end(month.last_day[:7])
        assert self.observe().refused == ()
        assert self.reconcile().differences == ()

    def play(self, story: Story) -> None:
        """Live through all months of a story."""
        for month in story.months:
            self.live(month)

    # -- what a person does in NetSuite ---------------------------------------------------------

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """Call NetSuite's record interface as somebody else would; it must succeed."""
        answer = self.controls.client.request(
            method, f"{URL}/services/rest/record/v1{path}", json=body, headers=self._headers()
        )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else {}

    def rows(self, sql: str) -> list[dict[str, str]]:
        """Query NetSuite as somebody else would: all rows."""
        url = f"{URL}/services/rest/query/v1/suiteql"
        rows: list[dict[str, str]] = []
        while True:
            answer = self.controls.client.request(
                "POST",
                url,
                params={"limit": 1000, "offset": len(rows)},
                json={"q": sql},
                headers={**self._headers(), "Prefer": "transient"},
            )
            assert answer.status_code == 200, answer.text
            page = answer.json()
            rows += page["items"]
            if not page["hasMore"]:
                return rows

    def record_id(self, record: str, number: int = 1) -> str:
        """Return the internal id of the n-th transaction of a type, such as ``customerdeposit``."""
        rows = self.rows(
            f"SELECT t.id AS id FROM transaction t WHERE t.recordtype = '{record}' ORDER BY t.id"
        )
        return rows[number - 1]["id"]

    def account_id(self, number: str) -> str:
        """Return the internal id of an account."""
        sql = f"SELECT a.id AS id FROM account a WHERE a.acctnumber = '{number}' ORDER BY a.id"
        return self.rows(sql)[0]["id"]

    def store(self) -> Any:
        """Return NetSuite's own database, for what its interfaces cannot do (a merge)."""
        client = self.controls.client
        assert isinstance(client, InProcessClient)
        return client.sandbox.db

    def set_spot_rate(self, code: str, rate: str) -> None:
        """Give a currency another rate into the base currency, from now on."""
        sql = f"SELECT c.id AS id FROM currency c WHERE c.symbol = '{code}' ORDER BY c.id"
        self.rest("PATCH", f"/currency/{self.rows(sql)[0]['id']}", {"exchangeRate": float(rate)})

    def _headers(self) -> dict[str, str]:
        token = self.controls.control("POST", "/tokens")["access_token"]
        return {"Authorization": f"Bearer {token}"}


class Companies:
    """Makes companies; a sandbox is prepared once per policy and then copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prepared: dict[str, Path] = {}
        self._made = 0

    @contextmanager
    def open(self, **policy: Any) -> Iterator[Company]:
        """Open a company with fresh books and a fresh NetSuite; closed with the ``with`` block.

        Args:
            policy: Keys of the policy table that differ from the default.
        """
        prepared = self._prepare(PolicyTable(**policy))
        copied = self._folder / f"company-{self._made}.db"
        shutil.copyfile(prepared / "sandbox.db", copied)
        table = load_config(prepared / "drawdown.toml").tenants["template"]
        with (
            InProcessClient(str(copied), URL) as client,
            self._join(client, table, prepared) as company,
        ):
            yield company

    @contextmanager
    def beside(self, first: Company) -> Iterator[Company]:
        """Open another tenant's fresh books on the NetSuite of a company."""
        with self._join(first.controls.client, first.books.tenant, first.folder) as company:
            yield company

    @contextmanager
    def again(self, first: Company) -> Iterator[Company]:
        """Open the books of a company once more, as another process would."""
        tenant_id = first.books.session.tenant_id
        with open_books(Config(None, Path(), tenant_id, {tenant_id: first.books.tenant})) as books:
            yield Company(books, first.netsuite, first.controls, first.folder, [])

    @contextmanager
    def _join(self, client: httpx2.Client, table: TenantTable, folder: Path) -> Iterator[Company]:
        self._made += 1
        tenant_id = f"{self._folder.name}-{self._made}"
        with open_books(Config(None, folder, tenant_id, {tenant_id: table})) as books:
            slept: list[float] = []
            controls = Controls(URL, client)
            netsuite = _connect(table, folder, controls, slept)
            yield Company(books, netsuite, controls, folder, slept)

    def _prepare(self, policy: PolicyTable) -> Path:
        key = repr(policy)
        if key not in self._prepared:
            folder = self._folder / f"prepared-{len(self._prepared)}"
            folder.mkdir()
            with InProcessClient(str(folder / "sandbox.db"), URL) as client:
                prepare(
                    Controls(URL, client), folder, folder / "drawdown.toml", policy, USAGE_ITEMS,
                    "template",
                )  # fmt: skip
            self._prepared[key] = folder
        return self._prepared[key]


def reconnect(company: Company) -> Company:
    """Set the integration up again, as an administrator does after a refresh took it away."""
    certificate = (company.folder / "sandbox.cert.pem").read_text("ascii")
    names = company.controls.control("POST", "/integrations", {"public_key_pem": certificate})
    table = company.books.tenant
    assert table.netsuite is not None
    table.netsuite.update(names)
    netsuite = _connect(table, company.folder, company.controls, company.slept)
    return dataclasses.replace(company, netsuite=netsuite)


def _connect(table: TenantTable, folder: Path, controls: Controls, slept: list[float]) -> NetSuite:
    settings = read_settings(table.netsuite or {})
    return NetSuite(
        to_connection(settings, folder),
        to_mapping(settings.mapping),
        Threads(controls.exchange, sleep=slept.append),
    )


def statuses(answers: Sequence[Answer]) -> list[str]:
    """Return what came of each event."""
    return [answer.status for answer in answers]
