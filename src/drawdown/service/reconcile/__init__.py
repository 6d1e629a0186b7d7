"""Proving that our journal and the ERP's ledger say the same, block by block; naming what does not.

Each comparison is one function that yields differences; `COMPARISONS` is their list. A difference
says what was found on which block, how much, and what to do.
"""

from __future__ import annotations

from drawdown.service.reconcile.difference import (
    Difference,
    Reconciliation,
    change_id_of,
)
from drawdown.service.reconcile.run import COMPARISONS, reconcile

__all__ = ["COMPARISONS", "Difference", "Reconciliation", "change_id_of", "reconcile"]
