from __future__ import annotations

from pathlib import Path

from drawdown.reports.journal import Life
from drawdown.reports.t_accounts import WIDTH, ZERO_MARK, picture, t_accounts

PICTURE = Path(__file__).with_name("t_accounts.txt")


def test_the_picture_of_one_block(odd: Life) -> None:
    assert picture(odd.entries) + "\n" == PICTURE.read_text(encoding="utf-8")


def test_many_blocks_are_merged_by_rule_and_parted_by_currency(lives: dict[str, Life]) -> None:
    entries = [entry for life in lives.values() for entry in life.entries]
    entries += list(lives["open"].entries) * 11
    drawn = picture(entries, merged=True)
    assert [line[3:6] for line in drawn.splitlines() if line.startswith("── ")] == [
        "JPY", "KWD", "USD",
    ]  # fmt: skip
    assert "P1 ×12" in drawn  # noqa: RUF001
    assert "1,234.567" in drawn
    assert max(map(len, drawn.splitlines())) <= WIDTH


def test_it_fits_the_width_it_is_given(odd: Life) -> None:
    assert max(map(len, picture(odd.entries, width=70).splitlines())) <= 70
    assert max(map(len, picture(odd.entries, width=10).splitlines())) == 31


def test_balances_are_debits_minus_credits(odd: Life) -> None:
    found = {drawn.account.value: drawn.balance_minor for drawn in t_accounts(odd.entries)}
    assert {name: balance for name, balance in found.items() if balance} == {
        "cash": 100_000, "revenue_usage": -23_300, "revenue_breakage": -76_700,
    }  # fmt: skip


def test_nothing_posted_is_an_empty_picture(lives: dict[str, Life]) -> None:
    assert picture(lives["gift"].entries) == ""
    assert ZERO_MARK in picture(lives["open"].entries)
