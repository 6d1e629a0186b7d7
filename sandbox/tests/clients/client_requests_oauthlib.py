"""PyPI `requests-oauthlib`: the signature of OAuth 1.0a as an unrelated library makes it."""

from __future__ import annotations

import os
import sys

from requests_oauthlib import OAuth1Session  # type: ignore[import-untyped]

E = os.environ
ROOT = f"https://{E['HOST']}/services/rest"


def session(**changes: str) -> OAuth1Session:
    keys = {
        "client_key": E["CONSUMER_KEY"], "client_secret": E["CONSUMER_SECRET"],
        "resource_owner_key": E["TOKEN_ID"], "resource_owner_secret": E["TOKEN_SECRET"],
        "realm": E["ACCOUNT"], "signature_method": "HMAC-SHA256",
    }  # fmt: skip
    return OAuth1Session(**keys | changes)


api = session()
body = {"companyName": "Ünïcode & Söhne", "externalId": "O-1", "subsidiary": {"id": "1"}}
assert api.post(f"{ROOT}/record/v1/customer", json=body).status_code == 204
# Blanks, quotes and non-ASCII in the query are part of what is signed.
found = api.get(f"{ROOT}/record/v1/customer", params={"q": 'companyName IS "Ünïcode & Söhne"'})
assert found.json()["count"] == 1, found.text
changed = api.patch(f"{ROOT}/record/v1/customer/eid:O-1", json={"email": "o@example.org"})
assert changed.status_code == 204
rows: list[str] = []
url = f"{ROOT}/query/v1/suiteql?limit=1000&offset=0"
while url:
    query = {"q": "SELECT a.id, b.id AS y FROM accountingperiod a, accountingperiod b"
                  " WHERE b.id <= 110 ORDER BY a.id, b.id"}  # fmt: skip
    page = api.post(url, json=query, headers={"Prefer": "transient"}).json()
    rows += [f"{row['id']} {row['y']}" for row in page["items"]]
    url = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
assert len(rows) == len(set(rows)) == page["totalResults"] > 1000
assert api.get(f"{ROOT}/record/v1/customer/999").json()["status"] == 404
assert session(signature_method="HMAC-SHA1").get(f"{ROOT}/record/v1/customer").status_code == 401
assert session(realm="OTHER").get(f"{ROOT}/record/v1/customer").status_code == 401
assert api.delete(f"{ROOT}/record/v1/customer/eid:O-1").status_code == 204
sys.stdout.write("done\n")
