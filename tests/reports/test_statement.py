from __future__ import annotations

import json

from drawdown.reports.journal import Life, Reference
from drawdown.reports.statement import statement


def test_rows_follow_the_block_from_order_to_zero(odd: Life) -> None:
    rows = statement(odd, {}).rows
    assert [(row.on[5:], row.step, row.code, row.amount, row.credits) for row in rows] == [
        ("01-01", "ordered", "", "", ""),
        ("01-02", "invoiced", "P1", "1000.00", ""),
        ("01-02", "purchased", "P2", "1000.00", ""),
        ("01-02", "purchased", "P3", "1000.00", ""),
        ("01-02", "purchased", "P4", "1000.00", ""),
        ("01-20", "paid", "P5", "1000.00", ""),
        ("01-28", "drawn", "D1", "333.00", "333"),
        ("01-28", "drawn", "D2", "333.00", ""),
        ("01-28", "drawn", "D3", "333.00", ""),
        ("01-28", "reversed", "R1", "100.00", "-100"),
        ("02-01", "reversed", "R2", "100.00", ""),
        ("02-01", "reversed", "R3", "100.00", ""),
        ("03-31", "expired", "E1", "767.00", "767"),
        ("03-31", "expired", "E2", "767.00", ""),
        ("03-31", "expired", "E3", "767.00", ""),
        ("03-31", "recognised", "D4", "233.00", ""),
        ("03-31", "recognised", "E4", "767.00", ""),
    ]


def test_running_balances_are_those_after_the_row(odd: Life) -> None:
    rows = statement(odd, {}).rows
    deposits = [row.balances["customer_deposits"] for row in rows]
    assert deposits[:3] == ["0.00", "0.00", "-1000.00"]
    assert deposits[7] == "-667.00"
    assert deposits[9] == "-767.00"
    assert set(rows[-1].balances.values()) == {"0.00"}


def test_an_ended_block_is_proven_by_the_checks_of_the_end(odd: Life) -> None:
    written = statement(odd, {})
    assert written.has_ended
    assert written.is_proven
    assert written.cash_basis == "1000.00"
    assert written.revenue == {"revenue_usage": "233.00", "revenue_breakage": "767.00"}
    assert [invariant.name for invariant in written.invariants[-2:]] == [
        "control_accounts", "cash_basis",
    ]  # fmt: skip


def test_an_open_block_is_held_to_the_checks_of_every_step_only(lives: dict[str, Life]) -> None:
    written = statement(lives["open"], {})
    assert not written.has_ended
    assert written.is_proven
    assert (written.amount, written.remaining, written.due) == ("5000", "4884", "5000")


def test_a_missing_entry_is_named(odd: Life) -> None:
    written = statement(odd._replace(entries=odd.entries[:-1]), {})
    assert not written.is_proven
    problems = {line.name: line.problem for line in written.invariants if not line.holds}
    assert set(problems) == {"control_accounts", "cash_basis"}
    assert "deferred_revenue_breakage" in problems["control_accounts"]


def test_native_records_stand_beside_our_ids(odd: Life) -> None:
    deposit = odd.block.deposits[0].record
    rows = statement(odd, {deposit: Reference("customerDeposit", "77", "DEP5")}).rows
    found = [(row.code, row.record, row.number, row.internal_id) for row in rows if row.number]
    assert found == [
        ("P2", "customerDeposit", "DEP5", "77"),
        ("D4", "journalEntry", "ARM1", ""),
        ("E4", "journalEntry", "ARM2", ""),
    ]
    assert [row.record for row in rows if row.code == "R2"] == ["creditMemo"]


def test_it_is_json(lives: dict[str, Life]) -> None:
    for life in lives.values():
        written = statement(life, {}).to_json()
        assert json.loads(json.dumps(written)) == json.loads(json.dumps(written, default=str))
        assert written["is_proven"] is True
