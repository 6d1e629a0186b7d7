"""PyPI `netsuite-oauth-python` (requests): one object for each URL, errors by raise_for_status."""

from __future__ import annotations

import os
import sys
from typing import Any

from netsuite_oauth import NetsuiteOauth  # type: ignore[import-not-found]

E = os.environ
ROOT = f"https://{E['HOST']}/services/rest"
KEYS = [E[name] for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "TOKEN_ID", "TOKEN_SECRET")]


def at(path: str, keys: list[str] = KEYS) -> Any:
    return NetsuiteOauth(ROOT + path, *keys, E["ACCOUNT"])


def refused(call: Any, *args: Any, **more: Any) -> tuple[int, Any]:
    try:
        call(*args, **more)
    except OSError as error:  # requests.HTTPError is one
        answer: Any = error.response  # type: ignore[attr-defined]
        return answer.status_code, answer.json()["o:errorDetails"][0]
    raise AssertionError("not refused")


made = at("/record/v1/customer").post({"companyName": "Acme", "subsidiary": {"id": "1"}})
assert made.status_code == 204
number = made.headers["Location"].rsplit("/", 1)[1]
assert at(f"/record/v1/customer/{number}").get().json()["companyName"] == "Acme"

body = {"itemId": "Usage", "incomeAccount": {"id": "11"}}
assert at("/record/v1/serviceSaleItem/eid:usage").put(body).status_code == 204
line = {"item": {"externalId": "usage"}, "quantity": 2, "rate": 12.5}
body = {"entity": {"id": number}, "externalId": "INV-1", "item": {"items": [line]}}
invoice = at("/record/v1/invoice").post(body).headers["Location"]
read = at("/record/v1/invoice/eid:INV-1").get(params={"expandSubResources": "true"}).json()
assert read["total"] == 25.0
assert read["links"][0]["href"] == invoice
assert read["item"]["items"][0]["item"]["refName"] == "Usage"
assert at("/record/v1/invoice/eid:INV-1").patch({"memo": "first"}).status_code == 204
memo = at("/record/v1/invoice").get(params={"q": 'memo IS "first" AND tranDate AFTER "1/1/2020"'})
assert memo.json()["totalResults"] == 1

seen: list[str] = []
url, transient = "/query/v1/suiteql?limit=40&offset=0", {"Prefer": "transient"}
while url:
    query = {"q": "SELECT id FROM accountingperiod ORDER BY id"}
    page = at(url).post(query, headers=transient).json()
    seen += [row["id"] for row in page["items"]]
    links = {link["rel"]: link["href"] for link in page["links"]}
    url = links.get("next", "").removeprefix(ROOT)
assert len(seen) == len(set(seen)) == page["totalResults"] > 150

status, detail = refused(at("/record/v1/customer/987654").get)
assert (status, detail["o:errorCode"]) == (404, "NONEXISTENT_ID")
bad = {**body, "externalId": "INV-2", "entity": {"id": "9999"}}
status, detail = refused(at("/record/v1/invoice").post, bad)
assert (status, detail["o:errorPath"]) == (400, "entity")
status, detail = refused(
    at("/record/v1/customer").post, {"nope": 1},
    headers={"X-NetSuite-PropertyNameValidation": "Error"},
)  # fmt: skip
assert (status, detail["o:errorPath"]) == (400, "nope")
status, detail = refused(at("/query/v1/suiteql").post, {"q": "SELECT 1 FROM customer"})
assert (status, detail["o:errorHeader"]) == (400, "Prefer")
status, detail = refused(at("/record/v1/customer", [*KEYS[:2], "0" * 64, KEYS[3]]).get)
assert (status, detail["o:errorCode"]) == (401, "INVALID_LOGIN")
assert at("/record/v1/invoice/eid:INV-1").delete().status_code == 204
sys.stdout.write("done\n")
