"""Running the demonstration: everything a user would do, in the same order, over the same wire.

Facts are written as native JSON Lines and ingested from there; records go to the sandbox over HTTP;
each month end the sandbox recognises revenue; at the end both ledgers are compared and hledger or
beancount adds our journal up once more.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from drawdown.billing.native import NativeJsonLines, encode_event
from drawdown.bootstrap import Books, connect_erp, open_books
from drawdown.config import Config, PolicyTable, load_config
from drawdown.core.accounts import CONTROL_ROLES, Observed, Role
from drawdown.core.block import Block
from drawdown.core.errors import DrawdownError
from drawdown.core.events import (
    CreditMemo,
    Event,
    Payment,
    PurchaseInvoice,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.ports import Erp, Located
from drawdown.demo.scenario import Scenario, scenario
from drawdown.demo.usage import Usage
from drawdown.erp.netsuite import UsageItem
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import SandboxProcess
from drawdown.reports.positions import expected_balances
from drawdown.service.delivery import deliver
from drawdown.service.export import Format, export_lines
from drawdown.service.independent import Verdict, second_opinion
from drawdown.service.ingest import BATCH_SIZE, Answer, ingest
from drawdown.service.lives import all_lives
from drawdown.service.observe import observe
from drawdown.service.reconcile import Difference, reconcile
from drawdown.store.embedded import stop_server
from drawdown.store.ledger import all_blocks

TENANT = "demo"
CONCURRENCY = 4
Say = Callable[[str], None]


@dataclass(slots=True)
class Result:
    """What the demonstration came to.

    Attributes:
        netsuite_records: Records in NetSuite by type, read back from it.
        control_accounts: Balance in NetSuite by role, in base currency.
        revenue: Revenue in NetSuite by item, in base currency.
        cash_basis: What revenue must add up to, from the facts alone.
        refused: Events that were refused, with the reason: the scenario means them to be.
        differences: Between our journal and NetSuite, and between what was expected and happened.
    """

    events: int = 0
    customers: int = 0
    blocks: int = 0
    entries: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    netsuite_records: dict[str, int] = field(default_factory=dict)
    control_accounts: dict[str, str] = field(default_factory=dict)
    revenue: dict[str, str] = field(default_factory=dict)
    cash_basis: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    differences: list[dict[str, Any]] = field(default_factory=list)
    independent_check: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    folder: str = ""
    examples: list[str] = field(default_factory=list)

    @property
    def is_proven(self) -> bool:
        """Whether everything agrees and every control account is at zero."""
        return (
            not self.differences
            and all(Decimal(balance) == 0 for balance in self.control_accounts.values())
            and sum(map(Decimal, self.revenue.values())) == Decimal(self.cash_basis)
            and self.independent_check.get("result") == "agrees"
        )


def run(usage: Sequence[Usage], folder: Path, policy: PolicyTable, say: Say) -> Result:
    """Run the demonstration from nothing.

    Args:
        usage: Metered usage per customer and minute.
        folder: Is emptied first; afterwards it holds books, sandbox and exports to look at.
        say: Told what happens, for people.

    Raises:
        DrawdownError: Something could not be started or was refused unexpectedly.
    """
    began = time.monotonic()
    story = scenario(usage)
    stop_server(folder / "postgres")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    items = [UsageItem(item_id, item_id) for item_id in story.usage_items]
    config_file = folder / "drawdown.toml"
    result = Result(folder=str(folder))
    try:
        with ExitStack() as stack:
            sandbox = stack.enter_context(SandboxProcess(folder / "sandbox.db"))
            prepare(sandbox, folder, config_file, policy, items, TENANT)
            config = load_config(config_file)
            books = stack.enter_context(open_books(config))
            erp = stack.enter_context(connect_erp(books.tenant, folder))
            say(f"A simulated NetSuite answers at {sandbox.url}, PostgreSQL is up.")
            _live(story, books, erp, sandbox, folder, result, say)
            _conclude(story, config, books, erp, result)
    finally:
        stop_server(folder / "postgres")
    result.seconds = round(time.monotonic() - began, 1)
    return result


def _live(
    story: Scenario,
    books: Books,
    erp: Erp,
    sandbox: SandboxProcess,
    folder: Path,
    result: Result,
    say: Say,
) -> None:
    """Live through the months: facts, delivery, month end, observation, closing."""
    facts = folder / "events"
    facts.mkdir()
    answers: dict[str, Answer] = {}
    currencies: dict[str, str] = {}
    for number, month in enumerate(story.months):
        file = facts / f"{month.name}.jsonl"
        file.write_bytes(b"".join(_lines(month.events, currencies)))
        answers.update(_ingest(file, books))
        report = deliver(books.session, erp, concurrency=CONCURRENCY, sleep=time.sleep)
        for external_id, problem in report.problems.items():
            result.differences.append(_problem("not_delivered", f"{external_id}: {problem}"))
        journals = sandbox.month_end(month.name)
        if number:  # a credit memo may still undo what the month before drew
            sandbox.close_period(story.months[number - 1].name)
        seen = observe(books.session, erp, books.policy)
        for answer in seen.refused:
            result.differences.append(_problem("recognition", answer.detail))
        say(
            f"{month.name}: {len(month.events)} facts, {report.done.total()} NetSuite records "
            f"delivered, {journals} recognition journals for {seen.recognised} revenue elements"
        )
    sandbox.close_period(story.months[-1].name)
    _judge(story, answers, result)


def _lines(events: Sequence[Event], currencies: dict[str, str]) -> Iterator[bytes]:
    """Write facts as native JSON Lines; those on an invoice are in the invoice's currency."""
    for event in events:
        if isinstance(event, SalesOrder):
            currencies[event.order_id] = event.currency
        elif isinstance(event, UsageInvoice):
            currencies[event.invoice_id] = event.currency
        elif isinstance(event, PurchaseInvoice):
            currencies[event.invoice_id] = currencies[event.order_id]
        if isinstance(event, PurchaseInvoice | CreditMemo | Payment):
            event = replace(event, currency=currencies[event.invoice_id])  # noqa: PLW2901
        yield encode_event(event)


def _ingest(file: Path, books: Books) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    batch: list[Event] = []
    with file.open("rb") as lines:
        for one in NativeJsonLines(books.policy.time_zone).decode(lines):
            if not isinstance(one, Located):
                raise DrawdownError(f"{file}:{one.line}: {one.message}")
            batch.append(one.event)
    for start in range(0, len(batch), BATCH_SIZE):
        for answer in ingest(books.session, batch[start : start + BATCH_SIZE], books.policy):
            answers[answer.event_id] = answer
    return answers


def _judge(story: Scenario, answers: Mapping[str, Answer], result: Result) -> None:
    """Every fact must have been accepted, but those that the story wants refused."""
    result.events = len(answers)
    for event_id, answer in answers.items():
        wanted = story.refused.get(event_id)
        if answer.status == "refused" and wanted is not None:
            result.refused[event_id] = answer.detail
        elif answer.status != "accepted" or wanted is not None:
            result.differences.append(_problem(answer.status, f"{event_id}: {answer.detail}"))


def _problem(kind: str, detail: str) -> dict[str, Any]:
    return Difference(kind, "", "", "", "", "", detail)._asdict()


def _conclude(story: Scenario, config: Config, books: Books, erp: Erp, result: Result) -> None:
    """Compare the ledgers, read NetSuite's balances, let another program add up the journal."""
    compared = reconcile(books.session, erp)
    result.differences += [difference._asdict() for difference in compared.differences]
    result.blocks = compared.blocks
    result.customers = story.customers
    result.netsuite_records = dict(
        sorted(Counter(record.record for record in erp.records()).items())
    )
    counts = books.session.run("counts").fetchone()
    result.entries = counts[2] if counts else 0
    balances: dict[str, Decimal] = {
        role.value: Decimal(0)
        for role in CONTROL_ROLES
        if role is not Role.FORMER_DEFERRED_REVENUE  # nothing is taken over here
    }
    revenue: dict[str, Decimal] = {}
    for balance in erp.account_balances():
        if isinstance(balance.account, Observed):
            name = "breakage" if balance.account is Observed.REVENUE_BREAKAGE else "usage"
            key = balance.item_id or name
            revenue[key] = revenue.get(key, Decimal(0)) - balance.amount
        elif balance.account is not Role.CASH:
            balances[balance.account.value] += balance.amount
    result.control_accounts = {role: f"{amount:.2f}" for role, amount in balances.items()}
    result.revenue = {item: f"{amount:.2f}" for item, amount in sorted(revenue.items()) if amount}
    result.cash_basis = f"{story.cash_basis_base:.2f}"
    _tell_fates(books, result)
    result.independent_check = _check_independently(config, books)._asdict()


def _tell_fates(books: Books, result: Result) -> None:
    first: dict[str, str] = {}
    for block in all_blocks(books.session):
        fate = _fate(block)
        result.fates[fate] += 1
        first.setdefault(fate, block.block_id)
    result.examples = sorted(first.values())


def _fate(block: Block) -> str:
    if block.state.value == "open":
        return "drawn to zero" if block.is_exhausted else "open"
    return block.state.value


def _check_independently(config: Config, books: Books) -> Verdict:
    files = {kind: config.data / f"journal.{kind.value}" for kind in Format}
    for kind, file in files.items():
        with file.open("w", encoding="utf-8", newline="") as out:
            out.writelines(f"{line}\n" for line in export_lines(books.session, kind))
    expected = expected_balances(all_lives(books.session))
    return second_opinion(files[Format.HLEDGER], files[Format.BEANCOUNT], expected)
