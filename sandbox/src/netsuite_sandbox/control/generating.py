"""Fills a company with many consistent transactions, set by set, for tests of size.

Nothing like it exists in NetSuite. The unit is a cycle of four transactions, as prepaid credits
make them: a deposit, an invoice, a deposit application that settles it and a journal entry. They
are written with their ledger lines, links, open amounts and statuses as the record service would
have written them; the same seed gives the same company.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from netsuite_sandbox.errors import invalid_request
from netsuite_sandbox.money import SCALE, times_rate
from netsuite_sandbox.records import masters
from netsuite_sandbox.records.master_kinds import KINDS

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox

CYCLE = 4
COUNT_MAX = 10_000_000
CUSTOMERS = 100
BATCH = 5_000  # Cycles written at once.
FIRST_DAY, DAYS = date(2024, 1, 1), 730
EURO_RATE = Decimal("1.1")

_TX = (
    "id, type, externalid, tranid, trandate, postingperiod, entity, subsidiary, currency,"
    " exchangerate, account, status, posting, createdfrom, total, open, arm, createddate,"
    " lastmodifieddate, extra"
)
_LINE = "tx, id, seq, mainline, taxline, account, amount, base, entity, item, quantity, rate, memo"
_TYPES = (("CustDep", "DEP", "dep"), ("CustInvc", "INV", "inv"), ("DepAppl", "DEPAPP", "app"),
          ("Journal", "JE", "je"))  # fmt: skip


@dataclass(slots=True)
class _Plan:
    """What all cycles share.

    Attributes:
        first: Internal id before the first transaction.
        numbers: Last document number of each type.
        own: The number of a cycle before the first: external ids continue earlier runs.
    """

    chance: random.Random
    first: int
    own: int
    customers: list[int]
    item: int
    accounts: dict[str, int]
    euro: int
    base: int
    periods: Callable[[str], int]
    stamp: str
    numbers: dict[str, int]
    journal_main: str


def generate(sandbox: Sandbox, count: int, seed: int) -> dict[str, Any]:
    """Write `count` transactions (a multiple of four; rounded down).

    Returns:
        What was written, and by which external ids it is found.

    Raises:
        NetSuiteError: INVALID_REQUEST if the count is out of bounds.
    """
    cycles = count // CYCLE
    if not 1 <= cycles <= COUNT_MAX // CYCLE:
        raise invalid_request(f"Generate {CYCLE} to {COUNT_MAX} transactions.")
    db = sandbox.db
    with db.transaction():
        plan = _plan(sandbox, seed)
        for start in range(0, cycles, BATCH):
            transactions: list[tuple[Any, ...]] = []
            lines: list[tuple[Any, ...]] = []
            links: list[tuple[Any, ...]] = []
            for number in range(start, min(start + BATCH, cycles)):
                _cycle(plan, number, transactions, lines, links)
            _write(sandbox, "tx", _TX, transactions)
            _write(sandbox, "line", _LINE, lines)
            db.conn.executemany("INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", links)
        for code, _, _ in _TYPES:
            db.execute(
                "INSERT OR REPLACE INTO sequence VALUES (?, ?)",
                (code, plan.numbers[code] + cycles),
            )
        db.execute("INSERT OR REPLACE INTO sequence VALUES ('generated', ?)", (plan.own + cycles,))
    db.execute("ANALYZE")
    return {
        "transactions": cycles * CYCLE, "cycles": cycles, "seed": seed,
        "externalIds": [f"gen-{kind}-{plan.own + 1}..{plan.own + cycles}" for *_, kind in _TYPES],
    }  # fmt: skip


def _write(sandbox: Sandbox, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    sandbox.db.conn.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def _plan(sandbox: Sandbox, seed: int) -> _Plan:
    company, db = sandbox.company, sandbox.db
    periods: dict[str, int] = {}

    def period(day: str) -> int:
        month = day[:7]
        if month not in periods:
            periods[month] = sandbox.books.periods.resolve(day, None, receivables=True)
        return periods[month]

    special = company.special_account
    euro = next(c.id for c in company.masters("currency") if c.body.get("symbol") == "EUR")
    return _Plan(
        chance=random.Random(seed),  # noqa: S311 (repeatable chance is the point)
        first=db.value("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'tx'"),
        own=db.value("SELECT value FROM sequence WHERE name = 'generated'") or 0,
        customers=_customers(sandbox), item=_item(sandbox),
        accounts={
            "funds": special("UndepFunds"), "deposits": special("CustDep"),
            "receivable": special("AcctRec"), "income": _first(sandbox, "Income"),
            "expense": _first(sandbox, "Expense"), "bank": _first(sandbox, "Bank"),
        },
        euro=euro, base=company.base_currency(1), periods=period, stamp=company.clock.stamp(),
        numbers={
            code: db.value("SELECT value FROM sequence WHERE name = ?", (code,)) or 0
            for code, _, _ in _TYPES
        },
        journal_main=company.settings["journal_lines_mainline"],
    )  # fmt: skip


def _first(sandbox: Sandbox, kind: str) -> int:
    return next(a.id for a in sandbox.company.masters("account") if a.body["acctType"] == kind)


def _customers(sandbox: Sandbox) -> list[int]:
    company = sandbox.company
    out: list[int] = []
    for number in range(1, CUSTOMERS + 1):
        external = f"gen-customer-{number}"
        found = company.by_external_id("entity", external)
        body = {"companyName": f"Generated {number}", "subsidiary": 1, "externalId": external}
        out.append(found or masters.create(company, KINDS["customer"], body))
    return out


def _item(sandbox: Sandbox) -> int:
    found = sandbox.company.by_external_id("item", "gen-item")
    body = {"itemId": "Generated usage", "externalId": "gen-item",
            "incomeAccount": _first(sandbox, "Income")}  # fmt: skip
    return found or masters.create(sandbox.company, KINDS["serviceSaleItem"], body)


def _cycle(
    plan: _Plan, number: int, transactions: list[tuple[Any, ...]],
    lines: list[tuple[Any, ...]], links: list[tuple[Any, ...]],
) -> None:  # fmt: skip
    """Add the rows of one cycle. Ids are given in the order of the types."""
    chance, accounts = plan.chance, plan.accounts
    day = (FIRST_DAY + timedelta(days=chance.randrange(DAYS))).isoformat()
    customer = plan.customers[chance.randrange(CUSTOMERS)]
    foreign = chance.randrange(10) == 0
    bill = chance.randrange(100, 1_000_000) * (SCALE // 100)
    # A foreign deposit is used up at its own rate: no exchange gain or loss is left out here.
    taken = bill if foreign else bill + chance.randrange(0, 100_000) * (SCALE // 100)
    part = bill if foreign or chance.randrange(4) else bill // (2 * SCALE) * SCALE or bill
    rate = EURO_RATE if foreign else Decimal(1)
    base = {units: times_rate(units, rate, 2) for units in (bill, taken, part)}
    ids = [plan.first + number * CYCLE + step for step in range(1, CYCLE + 1)]
    deposit, invoice, application, _journal = ids
    left, unpaid = taken - part, bill - part
    facts = (
        (accounts["funds"], "C" if not left else "A", None, taken, left, None),
        (accounts["receivable"], "A" if unpaid else "B", None, bill, unpaid, None),
        (accounts["receivable"], None, deposit, part, 0, None),
        (None, "B", None, bill, 0, '{"approved":true}'),
    )
    for tx, (code, prefix, kind), fact in zip(ids, _TYPES, facts, strict=True):
        account, status, source, total, open_units, extra = fact
        journal = code == "Journal"
        transactions.append((
            tx, code, f"gen-{kind}-{plan.own + number + 1}",
            f"{prefix}{plan.numbers[code] + number + 1}", day, plan.periods(day),
            None if journal else customer, 1, plan.euro if foreign else plan.base,
            format(rate, "f"), account, status, "T", source, total, open_units, 0, plan.stamp,
            plan.stamp, extra,
        ))  # fmt: skip
    lines += _lines(plan, ids, customer, (taken, bill, part), base)
    links.append((deposit, 0, application, 0, "DepAppl", part, base[part], base[part], day))
    links.append((invoice, 0, application, 0, "Payment", part, base[part], base[part], day))


def _lines(
    plan: _Plan, ids: list[int], customer: int, amounts: tuple[int, int, int], base: dict[int, int]
) -> Iterator[tuple[Any, ...]]:
    """The ledger lines: two a transaction, debit positive."""
    accounts, (taken, bill, part) = plan.accounts, amounts
    rate = format(Decimal(bill) / SCALE, "f")
    main, item = "T", plan.item
    for tx, units, debit, credit, first_sign in (
        (ids[0], taken, "funds", "deposits", 1), (ids[1], bill, "receivable", "income", 1),
        (ids[2], part, "receivable", "deposits", -1), (ids[3], bill, "expense", "bank", 1),
    ):  # fmt: skip
        journal, invoice = tx == ids[3], tx == ids[1]
        who = None if journal else customer
        amount, value = first_sign * units, first_sign * base[units]
        yield (tx, 0, 0, plan.journal_main if journal else main, "F", accounts[debit], amount,
               value, who, None, None, None, None)  # fmt: skip
        yield (tx, 1, 1, plan.journal_main if journal else "F", "F", accounts[credit], -amount,
               -value, who, item if invoice else None, "-1" if invoice else None,
               rate if invoice else None, None)  # fmt: skip
