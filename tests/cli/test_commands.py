"""The commands on books that have lived: text for people, JSON for programs, one exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from drawdown import __version__
from drawdown.cli import app
from drawdown.config import PolicyTable
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import SandboxProcess
from drawdown.reports import rules_table
from drawdown.service.independent import find_bean_check, find_hledger
from tests.cli import facts as f
from tests.cli.commands import Commands, Ran, run, start

COMMANDS = (
    "demo", "sandbox", "ingest", "deliver", "worker", "expire", "reconcile", "blocks", "show",
    "proof", "waiting", "summaries", "watch", "changes list", "changes accept", "changes restore",
    "changes leave", "relink", "rules", "export", "version", "database start", "database status",
    "database stop", "plan check", "plan preview", "suitebilling compare",
    "suitebilling takeover", "suitebilling handover", "suitebilling show", "connection check",
    "connection new-certificate", "doctor", "usage ingest", "bill", "balance", "notices",
    "subscription create", "subscription show", "subscription topup", "subscription grant",
    "subscription move", "subscription renew", "subscription terminate", "simulate",
    "exceptions show", "exceptions retry", "exceptions adopt", "exceptions skip",
    "exceptions redate", "exceptions replay", "exceptions withdraw",
    "subscription elements",
)  # fmt: skip
LIFE = [
    *f.bought(),
    f.customer("C2", name="Zweite [bold]GmbH[/bold]"),
    f.order("S2", f.block("B2 / ü", "50", "50.00", expires_on="2026-12-31"), customer_id="C2"),
    f.purchase("I2", "S2"),
    {"type": "payment", "event_id": "P1", "payment_id": "P1", "invoice_id": "I1",
     "date": "2026-01-20"},
    f.usage("U1", "60", "B1"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """A sandbox process and the configuration of books that live in it."""

    config: Path
    sandbox: SandboxProcess


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[World]:
    """Books delivered, one month closed and reconciled, all by commands."""
    folder = tmp_path_factory.mktemp("world")
    config = folder / "drawdown.toml"
    (folder / "facts.jsonl").write_text(f.lines(*LIFE), "utf-8")
    env = {"DATABASE_URL": database_url}
    with SandboxProcess(folder / "sandbox.db") as sandbox:
        prepare(sandbox, folder, config, PolicyTable(), tenant_id=folder.name)
        for command in (
            ("ingest", folder / "facts.jsonl"),
            ("expire", "--as-of", "2026-06-30"),
            ("deliver",),
            ("sandbox", "--month-end", "2026-06"),
            ("reconcile",),
        ):
            ran = run("--config", config, *command, env=env)
            assert (ran.status, ran.err) == (0, ""), ran
        yield World(config, sandbox)


@pytest.fixture
def lived(drawdown: Commands, world: World, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands on the books of the world."""
    monkeypatch.setenv("DRAWDOWN_CONFIG", str(world.config))
    return drawdown


# -- help and usage -----------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_explains_itself(drawdown: Commands, command: str) -> None:
    """`--help` prints usage and a sentence to standard output, and touches nothing."""
    ran = drawdown(*command.split(), "--help")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: drawdown {command}".rstrip())
    assert "...\n" not in ran.out.partition("Commands:")[2]  # whole sentences
    assert not (drawdown.folder / "data").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_json(drawdown: Commands, command: str) -> None:
    assert "--json" in drawdown(*command.split(), "--help").out


def test_the_list_of_commands_is_complete() -> None:
    """What this module tests is what the program has."""
    names = {command.name for command in app.registered_commands}
    groups = {
        f"{group.name} {command.name}"
        for group in app.registered_groups
        if group.typer_instance is not None
        for command in group.typer_instance.registered_commands
    }
    assert names | groups == set(COMMANDS)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "nonsense",
        "blocks --nonsense",
        "blocks --state nonsense",
        "show",
        "export",
        "export pdf",
        "expire",
        "expire --as-of tomorrow",
        "expire --as-of 2026-13-01",
        "deliver --concurrency 0",
        "deliver --concurrency many",
        "database",
        "ingest",
    ],
)
def test_wrong_usage_is_status_2_and_said_on_standard_error(drawdown: Commands, wrong: str) -> None:
    """No traceback; standard output stays empty, so a program that reads it sees nothing."""
    ran = drawdown(*wrong.split())
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: drawdown" in ran.err
    assert "Traceback" not in ran.err


def test_the_version_is_told(drawdown: Commands) -> None:
    assert drawdown("version").out == f"{__version__}\n"
    assert drawdown("version", "--json").json == {"version": __version__}


# -- rules --------------------------------------------------------------------------------------


def test_rules_are_the_tables_of_the_code(drawdown: Commands) -> None:
    """As Markdown they are what docs/accounting.md holds."""
    assert drawdown("rules", "--json").json == json.loads(json.dumps(rules_table.to_json()))
    markdown = drawdown("rules", "--markdown").out
    assert markdown.strip() == rules_table.markdown().strip()
    document = Path(__file__).parents[2] / "docs/accounting.md"
    assert markdown.strip() in document.read_text("utf-8")
    text = drawdown("rules")
    assert text.status == 0
    assert all(f"{row['code']} " in text.out for row in rules_table.rules())


# -- reading the books --------------------------------------------------------------------------


def _ids(ran: Ran) -> list[str]:
    return [row["block_id"] for row in ran.json]


def test_blocks_are_listed_and_filtered(lived: Commands) -> None:
    """By customer, by state, by both; nobody's blocks are an empty list and no failure."""
    everything = lived("blocks", "--json")
    assert (everything.status, _ids(everything)) == (0, ["B1", "B2 / ü"])
    first, second = everything.json
    assert (first["state"], first["remaining"], first["amount"]) == ("expired", "0.00", "80.00")
    assert (second["state"], second["remaining"], second["customer_id"]) == ("open", "50.00", "C2")
    assert _ids(lived("blocks", "--customer", "C2", "--json")) == ["B2 / ü"]
    assert _ids(lived("blocks", "--state", "expired", "--json")) == ["B1"]
    assert _ids(lived("blocks", "--customer", "C2", "--state", "expired", "--json")) == []
    assert _ids(lived("blocks", "--customer", "C", "--json")) == []
    assert lived("blocks", "--customer", "C1").out.rstrip().endswith("zero")
    text = lived("blocks", "--customer", "C2")
    assert text.out.startswith("1 blocks")
    assert "B2 / ü" in text.out
    assert "B1" not in text.out


def test_a_block_is_shown_with_its_records_and_accounts(lived: Commands) -> None:
    """Every posting with NetSuite's own number; T-accounts; every invariant with its verdict."""
    told = lived("show", "B1", "--json")
    assert told.status == 0
    rows = told.json["rows"]
    assert [row["code"] for row in rows] == [
        "", "P1", "P2", "P3", "P4", "P5", "D1", "D2", "D3", "E1", "E2", "E3", "D4", "E4",
    ]  # fmt: skip
    assert all(row["number"] for row in rows if row["code"])
    text = lived("show", "B1")
    assert text.status == 0
    assert text.out.startswith("Block B1: purchased, expired\n")
    for words in (
        "customerDeposit DEP",
        "journalEntry JE",
        "Customer deposits",
        "┳",
        "Bal.",
        "holds",
    ):
        assert words in text.out
    assert "BROKEN" not in text.out


def test_an_unknown_block_is_refused_with_a_hint(lived: Commands) -> None:
    """Status 1, in words; with --json an error object on standard output as well."""
    for command in ("show", "proof"):
        text = lived(command, "B9")
        assert (text.status, text.out) == (1, "")
        assert "'B9'" in text.err
        assert "`drawdown blocks` lists" in text.err
        told = lived(command, "B9", "--json")
        assert told.status == 1
        assert told.json["error"] == "UnknownBlockError"
        assert told.json["message"] in told.err


@pytest.mark.parametrize("block", ["B1", "B2 / ü"])
def test_the_proof_of_a_block_loads_in_hledger_and_beancount(lived: Commands, block: str) -> None:
    """Report and two journals are written; each program that is there reads its file strictly."""
    folder = lived.folder / "proofs" / "here"
    told = lived("proof", block, "--output", folder, "--json")
    assert told.status == 0
    files = {name: Path(path) for name, path in told.json["files"].items()}
    assert {path.parent for path in files.values()} == {folder}
    assert block in files["report"].read_text("utf-8")
    _load(files["hledger"], files["beancount"])
    text = lived("proof", block, "-o", folder)
    assert text.status == 0
    assert text.out.splitlines()[:3] == [str(path) for path in files.values()]


def _load(hledger_file: Path, beancount_file: Path) -> None:
    bean_check, hledger = find_bean_check(), find_hledger()
    assert bean_check is not None  # comes with the development dependencies
    subprocess.run([bean_check, "--no-cache", beancount_file], check=True)
    if hledger is not None:
        subprocess.run(
            [hledger, "check", "--strict", "-f", hledger_file],
            check=True,
            env={"LC_ALL": "C.UTF-8"},
        )


def test_the_journal_is_exported_in_every_format(lived: Commands) -> None:
    """To standard output, to a file, or within JSON: the same text; programs can load it."""
    files: dict[str, Path] = {}
    for kind in ("hledger", "beancount", "csv"):
        printed = lived("export", kind)
        assert (printed.status, printed.err) == (0, "")
        files[kind] = lived.folder / f"journal.{kind}"
        assert lived("export", kind, "-o", files[kind]).out == f"{files[kind]}\n"
        assert files[kind].read_bytes().decode() == printed.out
        assert lived("export", kind, "--json").json == {"format": kind, "text": printed.out}
        told = lived("export", kind, "-o", files[kind], "--json").json
        assert told == {"format": kind, "file": str(files[kind])}
    _load(files["hledger"], files["beancount"])
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text("utf-8"))))
    shown: list[Any] = [
        row
        for block in ("B1", "B2 / ü")
        for row in lived("show", block, "--json").json["rows"]
        if row["code"]
    ]
    assert len(rows) == len(shown)


def test_nothing_waits_when_all_is_delivered(lived: Commands) -> None:
    told = lived("waiting", "--json").json
    assert (told["held"], told["refused"], told["parked"]) == ([], [], [])
    assert told["outbox"].keys() == {"done"}
    text = lived("waiting")
    assert text.status == 0
    assert "Held events" in text.out
    assert text.out.endswith(" done\n")


def test_what_takes_away_tells_until_when_it_waits(lived: Commands, world: World) -> None:
    """A request that went unanswered may be carried out late; a deletion waits for that."""
    rule = {"fault": "late_commit", "method": "POST", "path": "depositApplication", "times": 1}
    rules = [{**rule, "after_requests": 1_000}]
    world.sandbox.control("PUT", "/faults", {"seed": 1, "rules": rules})
    fact = f.usage("U8", "5", "B2 / ü", customer_id="C2", date="2026-07-01")
    lived("ingest", lived.write("used.jsonl", f.lines(fact)))
    assert lived("deliver").status == 0
    fact = {"type": "invoice_void", "event_id": "void", "invoice_id": "U8", "date": "2026-07-02"}
    lived("ingest", lived.write("void.jsonl", f.lines({**fact, "reason": "by mistake"})))
    told = lived("deliver", "--json")
    assert told.status == 1
    (pausing,) = lived("waiting", "--json").json["pausing"]
    assert (pausing["operation"], pausing["problem"]) == ("delete", "")
    assert pausing["until"] == told.json["due_at"]
    assert "went unanswered" in lived("waiting").out
    assert "pauses may go at" in lived("deliver").err

    world.sandbox.control("DELETE", "/faults")  # carries out what is late
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as owner:
        owner.execute("UPDATE drawdown.outbox SET due_at = due_at - interval '15 minutes'")
    assert lived("deliver").status == 0


# -- delivering and reconciling -----------------------------------------------------------------


def test_a_second_delivery_and_reconciliation_change_nothing(lived: Commands) -> None:
    """Text and JSON say the same; status 0."""
    told = lived("deliver", "--json")
    assert told.status == 0
    assert told.json == {
        "delivered": {},
        "adopted": 0,
        "problems": {},
        "waiting": 0,
        "due_at": None,
    }
    assert lived("deliver").out.endswith("nothing waits\n")
    told = lived("reconcile", "--json")
    assert told.status == 0
    assert (told.json["recognised"], told.json["differences"]) == (0, [])
    assert (told.json["blocks"], told.json["refused"]) == (2, [])
    text = lived("reconcile")
    assert text.status == 0
    assert (
        text.out
        == f"2 blocks and {told.json['records']} NetSuite records compared: no differences\n"
    )


def test_facts_not_delivered_yet_are_differences(lived: Commands, world: World) -> None:
    """Status 1 until they are delivered; problems in text go to standard error."""
    fact = f.usage("U7", "5", "B2 / ü", customer_id="C2", date="2026-07-01")
    lived("ingest", lived.write("more.jsonl", f.lines(fact)))
    told = lived("reconcile", "--json")
    assert (told.status, told.err) == (1, "")
    assert {one["kind"] for one in told.json["differences"]} == {"not_delivered"}
    text = lived("reconcile")
    assert text.status == 1
    assert text.err.count("not_delivered:") == len(told.json["differences"])
    assert "run deliver" in text.err

    world.sandbox.control("POST", "/periods/2026-07/lock-ar")
    # Under the default policy it would be dated the first open day by itself.
    text_of = world.config.read_text("utf-8")
    assert 'closed_period = "first_open_day"' in text_of
    hold = lived.write("hold.toml", text_of.replace('"first_open_day"', '"hold"'))
    shutil.copyfile(world.config.with_name("sandbox.pem"), hold.with_name("sandbox.pem"))
    refused = lived("--config", hold, "deliver", "--json")
    assert (refused.status, refused.json["waiting"]) == (1, 3)
    assert len(refused.json["problems"]) == 1
    (parked,) = lived("waiting", "--json").json["parked"]
    assert parked["record"] == "invoice"
    assert parked["external_id"] in lived("waiting").out
    (stuck,) = lived("exceptions", "--json").json
    assert (stuck["kind"], stuck["external_id"]) == ("record", parked["external_id"])
    assert stuck["exception_id"] in lived("exceptions").out
    shown = lived("exceptions", "show", stuck["exception_id"])
    assert parked["external_id"] in shown.out
    text = lived("--config", hold, "deliver")
    assert (text.status, text.out.splitlines()[-1]) == (1, "3 records wait")

    world.sandbox.control("POST", "/periods/2026-07/open")
    assert lived("deliver", "--json").status == 1  # a parked record waits to be let go
    assert lived("exceptions", "retry").status == 2  # which ones?
    told = lived("exceptions", "retry", "--all", "--by", "Ada", "--json")
    assert (told.status, [one["is_done"] for one in told.json]) == (0, [True])
    assert lived("exceptions").out == "nothing is stuck\n"
    history = lived("exceptions", "show", stuck["exception_id"])
    assert history.status == 1
    assert "retry by Ada" in history.err
    done = lived("deliver", "--json")
    assert done.status == 0
    assert done.json["delivered"] == {"invoice": 1, "depositApplication": 1, "journalEntry": 1}
    assert lived("sandbox", "--month-end", "2026-07", "--json").json == {
        "period": "2026-07",
        "journals": 1,
    }
    assert lived("reconcile", "--json").json["recognised"] == 1


def test_a_netsuite_that_is_away_is_said_in_words(lived: Commands, world: World) -> None:
    """Nothing is lost: status 1, and what waits goes on waiting."""
    text = world.config.read_text("utf-8").replace(world.sandbox.url, "http://127.0.0.1:9")
    config = lived.write("away.toml", text)
    key = world.config.with_name("sandbox.pem")
    shutil.copyfile(key, config.with_name("sandbox.pem"))
    ran = lived("--config", config, "reconcile", "--json")
    assert ran.status == 1
    assert ran.json["error"] == "ErpUnavailableError"
    assert "Traceback" not in ran.err
    ended = lived("--config", config, "sandbox", "--month-end", "2026-07")
    assert ended.status == 1
    assert "start it with `drawdown sandbox`" in ended.err


# -- expiring -----------------------------------------------------------------------------------


def test_a_date_expires_at_its_end_and_an_instant_as_it_is(drawdown: Commands) -> None:
    """In the tenant's time zone; a second run finds nothing more."""
    zone = drawdown.folder / "drawdown.toml"
    zone.write_text(zone.read_text("utf-8") + 'time_zone = "America/New_York"\n', "utf-8")
    drawdown("ingest", drawdown.write("a.jsonl", f.lines(*f.bought())))
    for moment, instant, count in (
        ("2026-06-29", "2026-06-30T04:00:00+00:00", 0),
        ("2026-06-30T23:59:59-04:00", "2026-07-01T03:59:59+00:00", 0),
        ("2026-06-30", "2026-07-01T04:00:00+00:00", 1),
        ("2026-07-01T04:00:00Z", "2026-07-01T04:00:00+00:00", 0),
    ):
        ran = drawdown("expire", "--as-of", moment, "--json")
        assert (ran.status, ran.json) == (0, {"as_of": instant, "expired": count})
    text = drawdown("expire", "--as-of", "2026-08-01")
    assert text.out == "0 blocks expired as of 2026-08-02 04:00 UTC\n"


def test_a_refused_event_stays_in_sight(drawdown: Commands) -> None:
    """`waiting` lists it with its reason."""
    drawdown("ingest", drawdown.write("a.jsonl", f.lines(*f.bought(), f.usage("U1", "101", "B1"))))
    (refused,) = drawdown("waiting", "--json").json["refused"]
    assert (refused["event_id"], refused["reason"]) == ("usage U1", "overdrawn")
    text = drawdown("waiting").out
    assert "usage U1" in text
    assert "overdrawn" in text


# -- programs beside it -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "rules",
        "rules --json",
        "rules --markdown",
        "--help",
        "export csv",
        "blocks --json",
        "blocks",
    ],
)
def test_a_reader_that_goes_away_is_no_fault(lived: Commands, command: str) -> None:
    """`drawdown ... | head` says nothing on standard error."""
    with start(*command.split()) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait() in (0, 1)
