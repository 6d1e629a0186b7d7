"""The account check: what will break in a NetSuite account, and where it is mended. Only reads.

Each check asks one thing and says what it found. One that NetSuite refuses becomes a finding of its
own: what a role may not read, it is told to give. What neither the record service nor SuiteQL tells
(preferences, above all) is listed to be checked by hand, so that nobody takes silence for health.
"""

from __future__ import annotations

from drawdown.erp.netsuite.doctor.look import Access, Look
from drawdown.erp.netsuite.doctor.run import examine

__all__ = ["Access", "Look", "examine"]
