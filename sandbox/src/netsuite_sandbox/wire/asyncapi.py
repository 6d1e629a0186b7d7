"""Asynchronous requests, idempotency keys and batches.

Sources: "Synchronous and Asynchronous Request Processing", "Batch Operations" (2026.1). The work is
done when the request arrives; the setting async_pending_polls says how many looks at the job find
it pending.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import ERROR_TYPE, NetSuiteError, invalid_request, nonexistent
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire import jsontext
from netsuite_sandbox.wire.http import RESOURCE, Request, Response, answer

ROOT = "/services/rest/async/v1/job"
BATCH_MAX = 100
# Parameters of the whole batch; the others are about each record.
_OF_BATCHES = frozenset({"ids", "expandRecords", "limit", "offset", "q"})
_ID = re.compile(r"(?:[^,']|'[^']*')+")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
Handle = Callable[[Request], Response]


def wanted(request: Request) -> bool:
    """Whether the caller prefers an asynchronous answer."""
    return "respond-async" in request.headers.get("prefer", "").lower()


def is_batch(request: Request) -> bool:
    """Whether a request is about several records: by its body, or by the ids it names.

    Source: "Batch Operations": GET (with expandRecords=true) and DELETE name them by `ids`.
    """
    content = request.headers.get("content-type", "").replace(" ", "").lower()
    if request.method == "DELETE":
        return bool(request.param("ids"))
    if request.method == "GET":
        return wanted(request) and bool(request.param("ids"))
    return "type=collection" in content


def submit(company: Company, request: Request, handle: Handle) -> Response:
    """Carry a request out as a job and answer 202.

    Args:
        handle: Carries out one synchronous request in a transaction of its own.
    """
    key = request.headers.get("x-netsuite-idempotency-key")
    if key is not None and not _UUID.fullmatch(key):
        raise invalid_request("X-NetSuite-Idempotency-Key is a UUID.")
    with company.db.transaction():
        earlier = key and company.db.value("SELECT id FROM job WHERE idempotencykey = ?", (key,))
        if earlier:
            raise NetSuiteError(
                400, "IDEMPOTENCY_ERROR",
                'A request with the same idempotency key is already submitted. See the "Location" '
                "header for the location of the request.",
                title="Conflict", headers={"location": f"{request.base_url}{ROOT}/{earlier}"},
            )  # fmt: skip
        job = company.db.execute(
            "INSERT INTO job (idempotencykey, createddate) VALUES (?, ?)",
            (key, company.clock.stamp()),
        ).lastrowid
    for number, single in enumerate(_singles(request), 1):
        response = _answered(company, handle, single)
        with company.db.transaction():
            company.db.execute(
                "INSERT INTO task VALUES (?, ?, ?, ?, ?)",
                (job, number, response.status, jsontext.dumps(response.headers), response.body),
            )
    return Response(
        202,
        {"location": f"{request.base_url}{ROOT}/{job}", "preference-applied": "respond-async"},
    )


def _answered(company: Company, handle: Handle, request: Request) -> Response:
    try:
        return handle(request)
    except NetSuiteError as error:
        body = error.body(company.settings.values)
        return answer(body, error.status, ERROR_TYPE, error.headers)


def _singles(request: Request) -> list[Request]:
    """Split a batch into its requests; anything else is one request."""
    headers = {k: v for k, v in request.headers.items() if k != "prefer"}
    if not is_batch(request):
        return [Request(request.method, request.path, request.query, headers, request.body,
                        request.base_url)]  # fmt: skip
    headers["content-type"] = "application/json"
    if request.method in {"DELETE", "GET"}:
        keys = named(request.param("ids"))
        bodies: list[Any] = [None] * len(keys)
    else:
        body = request.json()
        bodies = body.get("items", []) if isinstance(body, dict) else []
        keys = [_key(request.method, item) for item in bodies]
    if not 1 <= len(bodies) <= BATCH_MAX:
        raise invalid_request(f"A batch has 1 to {BATCH_MAX} records.")
    out: list[Request] = []
    for key, item in zip(keys, bodies, strict=True):
        path = request.path.rstrip("/") + (f"/{quote(key, safe=':')}" if key else "")
        content = b"" if item is None else jsontext.dumps(item).encode("ascii")
        query = [(name, value) for name, value in request.query if name not in _OF_BATCHES]
        out.append(Request(request.method, path, query, dict(headers), content, request.base_url))
    return out


def named(ids: str) -> list[str]:
    """Split the parameter `ids`: internal ids, eid:X, or eid:'X Y' in quotes."""
    return [key.replace("'", "") for key in _ID.findall(ids)]


def _key(method: str, item: Any) -> str:
    """What identifies a record of a batch: PATCH takes the internal id before the external one."""
    if not isinstance(item, dict):
        raise invalid_request("Each item of a batch is an object.")
    if method == "PUT":
        return f"eid:{item.get('externalId', '')}"
    if method != "PATCH":
        return ""
    return str(item["id"]) if "id" in item else f"eid:{item.get('externalId', '')}"


def handle(company: Company, request: Request) -> Response:
    """Answer GET on jobs and tasks."""
    parts = request.path.removeprefix(ROOT).strip("/").split("/")
    job_id = whole(parts[0])
    if request.method != "GET" or job_id is None:
        raise nonexistent()
    with company.db.transaction():
        job = company.db.one("SELECT * FROM job WHERE id = ?", (job_id,))
        if job is None:
            raise nonexistent()
        url = f"{request.base_url}{ROOT}/{job['id']}"
        tasks = company.db.all("SELECT * FROM task WHERE job = ? ORDER BY id", (job["id"],))
        pending = job["polls"] < company.settings["async_pending_polls"]
        if len(parts) == 1:
            company.db.execute("UPDATE job SET polls = polls + 1 WHERE id = ?", (job["id"],))
            return answer(_job(job["id"], url, pending=pending))
    if len(parts) == 2:
        items = [
            {"links": [{"rel": "self", "href": f"{url}/task/{task['id']}"}], "id": str(task["id"])}
            for task in tasks
        ]
        body = {
            "links": [{"rel": "self", "href": f"{url}/task"}],
            "items": items,
            "totalResults": len(items),
            "count": len(items),
            "hasMore": False,
            "offset": 0,
        }
        return answer(body, content_type=RESOURCE + "; type=collection")  # fmt: skip
    found = next((task for task in tasks if str(task["id"]) == parts[2]), None)
    if found is None:
        raise nonexistent()
    if len(parts) == 4 and parts[3] == "result":
        return Response(found["status"], jsontext.loads(found["headers"]), bytes(found["body"]))
    return answer(_task(job["createddate"], f"{url}/task/{parts[2]}", parts[2], pending=pending))


def _job(number: int, url: str, *, pending: bool) -> dict[str, Any]:
    return {
        "links": [{"rel": "self", "href": url}],
        "completed": not pending,
        "id": str(number),
        "progress": "pending" if pending else "succeeded",
        "task": {"links": [{"rel": "self", "href": f"{url}/task"}]},
    }


def _task(created: str, url: str, number: str, *, pending: bool) -> dict[str, Any]:
    related = {"rel": "related", "href": f"{url}/result"}
    return {
        "links": [{"rel": "self", "href": url}, *([] if pending else [related])],
        "completed": not pending,
        "id": number,
        "progress": "pending" if pending else "succeeded",
        "startTime": created,
        "endTime": created,
    }
