"""The second opinion compares balances, not exit statuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from drawdown.core.accounts import Observed, Role
from drawdown.core.plan import Entry
from drawdown.reports import beancount, hledger
from drawdown.reports.journal import ACCOUNTS, JournalLine, Reference
from drawdown.reports.positions import Expected
from drawdown.service import independent
from drawdown.service.independent import (
    AGREES,
    DIFFERS,
    NOT_RUN,
    ask_beancount,
    ask_hledger,
    find_bean_check,
    find_hledger,
    second_opinion,
)

needs_hledger = pytest.mark.skipif(find_hledger() is None, reason="hledger is not installed")
needs_beancount = pytest.mark.skipif(find_bean_check() is None, reason="no bean-check")


class Files(NamedTuple):
    hledger: Path
    beancount: Path
    expected: Expected


def line(currency: str, amount: int) -> JournalLine:
    entry = Entry(
        "B", 1, "D4", Role.DEFERRED_REVENUE_USAGE, Observed.REVENUE_USAGE, amount, currency,
        date(2026, 1, 31), "ARM1", "tokens",
    )  # fmt: skip
    return JournalLine(entry, "e", Reference("journalEntry"))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Return a journal of one recognition in each of three currencies, without our assertions."""
    amounts = {"USD": 123_456_789, "JPY": 7, "KWD": 1_001}
    lines = [line(currency, amount) for currency, amount in amounts.items()]
    expected = {(account, currency): 0 for account in ACCOUNTS for currency in amounts}
    for currency, amount in amounts.items():
        expected[Role.DEFERRED_REVENUE_USAGE, currency] = amount
        expected[Observed.REVENUE_USAGE, currency] = -amount
    found = Files(tmp_path / "a b.journal", tmp_path / 'a "b".beancount', expected)
    for file, export in ((found.hledger, hledger.export), (found.beancount, beancount.export)):
        text = "\n".join(export(lines, expected))
        file.write_text(text + "\n", encoding="utf-8")
    return found


@needs_hledger
def test_hledger_agrees(files: Files) -> None:
    program = find_hledger()
    assert program is not None
    verdict = ask_hledger(program, files.hledger, files.expected)
    assert verdict._replace(version="") == ("hledger", "", AGREES, "42 balances compared")
    assert verdict.version[0].isdigit()


@needs_beancount
def test_beancount_agrees(files: Files) -> None:
    program = find_bean_check()
    assert program is not None
    verdict = ask_beancount(program, files.beancount, files.expected)
    assert verdict._replace(version="") == ("beancount", "", AGREES, "42 balances compared")
    assert verdict.version[0].isdigit()


@needs_hledger
def test_hledger_differs_by_one_minor_unit_in_a_file_that_is_valid(files: Files) -> None:
    program = find_hledger()
    assert program is not None
    for currency, theirs, ours in (
        ("USD", "1234567.89", "1234567.90"), ("JPY", "7", "8"), ("KWD", "1.001", "1.002"),
    ):  # fmt: skip
        mine = dict(files.expected)
        mine[Role.DEFERRED_REVENUE_USAGE, currency] += 1
        verdict = ask_hledger(program, files.hledger, mine)
        assert verdict.result == DIFFERS
        assert verdict.detail == (
            f"liabilities:deferred_revenue_usage {currency}: hledger has {theirs}, we have {ours}"
        )


@needs_hledger
def test_hledger_differs_where_we_do_not_know_an_account_at_all(files: Files) -> None:
    program = find_hledger()
    assert program is not None
    mine = {key: amount for key, amount in files.expected.items() if key[1] != "JPY"}
    assert "JPY: hledger has 7, we have 0" in ask_hledger(program, files.hledger, mine).detail


@needs_beancount
def test_beancount_differs_by_one_minor_unit_in_a_file_that_is_valid(files: Files) -> None:
    program = find_bean_check()
    assert program is not None
    mine = dict(files.expected)
    mine[Role.CASH, "KWD"] += 1
    verdict = ask_beancount(program, files.beancount, mine)
    assert verdict.result == DIFFERS
    assert "Assets:Cash" in verdict.detail
    assert "0.001 too little" in verdict.detail


@needs_hledger
def test_a_broken_file_differs_with_the_reason(files: Files) -> None:
    files.hledger.write_text("2026-01-01 x\n    a  1 USD\n    b  2 USD\n", encoding="utf-8")
    program = find_hledger()
    assert program is not None
    verdict = ask_hledger(program, files.hledger, files.expected)
    assert verdict.result == DIFFERS
    assert "USD" in verdict.detail


def test_without_a_program_nothing_is_claimed(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(independent, "_find", lambda _name: None)
    verdict = second_opinion(files.hledger, files.beancount, files.expected)
    assert verdict.result == NOT_RUN
    assert "apt install hledger" in verdict.detail


def test_a_program_that_cannot_be_run_is_no_agreement(tmp_path: Path, files: Files) -> None:
    absent = tmp_path / "hledger"
    assert ask_hledger(absent, files.hledger, files.expected).result == DIFFERS
    assert ask_beancount(absent, files.beancount, files.expected).result == DIFFERS
    mute = tmp_path / "mute"
    mute.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    mute.chmod(0o755)
    assert ask_hledger(mute, files.hledger, files.expected).result == DIFFERS


@needs_hledger
def test_hledger_is_asked_first(files: Files) -> None:
    assert second_opinion(files.hledger, files.beancount, files.expected).program == "hledger"
