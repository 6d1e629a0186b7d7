"""What NetSuite's ledger says, read by SuiteQL. One file a subject.

Conventions of every statement here: values come back as strings and NULLs are left out; dates go
through TO_CHAR; pages need a unique ORDER BY; LIMIT and OFFSET do not exist in the statement. Only
the primary accounting book and posting lines of the mapped subsidiary count.

Sources: Oracle help, "Executing SuiteQL Queries Through REST Web Services", "Transaction Line"
(amounts in transaction currency), "Transaction Accounting Line" (base currency). Columns of the
revenue tables are known from third-party queries; `revenueelement.sourceline`, the way from an
element to its line, only from the sandbox.
"""

from __future__ import annotations

from drawdown.erp.netsuite.readings.balances import account_balances, tagged_balances, untagged
from drawdown.erp.netsuite.readings.natives import native_documents, native_ids
from drawdown.erp.netsuite.readings.periods import books_open_from, periods
from drawdown.erp.netsuite.readings.prepayments import prepayments
from drawdown.erp.netsuite.readings.recognition import recognised
from drawdown.erp.netsuite.readings.records import foreign_records, records
from drawdown.erp.netsuite.readings.rounding import base_roundings

__all__ = [
    "account_balances",
    "base_roundings",
    "books_open_from",
    "foreign_records",
    "native_documents",
    "native_ids",
    "periods",
    "prepayments",
    "recognised",
    "records",
    "tagged_balances",
    "untagged",
]
