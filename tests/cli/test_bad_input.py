"""Bad input by file: what is wrong is named with line, block and remedy; good lines are kept.

Nothing is half done, and the corrected file, taken in whole, completes the books.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli import facts as f
from tests.cli.commands import Commands

GOOD = [*f.bought(), f.usage("U1", "10", "B1")]


class Bad(NamedTuple):
    """A line that cannot be taken, and what must be said of it.

    Attributes:
        says: Words of the message; the block, where there is one, and the remedy among them.
        corrected: The line as it should have been.
    """

    line: dict[str, Any] | str
    status: str
    says: tuple[str, ...]
    corrected: dict[str, Any]


_USED = f.usage("U2", "5", "B1")
BAD: dict[str, Bad] = {
    "malformed JSON": Bad(
        json.dumps(_USED)[:-7], "unreadable", ("not valid JSON", "write each event"), _USED
    ),
    "not UTF-8": Bad("\udcff\udcfe", "unreadable", ("UTF-8", "save the file as UTF-8"), _USED),
    "a list": Bad("[1, 2]", "unreadable", ("object", "write each event as one object"), _USED),
    "unknown customer": Bad(
        {**_USED, "customer_id": "C9"}, "held", ("customer C9", "send the customer"), _USED
    ),
    "negative amount": Bad(
        {**_USED, "lines": [{"line_id": "L1", "item": "usage", "amount": "-5.00"}]},
        "unreadable",
        ("amount", "negative"),
        _USED,
    ),
    "wrong currency": Bad({**_USED, "currency": "EUR"}, "refused", ("B1", "EUR", "USD"), _USED),
    "overdraw": Bad(
        f.usage("U2", "90.5", "B1"),
        "refused",
        ("B1", "90.5", "sell another block", "draw_remaining"),
        _USED,
    ),
    "an expiry in the past": Bad(
        f.order("S2", f.block("B2", expires_on="2025-12-31")),
        "refused",
        ("B2", "expire"),
        f.order("S2", f.block("B2")),
    ),
    "unknown field": Bad({**_USED, "colour": "red"}, "unreadable", ("colour",), _USED),
    "unknown block": Bad(f.usage("U2", "5", "B9"), "held", ("B9", "send the sales order"), _USED),
}


def _books(drawdown: Commands) -> list[dict[str, Any]]:
    """Return everything about all blocks, event ids left out."""
    listed: list[dict[str, Any]] = drawdown("blocks", "--json").json
    return [drawdown("show", one["block_id"], "--json").json for one in listed]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_named_and_the_good_ones_are_kept(drawdown: Commands, name: str) -> None:
    """The bad line stands in the middle; the books are those of the good lines alone."""
    bad = BAD[name]
    before, after = GOOD[:4], f.usage("U3", "7", "B1")
    text = f.lines(*before, bad.line, after).encode("utf-8", "surrogateescape")
    ran = drawdown("ingest", drawdown.write("facts.jsonl", text), "--json")
    assert ran.status == 1
    assert ran.err == ""
    (problem,) = ran.json["problems"]
    assert (problem["line"], problem["status"]) == (5, bad.status)
    for words in bad.says:
        assert words in problem["detail"], problem["detail"]
    assert ran.json["counts"] == {"accepted": 5, bad.status: 1}

    found = _books(drawdown)
    (first,) = [one for one in found if one["block_id"] == "B1"]
    assert first["remaining_credits"] == "83"
    assert all(invariant["holds"] for invariant in first["invariants"][:-2])

    other = {**bad.corrected, "event_id": "corrected"}
    whole = f.lines(*before, other, after)
    again = drawdown("ingest", drawdown.write("corrected.jsonl", whole), "--json")
    assert (again.status, again.json["counts"]) == (0, {"accepted": 1, "repeated": 5})
    assert again.json["problems"] == []


@pytest.mark.parametrize("name", BAD)
def test_in_text_the_problem_goes_to_standard_error(drawdown: Commands, name: str) -> None:
    """A line of its own with the number; standard output keeps to the counts."""
    bad = BAD[name]
    text = f.lines(*GOOD, bad.line).encode("utf-8", "surrogateescape")
    ran = drawdown("ingest", drawdown.write("facts.jsonl", text))
    assert ran.status == 1
    assert ran.err.startswith("line 5:")
    assert all(words in ran.err for words in bad.says)
    assert ran.out == f"4 accepted, 1 {bad.status}\n"


def test_a_closed_block_is_not_drawn(drawdown: Commands) -> None:
    """Usage after the expiry is refused by name; what expired stays expired."""
    drawdown("ingest", drawdown.write("a.jsonl", f.lines(*GOOD)))
    assert drawdown("expire", "--as-of", "2026-06-30", "--json").json["expired"] == 1
    late = f.usage("U2", "5", "B1", date="2026-07-15")
    ran = drawdown("ingest", drawdown.write("b.jsonl", f.lines(late)), "--json")
    (problem,) = ran.json["problems"]
    assert (ran.status, problem["status"], problem["block_id"]) == (1, "refused", "B1")
    assert "B1" in problem["detail"]
    assert drawdown("show", "B1", "--json").json["state"] == "expired"
    assert drawdown("blocks").out.rstrip().endswith("unpaid")


def test_the_same_id_with_other_content_is_a_conflict(drawdown: Commands) -> None:
    """The first stands, in one file as in two; the remedy is a new event id."""
    changed = f.usage("U1", "11", "B1")
    ran = drawdown("ingest", drawdown.write("a.jsonl", f.lines(*GOOD, changed)), "--json")
    assert ran.json["counts"] == {"accepted": 4, "conflict": 1}
    (problem,) = ran.json["problems"]
    assert (ran.status, problem["line"]) == (1, 5)
    assert "usage U1" in problem["detail"]
    assert "send the correction under a new event id" in problem["detail"]
    again = drawdown("ingest", drawdown.write("b.jsonl", f.lines(changed)), "--json")
    assert again.json["counts"] == {"conflict": 1}
    assert drawdown("show", "B1", "--json").json["remaining_credits"] == "90"


def test_what_was_held_is_told_as_it_ended(drawdown: Commands) -> None:
    """Usage before its block, in one file: taken once the block is there, or refused by then."""
    early = f.usage("U1", "10", "B1")
    too_much = f.usage("U2", "500", "B1")
    ran = drawdown(
        "ingest", drawdown.write("a.jsonl", f.lines(early, too_much, *f.bought())), "--json"
    )
    assert ran.json["counts"] == {"accepted": 4, "refused": 1}
    (problem,) = ran.json["problems"]
    assert (problem["line"], problem["status"], problem["block_id"]) == (2, "refused", "B1")
    assert drawdown("waiting", "--json").json["held"] == []


def test_what_is_held_waits_in_sight_and_goes_on_by_itself(drawdown: Commands) -> None:
    """`waiting` says what for; the missing fact may come in any later file."""
    early = f.usage("U1", "10", "B1")
    assert drawdown("ingest", drawdown.write("a.jsonl", f.lines(early))).status == 1
    (held,) = drawdown("waiting", "--json").json["held"]
    assert (held["event_id"], held["waiting_for"]) == ("usage U1", "customer:C1")
    rest = drawdown("ingest", drawdown.write("b.jsonl", f.lines(*f.bought())), "--json")
    assert (rest.status, rest.json["counts"]) == (0, {"accepted": 3})
    assert drawdown("waiting", "--json").json["held"] == []
    assert drawdown("show", "B1", "--json").json["remaining_credits"] == "90"


def test_an_empty_file_is_no_problem(drawdown: Commands) -> None:
    """Nothing to read, nothing refused; blank lines and a byte order mark count as nothing."""
    for content in (b"", b"\n  \n\n", b"\xef\xbb\xbf"):
        ran = drawdown("ingest", drawdown.write("empty.jsonl", content))
        assert (ran.status, ran.out, ran.err) == (0, "nothing to read\n", "")


def test_a_csv_without_a_column_names_it(drawdown: Commands) -> None:
    """The header is checked first: nothing of the file is taken in."""
    text = "type,at,customer_id,name,currency\ncustomer,2026-01-01T00:00:00Z,C1,Acme,USD\n"
    ran = drawdown("ingest", drawdown.write("facts.csv", text), "--json")
    assert ran.status == 1
    assert "event_id" in ran.json["problems"][0]["detail"]
    assert "accepted" not in ran.json["counts"]


def test_a_csv_with_a_bad_cell_keeps_the_good_rows(drawdown: Commands) -> None:
    """Line and cell are named."""
    text = (
        "type,event_id,at,customer_id,name,currency\n"
        "customer,E1,2026-01-01T00:00:00Z,C1,Acme,USD\n"
        "customer,E2,yesterday,C2,Beta,USD\n"
        "customer,E3,2026-01-01T00:00:00Z,C3,Gamma,USD\n"
    )
    ran = drawdown("ingest", drawdown.write("facts.csv", text), "--json")
    assert (ran.status, ran.json["counts"]) == (1, {"accepted": 2, "unreadable": 1})
    (problem,) = ran.json["problems"]
    assert problem["line"] == 3
    assert "at" in problem["detail"]


def test_a_file_of_nothing_but_problems_is_told_in_bounds(drawdown: Commands) -> None:
    """Beyond ten thousand problems only their number is told."""
    ran = drawdown("ingest", drawdown.write("noise.jsonl", "x\n" * 10_050), "--json")
    assert ran.json["counts"] == {"unreadable": 10_050}
    assert len(ran.json["problems"]) == 10_000
    assert ran.json["problems_left_out"] == 50


# -- large files --------------------------------------------------------------------------------

MEGABYTE = 1_000_000
BLOCKS = 50


def _wide(number: int) -> dict[str, Any]:
    """Return a usage invoice of some 4,000 bytes that draws little."""
    long = "x" * 180
    used = {
        "line_id": "L1", "item": "usage", "credits": "0.001", "block_id": f"B{number % BLOCKS}"
    }  # fmt: skip
    others = [
        {"line_id": f"{long} {n}", "item": long, "kind": "other", "amount": "1.00"}
        for n in range(9)
    ]
    return {**f.usage(f"U{number}", "1"), "lines": [used, *others]}


MEASURED = """
from pathlib import Path
import sys
from drawdown.cli import main
try:
    main()
finally:
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""
"""The program; at its end it prints the most memory it had, in kibibytes."""


def _ingest_measured(file: Path, url: str) -> tuple[Any, int]:
    """Run ingest as a process; return what it printed and the most memory it had, in bytes."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, "ingest", file, "--json"],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    return json.loads(ran.stdout), int(ran.stderr) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.slow
def test_fifty_megabytes_with_one_bad_line(
    drawdown: Commands, new_database: Callable[[], str]
) -> None:
    """The one line is named, all others are taken in; memory does not grow with the file."""
    file = drawdown.folder / "large.jsonl"
    blocks = [f.block(f"B{n}", "1000", "1000.00") for n in range(BLOCKS)]
    bad = 0
    with file.open("w", encoding="utf-8") as out:
        out.write(f.lines(f.customer(), f.order("S1", *blocks), f.purchase("I1", "S1")))
        for count in itertools.count(4):
            if out.tell() > 50 * MEGABYTE:
                break
            text = f.lines(_wide(count))
            if not bad and out.tell() > 30 * MEGABYTE:
                bad, text = count, text.replace(":", ";", 1)
            out.write(text)
    told, memory = _ingest_measured(file, new_database())
    (problem,) = told["problems"]
    assert (problem["line"], problem["status"]) == (bad, "unreadable")
    assert told["counts"] == {"accepted": count - 2, "unreadable": 1}
    assert memory < 200 * MEGABYTE


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.slow
def test_an_endless_line_is_passed_over(
    drawdown: Commands, new_database: Callable[[], str]
) -> None:
    """A line of a hundred megabytes is no danger to memory, nor to the lines around it."""
    file = drawdown.folder / "endless.jsonl"
    with file.open("w", encoding="utf-8") as out:
        out.write(f.lines(f.customer()))
        for _ in range(100):
            out.write(" " * MEGABYTE)
        out.write("\n" + f.lines(f.customer("C2")))
    told, memory = _ingest_measured(file, new_database())
    assert told["counts"] == {"accepted": 2, "unreadable": 1}
    assert "longer than" in told["problems"][0]["detail"]
    assert memory < 150 * MEGABYTE


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("summaries", "--post-through", "x"), "'x' is no date; write it as 'YYYY-MM-DD'."),
        (
            ("expire", "--as-of", "2026-13-01"),
            "'2026-13-01' is no date; write it as 'YYYY-MM-DD' or 'YYYY-MM-DDThh:mm:ss+00:00'.",
        ),
        (("subscription", "terminate", "S", "--last-day", "3"), "'3' is no date; write it as"),
        (("worker", "--concurrency", "513"), "less than or equal to 512"),
    ],
)
def test_a_wrong_value_is_answered_in_words(
    drawdown: Commands, arguments: tuple[str, ...], says: str
) -> None:
    ran = drawdown(*arguments)
    assert ran.status == 2
    assert says in ran.err
    assert "%" not in ran.err
