"""What a person does about a refusal, found by NetSuite's own words. The first row that fits wins.

Sources: Oracle help, "Error Handling in REST Web Services" and "SOAP Web Services Error Status
Codes" (the record service wraps most of those texts as USER_ERROR; seen in third-party code).
"""

from __future__ import annotations

from typing import NamedTuple

_CONNECTION = (
    "Check the connection: client id, certificate id and private key belong together, the "
    "certificate is not expired and was not dropped by a sandbox refresh, and the clock of this "
    "machine is right"
)
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
_WORKFLOW = "A workflow of this account locks the record: exempt the integration's role"
_GONE = "The record is not in NetSuite (any more): see who deleted it, or deliver it again"
_FEATURE = "The account lacks the feature of this record, or the role may not see it"
_DEFAULT = "Correct what NetSuite names, in NetSuite or in the mapping, and deliver again"


class _Row(NamedTuple):
    """One remedy.

    Attributes:
        status: HTTP status, 0 for any.
        words: All of them occur in NetSuite's code or text, in lower case.
    """

    status: int
    words: tuple[str, ...]
    remedy: str


_ROWS: tuple[_Row, ...] = (
    _Row(0, ("invalid_grant",), _CONNECTION),
    _Row(0, ("invalid_client",), _CONNECTION),
    _Row(401, (), _CONNECTION),
    _Row(403, (), _PERMISSION),
    _Row(0, ("insufficient_permission",), _PERMISSION),
    _Row(404, ("record type",), _FEATURE),
    _Row(404, (), _GONE),
    _Row(0, ("period", "closed"), _PERIOD),
    _Row(0, ("date range of your accounting period",), _PERIOD),
    _Row(0, ("date does not fall between",), _PERIOD),
    _Row(0, ("period", "g/l impact"), _LOCK),
    _Row(0, ("unknown property name",), _FIELD),
    _Row(0, ("field", "was not found"), _FIELD),
    _Row(0, ("already exists",), _NAME),
    _Row(0, ("already used",), _NAME),
    _Row(0, ("linked to by",), _LINKED),
    _Row(0, ("unapplied amount",), _USED),
    _Row(0, ("amount due",), _USED),
    _Row(0, ("total to apply",), _USED),
    _Row(0, ("less than what is applied",), _USED),
    _Row(0, ("different currencies",), _CURRENCY),
    _Row(0, ("please enter value",), _FORM),
    _Row(0, ("reference key",), _SUBSIDIARY),
    _Row(0, ("invalid field value",), _VALUE),
    _Row(0, ("locked by a user defined workflow",), _WORKFLOW),
)


def remedy(status: int, code: str, text: str) -> str:
    """Return what to do about a refusal, in words."""
    said = f"{code} {text}".lower()
    for row in _ROWS:
        if row.status in {0, status} and all(word in said for word in row.words):
            return row.remedy
    return _DEFAULT
