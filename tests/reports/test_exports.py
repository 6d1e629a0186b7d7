"""What hledger and beancount say about our files; their balances come from tests/service."""

from __future__ import annotations

import csv as stdlib_csv
import io
import subprocess
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

import pytest

from drawdown.core.accounts import Observed, Role
from drawdown.core.checks import balances
from drawdown.reports import beancount, csv, hledger
from drawdown.reports.journal import JournalLine, Life, Reference, escape, journal_lines
from drawdown.reports.positions import expected_balances, expected_of
from drawdown.service.independent import find_bean_check, find_hledger

needs_hledger = pytest.mark.skipif(find_hledger() is None, reason="hledger is not installed")
needs_beancount = pytest.mark.skipif(find_bean_check() is None, reason="no bean-check")


def lines_of(lives: Iterable[Life]) -> list[JournalLine]:
    references: dict[str, Reference] = {}
    for life in lives:
        for deposit in life.block.deposits:
            references[deposit.record] = Reference("customerDeposit", "12", 'No. "7", (b) ; x')
    return [line for life in lives for line in journal_lines(life, references)]


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, encoding="utf-8", check=False,
        env={"LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_positions_alone_predict_what_the_journal_adds_up_to(lives: dict[str, Life]) -> None:
    for life in lives.values():
        assert +expected_of(life) == +balances(life.entries)
        assert -expected_of(life) == -balances(life.entries)


def test_expected_balances_name_every_account_in_every_currency(lives: dict[str, Life]) -> None:
    expected = expected_balances(lives.values())
    assert set(expected) == {
        (account, currency) for account in (*Role, *Observed) for currency in ("USD", "JPY", "KWD")
    }
    assert expected[Role.CASH, "USD"] == 100_000
    assert expected[Role.CUSTOMER_DEPOSITS, "JPY"] == -4884
    assert expected[Role.ACCOUNTS_RECEIVABLE, "JPY"] == 5000
    assert not any(amount for (_, currency), amount in expected.items() if currency == "KWD")


@needs_hledger
def test_hledger_is_content_and_reads_our_tags(tmp_path: Path, lives: dict[str, Life]) -> None:
    program = find_hledger()
    assert program is not None
    file = tmp_path / "j.journal"
    text = "\n".join(hledger.export(lines_of(lives.values()), expected_balances(lives.values())))
    file.write_text(text + "\n", encoding="utf-8")
    assert run(program, "check", "--strict", "-f", file) == (0, "")
    assert run(program, "check", "payees", "-f", file) == (0, "")
    _, found = run(program, "tags", "block", "--values", "-f", file)
    assert {unquote(line) for line in found.splitlines()} == {
        block_id for block_id, life in lives.items() if life.entries
    }
    _, printed = run(program, "balance", "--flat", "cash", "-f", file)
    assert "1000.00 USD  assets:cash" in printed


@needs_hledger
def test_hledger_rejects_a_journal_that_lost_an_entry(tmp_path: Path, odd: Life) -> None:
    program = find_hledger()
    assert program is not None
    file = tmp_path / "j.journal"
    lines = lines_of([odd])[:-1]
    file.write_text("\n".join(hledger.export(lines, expected_balances([odd]))), encoding="utf-8")
    status, said = run(program, "check", "--strict", "-f", file)
    assert status
    assert "767.00" in said


@needs_beancount
def test_bean_check_is_content(tmp_path: Path, lives: dict[str, Life]) -> None:
    program = find_bean_check()
    assert program is not None
    file = tmp_path / "j.beancount"
    text = "\n".join(beancount.export(lines_of(lives.values()), expected_balances(lives.values())))
    file.write_text(text + "\n", encoding="utf-8")
    assert run(program, "--no-cache", file) == (0, "")


@needs_beancount
def test_bean_check_sees_a_difference_of_one_cent(tmp_path: Path, odd: Life) -> None:
    program = find_bean_check()
    assert program is not None
    file = tmp_path / "j.beancount"
    expected = expected_balances([odd])
    expected[Role.CASH, "USD"] += 1
    file.write_text("\n".join(beancount.export(lines_of([odd]), expected)), encoding="utf-8")
    status, said = run(program, "--no-cache", file)
    assert status == 1
    assert "Balance failed for 'Assets:Cash'" in said


def test_an_empty_journal_is_declarations_only() -> None:
    assert not [line for line in hledger.export([], {}) if line.startswith("2")]
    assert not [line for line in beancount.export([], {}) if line.startswith("2")]
    assert len(list(csv.export([]))) == 1


def test_csv_reads_back(lives: dict[str, Life]) -> None:
    lines = lines_of(lives.values())
    text = "\n".join(csv.export(lines))
    rows = list(stdlib_csv.DictReader(io.StringIO(text, newline="")))
    assert [row["block_id"] for row in rows] == [line.entry.block_id for line in lines]
    assert rows[0]["amount"] == "1000.00"
    assert rows[1]["number"] == 'No. "7", (b) ; x'
    assert rows[-1]["currency"] == "KWD"


def test_csv_is_no_program(lives: dict[str, Life]) -> None:
    line = lines_of([lives["open"]])[0]
    evil = line._replace(entry=line.entry._replace(block_id="=HYPERLINK(1)"))
    assert list(csv.export([evil]))[1].split(",")[1] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    "text", ["plain", "a,b", "100%", "%2C", " x ", "a\nb", "\x00\x85\u2028", "é 積 ;:\"\\'", ""]
)
def test_escaped_text_is_one_plain_line_and_comes_back(text: str) -> None:
    escaped = escape(text)
    assert unquote(escaped) == text
    assert "," not in escaped
    assert len(escaped.splitlines()) <= 1
    assert escaped == escaped.strip()
