"""Plans on the command line: from a file to a bill, what is told of mistakes, repetition."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import facts as f
from tests.cli.commands import Commands

EXAMPLES = Path(__file__).parents[2] / "examples/plans"
SUPPORT = EXAMPLES / "support.toml"
USAGE = """usage_id,subscription,line,quantity,on
u1,V,support-a,1200,2024-05-31
u2,V,support-b,1500,2024-05-31
u3,V,support-a,500,2024-06-30
u4,V,support-b,2000,2024-06-30
"""


@pytest.fixture
def vertex(drawdown: Commands) -> Commands:
    """A customer with a subscription to the example."""
    file = drawdown.write("facts.jsonl", f.lines(f.customer("vertex")))
    assert drawdown("ingest", file).status == 0
    ran = drawdown("subscription", "create", "V", "--plan", SUPPORT, "--customer", "vertex",
                   "--start", "2024-05-01")  # fmt: skip
    assert ran.status == 0, ran
    return drawdown


def test_from_a_file_to_the_last_bill(vertex: Commands) -> None:
    """The commands of the documentation, with Oracle's figures."""
    usage = vertex.write("usage.csv", USAGE)
    assert vertex("usage", "ingest", usage, "--json").json["counts"] == {"accepted": 4}
    assert vertex("usage", "ingest", usage, "--json").json["counts"] == {"repeated": 4}
    for on, left in (("2024-05-01", "5000"), ("2024-05-31", "5050"), ("2024-06-30", "1200")):
        (line,) = vertex("balance", "vertex", "--at", on, "--json").json["lines"]
        assert line["left"] == left
    first = vertex("bill", "--through", "2024-06-30", "--json").json
    assert (first["periods"], first["invoices"]) == (2, 2)
    assert vertex("bill", "--through", "2024-06-30", "--json").json["periods"] == 0
    last = vertex("bill", "--through", "2024-07-31", "--json").json
    assert (last["periods"], last["invoices"], last["endings"]) == (1, 0, 1)
    told = [one["kind"] for one in vertex("notices", "--json").json]
    assert told == ["balance_below", "refilled"]
    assert vertex("notices").out.endswith("2 notices\n")
    shown = vertex("subscription", "show", "V", "--json").json
    assert (shown["ends_on"], shown["blocks"]) == ("2024-08-01", [])
    assert [one["subscription"] for one in vertex("subscription", "show", "--json").json] == ["V"]
    assert vertex("balance", "vertex", "--at", "2024-06-30").status == 0


def test_the_preview_is_what_is_billed(drawdown: Commands) -> None:
    ran = drawdown("plan", "preview", SUPPORT, "--usage", EXAMPLES / "support-usage.csv", "--json")
    assert ran.status == 0
    periods = ran.json["periods"]
    assert [one["drawn_amount"] for one in periods] == ["4950.00", "3850.00"]
    assert [one["due"] for one in periods] == ["10000.00", "0.00"]
    assert [one["balance"] for one in periods] == ["5050", "1200"]
    people = drawdown("plan", "preview", SUPPORT, "--usage", EXAMPLES / "support-usage.csv",
                      "--through", "2024-07-31")  # fmt: skip
    assert "3 months: 10000.00 USD" in people.out


def test_grants_and_top_ups(vertex: Commands) -> None:
    """A repeat changes nothing; other terms under the same id are refused."""
    grant = ("subscription", "grant", "--block", "gift", "--subscription", "V", "--on",
             "2024-05-01", "--expires-on", "2024-05-31", "--json")  # fmt: skip
    assert vertex(*grant, "--amount", "100").json["is_new"] is True
    assert vertex(*grant, "--amount", "100").json["is_new"] is False
    other = vertex(*grant, "--amount", "200")
    assert (other.status, "other terms" in other.err) == (1, True)
    topup = vertex("subscription", "topup", "V", "prepaid-service", "--block", "more",
                   "--amount", "1000", "--on", "2024-05-02", "--json")  # fmt: skip
    assert topup.json["is_new"] is True
    blocks = vertex("balance", "vertex", "--at", "2024-05-03", "--json").json["blocks"]
    assert {one["block_id"]: one["left"] for one in blocks} == {
        "V/prepaid-service/1": "5000", "gift": "100", "more": "1000",
    }  # fmt: skip


def test_the_end_comes_early(vertex: Commands) -> None:
    ran = vertex("subscription", "terminate", "V", "--last-day", "2024-06-15", "--end-of-term",
                 "refund", "--json")  # fmt: skip
    assert (ran.json["ends_on"], ran.json["end_of_term"]) == ("2024-06-16", "refund")
    vertex("bill", "--through", "2024-06-30")
    (block,) = vertex("blocks", "--json").json
    assert block["state"] == "voided"


def test_another_term_is_agreed(vertex: Commands) -> None:
    for _again in range(2):
        ran = vertex("subscription", "renew", "V", "--term", "2", "--json")
        assert (ran.status, ran.json["ends_on"]) == (0, "2024-11-01")
    assert vertex("subscription", "renew", "V", "--term", "5").status == 1


def test_what_is_wrong_with_a_plan_is_told_by_line(drawdown: Commands) -> None:
    text = SUPPORT.read_text("utf-8").replace('rate = "2.50"', 'rate = "-2.50"')
    file = drawdown.write("plan.toml", text)
    ran = drawdown("plan", "check", file)
    line = text.splitlines().index('rate = "-2.50"') + 1
    assert ran.status == 1
    assert f"plan.toml:{line}: rate: -2.50 is negative" in ran.err
    assert drawdown("plan", "check", file, "--json").json["problems"][0]["line"] == line
    assert drawdown("plan", "check", SUPPORT).status == 0
    assert drawdown("plan", "check", "missing.toml").status == 2


def test_an_early_end_is_told_by_the_day_that_was_given(vertex: Commands) -> None:
    """Days are last days, as they are typed; the list says plan and state."""
    assert vertex("bill", "--through", "2024-05-31").status == 0
    for last_day, told in (
        ("2024-05-15", "the customer is billed through 2024-05-31; choose that day or a later one"),
        ("2024-08-01", "its last day is 2024-07-31 already"),
    ):
        ran = vertex("subscription", "terminate", "V", "--last-day", last_day)
        assert ran.status == 1
        assert f"{last_day} cannot be the last day of subscription V: {told}" in ran.err
    assert vertex("subscription", "terminate", "V", "--last-day", "2024-06-10").status == 0
    (row,) = vertex("subscription", "show", "--json").json
    assert (row["plan"], row["state"], row["ends_on"]) == ("support", "terminated", "2024-06-11")
    assert "support  2024-05-01  2024-06-10  terminated" in vertex("subscription", "show").out
    assert "to 2024-06-10, terminated" in vertex("subscription", "show", "V").out


def test_a_top_up_after_the_last_day_is_told_before_anything_is_posted(vertex: Commands) -> None:
    top_up = ("subscription", "topup", "V", "prepaid-service", "--amount", "500", "--block")
    late = vertex(*top_up, "T", "--on", "2024-08-01")
    assert late.status == 1
    assert "block T would begin on 2024-08-01, after its last day, 2024-07-31;" in late.err
    dated = ("T", "--on", "2024-06-01", "--price", "450")
    assert vertex(*top_up, *dated, "--json").json == {"block": "T", "is_new": True}
    assert vertex(*top_up, *dated, "--json").json == {"block": "T", "is_new": False}
    assert "exists already with other terms" in vertex(*top_up, "T", "--on", "2024-06-02").err
    elements = vertex("subscription", "elements", "V", "--as-of", "2024-06-30", "--json").json
    assert [(one["item"], one["sales"]) for one in elements["elements"]] == [
        ("Prepayment", "5450.00")
    ]


BAD_USAGE = [
    ('{"usage_id":"1","subscription":"V","line":"support-a","quantity":1.5,"on":"2024-05-02"}',
     "quantity"),
    ('{"usage_id":"1","subscription":"V","line":"support-a","quantity":"-1","on":"2024-05-02"}',
     "is negative"),
    ('{"usage_id":"1","subscription":"V","line":"support-a","quantity":"x","on":"2024-05-02"}',
     "no decimal number"),
    ('{"usage_id":"1","subscription":"V","line":"support-a","quantity":"1","at":"2024-05-02T00:00"}',
     "no offset"),
    ('{"usage_id":"1","subscription":"V","line":"support-a","quantity":"1"}', "give `at`"),
    ('{"usage_id":"1","subscription":"V","quantity":"1","on":"2024-05-02"}', "line is missing"),
    ('{"usage_id":"1","subscription":"V","line":"nothing","quantity":"1","on":"2024-05-02"}',
     "V has support-a, support-b"),
    ('{"usage_id":"1","subscription":"W","line":"support-a","quantity":"1","on":"2024-05-02"}',
     "does not exist"),
    ('{"usage_id":"1","subscription":"V","line":"support-a","quantity":"1","on":"2025-05-02"}',
     "after the last day of subscription V, 2024-07-31"),
    ('{"usage_id":"1","corrects":"0","quantity":"1","on":"2024-05-02"}', "not known yet"),
    ("{", "usage record"),
    ('{"usage_id":"1","subscription":"V","line":"support-a","quantity":1e400,"on":"2024-05-02"}',
     "a number is too large"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "told"), BAD_USAGE)
def test_a_bad_line_is_told_and_the_others_are_kept(vertex: Commands, line: str, told: str) -> None:
    good = {"usage_id": "good", "subscription": "V", "line": "support-a", "quantity": 2,
            "at": "2024-05-02T00:00:00+02:00"}  # fmt: skip
    file = vertex.write("usage.jsonl", f"{line}\n{json.dumps(good)}\n")
    ran = vertex("usage", "ingest", file)
    assert ran.status == 1
    assert "line 1: " in ran.err
    assert told in ran.err
    (left,) = vertex("balance", "vertex", "--at", "2024-05-03", "--json").json["lines"]
    assert left["left"] == "4995"


@pytest.mark.parametrize(
    "command",
    [
        ("balance", "nobody"),
        ("subscription", "show", "X"),
        ("subscription", "renew", "X", "--term", "2"),
        ("subscription", "terminate", "X", "--last-day", "2024-05-31"),
        ("subscription", "topup", "V", "nothing", "--block", "B", "--amount", "1"),
        ("subscription", "create", "Y", "--plan", SUPPORT, "--customer", "nobody", "--start",
         "2024-05-01"),
        ("subscription", "create", "V", "--plan", SUPPORT, "--customer", "vertex", "--start",
         "2024-05-02"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_words(
    vertex: Commands, command: tuple[str | Path, ...]
) -> None:
    ran = vertex(*command)
    assert ran.status == 1
    assert ran.err.strip()


@pytest.mark.parametrize(
    "command",
    [
        ("usage", "ingest", "missing.csv"),
        ("subscription", "grant", "--block", "B", "--amount", "1"),
        ("subscription", "topup", "V", "prepaid-service", "--block", "B", "--amount", "x"),
        ("subscription", "topup", "V", "prepaid-service", "--block", " B", "--amount", "1"),
    ],
)
def test_wrong_usage_is_status_2(vertex: Commands, command: tuple[str, ...]) -> None:
    assert vertex(*command).status == 2


@pytest.mark.parametrize(
    "command",
    [
        ("subscription", "create", "W", "--plan", SUPPORT, "--customer", "vertex", "--start"),
        ("subscription", "grant", "--block", "g", "--subscription", "V", "--amount", "5", "--on"),
        ("subscription", "grant", "--block", "g", "--subscription", "V", "--amount", "5", "--on",
         "2024-05-01", "--expires-on"),
        ("subscription", "move", "V/prepaid-service/1", "--amount", "10", "--to", "N",
         "--expires-on"),
        ("subscription", "terminate", "V", "--last-day"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_days_at_the_ends_of_the_calendar(
    vertex: Commands, command: tuple[str | Path, ...], day: str
) -> None:
    ran = vertex(*command, day)
    assert (ran.status, f"{day} lies outside the years 1970 to 2199" in ran.err) == (1, True), ran
