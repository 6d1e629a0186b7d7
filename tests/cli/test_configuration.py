"""A wrong configuration ends with status 2 and a sentence that names file, key and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli import facts as f
from tests.cli.commands import Commands

NETSUITE = """
[tenants.acme.netsuite]
account = "TSTDRV1234567"
client_id = "c"
certificate_id = "k"
private_key_file = "missing.pem"
[tenants.acme.netsuite.mapping]
[tenants.acme.netsuite.mapping.accounts]
[tenants.acme.netsuite.mapping.items]
"""


class Wrong(NamedTuple):
    """A configuration file, a command that needs it, and words of the answer."""

    text: str
    says: tuple[str, ...]
    command: str = "blocks"


WRONG: dict[str, Wrong] = {
    "not TOML": Wrong("tenant = ", ("drawdown.toml", "not valid TOML", "Invalid value")),
    "not UTF-8": Wrong("tenant = '\udcff'", ("drawdown.toml", "not valid TOML")),
    "unknown key": Wrong("tenants = {}\ncolour = 1", ("drawdown.toml", "colour")),
    "unknown policy": Wrong(
        "[tenants.acme.policy]\nround = 'up'", ("`round`", "`tenants.acme.policy`")
    ),
    "unknown choice": Wrong(
        "[tenants.acme.policy]\noverdraw = 'never'",
        ("never", "`tenants.acme.policy.overdraw`", "refuse, draw_remaining"),
    ),
    "unknown log format": Wrong("[log]\nformat = 'xml'", ("`log.format`", "off, json, console")),
    "wrong type": Wrong("tenant = 5", ("tenant", "str")),
    "unknown time zone": Wrong(
        "[tenants.acme.policy]\ntime_zone = 'Mars/Olympus'",
        ("tenants.acme.policy.time_zone", "Mars/Olympus", "America/New_York"),
    ),
    "unknown drawdown order": Wrong(
        "[tenants.acme.policy]\ndrawdown_order = ['luck']",
        ("drawdown_order", "luck", "soonest_expiry"),
    ),
    "empty drawdown order": Wrong(
        "[tenants.acme.policy]\ndrawdown_order = []", ("drawdown_order", "choose from")
    ),
    "tenant that is not there": Wrong(
        "tenant = 'nobody'\n[tenants.acme]", ("'nobody'", "acme", "--tenant")
    ),
    "no NetSuite": Wrong(
        "[tenants.acme]", ("no NetSuite is connected", "`drawdown sandbox`"), "deliver"
    ),
    "missing key file": Wrong(
        NETSUITE, ("missing.pem", "cannot be read", "private_key_file"), "reconcile"
    ),
    "unknown key of the connection": Wrong(
        NETSUITE.replace("client_id", "user"), ("netsuite settings", "user"), "deliver"
    ),
    "unknown role": Wrong(
        NETSUITE.replace(".accounts]", '.accounts]\npocket_money = "1"').replace(
            "missing.pem", "drawdown.toml"
        ),
        ("pocket_money", "no account role"),
        "deliver",
    ),
    "month end of a real account": Wrong(
        NETSUITE, ("not connected to a sandbox", "Revenue"), "sandbox --month-end 2026-01"
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_configuration_is_said_in_words(drawdown: Commands, name: str) -> None:
    """On standard error, once more as JSON on standard output where that was asked for."""
    wrong = WRONG[name]
    drawdown.write("drawdown.toml", wrong.text.encode("utf-8", "surrogateescape"))
    text = drawdown(*wrong.command.split())
    assert (text.status, text.out) == (2, "")
    for words in wrong.says:
        assert words in text.err, text.err
    told = drawdown(*wrong.command.split(), "--json")
    assert told.status == 2
    assert told.json == {"error": "ConfigurationError", "message": text.err.strip()}


def test_a_file_that_is_not_there_is_named(drawdown: Commands, tmp_path: Path) -> None:
    """By option or by environment; a facts file and its kind likewise."""
    nowhere = tmp_path / "nowhere.toml"
    ran = drawdown("--config", nowhere, "blocks")
    assert (ran.status, ran.out) == (2, "")
    assert str(nowhere) in ran.err
    ran = drawdown("ingest", "nowhere.jsonl")
    assert (ran.status, ran.err) == (2, "the file nowhere.jsonl does not exist\n")
    ran = drawdown("ingest", tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert "is not a file" in ran.err
    ran = drawdown("ingest", drawdown.write("facts.xlsx", "PK"))
    assert ran.status == 2
    assert ".jsonl" in ran.err
    for source in ("nobody", "native.wire", "../native", ""):
        ran = drawdown("ingest", drawdown.write("facts.jsonl", ""), "--source", source)
        assert ran.status == 2
        assert "there is no billing source" in ran.err


def test_the_environment_names_a_configuration(
    drawdown: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--config` goes before $DRAWDOWN_CONFIG, and that before the file in the folder."""
    drawdown.write("drawdown.toml", "broken = ")
    good = drawdown.write("good.toml", "tenant = 'environment'\n[tenants.environment]")
    assert drawdown("blocks").status == 2
    monkeypatch.setenv("DRAWDOWN_CONFIG", str(good))
    assert drawdown("blocks").status == 0
    assert drawdown("--config", drawdown.folder / "drawdown.toml", "blocks").status == 2


def test_tenants_do_not_see_each_other(drawdown: Commands) -> None:
    """`--tenant` chooses; the same ids in another tenant are other blocks."""
    names = [f"{drawdown.folder.name}-{n}" for n in (1, 2)]
    drawdown.write("drawdown.toml", "".join(f"[tenants.'{name}']\n" for name in names))
    facts = drawdown.write("a.jsonl", f.lines(*f.bought()))
    assert drawdown("--tenant", names[0], "ingest", facts).status == 0
    assert [len(drawdown("--tenant", name, "blocks", "--json").json) for name in names] == [1, 0]
    assert drawdown("--tenant", names[1], "show", "B1").status == 1
    assert len(drawdown("blocks", "--json").json) == 1  # the first of the file


def test_a_database_that_is_away_is_said_in_words(
    drawdown: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 1: the command was right, and may be run again."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none?connect_timeout=2")
    ran = drawdown("blocks", "--json")
    assert ran.status == 1
    assert ran.json["error"] == "StoreError"
    assert "check DATABASE_URL" in ran.err
    assert "Traceback" not in ran.err


def test_an_address_that_is_none_is_not_repeated(
    drawdown: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold a password."""
    monkeypatch.setenv("DATABASE_URL", "postgres//books:pa55word@db.example/books")
    ran = drawdown("blocks")
    assert (ran.status, ran.out) == (1, "")
    assert "DATABASE_URL is not an address" in ran.err
    assert "pa55word" not in ran.err


def test_a_file_that_cannot_be_written_is_said_in_words(drawdown: Commands) -> None:
    drawdown("ingest", drawdown.write("a.jsonl", f.lines(*f.bought())))
    nowhere = drawdown.folder / "nowhere" / "journal"
    for command, place in (("export csv", nowhere), ("proof B1", drawdown.folder / "a.jsonl")):
        ran = drawdown(*command.split(), "-o", place)
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith(f"{place} cannot be read or written: ")


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31T23:00:00-0500", "0001-01-01"])
def test_the_end_of_the_calendar_is_refused(drawdown: Commands, end: str) -> None:
    for command in (("expire", "--as-of"), ("bill", "--through"), ("balance", "C1", "--at")):
        ran = drawdown(*command, end)
        assert (ran.status, ran.out) == (2, "")
        assert "end of the calendar" in ran.err


def test_expiry_is_shown_as_the_last_day_where_the_tenant_is(drawdown: Commands) -> None:
    """East and west of Greenwich alike; JSON has the instant."""
    tenants = {"east": "Asia/Tokyo", "west": "America/New_York"}
    names = {name: f"{drawdown.folder.name}-{name}" for name in tenants}
    drawdown.write(
        "drawdown.toml",
        "".join(f"[tenants.'{names[n]}'.policy]\ntime_zone = '{z}'\n" for n, z in tenants.items()),
    )
    facts = drawdown.write("a.jsonl", f.lines(*f.bought()))
    for name in names.values():
        drawdown("--tenant", name, "ingest", facts)
        assert "  2026-06-30  " in drawdown("--tenant", name, "blocks").out
        assert "last day 2026-06-30\n" in drawdown("--tenant", name, "show", "B1").out


def test_the_demo_configures_itself(drawdown: Commands) -> None:
    """It takes neither --config nor --tenant, and names the choice of a policy that is wrong."""
    for options in (("--config", "drawdown.toml"), ("--tenant", "acme")):
        ran = drawdown(*options, "demo")
        assert (ran.status, ran.out) == (2, "")
        assert "the demo configures itself" in ran.err
    for choice in ("overdraw=never", "colour=red", "overdraw", "time_zone=Mars", "=x"):
        for command in ("demo", "sandbox"):
            ran = drawdown(command, "--policy", choice)
            assert (ran.status, ran.out) == (2, "")
            assert "--policy" in ran.err
