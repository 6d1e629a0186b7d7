"""The command line and the store: a real server, stopped and started again."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sandbox_client import Client
from starlette.testclient import TestClient

from netsuite_sandbox import RealAccountError, create_app


def call(port: int, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if content else None


def start(path: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "netsuite_sandbox", "serve", "--port", "0", "--db", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] is True
    assert ready["account"] == "TSTDRV1234567"
    return process, int(ready["url"].rsplit(":", 1)[1])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_state_survives_a_restart(tmp_path: Path, how: signal.Signals) -> None:
    """What was answered is there after the next start, however the server ended."""
    path = tmp_path / "company.sqlite3"
    process, port = start(path)
    call(port, "PUT", "/_sandbox/settings", {"require_authentication": False})
    status, _ = call(
        port,
        "POST",
        "/services/rest/record/v1/customer",
        {"companyName": "Kept", "subsidiary": {"id": "1"}, "externalId": "K"},
    )
    assert status == 204
    process.send_signal(how)
    output = process.communicate(timeout=10)[0]
    assert process.returncode == (0 if how != signal.SIGKILL else -9)
    assert output == ""
    process, port = start(path)
    status, body = call(port, "GET", "/services/rest/record/v1/customer/eid:K")
    assert (status, body["companyName"]) == (200, "Kept")
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.parametrize("account", ["1234567", "1234567_SB1", "7654321_RP"])
def test_real_account_ids_are_refused(account: str) -> None:
    """A sandbox cannot be mistaken for a real account."""
    with pytest.raises(RealAccountError, match="looks like a real"):
        create_app(account=account)
    create_app(account=account, allow_real_account=True)


def test_reset_and_controls(ns: Client) -> None:
    """Reset empties the company; settings tell their source; the request log tells what was seen."""
    ns.deposit(5, "D")
    seen = ns.http.get("/_sandbox/requests").json()["requests"]
    assert seen[-1]["path"] == "/services/rest/record/v1/customerDeposit"
    for setting in ns.http.get("/_sandbox/settings").json():
        assert setting["source"]
        assert setting["mark"] in {"D", "C", "O", "U"}
    assert ns.http.put("/_sandbox/settings", json={"nope": 1}).status_code == 400
    assert ns.http.post("/_sandbox/reset").status_code == 200
    again = Client(ns.http)
    assert again.sql("SELECT COUNT(*) n FROM transaction") == [{"n": "0"}]
    again.set_up()


def test_hledger_agrees(ns: Client, tmp_path: Path) -> None:
    """An unrelated program adds the ledger up to the same balances."""
    program = shutil.which("hledger")
    if program is None:
        pytest.skip("hledger is not installed")
    deposit = ns.deposit(1000, "D", currency={"refName": "EUR"}, exchangeRate=1.07)
    ns.apply(deposit, ns.invoice(300.33, "I", currency={"refName": "EUR"}, exchangeRate=1.1),
             300.33, "A")  # fmt: skip
    ns.month_end("2024-01")
    path = tmp_path / "books.journal"
    path.write_text(ns.http.get("/_sandbox/journal.hledger").text)
    subprocess.run([program, "-f", str(path), "check", "--strict"], check=True)


def test_file_store_in_process(tmp_path: Path) -> None:
    """create_app(db_path) keeps its company in the file."""
    path = str(tmp_path / "c.sqlite3")
    app = create_app(path)
    with TestClient(app) as first:
        Client(first).set_up()
    app.state.sandbox.close()
    app = create_app(path)
    with TestClient(app) as second:
        assert Client(second).sql("SELECT entityid FROM customer") == [{"entityid": "Acme"}]
    app.state.sandbox.close()
