"""PyPI `netsuite` (asynchronous, httpx): its own calls, as its documentation shows them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable

from netsuite import Config, NetSuite, TokenAuth  # type: ignore[import-not-found]
from netsuite.exceptions import NetsuiteAPIRequestError  # type: ignore[import-not-found]

E = os.environ
PERIODS = "SELECT id, periodname FROM accountingperiod ORDER BY id"


def connect(**changes: str) -> NetSuite:
    names = ("consumer_key", "consumer_secret", "token_id", "token_secret")
    keys = {name: E[name.upper()] for name in names} | changes
    return NetSuite(Config(account=E["ACCOUNT"], auth=TokenAuth(**keys)))


async def refused(call: Awaitable[object]) -> tuple[int, dict[str, object]]:
    [error] = await asyncio.gather(call, return_exceptions=True)
    assert isinstance(error, NetsuiteAPIRequestError), error
    body = json.loads(error.response_text)
    assert body["status"] == error.status_code
    assert body["type"].startswith("https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html")
    return error.status_code, body["o:errorDetails"][0]


async def main() -> None:
    rest = connect().rest_api

    body = {"companyName": "Ünïcode & Söhne", "externalId": "C-1", "subsidiary": {"id": "1"}}
    answer = await rest.request("POST", "/record/v1/customer", json=body)
    assert answer.status_code == 204, answer.text
    assert answer.content == b""
    location = answer.headers["location"]
    assert location.startswith(f"https://{E['HOST']}/services/rest/record/v1/customer/")
    number = location.rsplit("/", 1)[1]

    customer = await rest.get(f"/record/v1/customer/{number}")
    assert customer["companyName"] == "Ünïcode & Söhne"
    assert customer["links"][0]["href"] == location
    assert (await rest.get("/record/v1/customer/eid:C-1"))["id"] == number

    assert await rest.put("/record/v1/customer/eid:C-1", json={"email": "a@example.org"}) is None
    assert await rest.put(
        "/record/v1/customer/eid:C-2", json={"companyName": "B", "subsidiary": {"id": "1"}}
    ) is None  # fmt: skip
    assert await rest.patch(f"/record/v1/customer/{number}", json={"comments": "seen"}) is None
    customer = await rest.get(f"/record/v1/customer/{number}", params={"fields": "email,comments"})
    assert (customer["email"], customer["comments"]) == ("a@example.org", "seen")
    assert "companyName" not in customer

    found = await rest.get("/record/v1/customer", params={"q": 'companyName CONTAIN "Söhne"'})
    assert [item["id"] for item in found["items"]] == [number]
    listed = await rest.get("/record/v1/customer", params={"limit": 1, "offset": 1})
    assert (listed["count"], listed["totalResults"], listed["hasMore"]) == (1, 2, False)

    names: list[str] = []
    offset = 0
    while True:
        page = await rest.suiteql(PERIODS, limit=50, offset=offset)
        names += [item["periodname"] for item in page["items"]]
        offset += 50
        if not page["hasMore"]:
            break
    assert len(names) == page["totalResults"] == len(set(names)) > 150
    bound = await rest.suiteql(
        "SELECT id FROM customer WHERE externalid = ?", json={"params": ["C-1"]}
    )
    assert bound["items"][0]["id"] == number

    schema = await rest.jsonschema("customer")
    assert "companyName" in schema["properties"]
    described = await rest.openapi(["customer"])
    assert described["openapi"].startswith("3.")

    status, detail = await refused(rest.get("/record/v1/customer/987654"))
    assert (status, detail["o:errorCode"]) == (404, "NONEXISTENT_ID")
    bad = {"companyName": "X", "subsidiary": {"id": "1"}, "noSuchField": 1}
    status, detail = await refused(rest.post("/record/v1/customer", json=bad))
    assert (status, detail["o:errorCode"]) == (400, "INVALID_CONTENT")
    assert detail["o:errorPath"] == "noSuchField"
    status, detail = await refused(rest.suiteql("SELECT nosuch FROM customer"))
    assert (status, detail["o:errorCode"]) == (400, "INVALID_PARAMETER")
    status, detail = await refused(
        connect(token_secret="0" * 64).rest_api.get("/record/v1/customer")
    )
    assert (status, detail["o:errorCode"]) == (401, "INVALID_LOGIN")

    assert await rest.delete("/record/v1/customer/eid:C-2") is None
    assert (await rest.get("/record/v1/customer"))["totalResults"] == 1
    sys.stdout.write("done\n")


asyncio.run(main())
