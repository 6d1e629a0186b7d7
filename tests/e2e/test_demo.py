"""`drawdown demo`: the whole job on real figures, over the real wire, as one command."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

from drawdown.core.accounts import CONTROL_ROLES, Role
from drawdown.store.embedded import status
from tests.cli.commands import Ran, run, start

pytestmark = pytest.mark.slow

KEYS = {
    "events", "blocks", "netsuite_records", "control_accounts", "revenue", "cash_basis",
    "differences", "independent_check", "seconds",
}  # fmt: skip
"""What the object must have, whatever else it has."""
SHOWN = set(CONTROL_ROLES) - {Role.FORMER_DEFERRED_REVENUE}
"""Nothing is taken over from before."""
RECORDS = {
    "salesOrder", "invoice", "customerDeposit", "depositApplication", "journalEntry",
    "creditMemo", "customerPayment",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that root's database may use too."""
    with tempfile.TemporaryDirectory(prefix="drawdown-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def _demo(folder: Path, *options: str | Path) -> Ran:
    return run("demo", "--json", *options, env=_environment(folder))


def _environment(folder: Path) -> dict[str, str]:
    return {"DRAWDOWN_DATA": str(folder), "DATABASE_URL": "", "DRAWDOWN_CONFIG": ""}


@pytest.fixture(scope="module")
def demo(folder: Path) -> Any:
    """What the demonstration on the figures that ship with the product says."""
    before = set(psutil.pids())
    ran = _demo(folder)
    assert (ran.status, ran.err) == (0, "")
    left = [pid for pid in set(psutil.pids()) - before if _is_ours(pid, folder)]
    assert left == []
    return ran.json


def _is_ours(pid: int, folder: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(
            str(folder) in part for part in process.cmdline()
        )
    except psutil.Error:
        return False


def test_it_says_everything_a_program_may_ask(demo: Any) -> None:
    """One object with every key that is promised; enough life in it."""
    assert demo.keys() >= KEYS
    assert demo["customers"] >= 20
    assert demo["blocks"] >= 60
    assert demo["events"] > 0
    assert demo["netsuite_records"].keys() == RECORDS
    assert {"drawn to zero", "expired", "voided"} <= demo["fates"].keys()


def test_every_control_account_of_netsuite_is_at_zero(demo: Any) -> None:
    """As decimal strings with two places, in base currency."""
    assert demo["control_accounts"] == {role.value: "0.00" for role in SHOWN}


def test_revenue_is_the_cash_basis_to_the_cent(demo: Any) -> None:
    """NetSuite's revenue accounts, item by item, against the facts alone."""
    assert sum(map(Decimal, demo["revenue"].values())) == Decimal(demo["cash_basis"])
    assert len(demo["revenue"]) >= 3
    assert all(Decimal(amount) > 0 for amount in demo["revenue"].values())


def test_both_ledgers_and_a_third_program_agree(demo: Any) -> None:
    """No difference; hledger or beancount adds our journal up to the same balances."""
    assert demo["differences"] == []
    check = demo["independent_check"]
    assert check["program"] in ("hledger", "beancount")
    assert check["version"]
    assert check["result"] == "agrees"


def test_what_it_leaves_can_be_looked_at(demo: Any, folder: Path) -> None:
    """Its books open with the configuration it names; the database is stopped until then."""
    config = Path(demo["folder"]) / "drawdown.toml"
    assert status(config.parent / "postgres").pid is None
    env = {"DRAWDOWN_DATA": str(folder), "DATABASE_URL": ""}
    try:
        for block in demo["examples"]:
            shown = run("--config", config, "show", block, "--json", env=env)
            assert shown.status == 0
            assert shown.json["block_id"] == block
        listed = run("--config", config, "blocks", "--json", env=env).json
        assert len(listed) == demo["blocks"]
        assert all(Decimal(one["remaining"]) == 0 for one in listed)
    finally:
        run("--config", config, "database", "stop", env=env)


# -- with a trace of one's own ------------------------------------------------------------------

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"


def _trace() -> str:
    """A small trace with the original columns: three requests a minute for two hours."""
    rows = [
        f"2023-11-16 {10 + minute // 60}:{minute % 60:02}:{second:02}.1234567,"
        f"{900 + 7 * minute + second},{40 + minute % 11}"
        for minute in range(120)
        for second in (5, 25, 45)
    ]
    return "\n".join([HEADER, *rows]) + "\n"


def test_any_trace_gives_the_same_books_again(folder: Path) -> None:
    """The same usage twice: the same figures, events, blocks, entries and external ids.

    Both runs go on at once and do not disturb each other.
    """
    trace = folder / "trace.csv"
    trace.write_text(_trace(), "utf-8")
    places = [folder / name for name in ("first", "second")]
    running = [
        start("demo", "--json", "--usage", trace, "--folder", place, env=_environment(folder))
        for place in places
    ]
    said = [process.communicate() for process in running]
    assert [(process.returncode, err) for process, (_, err) in zip(running, said, strict=True)] == [
        (0, "")
    ] * 2
    lived = []
    for place, (out, _) in zip(places, said, strict=True):
        facts = b"".join(path.read_bytes() for path in sorted((place / "events").iterdir()))
        journal = (place / "journal.beancount").read_text("utf-8")
        lived.append((_without(json.loads(out), "seconds", "folder"), facts, _ids(journal)))
    assert lived[0] == lived[1]
    assert lived[0][0]["control_accounts"].keys() == SHOWN
    assert set(lived[0][0]["control_accounts"].values()) == {"0.00"}
    assert lived[0][2]


def _without(told: Any, *names: str) -> Any:
    return {key: value for key, value in told.items() if key not in names}


def _ids(journal: str) -> list[str]:
    """Return the external ids in a journal, in order."""
    return [word.strip('"') for word in journal.split() if word.startswith('"dd_')]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the trace is empty"),
        (f"{HEADER}\n", "the trace holds no request"),
        ("TIMESTAMP,ContextTokens\n2023-11-16 18:15:46,5\n", "GeneratedTokens is missing"),
        (f"{HEADER}\nyesterday,5,5\n", "line 2: TIMESTAMP 'yesterday'"),
        (f"{HEADER}\n2023-11-16 18:15:46,5,many\n", "line 2: GeneratedTokens 'many'"),
        (f"{HEADER}\n2023-11-16 18:15:46,-5,5\n", "line 2: ContextTokens -5"),
        (f"{HEADER}\n2023-11-16 18:15:46,5\n", "line 2 has 2 columns"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_bad_trace_is_said_in_words(folder: Path, text: str | bytes, says: str) -> None:
    """Status 1 with line and column, before anything is started."""
    trace = folder / "bad.csv"
    trace.write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = _demo(folder, "--usage", trace, "--folder", folder / "bad")
    assert ran.status == 1
    assert "Traceback" not in ran.err
    assert says in ran.err
    assert json.loads(ran.out)["message"] == ran.err.strip()
    assert not (folder / "bad").exists()


def test_a_trace_that_is_not_there_is_wrong_usage(folder: Path) -> None:
    ran = _demo(folder, "--usage", folder / "nowhere.csv")
    assert ran.status == 2
    assert "does not exist" in ran.err
