"""SuiteQL's refusals. Source: texts as third parties quote them from live accounts."""

from __future__ import annotations

from netsuite_sandbox.errors import NetSuiteError

_INVALID = "Invalid search query. Detailed unprocessed description follows. "


def refused(detail: str) -> NetSuiteError:
    """A statement that NetSuite does not run."""
    return NetSuiteError(400, "INVALID_PARAMETER", _INVALID + detail)


def unsupported() -> NetSuiteError:
    """Syntax that SuiteQL does not know."""
    return refused("Search error occurred: Invalid or unsupported search")


def no_table(name: str) -> NetSuiteError:
    """No such record."""
    return refused(f"Search error occurred: Record '{name}' was not found.")


def no_field(name: str, record: str) -> NetSuiteError:
    """No such field."""
    return refused(f"Search error occurred: Field '{name}' for record '{record}' was not found.")
