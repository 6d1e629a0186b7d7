"""A NetSuite sandbox in this process, set up and connected, for the tests of the adapter."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import pytest

from drawdown.core.events import LineKind
from drawdown.core.plan import PREPAID_ITEM, IntentLine, Operation, RecordIntent
from drawdown.core.policy import Policy
from drawdown.core.rules import Record
from drawdown.erp.netsuite import (
    CUSTOM_FIELDS,
    Certificate,
    ClientCredentials,
    Connection,
    KeyPair,
    Mapping,
    NetSuite,
    Threads,
    UsageItem,
    generate_key_pair,
    set_up,
    standard_mapping,
)
from drawdown.erp.netsuite.outside import Exchange
from drawdown.local_sandbox.process import Controls
from netsuite_sandbox.in_process import InProcessClient

URL = "http://127.0.0.1:8055"
USAGE_ITEMS = (
    UsageItem("input_tokens", "Input Tokens"),
    UsageItem("output_tokens", "Output Tokens"),
)
DAY = date(2026, 1, 15)

Drop = Callable[[httpx2.Request], str]


@dataclass
class Line(httpx2.BaseTransport):
    """The line to the sandbox, which can fail.

    Attributes:
        plan: Says of a request what happens: "" passes, "before" fails before the sandbox sees it,
            "after" loses the answer, "broken", "empty" and "empty_page" spoil it, a number answers
            with that status instead (after the sandbox has acted; "only503": without its acting).
        seen: Method and path of each request that was tried.
        headers: Added to each answer of the sandbox.
    """

    inner: httpx2.BaseTransport
    plan: Drop = field(default=lambda _request: "")
    seen: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def exchange(self) -> Exchange:
        """What carries the adapter's requests."""
        return Controls(URL, httpx2.Client(transport=self)).exchange

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append((request.method, request.url.path))
        fate = self.plan(request)
        if fate == "before":
            raise httpx2.ConnectError("refused", request=request)
        if fate.startswith("only"):
            return httpx2.Response(int(fate.removeprefix("only")), request=request)
        response = self.inner.handle_request(request)
        response.headers.update(self.headers)
        if fate == "after":
            raise httpx2.ReadTimeout("no answer", request=request)
        if fate == "empty_page":
            page = b'{"items":[],"count":0,"hasMore":false,"totalResults":0}'
            return httpx2.Response(200, content=page, request=request)
        if fate == "empty":
            return httpx2.Response(200, content=b"{}", request=request)
        if fate == "broken":
            return httpx2.Response(200, content=b"<html>", request=request)
        if fate:
            return httpx2.Response(int(fate), request=request)
        return response


@dataclass
class Books:
    """A sandbox and the adapter connected to it."""

    control: InProcessClient
    line: Line
    connection: Connection
    mapping: Mapping
    netsuite: NetSuite
    slept: list[float]

    def post(self, path: str, body: Any = None) -> Any:
        """Use the sandbox's control interface."""
        answer = self.control.post(f"/_sandbox{path}", json=body or {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: Any) -> Any:
        """Use the sandbox's control interface."""
        answer = self.control.put(f"/_sandbox{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call NetSuite's own interface, as somebody else would."""
        token = self.control.post("/_sandbox/tokens").json()["access_token"]
        answer = self.control.request(
            method,
            f"/services/rest/record/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else {}

    def count(self, record: str) -> int:
        """Count the records of a type."""
        return int(self.api("GET", f"/{record}")["totalResults"])


@pytest.fixture(scope="session")
def keys() -> KeyPair:
    return generate_key_pair(datetime.now(UTC))  # noqa: TID251 - a certificate of today


def connect(
    keys: KeyPair,
    policy: Policy,
    mapping: Mapping,
    settings: dict[str, Any] | None = None,
    path: str = ":memory:",
) -> Books:
    """Start a sandbox, register us and our fields, and set it up."""
    control = InProcessClient(path, URL)
    made = control.post("/_sandbox/integrations", json={"public_key_pem": keys.public_key_pem})
    fields = [
        {"scriptId": one.script_id, "type": one.kind, "appliesTo": one.applies_to}
        for one in CUSTOM_FIELDS
    ]
    control.post("/_sandbox/custom-fields", json=fields)
    if settings:
        control.put("/_sandbox/settings", json=settings)
    certificate = Certificate(made.json()["certificate_id"], keys.private_key_pem)
    connection = Connection(
        "TSTDRV1234567",
        ClientCredentials(made.json()["client_id"], (certificate,)),
        sandbox_url=URL,
    )
    books = join(control, connection, mapping)
    set_up(books.netsuite.transport, mapping, policy)
    books.netsuite.directory.forget()
    return books


def join(control: InProcessClient, connection: Connection, mapping: Mapping) -> Books:
    """Connect the adapter to a running sandbox."""
    line = Line(control._transport)
    slept: list[float] = []
    netsuite = NetSuite(connection, mapping, Threads(line.exchange, sleep=slept.append))
    return Books(control, line, connection, mapping, netsuite, slept)


@pytest.fixture(scope="session")
def original(keys: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Connection]:
    """A sandbox that was set up once, to be copied."""
    path = tmp_path_factory.mktemp("sandbox") / "original.sqlite3"
    made = connect(keys, Policy(), standard_mapping(USAGE_ITEMS), path=str(path))
    made.control.close()
    return path, made.connection


@pytest.fixture
def books(original: tuple[Path, Connection], tmp_path: Path) -> Iterator[Books]:
    path = tmp_path / "sandbox.sqlite3"
    shutil.copyfile(original[0], path)
    control = InProcessClient(str(path), URL)
    yield join(control, original[1], standard_mapping(USAGE_ITEMS))
    control.close()


# -- intents, as the decisions of the core make them --------------------------------------------


def customer(name: str = "Acme", currency: str = "USD") -> RecordIntent:
    return RecordIntent(
        Record.CUSTOMER,
        Operation.UPSERT,
        f"dd_cus_{name.lower()}",
        lanes=("customer:C1",),
        customer=f"dd_cus_{name.lower()}",
        event_id="E0",
        memo="Customer C1",
        currency=currency,
        name=name,
    )


def intent(record: Record, external_id: str, minor: int, **more: Any) -> RecordIntent:
    known: dict[str, Any] = {
        "operation": Operation.CREATE,
        "lanes": ("B1",),
        "customer": "dd_cus_acme",
        "event_id": f"event of {external_id}",
        "memo": f"Test {external_id}",
        "posted_on": DAY,
        "fact_on": DAY,
        "currency": "USD",
        **more,
    }
    return RecordIntent(record=record, external_id=external_id, amount_minor=minor, **known)


def order(blocks: Sequence[tuple[str, int]], **more: Any) -> RecordIntent:
    lines = tuple(IntentLine(minor, block, PREPAID_ITEM, Decimal(1000)) for block, minor in blocks)
    total = sum(minor for _, minor in blocks)
    return intent(Record.SALES_ORDER, "dd_ord_1", total, lines=lines, **more)


def purchase(blocks: Sequence[tuple[str, int]], number: int = 1, **more: Any) -> RecordIntent:
    lines = tuple(IntentLine(minor, block, PREPAID_ITEM, Decimal(1000)) for block, minor in blocks)
    extra: tuple[IntentLine, ...] = more.pop("extra", ())
    total = sum(line.amount_minor for line in (*lines, *extra))
    return intent(
        Record.INVOICE,
        f"dd_inv_p{number}",
        total,
        lines=(*lines, *extra),
        source="dd_ord_1",
        **more,
    )


def deposit(block: str = "B1", minor: int = 10_000, **more: Any) -> RecordIntent:
    return intent(
        Record.CUSTOMER_DEPOSIT,
        f"dd_dep_{block.lower()}",
        minor,
        block_id=block,
        kind="purchased",
        initial_minor=minor,
        expires_on=date(2026, 12, 31),
        **more,
    )


def usage(
    parts: Sequence[tuple[str, str, int]], external_id: str = "dd_inv_u1", **more: Any
) -> RecordIntent:
    """Make a usage invoice of (block id, item, minor units)."""
    extra: tuple[IntentLine, ...] = more.pop("extra", ())
    lines = tuple(
        IntentLine(minor, block, item, Decimal("12.5"), f"L{place}", kind=LineKind.USAGE)
        for place, (block, item, minor) in enumerate(parts)
    )
    total = sum(line.amount_minor for line in (*lines, *extra))
    return intent(Record.INVOICE, external_id, total, lines=(*lines, *extra), **more)


def application(
    minor: int, target: str = "dd_inv_u1", block: str = "B1", **more: Any
) -> RecordIntent:
    external_id = more.pop("external_id", f"dd_app_{block.lower()}_{target[-2:]}")
    return intent(
        Record.DEPOSIT_APPLICATION,
        external_id,
        minor,
        block_id=block,
        source=f"dd_dep_{block.lower()}",
        target=target,
        applied_minor=minor,
        **more,
    )


def journal(
    external_id: str, minor: int, debit: str, credit: str, block: str = "B1", **more: Any
) -> RecordIntent:
    return intent(
        Record.JOURNAL_ENTRY,
        external_id,
        minor,
        block_id=block,
        lines=(IntentLine(minor, block, debit=debit, credit=credit),),
        **more,
    )


def credit_memo(
    parts: Sequence[tuple[str, str, int]], target: str, applied: int, **more: Any
) -> RecordIntent:
    lines = tuple(IntentLine(minor, block, item, Decimal(1)) for block, item, minor in parts)
    return intent(
        Record.CREDIT_MEMO,
        f"dd_cm_{target[-2:]}",
        sum(minor for _, _, minor in parts),
        lines=lines,
        target=target,
        applied_minor=applied,
        **more,
    )


def payment(minor: int, target: str, **more: Any) -> RecordIntent:
    return intent(
        Record.CUSTOMER_PAYMENT,
        f"dd_pay_{target[-2:]}",
        minor,
        target=target,
        applied_minor=minor,
        **more,
    )
