"""Several accounts at once, told apart by account-specific hosts."""

from __future__ import annotations

from pathlib import Path

from sandbox_client import REST, Client
from starlette.testclient import TestClient

from netsuite_sandbox import create_app


def test_accounts_have_hosts_of_their_own(ns: Client) -> None:
    """Host names hold the account id, lower case, "-" for "_". Source: Account-Specific URLs."""
    answer = ns.http.post("/_sandbox/accounts", json={"account": "TSTDRV2_SB1"})
    assert answer.json() == {"accounts": ["TSTDRV1234567", "TSTDRV2_SB1"]}
    base = "https://tstdrv2-sb1.suitetalk.api.netsuite.com"
    token = ns.http.post(f"{base}/_sandbox/tokens").json()["access_token"]
    other = {"Authorization": f"Bearer {token}"}
    assert ns.http.get(f"{base}{REST}/customer", headers=other).json()["totalResults"] == 0
    assert ns.get("/customer")["totalResults"] == 1
    denied = ns.http.get(f"{base}{REST}/customer", headers=ns.headers)
    assert 'realm="TSTDRV2_SB1"' in denied.headers["www-authenticate"]
    named = ns.http.get(f"{REST}/customer", headers={**other, "X-Sandbox-Account": "TSTDRV2_SB1"})
    assert named.json()["totalResults"] == 0
    own = ns.http.get(
        f"https://tstdrv1234567.suitetalk.api.netsuite.com{REST}/customer", headers=ns.headers
    )
    assert own.json()["items"][0]["links"][0]["href"].startswith("https://tstdrv1234567.suitetalk")


def test_unknown_and_real_accounts(ns: Client) -> None:
    """A host of no account here, and an id that looks real, are refused."""
    url = f"https://tstdrv9.suitetalk.api.netsuite.com{REST}/customer"
    assert ns.http.get(url, headers=ns.headers).status_code == 404
    for account in ("1234567", "no such", ""):
        answer = ns.http.post("/_sandbox/accounts", json={"account": account})
        assert answer.status_code == 400


def test_accounts_survive_a_restart(tmp_path: Path) -> None:
    """Each account has a file beside the first one's."""
    path = str(tmp_path / "company.sqlite3")
    app = create_app(path)
    with TestClient(app) as http:
        http.post("/_sandbox/accounts", json={"account": "TSTDRV2"})
        host = {"Host": "tstdrv2.suitetalk.api.netsuite.com"}
        http.put("/_sandbox/settings", json={"require_authentication": False}, headers=host)
        body = {"companyName": "Second", "subsidiary": {"id": "1"}}
        assert http.post(f"{REST}/customer", json=body, headers=host).status_code == 204
    app.state.accounts.close()
    app = create_app(path)
    with TestClient(app) as http:
        assert http.get(f"{REST}/customer", headers=host).json()["totalResults"] == 1
        assert http.get("/_sandbox/ledger").status_code == 200
    app.state.accounts.close()


def test_an_account_can_be_opened_in_a_browser(ns: Client) -> None:
    """{account}.localhost leads to an account's pages: no name service, no header. Ours alone."""
    ns.http.post("/_sandbox/accounts", json={"account": "TSTDRV2_SB1"})
    page = ns.http.get("http://tstdrv2-sb1.localhost:8765/_sandbox/ui/trial-balance").text
    assert "<b>TSTDRV2_SB1</b>" in page
    assert ns.http.get("http://tstdrv9.localhost:8765/_sandbox/ui/").status_code == 404
