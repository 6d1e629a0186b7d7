"""PyPI `netsuite-python` (requests, PyJWT): OAuth 2.0 client credentials by its own assertion."""

from __future__ import annotations

import json
import os
import ssl
import sys
import urllib.request
from pathlib import Path

import requests  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from netsuite.Netsuite import Netsuite  # type: ignore[import-not-found]

E = os.environ
HOST = f"https://{E['HOST']}"
HERE = Path(E.get("TMPDIR", "/tmp")) / f"netsuite-python-{os.getpid()}"  # noqa: S108
HERE.mkdir()
key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
(HERE / "key.pem").write_bytes(pem)
public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ask = urllib.request.Request(  # noqa: S310
    f"{HOST}/_sandbox/integrations", data=json.dumps({"public_key_pem": public}).encode()
)
with urllib.request.urlopen(ask, context=ssl.create_default_context(), timeout=20) as answer:  # noqa: S310
    made = json.load(answer)

client = Netsuite(config={
    "CLIENT_ID": made["client_id"], "NETSUITE_APP_NAME": E["HOST"].partition(".")[0],
    "NETSUITE_KEY_FILE": str(HERE / "key.pem"), "CERT_ID": made["certificate_id"],
    "APP_NAME": "test", "JSON_STORAGE_PATH": str(HERE / "token.json"),
})  # fmt: skip
token = client.request_access_token()
assert len(token.access_token) > 20
assert not token.is_expired
headers = {"Authorization": f"Bearer {token.access_token}"}
body = {"companyName": "Acme", "externalId": "P-1", "subsidiary": {"id": "1"}}
root = f"{HOST}/services/rest/record/v1/customer"
assert requests.post(root, json=body, headers=headers, timeout=20).status_code == 204
shown = requests.get(f"{root}/eid:P-1", headers=headers, timeout=20)
assert shown.json()["companyName"] == "Acme"
bad = requests.get(root, headers={"Authorization": "Bearer nothing"}, timeout=20)
assert bad.status_code == 401
sys.stdout.write("done\n")
