"""Every refusal NetSuite is known for, row by row: what kind of error it is and what to do.

The rows are those of Oracle's help ("Error Handling in REST Web Services", "SOAP Web Services Error
Status Codes" as far as this product can meet them, "OAuth 2.0 Client Credentials Flow", "Errors
Related to Concurrency Violations") and what third parties have published; where the REST code of a
SOAP text is not known, the text stands under USER_ERROR, as the record service wraps it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from drawdown.core.errors import (
    ErpAccessError,
    ErpError,
    ErpRefusedError,
    ErpThrottledError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.erp.netsuite import wire
from drawdown.erp.netsuite.remedies import _DEFAULT, _ROWS, Kind, first_row, verdict
from drawdown.erp.netsuite.wire import RecordMissingError, Response, RoleRefusedError, decipher

READ = wire.get_record("invoice", "dd_inv_1")
WRITE = wire.create_record("invoice", {"externalId": "dd_inv_1"})


class Refused(NamedTuple):
    """One row of `refusals.txt`."""

    status: int
    code: str
    of_write: type[ErpError]
    of_read: type[ErpError]
    words: str
    text: str


_ERRORS: dict[str, type[ErpError]] = {
    kind.__name__: kind
    for kind in (
        ErpAccessError,
        ErpRefusedError,
        ErpThrottledError,
        ErpUnavailableError,
        ErpUnknownError,
        RecordMissingError,
        RoleRefusedError,
    )
}


def _refused(line: str) -> Refused:
    status, *cells = line.split(" | ", 5)
    code, of_write, of_read, words, text = ("" if cell == "-" else cell for cell in cells)
    return Refused(int(status), code, _ERRORS[of_write], _ERRORS[of_read], words, text)


REFUSALS = [
    _refused(line)
    for line in Path(__file__).with_name("refusals.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def response_of(row: Refused) -> Response:
    """Render a refusal as "Error Handling in REST Web Services" shows it."""
    details = [{"detail": row.text, "o:errorCode": row.code}]
    body = {"title": "", "status": row.status, "o:errorDetails": details}
    return Response(row.status, {}, json.dumps(body).encode())


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row.status} {row.text[:40]}")
def test_each_refusal_has_its_error_and_its_remedy(row: Refused) -> None:
    for request, expected in ((WRITE, row.of_write), (READ, row.of_read)):
        with pytest.raises(ErpError) as caught:
            decipher(request, response_of(row))
        assert type(caught.value) is expected
        assert caught.value.code == row.code
        assert caught.value.external_id == "dd_inv_1"
        if isinstance(caught.value, ErpRefusedError):
            assert row.text.rstrip(".") in str(caught.value)
            assert row.words in str(caught.value)
    assert row.words in verdict(row.status, row.code, row.text).remedy


def test_every_row_of_the_table_is_met_by_a_refusal() -> None:
    """A row that nothing reaches is a row that an earlier one hides."""
    met = {first_row(one.status, one.code, one.text) for one in REFUSALS}

    missed = [row for row in _ROWS if row not in met and row.code != "CERTIFICATE_ENDED"]
    assert missed == []


@pytest.mark.parametrize("status", [*range(300, 308), *range(400, 432), *range(500, 512)])
def test_no_status_is_without_a_meaning(status: int) -> None:
    kind, remedy = verdict(status, "", "")

    assert remedy
    assert (kind is Kind.UNKNOWN) == (status >= 500 or status == 408)
    assert remedy != _DEFAULT or kind is Kind.PERSON


def test_what_concerns_the_whole_connection_says_so() -> None:
    """A breaker opens at once for these, and for no other."""
    for row in REFUSALS:
        with pytest.raises(ErpError) as caught:
            decipher(WRITE, response_of(row))
        concerns = isinstance(caught.value, ErpAccessError) or "maintenance" in row.text
        assert caught.value.concerns_connection == concerns, row


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("", 0), ("-1", 0), ("soon", 0), ("\u0663", 0), ("9" * 40, 3600)],
)
def test_how_long_to_wait_is_taken_if_it_is_a_number(header: str, seconds: int) -> None:
    with pytest.raises(ErpThrottledError) as caught:
        decipher(READ, Response(429, {"retry-after": header}, b""))

    assert caught.value.retry_after_s == seconds


def test_whatever_the_token_endpoint_refuses_keeps_us_out() -> None:
    request = wire.Request("POST", wire.TOKEN_PATH, is_read=True)

    with pytest.raises(ErpAccessError):
        decipher(request, Response(400, {}, b'{"error":"something_new"}'))
