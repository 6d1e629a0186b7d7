"""NetSuite's REST protocol without any I/O: requests out, (status, headers, body) in.

`transport` does the talking. Money goes out digit by digit and comes back as Decimal; it never
passes through a float.

Sources (Oracle help): "Creating a Record Instance", "Using External IDs", "Transforming Records",
"Executing SuiteQL Queries Through REST Web Services", "Error Handling in REST Web Services".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from drawdown.core.errors import (
    ErpAccessError,
    ErpError,
    ErpRefusedError,
    ErpThrottledError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.erp.netsuite.remedies import remedy

RECORD_ROOT = "/services/rest/record/v1"
SUITEQL_PATH = "/services/rest/query/v1/suiteql"
SYSTEM_ROOT = "/services/rest/system/v1"
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path, not a secret
PAGE_ROWS_MAX = 1000
"""Rows of one SuiteQL page. Source: Oracle help, "Executing SuiteQL Queries Through REST"."""
RESPONSE_BYTES_MAX = 32 * 1024 * 1024
"""A page of 1,000 wide rows is about one megabyte; more than this is not an answer to us."""
_DETAIL_CHARACTERS_MAX = 1000

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


LOGIN_CODES = ("INVALID_LOGIN", "INVALID_LOGIN_ATTEMPT", "invalid_grant", "invalid_client")
"""Codes that say who we are is the matter, not what our role may do."""


class RecordMissingError(ErpRefusedError):
    """NetSuite answered 404: there is no such record."""


class Request(NamedTuple):
    """One request.

    Attributes:
        path: From the root of the host, percent-encoded.
        is_read: Repeating it changes nothing, so a lost answer is no unknown outcome.
        subject: Our external id of the record concerned, for error messages.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_read: bool = False
    subject: str = ""


class Response(NamedTuple):
    """What came back; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """A response that means success.

    Attributes:
        data: The JSON object of the body; empty where there is none.
        internal_id: Last part of the Location of what was written; empty for reads.
    """

    data: dict[str, Any]
    internal_id: str


def to_json(value: Any) -> bytes:
    """Render JSON; a Decimal becomes a number with exactly its digits."""
    return _ENCODER.encode(value)


def from_json(body: bytes) -> Any:
    """Parse JSON; numbers with a point or exponent become Decimal.

    Raises:
        ValueError: The bytes are not JSON.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError, ArithmeticError) as error:
        raise ValueError(str(error)) from error


def eid_path(record: str, external_id: str) -> str:
    """Return the path of a record by our external id."""
    return f"{RECORD_ROOT}/{record}/eid:{quote(external_id, safe='')}"


def get_record(record: str, external_id: str) -> Request:
    """Read a record with its sublists."""
    return Request(
        "GET",
        eid_path(record, external_id),
        (("expandSubResources", "true"),),
        is_read=True,
        subject=external_id,
    )


def get_subscription(internal_id: str) -> Request:
    """Read a subscription of SuiteBilling with its price intervals, by NetSuite's own id."""
    return Request(
        "GET",
        f"{RECORD_ROOT}/subscription/{quote(internal_id, safe='')}",
        (("expandSubResources", "true"),),
        is_read=True,
        subject=f"subscription {internal_id}",
    )


def create_record(record: str, body: Mapping[str, Any]) -> Request:
    """Create a record by POST; the body carries its external id."""
    return _write("POST", f"{RECORD_ROOT}/{record}", body, str(body["externalId"]))


def transform_record(
    source: str, source_external_id: str, target: str, body: Mapping[str, Any]
) -> Request:
    """Create a record out of another one; the body carries the new record's external id.

    Source: Oracle help, "Transforming Records" (a transform cannot be an upsert).
    """
    path = f"{eid_path(source, source_external_id)}/!transform/{target}"
    return _write("POST", path, body, str(body["externalId"]))


def upsert_record(record: str, external_id: str, body: Mapping[str, Any]) -> Request:
    """Create or update master data by PUT. Never used for a posting: it would edit it.

    Source: Oracle help, "Using the Upsert Operation".
    """
    return _write("PUT", eid_path(record, external_id), body, external_id)


def update_record(record: str, external_id: str, body: Mapping[str, Any]) -> Request:
    """Change the given fields of a record by PATCH; sublist lines are matched by their key.

    Source: Oracle help, "Updating a Record Instance", "Updating a Sublist".
    """
    return _write("PATCH", eid_path(record, external_id), body, external_id)


def delete_record(record: str, external_id: str) -> Request:
    """Delete a record."""
    return Request("DELETE", eid_path(record, external_id), subject=external_id)


def suiteql(sql: str, offset: int = 0, limit: int = PAGE_ROWS_MAX) -> Request:
    """Read one page of a query. The offset is a multiple of the limit.

    Source: Oracle help, "Executing SuiteQL Queries Through REST Web Services": POST only, with
    ``Prefer: transient``.
    """
    assert offset % limit == 0
    return Request(
        "POST",
        SUITEQL_PATH,
        (("limit", str(limit)), ("offset", str(offset))),
        (("Content-Type", "application/json"), ("Prefer", "transient")),
        to_json({"q": sql}),
        is_read=True,
    )


def get_system(name: str) -> Request:
    """Read from the system service, such as ``governanceLimits`` (2025.2)."""
    return Request("GET", f"{SYSTEM_ROOT}/{name}", is_read=True)


def _write(method: str, path: str, body: Mapping[str, Any], subject: str) -> Request:
    return Request(
        method,
        path,
        headers=(
            ("Content-Type", "application/json"),
            # A misspelt or missing field is refused, not dropped with a warning.
            ("X-NetSuite-PropertyNameValidation", "error"),
        ),
        body=to_json(body),
        subject=subject,
    )


def decipher(request: Request, response: Response) -> Answer:
    """Turn a response into an answer or the typed error it means.

    Raises:
        ErpUnavailableError: 429; for reads also 5xx and answers that are not JSON.
        ErpUnknownError: 5xx or a broken answer to a write: it may have been carried out.
        ErpRefusedError: 4xx, with NetSuite's code, path and text and what to do.
    """
    status = response.status
    if 200 <= status < 300:
        return _success(request, response)
    if status == 429:
        raise ErpThrottledError(
            "NetSuite is busy: too many requests of this account at once (429); it goes on by "
            "itself",
            external_id=request.subject,
            code=_details(response).code,
        )
    if status >= 500:
        raise lost(request, f"NetSuite answered {status} {_details(response).text}".strip())
    if status >= 400:
        raise _refused(request, response)
    raise ErpRefusedError(
        f"NetSuite answered {status} to {request.method} {request.path}, which is neither success "
        "nor refusal; check the account id and that nothing between us redirects",
        external_id=request.subject,
    )


def lost(request: Request, what: str) -> ErpError:
    """Return the error of a request that was sent and not answered properly."""
    if request.is_read:
        return ErpUnavailableError(f"{what}, while reading; try again", external_id=request.subject)
    return ErpUnknownError(
        f"{what}: whether {request.method} of {request.subject} was carried out is not known; it "
        "is looked up by its external id before anything is sent again",
        external_id=request.subject,
    )


def _success(request: Request, response: Response) -> Answer:
    if not response.body.strip():
        location = response.headers.get("location", "")
        return Answer({}, location.rstrip("/").rpartition("/")[2])
    try:
        data = from_json(response.body)
    except ValueError as error:
        raise lost(request, f"NetSuite's answer is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise lost(request, "NetSuite's answer is not a JSON object")
    location = response.headers.get("location", "")
    return Answer(data, location.rstrip("/").rpartition("/")[2])


class _Details(NamedTuple):
    code: str
    path: str
    text: str


def _details(response: Response) -> _Details:
    """Read NetSuite's error body, whatever of it is there.

    Source: Oracle help, "Error Handling in REST Web Services" (o:errorDetails); the token endpoint
    answers ``{"error": ..., "error_description": ...}`` (OAuth 2.0).
    """
    try:
        data = from_json(response.body)
    except ValueError:
        return _Details("", "", response.body[:200].decode("utf-8", "replace").strip())
    if not isinstance(data, dict):
        return _Details("", "", "")
    if "error" in data:
        text = str(data.get("error_description") or data["error"])
        return _Details(str(data["error"]), "", text)
    found = data.get("o:errorDetails")
    first = found[0] if isinstance(found, list) and found else data
    if not isinstance(first, dict):
        return _Details("", "", str(data.get("title") or ""))
    path = first.get("o:errorPath") or first.get("o:errorQueryParam") or ""
    text = str(first.get("detail") or data.get("title") or "")
    return _Details(str(first.get("o:errorCode") or ""), str(path), text[:_DETAIL_CHARACTERS_MAX])


def _refused(request: Request, response: Response) -> ErpRefusedError:
    details = _details(response)
    kind = {401: ErpAccessError, 403: ErpAccessError, 404: RecordMissingError}.get(
        response.status, ErpRefusedError
    )
    said = details.text or f"HTTP {response.status}"
    where = f" (at {details.path})" if details.path else ""
    what = request.subject or request.path.rpartition("/")[2]
    return kind(
        f"NetSuite refused {request.method} of {what}: {said.rstrip('.')}{where}. "
        f"{remedy(response.status, details.code, details.text)}",
        external_id=request.subject,
        code=details.code,
        path=details.path,
    )
