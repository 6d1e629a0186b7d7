"""The system service: governance limits and server time (2025.2)."""

from __future__ import annotations

from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import NetSuiteError
from netsuite_sandbox.wire.http import Request, Response, answer

ROOT = "/services/rest/system/v1"


def handle(company: Company, request: Request) -> Response:
    """Answer one request. Source: "Governance Limits", "Server Time" of REST web services."""
    name = request.path.removeprefix(ROOT).strip("/").lower()
    if request.method == "GET" and name == "governancelimits":
        limit = company.settings["concurrency_limit"]
        own = min(company.settings["integration_concurrency_limit"], limit)
        body = {
            "links": [{"rel": "self", "href": request.base_url + request.path}],
            "accountConcurrencyLimit": limit,
            "accountUnallocatedConcurrencyLimit": limit - own,
            "integrationLimitType": "integrationLimit" if own else "accountLimit",
        }
        if own:
            body["integrationConcurrencyLimit"] = own
        return answer(body)
    if request.method == "GET" and name == "servertime":
        return answer(
            {
                "links": [{"rel": "self", "href": request.base_url + request.path}],
                "serverTime": company.clock.stamp(),
            }
        )
    raise NetSuiteError(404, "NOT_FOUND", "The system service does not know this path.")
