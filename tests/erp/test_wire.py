"""The protocol without I/O: what is sent, and what each documented answer means.

Samples name their source: Oracle help page titles; "third party" where only clients have shown it.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from drawdown.core.errors import (
    ErpAccessError,
    ErpError,
    ErpRefusedError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.erp.netsuite import wire
from drawdown.erp.netsuite.wire import (
    RecordMissingError,
    Request,
    Response,
    decipher,
)

READ = wire.get_record("invoice", "dd_inv_1")
WRITE = wire.create_record("invoice", {"externalId": "dd_inv_1"})
RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.1"


def error(status: int, code: str, detail: str, **more: str) -> Response:
    """Build a body as "Error Handling in REST Web Services" shows it."""
    body = {
        "type": RFC,
        "title": "Bad Request",
        "status": status,
        "o:errorDetails": [{"detail": detail, "o:errorCode": code, **more}],
    }
    return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())


def test_money_is_written_digit_by_digit() -> None:
    body = {"payment": Decimal("0.10"), "exchangeRate": Decimal("1.123456789"), "n": Decimal(7)}

    assert wire.to_json(body) == b'{"payment":0.10,"exchangeRate":1.123456789,"n":7}'


def test_numbers_come_back_as_decimals() -> None:
    data = wire.from_json(b'{"payment":300.10,"line":3,"big":12345678901234.56}')

    assert data["payment"] == Decimal("300.10")
    assert type(data["payment"]) is Decimal
    assert data["big"] == Decimal("12345678901234.56")
    assert data["line"] == 3


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"nan", b"[" * 200_000, b'{"a":1}x'])
def test_bad_json_is_an_error_and_no_crash(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is the parser's
        wire.from_json(body)


def test_requests_follow_the_documented_paths() -> None:
    """Sources: "Using External IDs", "Transforming Records", "Creating a Record Instance"."""
    assert READ.path == "/services/rest/record/v1/invoice/eid:dd_inv_1"
    assert READ.query == (("expandSubResources", "true"),)
    transform = wire.transform_record(
        "customerDeposit", "dd_dep_1", "depositApplication", {"externalId": "dd_app_1"}
    )
    assert transform.path == (
        "/services/rest/record/v1/customerDeposit/eid:dd_dep_1/!transform/depositApplication"
    )
    assert transform.subject == "dd_app_1"
    assert (transform.method, transform.is_read) == ("POST", False)
    assert wire.upsert_record("customer", "dd_cus_1", {}).method == "PUT"
    assert wire.update_record("customerDeposit", "dd_dep_1", {}).method == "PATCH"
    assert wire.delete_record("depositApplication", "dd_app_1").method == "DELETE"


def test_external_ids_are_percent_encoded() -> None:
    assert wire.eid_path("customer", "a/b?c").endswith("/eid:a%2Fb%3Fc")


def test_every_write_refuses_unknown_property_names() -> None:
    """Source: header X-NetSuite-PropertyNameValidation, whose default only warns."""
    for request in (
        WRITE,
        wire.upsert_record("customer", "x", {}),
        wire.update_record("invoice", "x", {}),
        wire.transform_record("salesOrder", "y", "invoice", {"externalId": "x"}),
    ):
        assert ("X-NetSuite-PropertyNameValidation", "error") in request.headers


def test_a_query_is_a_transient_post() -> None:
    """Source: "Executing SuiteQL Queries Through REST Web Services"."""
    request = wire.suiteql("SELECT t.id AS id FROM transaction t", offset=2000)

    assert request.method == "POST"
    assert request.is_read
    assert ("Prefer", "transient") in request.headers
    assert request.query == (("limit", "1000"), ("offset", "2000"))
    assert json.loads(request.body) == {"q": "SELECT t.id AS id FROM transaction t"}


def test_a_creation_answers_with_a_location() -> None:
    """Source: "Creating a Record Instance": 204 and no body."""
    location = "https://1234567.suitetalk.api.netsuite.com/services/rest/record/v1/invoice/647"

    answer = decipher(WRITE, Response(204, {"location": location}, b""))

    assert answer.internal_id == "647"
    assert answer.data == {}


def test_a_creation_may_answer_201_with_a_body() -> None:
    """Source: SAFE guide appendix, which says 201."""
    answer = decipher(WRITE, Response(201, {"location": "/invoice/7"}, b'{"id":"7"}'))

    assert (answer.internal_id, answer.data) == ("7", {"id": "7"})


REFUSALS: list[tuple[int, str, str, str, type[ErpError], str]] = [
    # status, code, detail, path, error, what our words contain
    (400, "INVALID_CONTENT", ("Error while accessing a resource: You have entered an Invalid Field "
     "Value 9999 for the following field: item"), "item.items[0].item", ErpRefusedError, "mapping"),
    (400, "USER_ERROR", "Error while accessing a resource. Please enter value(s) for: Subsidiary.",
     "", ErpRefusedError, "preferred for REST"),
    (400, "USER_ERROR", "Error while accessing a resource. This entity already exists.", "",
     ErpRefusedError, "external id"),
    (400, "USER_ERROR", "The G/L impact of a transaction in a closed period cannot be changed.",
     "", ErpRefusedError, "Reopen"),
    (400, "USER_ERROR", ("The transaction date you specified is not within the date range of your "
     "accounting period."), "", ErpRefusedError, "first open day"),
    (400, "USER_ERROR", "You cannot change the G/L impact of a transaction in a locked period",
     "", ErpRefusedError, "Unlock"),
    (400, "USER_ERROR", "This record has been locked by a user defined workflow.", "",
     ErpRefusedError, "workflow"),
    (400, "USER_ERROR", ("This transaction cannot be deleted because it is linked to by one or "
     "more transactions"), "", ErpRefusedError, "undo those first"),
    (400, "INVALID_REQUEST", "whatever is new", "", ErpRefusedError, "The request itself"),
    (401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail",
     "", ErpAccessError, "certificate id"),
    (403, "INSUFFICIENT_PERMISSION", "Permission Violation: You need the 'Invoice' permission", "",
     ErpAccessError, "role"),
    (404, "NONEXISTENT_ID", ("The record instance does not exist. Provide a valid record instance "
     "ID."), "", RecordMissingError, "who deleted it"),
    (404, "NOT_FOUND", "Record type 'x' does not exist.", "", RecordMissingError, "feature"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "detail", "path", "kind", "words"), REFUSALS)
def test_a_refusal_keeps_netsuites_words_and_adds_ours(
    status: int, code: str, detail: str, path: str, kind: type[ErpError], words: str
) -> None:
    more = {"o:errorPath": path} if path else {}

    with pytest.raises(kind) as caught:
        decipher(WRITE, error(status, code, detail, **more))

    assert isinstance(caught.value, ErpRefusedError)
    assert caught.value.code == code
    assert caught.value.path == path
    assert caught.value.external_id == "dd_inv_1"
    assert detail.rstrip(".") in str(caught.value)
    assert words in str(caught.value)


def test_a_bad_filter_names_the_query_parameter() -> None:
    """Source: third party."""
    body = error(400, "INVALID_PARAMETER", "Invalid search query.", **{"o:errorQueryParam": "q"})

    with pytest.raises(ErpRefusedError) as caught:
        decipher(READ, body)

    assert caught.value.path == "q"


@pytest.mark.parametrize("request_", [READ, WRITE])
def test_too_many_requests_can_be_tried_again(request_: Request) -> None:
    """Source: "Concurrency Governance"; a blocked request was not carried out."""
    body = error(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded.")

    with pytest.raises(ErpUnavailableError) as caught:
        decipher(request_, body)

    assert caught.value.code == "CONCURRENCY_LIMIT_EXCEEDED"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_leaves_the_outcome_of_a_write_unknown(status: int) -> None:
    """Source: third party: journals were saved although the client saw a 502."""
    with pytest.raises(ErpUnknownError, match="dd_inv_1"):
        decipher(WRITE, Response(status, {}, b"<html>Bad Gateway</html>"))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_on_a_read_can_be_tried_again(status: int) -> None:
    with pytest.raises(ErpUnavailableError):
        decipher(READ, error(status, "UNEXPECTED_ERROR", "An unexpected error occurred."))


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"id":', b"\xff\xfe"])
def test_a_broken_answer_to_a_write_is_an_unknown_outcome(body: bytes) -> None:
    with pytest.raises(ErpUnknownError):
        decipher(WRITE, Response(200, {}, body))
    with pytest.raises(ErpUnavailableError):
        decipher(READ, Response(200, {}, body))


def test_a_redirect_is_refused() -> None:
    with pytest.raises(ErpRefusedError, match="302"):
        decipher(READ, Response(302, {"location": "https://elsewhere"}, b""))


BODIES: list[tuple[Any, str, str]] = [
    # body, code, text
    ({"error": "invalid_grant"}, "invalid_grant", "invalid_grant"),
    ({"error": "invalid_client", "error_description": "No."}, "invalid_client", "No"),
    ({"title": "Bad Request", "o:errorCode": "USER_ERROR"}, "USER_ERROR", "Bad Request"),
    ({"title": "Bad Request", "o:errorDetails": ["odd"]}, "", "Bad Request"),
    ({"title": "Bad Request", "o:errorDetails": []}, "", "Bad Request"),
    ([], "", "HTTP 400"),
]


@pytest.mark.parametrize(("body", "code", "text"), BODIES)
def test_an_error_body_of_another_shape_is_read_as_far_as_it_goes(
    body: Any, code: str, text: str
) -> None:
    with pytest.raises(ErpRefusedError) as caught:
        decipher(READ, Response(400, {}, json.dumps(body).encode()))

    assert caught.value.code == code
    assert text in str(caught.value)


def test_a_page_that_is_no_json_is_shown_in_part() -> None:
    with pytest.raises(ErpRefusedError, match="Forbidden by proxy"):
        decipher(READ, Response(400, {}, b"Forbidden by proxy" + b" " * 10_000))
