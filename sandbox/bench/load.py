"""Generates many transactions and times SuiteQL, the record service and the pages over them.

python bench/load.py [COUNT]

One core of a two-core machine, 1,000,000 transactions (2,000,000 ledger lines, 402 MB):
written in 42 s; look-up by external id 10 ms; a page of 1,000 by key 4 ms; open invoices of a
customer 12 ms; links of a deposit 2 ms; one account of one period 0.3 s; 250,000 ids with their
total 0.3 s; trial balance over everything 4.2 s; sums by type over everything 3.0 s.
First looks at the pages, with other programs running: overview 0.5 s, periods 0.3 s; T-accounts,
trial balance and any page of an account's 500,000 entries under 0.1 s; search in text 2 s.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from netsuite_sandbox import Sandbox
from netsuite_sandbox.control.generating import generate
from netsuite_sandbox.wire.http import Request

REST = "/services/rest/record/v1"
QUERIES = {
    "by external id": "SELECT id, type FROM transaction WHERE externalid = 'gen-inv-1000'",
    "count": "SELECT COUNT(*) AS n FROM transaction",
    "1,000 by key": "SELECT id, tranid FROM transaction WHERE id > 5000 ORDER BY id "
    "FETCH FIRST 1000 ROWS ONLY",
    "ids of all invoices": "SELECT id FROM transaction WHERE type = 'CustInvc' ORDER BY id",
    "open invoices of a customer": "SELECT id, foreignamountunpaid FROM transaction "
    "WHERE type = 'CustInvc' AND foreignamountunpaid > 0 AND entity = 7 ORDER BY id",
    "links of a deposit": "SELECT nextdoc FROM nextTransactionLineLink WHERE previousdoc = 4001",
    "a day": "SELECT id, BUILTIN.DF(entity) AS who, BUILTIN.DF(status) AS st FROM transaction "
    "WHERE trandate = TO_DATE('2024-05-05', 'YYYY-MM-DD') ORDER BY id",
    "an account in a period": "SELECT SUM(tal.amount) AS s FROM transactionaccountingline tal "
    "JOIN transaction t ON t.id = tal.transaction WHERE tal.account = 6 AND t.postingperiod = "
    "(SELECT id FROM accountingperiod WHERE periodname = 'Mar 2024')",
    "trial balance": "SELECT a.acctnumber, SUM(tal.amount) AS s FROM transactionaccountingline tal "
    "JOIN transaction t ON t.id = tal.transaction JOIN account a ON a.id = tal.account "
    "WHERE tal.posting = 'T' GROUP BY a.acctnumber ORDER BY a.acctnumber",
    "sums by type": "SELECT type, COUNT(*) AS n, SUM(foreigntotal) AS s FROM transaction "
    "GROUP BY type",
}
PAGES = "/_sandbox/ui"
READS = (
    f"{REST}/invoice?limit=100", f"{REST}/invoice?limit=100&offset=90000",
    f"{REST}/customerDeposit/eid:gen-dep-500", f"{PAGES}/", f"{PAGES}/accounts",
    f"{PAGES}/accounts/3", f"{PAGES}/accounts/3?page=9000", f"{PAGES}/trial-balance",
    f"{PAGES}/periods", f"{PAGES}/records/invoice?status=A",
    f"{PAGES}/records/transaction?q=gen-dep-77",
)  # fmt: skip


def main() -> None:
    """Run it and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "load.sqlite3"
        sandbox = Sandbox(str(path))
        started = time.perf_counter()
        written = generate(sandbox, count, 7)["transactions"]
        seconds = time.perf_counter() - started
        print(f"{written} transactions in {seconds:.1f} s, {path.stat().st_size / 1e6:.0f} MB")
        for name, query in QUERIES.items():
            started = time.perf_counter()
            page = sandbox.engine.run(query, (), 1000, 0)
            took = (time.perf_counter() - started) * 1000
            print(f"{took:10.1f} ms  {page.total:8} rows  {name}")
        sandbox.company.settings.set("require_authentication", False)
        for read in READS:
            where, _, text = read.partition("?")
            query_pairs = [(k, v) for k, _, v in (p.partition("=") for p in text.split("&")) if k]
            started = time.perf_counter()
            response = sandbox.handle(Request("GET", where, query_pairs))
            took = (time.perf_counter() - started) * 1000
            print(f"{took:10.1f} ms  {response.status:8}       GET {read}")
        sandbox.close()


if __name__ == "__main__":
    main()
