"""Roles: which permission keys a caller has, and what each record and method asks for.

Source: permission keys of SDF role objects (Oracle's permissions list) and of the employee record
in the REST API Browser 2026.1; labels of the latter, and the HTTP answer to a missing permission,
are unsure. Charges, billing accounts, terms and revenue events have no key of their own there: the
REST permission is enough.
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import NetSuiteError, invalid_request
from netsuite_sandbox.wire import jsontext

LEVELS = ("NONE", "VIEW", "CREATE", "EDIT", "FULL")
ADMINISTRATOR = "admin"
_NEEDED = {"GET": "VIEW", "POST": "CREATE", "PATCH": "EDIT", "PUT": "EDIT", "DELETE": "FULL"}
PERMISSIONS = {
    "customerdeposit": ("TRAN_CUSTDEP", "Transactions -> Customer Deposit"),
    "depositapplication": ("TRAN_DEPAPPL", "Transactions -> Deposit Application"),
    "journalentry": ("TRAN_JOURNAL", "Transactions -> Make Journal Entry"),
    "intercompanyjournalentry": ("TRAN_JOURNAL", "Transactions -> Make Journal Entry"),
    "advintercompanyjournalentry": ("TRAN_JOURNAL", "Transactions -> Make Journal Entry"),
    "invoice": ("TRAN_CUSTINVC", "Transactions -> Invoice"),
    "creditmemo": ("TRAN_CUSTCRED", "Transactions -> Credit Memo"),
    "customerpayment": ("TRAN_CUSTPYMT", "Transactions -> Customer Payment"),
    "customerrefund": ("TRAN_CUSTRFND", "Transactions -> Customer Refund"),
    "salesorder": ("TRAN_SALESORD", "Transactions -> Sales Order"),
    "cashsale": ("TRAN_CASHSALE", "Transactions -> Cash Sale"),
    "cashrefund": ("TRAN_CASHRFND", "Transactions -> Cash Sale Refund"),
    "estimate": ("TRAN_ESTIMATE", "Transactions -> Estimate"),
    "returnauthorization": ("TRAN_RTNAUTH", "Transactions -> Return Authorization"),
    "itemfulfillment": ("TRAN_ITEMSHIP", "Transactions -> Item Fulfillment"),
    "fulfillmentrequest": ("TRAN_FFTREQ", "Transactions -> Fulfillment Request"),
    "customer": ("LIST_CUSTJOB", "Lists -> Customers"),
    "account": ("LIST_ACCOUNT", "Lists -> Accounts"),
    "subsidiary": ("LIST_SUBSIDIARY", "Lists -> Subsidiaries"),
    "currency": ("LIST_CURRENCY", "Lists -> Currency"),
    "servicesaleitem": ("LIST_ITEM", "Lists -> Items"),
    "accountingperiod": ("ADMI_ACCTPERIODS", "Setup -> Manage Accounting Periods"),
    "currencyrate": ("LIST_CURRENCY", "Lists -> Currency"),
    "subscription": ("LIST_SUBSCRIPTION", "Lists -> Subscriptions"),
    "subscriptionline": ("LIST_SUBSCRIPTION", "Lists -> Subscriptions"),
    "subscriptionchangeorder": (
        "LIST_SUBSCRIPTIONCHANGEORDER",
        "Lists -> Subscription Change Orders",
    ),
    "subscriptionplan": ("LIST_SUBSCRIPTIONPLAN", "Lists -> Subscription Plan"),
    "pricebook": ("LIST_PRICEBOOK", "Lists -> Price Book"),
    "priceplan": ("LIST_PRICEPLAN", "Lists -> Price Plan"),
    "fairvalueprice": ("LIST_FAIRVALUEPRICE", "Lists -> Fair Value Price"),
    "revrecfieldmapping": (
        "LIST_REVRECFIELDMAPPING",
        "Lists -> Revenue Recognition Field Mapping",
    ),
    "usage": ("LIST_USAGE", "Lists -> Usage"),
    "job": ("LIST_JOB", "Lists -> Projects"),
    "timebill": ("TRAN_TIMEBILL", "Transactions -> Track Time"),
}


class Roles:
    """The roles of one account; "admin" may do everything."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def set(self, name: str, permissions: Any) -> None:
        """Define a role: {"TRAN_CUSTDEP": "FULL", ...}."""
        if not name or name == ADMINISTRATOR or not isinstance(permissions, dict):
            raise invalid_request("A role has a name (not admin) and permissions {key: level}.")
        wrong = [str(level) for level in permissions.values() if level not in LEVELS]
        if wrong:
            raise invalid_request(f"A level is one of {', '.join(LEVELS)}, not {wrong[0]}.")
        with self._company.db.transaction():
            self._company.db.execute(
                "INSERT OR REPLACE INTO role VALUES (?, ?)", (name, jsontext.dumps(permissions))
            )

    def check(self, role: str, method: str, path: str) -> None:
        """Refuse a call that a role may not make.

        Raises:
            NetSuiteError: 403 INSUFFICIENT_PERMISSION.
        """
        if role == ADMINISTRATOR:
            return
        granted = self._granted(role)
        if "ADMI_RESTWEBSERVICES" not in granted:
            raise _refused("Setup -> REST Web Services")
        parts = path.lower().split("/")
        if "suiteql" in parts:
            if "REPO_ANALYTICS" not in granted:
                raise _refused("Reports -> SuiteAnalytics Workbook")
            return
        names = [part for part in parts if part in PERMISSIONS]
        for place, name in enumerate(names):
            key, label = PERMISSIONS[name]
            # The source of a transformation is only looked at.
            last = place == len(names) - 1
            needed = _NEEDED.get(method, "FULL") if last else "VIEW"
            if method == "GET" and parts[-1] != name:
                needed = self._company.settings["get_needs"]
            if LEVELS.index(granted.get(key, "NONE")) < LEVELS.index(needed):
                raise _refused(label)

    def sees(self, role: str, record: str) -> bool:
        """Whether a role may look at records of a type, so that the catalog shows it."""
        key, _ = PERMISSIONS.get(record.lower(), ("", ""))
        return role == ADMINISTRATOR or not key or self._granted(role).get(key, "NONE") != "NONE"

    def _granted(self, role: str) -> dict[str, str]:
        text = self._company.db.value("SELECT permissions FROM role WHERE name = ?", (role,))
        return jsontext.loads(text) if text else {}


def _refused(label: str) -> NetSuiteError:
    return NetSuiteError(
        403,
        "INSUFFICIENT_PERMISSION",
        f"Permission Violation: You need the '{label}' permission to access this page. Please "
        "contact your account administrator.",
    )
