"""Many transactions at once: generated ones are as consistent as those the record service makes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sandbox_client import Client
from test_random_lives import check

from netsuite_sandbox import Sandbox
from netsuite_sandbox.cli import main


def generate(ns: Client, count: int, seed: int = 7) -> None:
    answer = ns.http.post("/_sandbox/generate", json={"count": count, "seed": seed})
    assert answer.status_code == 200, answer.text
    assert answer.json()["transactions"] == count


def test_generated_books_hold(ns: Client) -> None:
    """Every posting balances; open amounts and ledger agree; a second run adds to the first."""
    ns.deposit(5, "before")
    generate(ns, 2000)
    check(ns)
    generate(ns, 400, seed=8)
    check(ns)
    assert ns.sql("SELECT COUNT(*) n FROM transaction") == [{"n": "2401"}]
    assert ns.get(f"/customerDeposit/{ns.deposit(5, 'after')}")["tranId"] == "DEP602"


def test_generated_records_live_on(ns: Client) -> None:
    """They can be read, changed and deleted like any other."""
    generate(ns, 800)
    part = ns.sql("SELECT externalid, foreignamountunpaid u FROM transaction WHERE type = 'CustInvc'"
                  " AND foreignamountunpaid > 0 ORDER BY id")[0]  # fmt: skip
    bill = ns.get(f"/invoice/eid:{part['externalid']}?expandSubResources=true")
    assert bill["amountRemaining"] == float(part["u"])
    assert bill["item"]["items"][0]["amount"] == bill["total"]
    number = part["externalid"].rsplit("-", 1)[1]
    applied = ns.get(f"/depositApplication/eid:gen-app-{number}?expandSubResources=true")
    assert applied["apply"]["items"][0]["doc"]["id"] == bill["id"]
    ns.refused("DELETE", f"/invoice/{bill['id']}")
    assert ns.call("DELETE", f"/depositApplication/{applied['id']}").status_code == 204
    assert ns.get(f"/invoice/{bill['id']}")["amountRemaining"] == bill["total"]
    for path in ("invoice/eid:gen-inv", "customerDeposit/eid:gen-dep", "journalEntry/eid:gen-je"):
        assert ns.call("DELETE", f"/{path}-{number}").status_code == 204
    check(ns)


def test_the_same_seed_gives_the_same_company(tmp_path: Path) -> None:
    """Command line: load --generate N --seed S."""
    sums = []
    for name in ("a", "b"):
        path = tmp_path / name
        assert main(["load", "--db", str(path), "--generate", "400", "--seed", "3"]) == 0
        sandbox = Sandbox(str(path))
        sums.append(sandbox.db.value("SELECT SUM(amount * (tx % 97)) FROM line"))
        sandbox.close()
    assert sums[0] == sums[1]


@pytest.mark.parametrize("body", [{"count": 3}, {"count": 10**9}, {"count": "x"}, {}])
def test_bad_counts_are_refused(ns: Client, body: dict[str, object]) -> None:
    """Four to ten million."""
    assert ns.http.post("/_sandbox/generate", json=body).status_code == 400


def test_wrong_usage_of_load(tmp_path: Path) -> None:
    """Either a file or --generate; a file that is not there is said so."""
    with pytest.raises(SystemExit):
        main(["load", "--db", str(tmp_path / "x")])
    assert main(["load", "--db", str(tmp_path / "x"), str(tmp_path / "none")]) == 1


def test_trial_balance_of_what_was_generated(ns: Client) -> None:
    """SuiteQL and the ledger report add up to the same."""
    generate(ns, 1200)
    rows = ns.sql("SELECT a.acctnumber n, SUM(tal.amount) s FROM transactionaccountingline tal "
                  "JOIN account a ON a.id = tal.account GROUP BY a.acctnumber")  # fmt: skip
    found = {row["n"]: Decimal(row["s"]) for row in rows if Decimal(row["s"])}
    assert found == {number: Decimal(base) for number, base in ns.balances().items()}
