"""`drawdown worker` with metrics and logs, as a process: what it serves and what it writes."""

from __future__ import annotations

import json
import re
import signal
import tomllib
from pathlib import Path

import httpx2
import tomli_w

from drawdown.config import PolicyTable
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import SandboxProcess
from tests.cli import facts as f
from tests.cli.commands import run, start


def test_a_worker_serves_metrics_and_logs_json(database_url: str, tmp_path: Path) -> None:
    """Delivered records, the state of the outbox and health are told; no secret is."""
    config = tmp_path / "drawdown.toml"
    (tmp_path / "facts.jsonl").write_text(f.lines(*f.bought()), "utf-8")
    env = {"DATABASE_URL": database_url}
    with SandboxProcess(tmp_path / "sandbox.db") as sandbox:
        prepare(sandbox, tmp_path, config, PolicyTable(), tenant_id=tmp_path.name)
        content = tomllib.loads(config.read_text())
        content["log"] = {"format": "json"}
        config.write_text(tomli_w.dumps(content))
        assert run("--config", config, "ingest", tmp_path / "facts.jsonl", env=env).status == 0
        with start("--config", config, "worker", "--metrics-port", "0", env=env) as worker:
            assert worker.stderr is not None
            url = re.findall(r"http://\S+", worker.stderr.readline())[0]
            lines: list[str] = []
            while (
                len(lines) < 5
            ):  # the order, the invoice, the deposit and its two journals, at least
                lines.append(worker.stderr.readline())
            with httpx2.Client() as client:
                metrics = client.get(url).text
                ready = client.get(url.replace("metrics", "readyz"))
                alive = client.get(url.replace("metrics", "healthz"))
            worker.send_signal(signal.SIGTERM)
            out, rest = worker.communicate()
        reconciled = run("--config", config, "reconcile", "--json", env=env)

    assert worker.returncode == 0
    assert (ready.status_code, alive.status_code) == (200, 200)
    assert "drawdown_deliveries_total{" in metrics
    assert f'drawdown_outbox_records{{state="waiting",tenant="{tmp_path.name}"}}' in metrics
    assert re.search(r'drawdown_erp_calls_total\{kind="write",.*\} \d', metrics)
    assert re.search(r"drawdown_certificate_days_left\{.*\} 72\d", metrics)
    entries = [json.loads(line) for line in (*lines, *rest.splitlines())]
    assert {entry["tenant"] for entry in entries} == {tmp_path.name}
    assert {entry["outcome"] for entry in entries} == {"delivered"}
    assert {"B1"} == {entry["block"] for entry in entries if entry["record"] == "customerDeposit"}
    key = (tmp_path / "sandbox.pem").read_text().splitlines()[1]
    assert key not in "".join((out, rest, metrics, *lines))
    assert reconciled.status == 0
