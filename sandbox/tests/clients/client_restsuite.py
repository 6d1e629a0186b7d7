"""PyPI `restsuite` (requests): follows the `next` links of SuiteQL by itself."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from restsuite import NetSuiteQL, NetSuiteRest  # type: ignore[import-not-found]

E = os.environ
ROOT = f"https://{E['HOST']}/services/rest/record/v1"
KEYS = [E[name] for name in ("ACCOUNT", "CONSUMER_KEY", "CONSUMER_SECRET", "TOKEN_ID")]

rest = NetSuiteRest(*KEYS, E["TOKEN_SECRET"])
made = rest.request(
    "POST", f"{ROOT}/customer", body={"companyName": "Acme", "subsidiary": {"id": "1"}}
)
assert made.status_code == 204, made.text
number = made.headers["Location"].rsplit("/", 1)[1]

read = rest.request("GET", made.headers["location"])
assert read.status_code == 200
assert read.json()["entityId"] == "Acme"
assert read.headers["Content-Type"].startswith("application/vnd.oracle.resource+json")

put = rest.request("PUT", f"{ROOT}/customer/eid:R-1", body={"companyName": "Röder",
                                                          "subsidiary": {"id": "1"}})  # fmt: skip
assert put.status_code == 204, put.text
again = rest.request("PUT", f"{ROOT}/customer/eid:R-1", body={"email": "r@example.org"})
assert again.headers["Location"] == put.headers["Location"]

listed = rest.request(
    "GET", f"{ROOT}/customer", params={"q": 'entityId IS "Röder"', "limit": 1000}
).json()
assert listed["count"] == 1
assert listed["items"][0]["links"][0]["href"] == put.headers["Location"]

# 1,870 rows: more than one page, and the client goes on by the link it is given.
ql = NetSuiteQL(*KEYS, E["TOKEN_SECRET"])
rows = ql.suiteql(
    "SELECT a.id AS x, b.id AS y FROM accountingperiod a, accountingperiod b WHERE b.id <= 10"
    " ORDER BY a.id, b.id"
)
assert len(rows) == len({(row["x"], row["y"]) for row in rows}) > 1000
assert ql.suiteql("SELECT companyName FROM customer WHERE id = " + number) == [
    {"links": [], "companyname": "Acme"}
]

said = io.StringIO()
with contextlib.redirect_stdout(said):
    assert ql.suiteql("SELECT nosuch FROM customer") == {}
assert "error_status: 400" in said.getvalue()
assert "nosuch" in said.getvalue()

gone = rest.request("GET", f"{ROOT}/customer/987654")
assert gone.status_code == 404
assert gone.json()["title"] == "Not Found"
strict = {"X-NetSuite-PropertyNameValidation": "Error", "Content-Type": "application/json"}
bad = rest.request("PATCH", f"{ROOT}/customer/{number}", headers=strict, body={"noSuchField": 1})
assert bad.status_code == 400
assert bad.json()["o:errorDetails"][0]["o:errorPath"] == "noSuchField"
wrong = NetSuiteRest(*KEYS, "0" * 64).request("GET", f"{ROOT}/customer")
assert wrong.status_code == 401
assert wrong.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"
sys.stdout.write("done\n")
