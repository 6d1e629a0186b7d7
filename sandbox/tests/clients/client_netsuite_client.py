"""PyPI `netsuite-client` (requests): reads and SuiteQL; retries whatever is refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from netsuite_client import NetSuiteClient  # type: ignore[import-not-found]
from netsuite_client.client import NetSuiteError  # type: ignore[import-not-found]

E = os.environ
KEYS = [E[name] for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "TOKEN_ID", "TOKEN_SECRET")]
ROOT = f"https://{E['HOST']}/services/rest/record/v1"
client = NetSuiteClient(E["ACCOUNT"], E["ACCOUNT"], *KEYS, max_retries=0)

found = client.get(f"{ROOT}/accountingPeriod", {"q": 'periodName IS "Jan 2026"', "limit": "5"})
assert found["totalResults"] == 1
period = client.get(found["items"][0]["links"][0]["href"])
assert (period["startDate"], period["closed"]) == ("2026-01-01", False)
rows = client.get_suiteql_query("SELECT id, periodname FROM accountingperiod ORDER BY id;")
assert rows["count"] == rows["totalResults"] == len(rows["items"])

wrong = NetSuiteClient(E["ACCOUNT"], E["ACCOUNT"], *KEYS[:3], "0" * 64, max_retries=0)
refusals: list[tuple[Callable[[], object], int]] = [
    (lambda: client.get(f"{ROOT}/customer/987654"), 404),
    (lambda: client.get_suiteql_query("SELECT nosuch FROM customer"), 400),
    (lambda: wrong.get(f"{ROOT}/customer"), 401),
]
for call, status in refusals:
    try:
        call()
    except NetSuiteError as error:
        told = str(error)
    else:
        told = "not refused"
    assert f"HTTP {status}" in told, told
sys.stdout.write("done\n")
