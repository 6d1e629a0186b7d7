from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from drawdown.core.errors import MalformedEventError
from drawdown.demo.usage import (
    CUSTOMERS,
    TRACE_COLUMNS,
    aggregate,
    bundled,
    customer_of,
    read,
    write,
)

HEADER = ",".join(TRACE_COLUMNS)
TOOL = Path(__file__).resolve().parents[2] / "tools" / "aggregate_usage.py"


def test_the_bundled_usage_is_the_whole_trace() -> None:
    usage = bundled()
    assert sum(row.requests for row in usage) == 8_819
    assert sum(row.input_tokens for row in usage) == 18_059_974
    assert sum(row.output_tokens for row in usage) == 245_896
    shares: Counter[int] = Counter()
    for row in usage:
        shares[row.customer] += row.requests
    assert sorted(shares) == list(range(1, CUSTOMERS + 1))
    assert max(shares.values()) > 10 * min(shares.values())


def test_requests_are_added_up_per_customer_and_minute() -> None:
    lines = [HEADER, *(f"2024-01-01 00:00:{second:02}.1234567,10,2" for second in range(60))]
    usage = aggregate(lines)
    assert sum(row.input_tokens for row in usage) == 600
    assert [row.customer for row in usage] == sorted({row.customer for row in usage})
    assert read(list(write(usage))) == usage


def test_columns_may_come_in_any_order_with_others_between() -> None:
    lines = ["\ufeffGeneratedTokens,x,TIMESTAMP,ContextTokens", "2,,2024-01-01T00:00:30,10", "", ""]
    assert [tuple(row[2:]) for row in aggregate(lines)] == [(1, 10, 2)]


def test_the_same_request_always_goes_to_the_same_customer() -> None:
    assert customer_of(1, "2023-11-16 18:17:03.9799600") == customer_of(
        1, "2023-11-16 18:17:03.9799600"
    )
    assert {customer_of(row, "x") for row in range(5000)} == set(range(1, CUSTOMERS + 1))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "the trace is empty; its first line must name the columns TIMESTAMP"),
        (["", ""], "the trace is empty"),
        ([HEADER], "the trace holds no request"),
        (["a,b,c"], "line 1: column TIMESTAMP, ContextTokens, GeneratedTokens is missing"),
        (["TIMESTAMP,ContextTokens"], "line 1: column GeneratedTokens is missing"),
        ([HEADER, "yesterday,1,1"], "line 2: TIMESTAMP 'yesterday' is not a time"),
        ([HEADER, "2024-01-01 00:00:00,-5,1"], "line 2: ContextTokens -5 is outside 0 to"),
        ([HEADER, "", "2024-01-01 00:00:00,5,"], "line 3: GeneratedTokens '' is not a whole"),
        ([HEADER, "2024-01-01 00:00:00,1.5,1"], "line 2: ContextTokens '1.5' is not a whole"),
        ([HEADER, "2024-01-01 00:00:00,1,NaN"], "line 2: GeneratedTokens 'NaN' is not a whole"),
        ([HEADER, f"2024-01-01 00:00:00,1,{'9' * 5000}"], "line 2: GeneratedTokens 9999"),
        ([HEADER, "2024-01-01 00:00:00"], "line 2 has 1 columns"),
        ([HEADER, "2024-01-01 00:00:00,1,\x00"], "line 2"),
        ([HEADER, '"' + "x" * 200_000], "line 2 is not CSV"),
    ],
)
def test_a_bad_trace_is_refused_with_line_and_remedy(lines: list[str], message: str) -> None:
    with pytest.raises(MalformedEventError) as refused:
        aggregate(lines)
    assert message in str(refused.value)


@pytest.mark.parametrize("lines", [[], ["a"], [",".join("abc"), "1"]])
def test_usage_that_is_not_ours_is_refused(lines: list[str]) -> None:
    with pytest.raises(MalformedEventError, match=r"tools/aggregate_usage\.py"):
        read(lines)


def test_the_tool_writes_what_the_package_reads(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(f"{HEADER}\n2024-01-01 00:00:00.0000000,10,2\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, TOOL, trace], capture_output=True, encoding="utf-8", check=True
    )
    assert [row.input_tokens for row in read(done.stdout.splitlines())] == [10]
    trace.write_text("nonsense\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, TOOL, trace], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert "line 1: column" in done.stderr
