"""Watching, changes and a refresh from the command line, against a sandbox process."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from drawdown.config import PolicyTable
from drawdown.core.policy import Documents
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import SandboxProcess
from tests.cli import facts as f
from tests.cli.commands import Commands


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path / "sandbox.db") as process:
        yield process


def connect(
    drawdown: Commands, sandbox: SandboxProcess, patch: pytest.MonkeyPatch, tenant: str, **more: Any
) -> Path:
    """Connect a tenant to the sandbox, as `drawdown sandbox` would."""
    config = drawdown.folder / f"{tenant}.toml"
    prepare(sandbox, drawdown.folder, config, PolicyTable(**more), tenant_id=tenant)
    patch.setenv("DRAWDOWN_CONFIG", str(config))
    return config


def rest(sandbox: SandboxProcess, method: str, path: str, body: Any = None) -> None:
    token = sandbox.control("POST", "/tokens")["access_token"]
    answer = sandbox.client.request(
        method,
        f"{sandbox.url}/services/rest/record/v1{path}",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code < 300, answer.text


def test_a_change_is_found_listed_restored_and_gone(
    drawdown: Commands, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 1 while a choice is awaited, 0 when all is well again; everything is kept."""
    connect(drawdown, sandbox, monkeypatch, "cli-changes")
    facts = drawdown.write("facts.jsonl", f.lines(*f.bought()))
    assert drawdown("ingest", facts).status == 0
    assert drawdown("deliver").status == 0
    assert drawdown("reconcile").status == 0
    assert drawdown("changes", "list").status == 0
    rest(sandbox, "DELETE", "/journalEntry/4")
    ran = drawdown("reconcile", "--json")
    assert (ran.status, ran.json["changes"]) == (1, 1)
    listed = drawdown("changes", "list", "--json")
    assert listed.status == 1
    (change,) = listed.json["changes"]
    assert change["kind"] == "record_missing"
    refused = drawdown("changes", "accept", change["change_id"])
    assert refused.status == 1
    assert "cannot follow" in refused.err
    assert drawdown("changes", "leave", change["change_id"]).status == 2  # no reason given
    chosen = drawdown("changes", "restore", change["change_id"], "--by", "eva", "--json")
    assert (chosen.status, chosen.json["action"], chosen.json["person"]) == (0, "restored", "eva")
    assert drawdown("deliver").status == 0
    assert drawdown("reconcile").status == 0
    (change,) = drawdown("changes", "list", "--all", "--json").json["changes"]
    assert [one["action"] for one in change["history"]] == ["found", "restored", "gone"]


def test_a_refreshed_account_is_refused_until_relink(
    drawdown: Commands, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The administrator connects again; deliver and reconcile refuse in words until relink."""
    config = connect(drawdown, sandbox, monkeypatch, "cli-refresh")
    facts = drawdown.write("facts.jsonl", f.lines(*f.bought()))
    drawdown("ingest", facts)
    assert drawdown("deliver").status == 0
    sandbox.control("POST", "/refresh")
    certificate = (drawdown.folder / "sandbox.cert.pem").read_text("ascii")
    names = sandbox.control("POST", "/integrations", {"public_key_pem": certificate})
    content = tomllib.loads(config.read_text())
    content["tenants"]["cli-refresh"]["netsuite"].update(names)
    config.write_text(tomli_w.dumps(content))
    used = drawdown.write("used.jsonl", f.lines(f.usage("U1", "60", "B1")))
    drawdown("ingest", used)
    for command in ("deliver", "reconcile", "worker"):
        more = ("--once",) if command == "worker" else ()
        ran = drawdown(command, *more)
        assert ran.status == 2, ran
        assert "drawdown relink" in ran.err
    relinked = drawdown("relink", "--json")
    assert relinked.status == 0
    assert relinked.json["behind"] == []
    assert relinked.json["moved"] == relinked.json["found"] > 0
    assert drawdown("deliver").status == 0
    assert drawdown("reconcile").status == 0


def test_watch_takes_in_what_others_write(
    drawdown: Commands, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where we write the documents it says so; where others do, it takes them in."""
    connect(drawdown, sandbox, monkeypatch, "cli-ours")
    assert "documents is ours" in drawdown("watch").out
    connect(drawdown, sandbox, monkeypatch, "cli-watch", documents=Documents.IN_NETSUITE)
    rest(sandbox, "PUT", "/customer/eid:acme", {"companyName": "Acme", "subsidiary": {"id": "1"}})
    line = {"item": {"id": "1"}, "quantity": 100, "amount": 100, "custcol_dd_block_id": "B1"}
    body = {
        "tranId": "INV-1",
        "entity": {"externalId": "acme"},
        "tranDate": "2026-01-02",
        "item": {"items": [line]},
    }
    rest(sandbox, "POST", "/invoice", body)
    ran = drawdown("watch", "--json")
    assert ran.json["seen"] == 1
    (taken,) = ran.json["taken"]
    assert taken["reference"] == "native:invoice:INV-1"
    again = drawdown("watch", "--json").json
    assert (again["repeats"], again["taken"]) == (1, [])
