"""The query service: POST /services/rest/query/v1/suiteql."""

from __future__ import annotations

from netsuite_sandbox.errors import NetSuiteError, invalid_request, method_not_allowed
from netsuite_sandbox.suiteql.execute import Engine
from netsuite_sandbox.wire.collections import page_links, paging
from netsuite_sandbox.wire.http import RESOURCE, Request, Response, answer

PATH = "/services/rest/query/v1/suiteql"


def handle(engine: Engine, request: Request) -> Response:
    """Answer one SuiteQL request.

    Source: "Executing SuiteQL Queries Through REST": POST only, header Prefer: transient.
    """
    if request.path.rstrip("/") != PATH:
        raise NetSuiteError(404, "NOT_FOUND", "The query service does not know this path.")
    if request.method != "POST":
        raise method_not_allowed("SuiteQL is executed by POST.")
    prefer = {part.strip().lower() for part in request.headers.get("prefer", "").split(",")}
    if "transient" not in prefer:
        raise NetSuiteError(
            400, "INVALID_HEADER",
            "The required request header 'Prefer' is missing or invalid. Provide 'transient'.",
            **{"o:errorHeader": "Prefer"},
        )  # fmt: skip
    limit, offset = paging(request)
    body = request.json()
    text = body.get("q") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise invalid_request("The request body needs the property 'q' with a SuiteQL query.")
    params = body.get("params") or []
    if not isinstance(params, list):
        raise invalid_request("'params' is a list.")
    page = engine.run(text, params, limit, offset)
    url = request.base_url + PATH
    return answer(
        {
            "links": page_links(url, request.query, limit, offset, page.total),
            "count": len(page.items),
            "hasMore": offset + len(page.items) < page.total,
            "items": page.items,
            "offset": offset,
            "totalResults": page.total,
        },
        content_type=RESOURCE + "; type=collection",
    )
