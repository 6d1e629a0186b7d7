"""The sandbox in a browser: records, ledger, revenue, requests, under /_sandbox/ui/.

Nothing here writes. The rule a maintainer must not break: what a page shows is read from the store
as it is, never computed in a second way, and everything that came from a caller is escaped.
"""

from __future__ import annotations
