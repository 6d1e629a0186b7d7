"""Several NetSuite accounts in one process, each with its own store, told apart by host name.

Source: "REST Web Services URL Schema and Account-Specific URLs": the host is the account id in
lower case with "-" for "_", then .suitetalk.api.netsuite.com. Any other host, such as localhost,
means the first account. Without a name service another one is found by the host
{account}.localhost, which browsers lead to their own machine, or by the header X-Sandbox-Account.
"""

from __future__ import annotations

import re
from typing import Any

from netsuite_sandbox.errors import NetSuiteError, invalid_request
from netsuite_sandbox.sandbox import RealAccountError, Sandbox
from netsuite_sandbox.wire import jsontext
from netsuite_sandbox.wire.http import Request, Response, plain_json

_HOST = re.compile(
    r"([a-z0-9-]+)\.(?:(?:suitetalk|restlets)\.api\.netsuite\.com|localhost)(?::\d+)?"
)
_ACCOUNT = re.compile(r"[A-Za-z0-9_]{1,40}")
PATH = "/_sandbox/accounts"


def host_form(account: str) -> str:
    """Return an account id as it stands in a host name."""
    return account.lower().replace("_", "-")


class Accounts:
    """All accounts of one process; the first one keeps the list in its store."""

    def __init__(self, first: Sandbox) -> None:
        self.first = first
        self._by_host = {host_form(first.account): first}
        for account in self._stored():
            self._open(account)

    def find(self, request: Request) -> Sandbox:
        """Return the account a request is meant for.

        Raises:
            NetSuiteError: 404 if its host or header names an account that is not here.
        """
        named = request.headers.get("x-sandbox-account")
        if named is None:
            match = _HOST.fullmatch(request.headers.get("host", "").lower())
            if match is None:
                return self.first
            named = match[1]
        found = self._by_host.get(host_form(named))
        if found is None:
            raise NetSuiteError(404, "NOT_FOUND", f"There is no account '{named}' here.")
        return found

    def handle(self, request: Request) -> Response:
        """Answer GET and POST on the list of accounts."""
        if request.method == "POST":
            body = request.json()
            self.add(str(body.get("account", "")) if isinstance(body, dict) else "")
        accounts = [sandbox.account for sandbox in self._by_host.values()]
        return plain_json({"accounts": accounts})

    def add(self, account: str) -> Sandbox:
        """Create an account; one that is there stays as it is.

        Raises:
            NetSuiteError: INVALID_REQUEST if the id is no account id, or looks like a real one.
        """
        if not _ACCOUNT.fullmatch(account):
            raise invalid_request("An account id has letters, digits and '_'.")
        found = self._by_host.get(host_form(account))
        if found is not None:
            return found
        try:
            made = self._open(account)
        except RealAccountError as error:
            raise invalid_request(str(error)) from None
        db = self.first.db
        with db.transaction():
            db.execute(
                "INSERT OR REPLACE INTO meta VALUES ('accounts', ?)",
                (jsontext.dumps([*self._stored(), account]),),
            )
        return made

    def close(self) -> None:
        """Close all stores."""
        for sandbox in self._by_host.values():
            sandbox.close()

    def _stored(self) -> list[str]:
        text: Any = self.first.db.value("SELECT value FROM meta WHERE key = 'accounts'")
        names: list[str] = jsontext.loads(text) if text else []
        return names

    def _open(self, account: str) -> Sandbox:
        path = self.first.db_path
        if path != ":memory:":
            path = f"{path}.{account.lower()}"
        made = Sandbox(path, account)
        self._by_host[host_form(account)] = made
        return made
