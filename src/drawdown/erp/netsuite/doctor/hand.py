"""What NetSuite tells neither by its record service nor by SuiteQL: a list for a person.

Source: Oracle help, "General Accounting Preferences"; company preferences and configuration are
read by SuiteScript (N/config) only.
"""

from __future__ import annotations

from collections.abc import Iterator

from drawdown.core.observed import Finding
from drawdown.core.policy import DepositAccount, PrepaidItem
from drawdown.erp.netsuite.doctor.look import Look, by_hand
from drawdown.erp.netsuite.doctor.role import NEEDED, ROLES

PREFERENCES = "Setup > Accounting > Accounting Preferences > General"


def listed(look: Look) -> Iterator[Finding]:
    """List what a person must look at, for this policy."""
    levels = ", ".join(f"{one.key} {one.level}" for one in NEEDED)
    yield by_hand(
        "permission_levels",
        f"the levels of the role's permissions: {levels}, ADMI_RESTWEBSERVICES, ADMI_LOGIN_OAUTH2, "
        "REPO_ANALYTICS (that each is seen was checked above)",
        ROLES,
        "records are refused with a permission violation",
    )
    yield by_hand(
        "posting_period_preferences",
        "Default Posting Period When Transaction Date in Closed Period, and Allow Transaction Date "
        "Outside of the Posting Period (best: Disallow)",
        PREFERENCES,
        "records dated in a closed period move to another one without a word",
    )
    yield by_hand(
        "void_preference",
        "Void Transactions Using Reversing Journals: off, so that people can void what they must",
        PREFERENCES,
        "voids in NetSuite become journals without a block id, which reconcile then names",
    )
    yield by_hand(
        "journal_approval",
        "Require Approvals on Journal Entries: off, or the integration's role exempt",
        PREFERENCES,
        "our journals do not post until somebody approves each",
    )
    if (
        look.policy.deposit_account is DepositAccount.CLEARING
        or look.policy.prepaid_item is not PrepaidItem.DEFERRED
    ):
        yield by_hand(
            "expand_account_lists",
            "Expand Account Lists: on, unless every account has the type that its field asks for",
            PREFERENCES,
            "deposits and refunds to the clearing account, and the item's income account, are "
            "refused",
        )
    yield by_hand(
        "time_zone",
        f"the company's time zone is that of policy time_zone ({look.policy.time_zone})",
        "Setup > Company > Company Information: Time Zone",
        "what happens near midnight at a month's end is dated in another period than people expect",
    )
    yield by_hand(
        "numbering",
        "document numbers of invoices, deposits and journals are given by NetSuite (no Allow "
        "Override that a form requires), and duplicate number warnings do not block",
        "Setup > Company > Auto-Generated Numbers; Accounting Preferences: Duplicate Number "
        "Warnings",
        "records are refused for want of a number, or for one that is there",
    )
