"""NetSuite's REST protocol without any I/O: requests out, (status, headers, body) in.

`transport` does the talking. Money goes out digit by digit and comes back as Decimal; it never
passes through a float.

Sources (Oracle help): "Creating a Record Instance", "Using External IDs", "Transforming Records",
"Executing SuiteQL Queries Through REST Web Services", "Error Handling in REST Web Services".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from html import unescape
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
from drawdown.erp.netsuite.remedies import Kind, verdict

RECORD_ROOT = "/services/rest/record/v1"
SUITEQL_PATH = "/services/rest/query/v1/suiteql"
SYSTEM_ROOT = "/services/rest/system/v1"
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path, not a secret
PAGE_ROWS_MAX = 1000
"""Rows of one SuiteQL page. Source: Oracle help, "Executing SuiteQL Queries Through REST"."""
RESPONSE_BYTES_MAX = 32 * 1024 * 1024
"""A page of 1,000 wide rows is about one megabyte; more than this is not an answer to us."""
_DETAIL_CHARACTERS_MAX = 1000

RETRY_AFTER_S_MAX = 3600
NUMBER_DIGITS_MAX = 40
"""Digits of a number before or after the point; no amount, rate or quantity has as many."""

_INTERNAL_ID = re.compile(r"-?[0-9]{1,10}")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_TAG = re.compile(r"<[^<>]*>")


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if len(text) > 2 * NUMBER_DIGITS_MAX or abs(number.adjusted()) > NUMBER_DIGITS_MAX:
        raise ValueError("a number is too long")
    return number


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=_number)


class RecordMissingError(ErpRefusedError):
    """NetSuite answered 404: there is no such record."""


class TargetMissingError(ErpRefusedError):
    """The record that another one is applied to is not in NetSuite."""


class RoleRefusedError(ErpAccessError):
    """We are let in, but our role may not do this."""


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
    except (msgspec.DecodeError, RecursionError, ArithmeticError, ValueError) as error:
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


def get_record_by_id(record: str, internal_id: str) -> Request:
    """Read a record with its sublists, by NetSuite's own id."""
    return Request(
        "GET",
        f"{RECORD_ROOT}/{record}/{quote(internal_id, safe='')}",
        (("expandSubResources", "true"),),
        is_read=True,
        subject=f"{record} {internal_id}",
    )


def link_record(record: str, internal_id: str, external_id: str) -> Request:
    """Give a record an external id. Source: Oracle help, "Using External IDs"."""
    path = f"{RECORD_ROOT}/{record}/{quote(internal_id, safe='')}"
    return _write("PATCH", path, {"externalId": external_id}, external_id)


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


def replace_in_record(
    record: str, external_id: str, body: Mapping[str, Any], sublists: tuple[str, ...]
) -> Request:
    """Change the given fields by PATCH; lines of the named sublists that are not given go.

    Source: Oracle help, "Replacing a Sublist".
    """
    request = update_record(record, external_id, body)
    return request._replace(query=(("replace", ",".join(sublists)),)) if sublists else request


def relabel_record(record: str, internal_id: str, external_id: str) -> Request:
    """Give a record another external id; it is named by NetSuite's own id."""
    path = f"{RECORD_ROOT}/{record}/{quote(internal_id, safe='')}"
    return _write("PATCH", path, {"externalId": external_id}, external_id)


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


def describe_record(record: str) -> Request:
    """Ask for the JSON Schema of a record type, as this role sees it in this account.

    Source: Oracle help, "Working with Resource Metadata".
    """
    return Request(
        "GET",
        f"{RECORD_ROOT}/metadata-catalog/{record}",
        headers=(("Accept", "application/schema+json"),),
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
    """Turn a response into an answer or the typed error it means (`remedies` has the table).

    Raises:
        ErpThrottledError: Too many requests at once.
        ErpUnavailableError: Nothing was done, or nothing was read; try again.
        ErpUnknownError: 5xx or a broken answer to a write: it may have been carried out.
        ErpAccessError: Who we are, or what our role may do, is the matter.
        ErpRefusedError: A person must act; with NetSuite's code, path and text and what to do.
    """
    if 200 <= response.status < 300:
        return _success(request, response)
    details = _details(response)
    kind, remedy = verdict(response.status, details.code, details.text)
    if request.path == TOKEN_PATH and kind is Kind.PERSON:
        kind = Kind.LOGIN  # whatever the token endpoint refuses, we do not get in
    said = details.text or f"HTTP {response.status}"
    where = f" (at {details.path})" if details.path else ""
    what = request.subject or request.path.rpartition("/")[2]
    message = f"NetSuite refused {request.method} of {what}: {said.rstrip('.')}{where}. {remedy}"
    match kind:
        case Kind.THROTTLED:
            raise _throttled(request, response, details.code)
        case Kind.AGAIN:
            raise ErpUnavailableError(message, external_id=request.subject, code=details.code)
        case Kind.AWAY | Kind.UNKNOWN:
            error = lost(request, f"NetSuite answered {response.status} {details.text}".strip())
            error.code = details.code
            error.concerns_connection = kind is Kind.AWAY
            raise error
        case Kind.MISSING | Kind.LOGIN | Kind.ROLE | Kind.PERSON:
            raise _REFUSED[kind](
                message, external_id=request.subject, code=details.code, path=details.path
            )


_REFUSED: dict[Kind, type[ErpRefusedError]] = {
    Kind.MISSING: RecordMissingError,
    Kind.LOGIN: ErpAccessError,
    Kind.ROLE: RoleRefusedError,
    Kind.PERSON: ErpRefusedError,
}


def _throttled(request: Request, response: Response, code: str) -> ErpThrottledError:
    error = ErpThrottledError(
        f"NetSuite is busy: too many requests of this account at once ({response.status}); it "
        "goes on by itself",
        external_id=request.subject,
        code=code,
    )
    wait = response.headers.get("retry-after", "")  # not documented, but proxies send it
    if wait.isascii() and wait.isdecimal():
        error.retry_after_s = min(int(wait[:6]), RETRY_AFTER_S_MAX)
    return error


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
    internal_id = response.headers.get("location", "").rstrip("/").rpartition("/")[2]
    if not is_internal_id(internal_id):
        internal_id = ""  # what was written is looked up by our own id then
    if not response.body.strip():
        return Answer({}, internal_id)
    try:
        data = from_json(response.body)
    except ValueError as error:
        raise lost(request, f"NetSuite's answer is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise lost(request, "NetSuite's answer is not a JSON object")
    return Answer(data, internal_id)


def is_internal_id(value: object) -> bool:
    """Whether a value has the shape of an internal id: a 32-bit number, as text.

    Source: REST API Browser 2026.1.
    """
    return isinstance(value, str) and _INTERNAL_ID.fullmatch(value) is not None


def words(value: object, characters_max: int = _DETAIL_CHARACTERS_MAX) -> str:
    """Return text of NetSuite fit for a terminal and a log: one line, no markup, no controls."""
    text = unescape(_TAG.sub(" ", str(value)[: 4 * characters_max]))
    shown = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(shown.split())[:characters_max]


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
        return _Details("", "", words(response.body[:2000].decode("utf-8", "replace"), 200))
    if not isinstance(data, dict):
        return _Details("", "", "")
    if "error" in data:
        text = words(data.get("error_description") or data["error"])
        return _Details(_code(data["error"]), "", text)
    found = data.get("o:errorDetails")
    first = found[0] if isinstance(found, list) and found else data
    if not isinstance(first, dict):
        return _Details("", "", words(data.get("title") or ""))
    path = first.get("o:errorPath") or first.get("o:errorQueryParam") or ""
    text = words(first.get("detail") or data.get("title") or "")
    return _Details(_code(first.get("o:errorCode") or ""), words(path, 200), text)


def _code(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text if _CODE.fullmatch(text) else ""
