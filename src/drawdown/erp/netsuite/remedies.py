"""What a refusal of NetSuite means and what a person does about it: one table, first row that fits.

Found by status, by NetSuite's own code, and by its words. Sources: Oracle help, "Error Handling in
REST Web Services", "SOAP Web Services Error Status Codes" (the record service wraps most of those
texts as USER_ERROR; seen in third-party code), "Errors Related to Concurrency Violations", "Error
Messages for RESTlets, SOAP Web Services, and REST Web Services" (token-based authentication).
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What a refusal means for whoever sent the request."""

    AGAIN = "nothing was done; try again"
    THROTTLED = "nothing was done: too many requests at once; fewer, then again"
    AWAY = "the account is down for everybody; try again later, not more often"
    UNKNOWN = "a write may have been carried out: look it up"
    MISSING = "there is no such record"
    LOGIN = "who we are: no request will do until a person acts"
    ROLE = "what our role may do: a person gives it the permission"
    PERSON = "a person must act on this record, the account or the mapping"


class Verdict(NamedTuple):
    """What a refusal means, and what to do about it, in words."""

    kind: Kind
    remedy: str


_CONNECTION = (
    "Check the connection: client id, certificate id and private key belong together, the "
    "certificate is not expired and was not dropped by a sandbox refresh, and the clock of this "
    "machine is right"
)
_CREDENTIALS = (
    "Check the integration record (enabled, token-based authentication on) and make new token "
    "credentials; better, move to OAuth 2.0 with `drawdown connection new-certificate`"
)
_LOCKED_OUT = (
    "NetSuite locks a user out for half an hour after several failed logins: correct the "
    "credentials first, then wait"
)
_CLOCK = "Set the clock of this machine: it differs from NetSuite's by more than five minutes"
_INTEGRATION = "Enable the integration under Setup > Integration > Manage Integrations"
_SCOPE = "Let the integration record have the scope REST Web Services and client credentials"
_WAIT = "It goes on by itself with fewer requests at once"
_MAINTENANCE = "NetSuite is under maintenance; it goes on by itself when that is over"
_SERVER = "It is looked up and tried again by itself; if it lasts, give NetSuite the error id"
_CHANGED = "Somebody saved the record at the same time; it is tried again by itself"
_PERMISSION = "Give the integration's role the permission that NetSuite names"
_PERIOD = (
    "Reopen (or create) the accounting period in NetSuite, or post on the first open day (policy "
    "closed_period), and deliver again"
)
_LOCK = "Unlock the accounting period, or let the role override period restrictions"
_FIELD = (
    "The field is missing there or hidden from the role: create the custom fields that setup "
    "lists, applied to this record"
)
_NAME = (
    "Another record has this name or id: rename it, or give it our external id if it is the same"
)
_LINKED = "Other records were linked to it in NetSuite: undo those first, then deliver again"
_USED = (
    "Somebody applied, paid, credited or changed it in NetSuite, so that less is left than is to "
    "be applied: undo that, then deliver again"
)
_CURRENCY = "Map the role to an account of this currency"
_FORM = (
    "The form that the role uses asks for these fields: make them optional, or give them "
    "defaults, on the form preferred for REST"
)
_SUBSIDIARY = (
    "Account, customer and item must belong to the subsidiary of the mapping: extend them to it, "
    "or correct the mapping"
)
_VALUE = (
    "What the mapping or an earlier record names is not there or may not be used here: correct "
    "the mapping, or see who deleted it"
)
_RATE = (
    "The exchange rate of one of the linked records differs in a closed period: open the period, "
    "or let both carry the deposit's rate"
)
_UNBALANCED = (
    "Amounts do not add up as NetSuite rounds them: see that the currency's precision there is "
    "that of ISO 4217 and that no script adds or changes lines"
)
_NO_RATE = "Give the currency an exchange rate in NetSuite, and the customer the currency"
_DEFERRED = "Give the item a deferred revenue account (setup does), or correct the mapping"
_RECOGNISED = "Undo the revenue recognition of the line first (delete its journal), then deliver"
_VOIDED = "It was voided in NetSuite: see who did it; reverse it here, or restore it there"
_TYPE = "Another record has our id: see what it is, rename or delete it, then deliver again"
_PERIOD_PAGE = "Periods are changed by a person: Setup > Accounting > Manage Accounting Periods"
_REQUEST = (
    "The request itself is at fault: keep the message and report it; after an update, deliver again"
)
_QUERY = (
    "A query names a column or table that this account or role does not have: run `drawdown doctor`"
)
_REDIRECT = "Check the account id and that nothing between us redirects"
_SCRIPT = "A script of this account failed: whoever keeps it corrects it; then deliver again"
_WORKFLOW = "A workflow of this account locks the record: exempt the integration's role"
_GONE = "The record is not in NetSuite (any more): see who deleted it, or deliver it again"
_FEATURE = "The account lacks the feature of this record, or the role may not see it"
_DEFAULT = "Correct what NetSuite names, in NetSuite or in the mapping, and deliver again"


class Row(NamedTuple):
    """One row: what must hold of a refusal, what it means, what to do.

    Attributes:
        status: HTTP status, 0 for any.
        code: NetSuite's code exactly, empty for any.
        words: All of them occur in the text, in lower case.
    """

    status: int
    code: str
    words: tuple[str, ...]
    kind: Kind
    remedy: str


# fmt: off
_ROWS: tuple[Row, ...] = (
    # Too many at once. 429 is documented for REST; RESTlets and SOAP share the pool and the codes.
    Row(429, "", (), Kind.THROTTLED, _WAIT),
    Row(0, "CONCURRENCY_LIMIT_EXCEEDED", (), Kind.THROTTLED, _WAIT),
    Row(0, "SSS_REQUEST_LIMIT_EXCEEDED", (), Kind.THROTTLED, _WAIT),
    Row(0, "WS_REQUEST_BLOCKED", (), Kind.THROTTLED, _WAIT),
    Row(0, "WS_CONCUR_SESSION_DISALLWD", (), Kind.THROTTLED, _WAIT),
    Row(0, "", ("request limit exceeded",), Kind.THROTTLED, _WAIT),
    Row(0, "", ("sss_request_limit_exceeded",), Kind.THROTTLED, _WAIT),
    Row(0, "", ("scheduled maintenance",), Kind.AWAY, _MAINTENANCE),
    # Who we are. The token endpoint answers in the words of OAuth 2.0.
    Row(0, "CERTIFICATE_ENDED", (), Kind.LOGIN, _CONNECTION),
    Row(0, "invalid_grant", (), Kind.LOGIN, _CONNECTION),
    Row(0, "invalid_client", (), Kind.LOGIN, _CONNECTION),
    Row(0, "invalid_request", (), Kind.LOGIN, _CONNECTION),
    Row(0, "unauthorized_client", (), Kind.LOGIN, _SCOPE),
    Row(0, "unsupported_grant_type", (), Kind.LOGIN, _SCOPE),
    Row(0, "invalid_scope", (), Kind.LOGIN, _SCOPE),
    Row(0, "", ("temporary_locked",), Kind.LOGIN, _LOCKED_OUT),
    Row(0, "", ("invalidtimestamp",), Kind.LOGIN, _CLOCK),
    Row(0, "", ("timestamp_refused",), Kind.LOGIN, _CLOCK),
    Row(0, "", ("consumer_key_refused",), Kind.LOGIN, _INTEGRATION),
    Row(0, "", ("consumer_key_unknown",), Kind.LOGIN, _CREDENTIALS),
    Row(0, "", ("token_rejected",), Kind.LOGIN, _CREDENTIALS),
    Row(0, "", ("nonceused",), Kind.LOGIN, _CREDENTIALS),
    Row(0, "", ("unknownalgorithm",), Kind.LOGIN, _CREDENTIALS),
    Row(0, "", ("invalidsignature",), Kind.LOGIN, _CREDENTIALS),
    Row(0, "", ("featuredisabled",), Kind.LOGIN, _CREDENTIALS),
    Row(0, "", ("permission_denied",), Kind.ROLE, _PERMISSION),
    Row(401, "", (), Kind.LOGIN, _CONNECTION),
    Row(0, "INVALID_LOGIN", (), Kind.LOGIN, _CONNECTION),
    Row(0, "INVALID_LOGIN_ATTEMPT", (), Kind.LOGIN, _CONNECTION),
    Row(403, "", (), Kind.ROLE, _PERMISSION),
    Row(0, "INSUFFICIENT_PERMISSION", (), Kind.ROLE, _PERMISSION),
    Row(0, "", ("permission violation",), Kind.ROLE, _PERMISSION),
    # What is not there.
    Row(404, "", ("record type",), Kind.MISSING, _FEATURE),
    Row(404, "", (), Kind.MISSING, _GONE),
    Row(0, "TRANS_DSNT_EXIST", (), Kind.PERSON, _GONE),
    Row(0, "", ("transaction you are attempting to access does not exist",), Kind.PERSON, _GONE),
    # Somebody or something else at the same time.
    Row(0, "RCRD_HAS_BEEN_CHANGED", (), Kind.AGAIN, _CHANGED),
    Row(0, "", ("record has been changed",), Kind.AGAIN, _CHANGED),
    Row(0, "IDEMPOTENCY_ERROR", (), Kind.UNKNOWN, _SERVER),
    Row(408, "", (), Kind.UNKNOWN, _SERVER),
    # Periods.
    Row(0, "TRAN_PRD_CLOSED", (), Kind.PERSON, _RATE),
    Row(0, "", ("foreign exchange variance",), Kind.PERSON, _RATE),
    Row(0, "CANT_UPDATE_ACCTNG_PRDS", (), Kind.PERSON, _PERIOD_PAGE),
    Row(0, "", ("cannot update accounting periods",), Kind.PERSON, _PERIOD_PAGE),
    Row(0, "", ("close previous period",), Kind.PERSON, _PERIOD_PAGE),
    Row(0, "", ("period", "closed"), Kind.PERSON, _PERIOD),
    Row(0, "", ("reversal date is in a closed",), Kind.PERSON, _PERIOD),
    Row(0, "", ("date range of your accounting period",), Kind.PERSON, _PERIOD),
    Row(0, "", ("date does not fall between",), Kind.PERSON, _PERIOD),
    Row(0, "", ("period", "g/l impact"), Kind.PERSON, _LOCK),
    # Fields, names, values.
    Row(0, "", ("unknown property name",), Kind.PERSON, _FIELD),
    Row(0, "INVALID_PARAMETER", ("was not found",), Kind.PERSON, _QUERY),
    Row(0, "", ("field", "was not found"), Kind.PERSON, _FIELD),
    Row(0, "", ("invalid search query",), Kind.PERSON, _QUERY),
    Row(0, "", ("already exists",), Kind.PERSON, _NAME),
    Row(0, "", ("uniqueness error",), Kind.PERSON, _NAME),
    Row(0, "", ("already used",), Kind.PERSON, _NAME),
    Row(0, "", ("internalid with upsert",), Kind.PERSON, _REQUEST),
    Row(0, "", ("already voided",), Kind.PERSON, _VOIDED),
    Row(0, "", ("voided transaction",), Kind.PERSON, _VOIDED),
    Row(0, "", ("linked to by",), Kind.PERSON, _LINKED),
    Row(0, "", ("referred to by other transactions",), Kind.PERSON, _LINKED),
    Row(0, "", ("referenced by other records",), Kind.PERSON, _LINKED),
    Row(0, "", ("cannot update linked transaction lines",), Kind.PERSON, _LINKED),
    Row(0, "", ("child transactions associated",), Kind.PERSON, _LINKED),
    Row(0, "", ("gain/loss transaction cannot be deleted",), Kind.PERSON, _LINKED),
    Row(0, "", ("unapplied amount",), Kind.PERSON, _USED),
    Row(0, "", ("amount due",), Kind.PERSON, _USED),
    Row(0, "", ("total to apply",), Kind.PERSON, _USED),
    Row(0, "", ("less than what is applied",), Kind.PERSON, _USED),
    Row(0, "", ("different currencies",), Kind.PERSON, _CURRENCY),
    Row(0, "", ("unable to determine the exchange rate",), Kind.PERSON, _NO_RATE),
    Row(0, "", ("not balanced",), Kind.PERSON, _UNBALANCED),
    Row(0, "", ("not in balance",), Kind.PERSON, _UNBALANCED),
    Row(0, "", ("total can not be negative",), Kind.PERSON, _UNBALANCED),
    Row(0, "", ("deferred revenue account specified",), Kind.PERSON, _DEFERRED),
    Row(0, "", ("because revenue has been recognized",), Kind.PERSON, _RECOGNISED),
    Row(0, "", ("please enter value",), Kind.PERSON, _FORM),
    Row(0, "", ("you must enter a value",), Kind.PERSON, _FORM),
    Row(0, "", ("proper value for the required field",), Kind.PERSON, _FORM),
    Row(0, "", ("transaction type specified is incorrect",), Kind.PERSON, _TYPE),
    Row(0, "", ("has a different type",), Kind.PERSON, _TYPE),
    Row(0, "", ("reference key",), Kind.PERSON, _SUBSIDIARY),
    Row(0, "", ("cannot be used with the",), Kind.PERSON, _SUBSIDIARY),
    Row(0, "", ("invalid field value",), Kind.PERSON, _VALUE),
    Row(0, "", ("locked by a user defined workflow",), Kind.PERSON, _WORKFLOW),
    Row(0, "", ("sss_", "script"), Kind.PERSON, _SCRIPT),
    Row(0, "INVALID_REQUEST", (), Kind.PERSON, _REQUEST),
)
# fmt: on


def verdict(status: int, code: str, text: str) -> Verdict:
    """Return what a refusal means and what to do about it.

    Args:
        status: HTTP status, not 2xx.
        code: ``o:errorCode``, or ``error`` of the token endpoint; may be empty.
        text: NetSuite's words; may be empty.
    """
    row = first_row(status, code, text)
    if row is not None:
        return Verdict(row.kind, row.remedy)
    if status >= 500:
        return Verdict(Kind.UNKNOWN, _SERVER)
    if status < 400:
        return Verdict(Kind.PERSON, _REDIRECT)
    return Verdict(Kind.PERSON, _DEFAULT)


def first_row(status: int, code: str, text: str) -> Row | None:
    """Return the row of the table that decides, if one does."""
    said = f"{code} {text}".lower()
    for row in _ROWS:
        if (
            row.status in {0, status}
            and row.code in {"", code}
            and all(word in said for word in row.words)
        ):
            return row
    return None
