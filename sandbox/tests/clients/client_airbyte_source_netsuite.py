"""PyPI `airbyte-source-netsuite`: discovers schemas from the catalog and syncs by date filters."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-not-found,import-untyped,unused-ignore]
import requests  # type: ignore[import-untyped]
from requests_oauthlib import OAuth1  # type: ignore[import-untyped]

E = os.environ
SYNCED = ["customer", "invoice", "serviceSaleItem", "account", "customerDeposit"]
ROOT = f"https://{E['HOST']}/services/rest/record/v1"
auth = OAuth1(
    E["CONSUMER_KEY"], E["CONSUMER_SECRET"], E["TOKEN_ID"], E["TOKEN_SECRET"], realm=E["ACCOUNT"],
    signature_method="HMAC-SHA256",
)  # fmt: skip
BODIES: list[tuple[str, dict[str, Any]]] = [
    ("customer", {"externalId": "A-1", "companyName": "Acme", "subsidiary": {"id": "1"}}),
    ("serviceSaleItem", {"externalId": "A-2", "itemId": "Usage", "incomeAccount": {"id": "11"}}),
    *(
        ("invoice", {"externalId": f"A-{n}", "entity": {"externalId": "A-1"}, "memo": "two lines",
                     "item": {"items": [{"item": {"externalId": "A-2"}, "quantity": 2, "rate": n},
                                        {"item": {"externalId": "A-2"}, "amount": 1}]}})
        for n in range(3, 6)
    ),
]  # fmt: skip
for record, body in BODIES:
    made = requests.post(f"{ROOT}/{record}", json=body, auth=auth, timeout=20)
    assert made.status_code == 204, made.text

# It trusts what requests trusts, whatever the environment says: in this mount namespace, ours.
mount = shutil.which("mount") or "mount"
subprocess.run([mount, "--bind", E["SSL_CERT_FILE"], requests.certs.where()], check=True)
folder = Path(tempfile.mkdtemp())
yesterday = datetime.now(UTC) - timedelta(days=1)
(folder / "config.json").write_text(
    json.dumps({
        "realm": E["ACCOUNT"], "consumer_key": E["CONSUMER_KEY"],
        "consumer_secret": E["CONSUMER_SECRET"], "token_key": E["TOKEN_ID"],
        "token_secret": E["TOKEN_SECRET"], "object_types": SYNCED, "window_in_days": 30,
        "start_datetime": yesterday.strftime("%Y-%m-%dT%H:%M:%SZ"),
    })
)  # fmt: skip


def ask(*words: str) -> list[dict[str, Any]]:
    """Run the connector as Airbyte does and return its messages."""
    command = [str(Path(sys.executable).parent / "source-netsuite"), *words]
    done = subprocess.run(
        [*command, "--config", str(folder / "config.json")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def payloads(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the messages of one kind."""
    key = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
    return [message[key] for message in messages if message["type"] == kind]


(state,) = payloads(ask("check"), "CONNECTION_STATUS")
assert state["status"] == "SUCCEEDED", state
(catalog,) = payloads(ask("discover"), "CATALOG")
streams = {stream["name"]: stream for stream in catalog["streams"]}
assert set(streams) == {name.lower() for name in SYNCED}
for stream in streams.values():  # each has its lastModifiedDate
    assert "incremental" in stream["supported_sync_modes"], stream["name"]
wanted = [
    {"stream": stream, "destination_sync_mode": "append", "sync_mode": "incremental"}
    for stream in streams.values()
]
(folder / "catalog.json").write_text(json.dumps({"streams": wanted}))
records = payloads(ask("read", "--catalog", str(folder / "catalog.json")), "RECORD")
found: dict[str, list[dict[str, Any]]] = {}
for row in records:
    found.setdefault(row["stream"], []).append(row["data"])
for name, rows in found.items():
    for row in rows:
        jsonschema.validate(row, streams[name]["json_schema"])
assert [row["total"] for row in found["invoice"]] == [7.0, 9.0, 11.0]
assert [line["amount"] for line in found["invoice"][0]["item"]["items"]] == [6.0, 1.0]
sys.stdout.write("done\n")
