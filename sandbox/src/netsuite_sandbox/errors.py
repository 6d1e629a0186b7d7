"""NetSuite's refusals, word for word.

Source: "Error Handling in REST Web Services" for the shape; "SOAP Web Services Error Status Codes"
for most business texts, which the record service wraps as a USER_ERROR (seen in third-party code
for entity and required-field messages; for each single message it is unsure, see COVERAGE).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ERROR_TYPE = "application/vnd.oracle.resource+json; type=error"
_RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
_TITLES = {
    400: ("Bad Request", "4.1"),
    401: ("Unauthorized", "4.2"),
    403: ("Forbidden", "4.4"),
    404: ("Not Found", "4.5"),
    405: ("Method Not Allowed", "4.6"),
    429: ("Too Many Requests", "4.1"),
    500: ("Internal Server Error", "5.1"),
    503: ("Service Unavailable", "5.4"),
}
_ACCESSING = "Error while accessing a resource. "
_INVALID_VALUE = "Error while accessing resource: "  # Source: Error Handling in REST Web Services.
MALFORMED = "The request could not be understood by the server due to malformed syntax."


class NetSuiteError(Exception):
    """A refusal, as the REST services answer it.

    Args:
        status: HTTP status.
        code: `o:errorCode`.
        detail: `detail`, for people.
        path: `o:errorPath`, such as "item.items[0].item".
        more: Further members of the detail ("o:errorQueryParam", "o:errorHeader") and, under
            "headers", response headers.
    """

    def __init__(self, status: int, code: str, detail: str, path: str = "", **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.path = path
        self.title: str = more.pop("title", _TITLES.get(status, ("Error", "4.1"))[0])
        self.headers: dict[str, str] = more.pop("headers", {})
        self.more: dict[str, str] = more

    def body(self, wording: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON body of the answer.

        Args:
            wording: The settings of the account: where sources give several texts or shapes,
                they say which; without them it is the default of each.
        """
        said = wording or {}
        text = self.detail
        if self.code == "NONEXISTENT_ID" and said.get("nonexistent_text") == "documented":
            text = "Record does not exist."
        if said.get("invalid_value_text") == "observed":
            text = text.replace(_INVALID_VALUE, _ACCESSING, 1)
        detail: dict[str, Any] = {"detail": text, "o:errorCode": self.code}
        if self.path:
            detail["o:errorPath"] = self.path
        detail.update(self.more)
        anchor = "#sec10." + _TITLES.get(self.status, ("", "4.1"))[1]
        if said.get("error_type_anchor") == "only_400" and self.status != 400:
            anchor = ""
        body = {
            "type": _RFC + anchor,
            "title": self.title,
            "status": self.status,
            "o:errorDetails": [detail],
        }
        if self.status == 429 and said.get("too_many_requests_title") == "bad_request":
            body.update({"title": "Bad Request", "o:errorCode": "USER_ERROR"})
        return body


def user_error(message: str, path: str = "") -> NetSuiteError:
    """A business rule said no."""
    return NetSuiteError(400, "USER_ERROR", _ACCESSING + message, path)


def invalid_value(value: object, field: str, path: str) -> NetSuiteError:
    """A select field names a record that does not exist. Source: Error Handling in REST."""
    return NetSuiteError(
        400,
        "INVALID_CONTENT",
        f"{_INVALID_VALUE}You have entered an Invalid Field Value {value} for the following field: "
        f"{field}",
        path,
    )


def invalid_content(detail: str, path: str = "") -> NetSuiteError:
    """The content does not fit the metadata of the record."""
    return NetSuiteError(400, "INVALID_CONTENT", detail, path)


def missing(labels: list[str]) -> NetSuiteError:
    """Required fields are absent. Source: SOAP Web Services Error Status Codes, USER_ERROR."""
    return user_error(f"Please enter value(s) for: {', '.join(labels)}.")


def nonexistent() -> NetSuiteError:
    """No such instance (text as observed by third parties)."""
    return NetSuiteError(
        404,
        "NONEXISTENT_ID",
        "The record instance does not exist. Provide a valid record instance ID.",
    )


def unknown_record(record: str) -> NetSuiteError:
    """No such record type (code and text unsure)."""
    return NetSuiteError(404, "NOT_FOUND", f"Record type '{record}' does not exist.")


def invalid_request(detail: str) -> NetSuiteError:
    """Malformed JSON, URL or header."""
    return NetSuiteError(400, "INVALID_REQUEST", detail)


def method_not_allowed(detail: str) -> NetSuiteError:
    """The resource does not know the method (code unsure)."""
    return NetSuiteError(405, "METHOD_NOT_ALLOWED", detail)


INVALID_LOGIN = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
    "Setup > Users/Roles > User Management > View Login Audit Trail."
)

# Texts of "SOAP Web Services Error Status Codes", by code.
CLOSED_TRAN_PRD = "The G/L impact of a transaction in a closed period cannot be changed."
CLOSED_TRAN_PRD_MOVE = "You cannot move a transaction to or from a closed period."
TRANS_EDIT_DISALLWD = "This transaction is in a period that has been closed. You may not edit it."
TRAN_PERIOD_CLOSED = "You cannot change the G/L impact of a transaction in a closed period."
DATE_PRD_MISMATCH = (
    "Your transaction date does not fall between the start and end dates of your accounting period."
)
TRANS_IN_USE = (
    "This transaction cannot be deleted because it is linked to by one or more transactions."
)
CANT_UPDATE_ACCTNG_PRDS = (
    "You cannot update accounting periods using SuiteScript or SOAP web services. Go to Setup > "
    "Accounting > Manage G/L > Manage Accounting Periods."
)
TRANS_UNBALNCD = "Transaction was not in balance. Total = {}"
TRANS_UNBALNCD_DECIMALS = (
    "The debits and credits are not balanced on this transaction because amounts entered include "
    "more decimal places than are supported for this currency. Please round off the amount of each "
    "line to a maximum of {} decimal places."
)
TRANS_APPLIED_AMTS_UNBALNCD = (
    "Transaction is not in balance! Total to apply of ${} does not equal sum of applied ${} and "
    "unapplied ${}"
)
DUP_RCRD = "This record already exists"
DUP_ENTITY = "This entity already exists."
DUP_ITEM = "Uniqueness error - there is already an item with that name or name/parent combination."
TYPE_MISMATCH = "Transaction type specified is incorrect."
CHILD_RECORDS = "This {} record cannot be deleted because it is referenced by other records."
REV_REC_UPDATE_DISALLWD = (
    "Modification of revenue recognition related information on this item is not allowed because "
    "revenue has been recognized for this or related lines."
)
REVERSAL_DATE_WARNING = (
    "Reversal Date is in a closed accounting period. Please go to Manage Accounting Periods and "
    "re-open the accounting period."
)
NO_DELETE = (
    "Transactions cannot be deleted while the preference Void Transactions Using Reversing "
    "Journals is on."
)
REVENUE_JOURNAL = (
    "Accounts, amounts, segments and subsidiaries of revenue recognition journals cannot be "
    "changed."
)
VOIDED = "You cannot change the G/L impact of a voided transaction."
NEGATIVE_TOTAL = "The total can not be negative"
UNEXPECTED_ERROR = "An unexpected error occurred."
