"""Judging a run from three sources only: our database, NetSuite's own store, what was acknowledged.

Each check is one function that yields what is wrong, in words; `CHECKS` is their list. Checks name
the invariant (I1 ...) of docs/reliability.md that they look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drawdown.simulation.checks_of_books import (
    check_acknowledged,
    check_blocks,
    check_expiry_dates,
    check_ledger_effects,
    check_nothing_is_held,
    check_order_of_telling,
)
from drawdown.simulation.checks_of_netsuite import (
    check_deposits,
    check_drained,
    check_general_ledger,
    check_periods,
    check_records,
    check_watched,
)
from drawdown.simulation.company import Company
from drawdown.simulation.evidence import Evidence, Finding

CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    check_acknowledged,
    check_nothing_is_held,
    check_ledger_effects,
    check_blocks,
    check_records,
    check_drained,
    check_general_ledger,
    check_deposits,
    check_periods,
    check_watched,
    check_expiry_dates,
    check_order_of_telling,
)


def findings(company: Company, *, is_expired: bool, is_ended: bool) -> list[Finding]:
    """Look at everything; return what is wrong, empty if all is well."""
    evidence = Evidence(company, is_expired, is_ended)
    return [finding for check in CHECKS for finding in check(evidence)]
