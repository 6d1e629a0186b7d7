"""Arrangements and plans that update themselves, every three hours of the account's clock.

Source: "Setting Advanced Revenue Management (Essentials) Preferences" (section_4331941758), Revenue
Arrangement Update Frequency and Revenue Plan Update Frequency; all are updated, those of future
dates too. The hours (0, 3, 6 and so on, UTC) are unsure. Nothing runs in the background here: what
is due is done before the next request is answered, which shows the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsuite_sandbox.arm.elements import update_arrangements
from netsuite_sandbox.arm.events import ALL
from netsuite_sandbox.arm.plans import update_plans

if TYPE_CHECKING:
    from netsuite_sandbox.records.kinds import Books

_INTERVAL_S = 3 * 60 * 60
_LAST = "revenue update"


def update_when_due(books: Books) -> None:
    """Update what is automatic if three hours began since the last time."""
    company, settings = books.company, books.company.settings
    arrangements = settings["revenue_arrangement_update_frequency"] == "automatic"
    plans = settings["revenue_plan_update_frequency"] == "automatic"
    if not (arrangements or plans):
        return
    turn = int(company.clock.now().timestamp()) // _INTERVAL_S
    with company.db.lock:
        last = company.db.value("SELECT value FROM meta WHERE key = ?", (_LAST,))
        if last == str(turn):
            return
        with company.db.transaction():
            company.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_LAST, str(turn)))
            if last is None or turn < int(last):
                return  # Just switched on, or the clock was set back.
            if arrangements:
                update_arrangements(company, books.ledger, ALL)
            if plans:
                update_plans(company, books.periods, ALL)
