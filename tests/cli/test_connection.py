"""The key of a connection: made, configured, checked, followed by the next, retired."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from drawdown.config import PolicyTable
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import SandboxProcess
from tests.cli import facts as f
from tests.cli.commands import Commands


@dataclass(frozen=True, slots=True)
class Connected:
    """Commands on a tenant that is connected to a sandbox process."""

    drawdown: Commands
    config: Path
    sandbox: SandboxProcess

    @property
    def settings(self) -> Any:
        """Return the connection's table as the configuration has it."""
        return tomllib.loads(self.config.read_text())["tenants"]["acme"]["netsuite"]

    def change(self, **more: Any) -> None:
        """Change the connection's table, as a person would."""
        content = tomllib.loads(self.config.read_text())
        content["tenants"]["acme"]["netsuite"].update(more)
        self.config.write_text(tomli_w.dumps(content))

    def upload(self, certificate: str) -> str:
        """Do as an administrator: upload a further certificate; return its id."""
        body = {"public_key_pem": certificate, "client_id": self.settings["client_id"]}
        made = self.sandbox.control("POST", "/integrations", body)
        return str(made["certificate_id"])


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("connection") / "sandbox.db") as process:
        yield process


@pytest.fixture
def connected(
    drawdown: Commands, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> Connected:
    folder = drawdown.folder
    config = folder / "acme.toml"
    prepare(sandbox, folder, config, PolicyTable(), tenant_id="acme")
    monkeypatch.setenv("DRAWDOWN_CONFIG", str(config))
    return Connected(drawdown, config, sandbox)


def test_a_certificate_follows_another_without_a_gap(connected: Connected) -> None:
    """Make, upload, configure, check, retire: each step leaves a connection that works."""
    drawdown = connected.drawdown
    made = drawdown("connection", "new-certificate", "--json").json
    assert made["table"] == "[tenants.acme.netsuite.next]"
    key = Path(made["private_key_file"])

    following = {"certificate_id": "to come", "private_key_file": key.name}
    connected.change(next=following)
    early = drawdown("connection", "check", "--json")
    following["certificate_id"] = connected.upload(Path(made["certificate_file"]).read_text())
    connected.change(next=following)
    both = drawdown("connection", "check")
    content = tomllib.loads(connected.config.read_text())
    settings = content["tenants"]["acme"]["netsuite"]
    settings.update(settings.pop("next"))
    connected.config.write_text(tomli_w.dumps(content))
    alone = drawdown("connection", "check", "--json")

    assert (early.status, early.json["credentials"][1]["problem"]) == (1, "")
    assert "certificate id" in early.json["credentials"][0]["problem"]
    assert both.status == 0
    assert f"{following['certificate_id']} serves" in both.out
    assert alone.status == 0
    assert alone.json["account"] == "TSTDRV1234567"
    (credentials,) = alone.json["credentials"]
    assert 728 <= credentials["days_left"] <= 730


def test_a_key_is_for_its_owner_only_and_never_overwritten(drawdown: Commands) -> None:
    first = drawdown("connection", "new-certificate", "--name", "acme", "--kind", "rsa")
    key = (drawdown.folder / "acme.pem").read_bytes()
    again = drawdown("connection", "new-certificate", "--name", "acme")

    assert first.status == 0
    assert stat.S_IMODE((drawdown.folder / "acme.pem").stat().st_mode) == 0o600
    assert again.status == 2
    assert "not overwritten" in again.err
    assert (drawdown.folder / "acme.pem").read_bytes() == key
    assert "[tenants.cli-" in first.out
    assert ".next]" not in first.out


def test_a_key_that_others_may_read_is_told(connected: Connected) -> None:
    assert connected.drawdown("connection", "check").err == ""
    key = connected.config.parent / connected.settings["private_key_file"]
    key.chmod(0o640)
    ran = connected.drawdown("connection", "check", "--json")
    assert (ran.status, ran.json["credentials"][0]["problem"]) == (0, "")
    assert ran.err == f"{key} can be read by others on this machine; chmod 600 {key}\n"


def test_a_worker_says_why_records_wait(connected: Connected) -> None:
    """Also where it is tried again by itself, each reason once."""
    facts = connected.drawdown.write("facts.jsonl", f.lines(*f.bought()))
    connected.drawdown("ingest", facts)
    connected.change(client_id="nobody")
    ran = connected.drawdown("worker", "--once")
    assert ran.status == 1
    assert ran.err.count("invalid_client") == 1
    assert "1 records wait: NetSuite refused" in ran.err


def test_no_command_shows_a_secret(connected: Connected) -> None:
    """Canary: lines of the key and of the token's secrets are looked for in all that is printed."""
    made = connected.sandbox.control("POST", "/tba", {})
    key = (connected.config.parent / connected.settings["private_key_file"]).read_text()
    secrets = [key.splitlines()[1], made["consumer_secret"], made["token_secret"]]
    shown = ""
    for command in (("connection", "check"), ("connection", "check", "--json"), ("reconcile",)):
        shown += "".join(map(str, connected.drawdown(*command)))
    (connected.config.parent / "consumer").write_text(made["consumer_secret"])
    (connected.config.parent / "token").write_text(made["token_secret"])
    content = tomllib.loads(connected.config.read_text())
    settings = content["tenants"]["acme"]["netsuite"]
    for name in ("client_id", "certificate_id", "private_key_file"):
        del settings[name]
    settings["token"] = {
        "consumer_key": made["consumer_key"],
        "consumer_secret_file": "consumer",
        "token_id": made["token_id"],
        "token_secret_file": "token",
    }
    connected.config.write_text(tomli_w.dumps(content))
    legacy = connected.drawdown("connection", "check")
    for command in (("reconcile", "--json"), ("deliver",)):
        shown += "".join(map(str, connected.drawdown(*command)))
    settings["token"]["token_id"] = "wrong"
    connected.config.write_text(tomli_w.dumps(content))
    refused = connected.drawdown("connection", "check", "--json")

    assert legacy.status == 0
    assert legacy.err.count("token-based authentication") == 1
    assert refused.status == 1
    assert json.loads(refused.out)["credentials"][0]["problem"]
    shown += "".join(map(str, (legacy, refused)))
    for secret in secrets:
        assert secret not in shown


def test_the_doctor_says_what_to_mend_and_ends_with_one(connected: Connected) -> None:
    healthy = connected.drawdown("doctor", "--json")
    connected.sandbox.control("PUT", "/settings", {"absent_records": "customerRefund"})
    ill = connected.drawdown("doctor")
    connected.sandbox.control("PUT", "/settings", {"absent_records": ""})

    assert healthy.status == 0
    assert healthy.json["counts"]["error"] == 0
    assert {one["severity"] for one in healthy.json["findings"]} >= {"check by hand", "note"}
    assert ill.status == 1
    assert ill.out.startswith("error: the account has no customerRefund")
    assert "mend: Setup > Company > Enable Features" in ill.out
    assert "otherwise: no customerRefund can be delivered" in ill.out


def test_without_a_connection_it_says_how_to_make_one(drawdown: Commands) -> None:
    ran = drawdown("connection", "check")

    assert ran.status == 2
    assert "new-certificate" in ran.err
