from __future__ import annotations

import json

import pytest

from drawdown.core.allocation import DRAWDOWN_ORDER
from drawdown.core.block import TRANSITIONS
from drawdown.core.checks import AT_END
from drawdown.core.rules import MIRRORS, RULES
from drawdown.reports import rules_table


def test_every_row_of_the_code_is_in_the_tables() -> None:
    tables = rules_table.to_json()
    assert [row["code"] for row in tables["accounting_rules"]] == [rule.code for rule in RULES]
    assert [row["undoes"] for row in tables["reversals"]] == list(MIRRORS)
    assert len(tables["states_of_a_block"]) == sum(map(len, TRANSITIONS.values()))
    assert [row["key"] for row in tables["drawdown_order"]] == list(DRAWDOWN_ORDER)
    assert len(tables["invariants"]) == len(AT_END)
    assert tables["invariants"][-1]["when"] == "at the end"
    assert json.loads(json.dumps(tables)) == tables


def test_only_revenue_management_posts_to_revenue() -> None:
    for row in rules_table.rules():
        assert row["credit"].startswith("revenue_") <= (row["posted by"] == "ARM")


def test_markdown_tables_are_rectangular() -> None:
    text = rules_table.markdown()
    for heading in rules_table.TABLES:
        assert f"## {heading}\n\n| " in text
    for table in text.split("\n\n"):
        if table.startswith("|"):
            assert len({len(line) for line in table.splitlines()}) == 1


@pytest.mark.parametrize(
    ("text", "cell"), [("a|b", "a\\|b"), ("a\nb", "a b"), ("<b>", "\\<b\\>"), ("é", "é")]
)
def test_cells_hold_no_markup(text: str, cell: str) -> None:
    assert rules_table.cell(text) == cell
