"""The stories of the reference ledger as billing facts, month by month.

A test plays the events of a month, then runs the month end (in memory: `books.month_end`; against
a NetSuite: its own revenue recognition), then goes on. The postings that must come of it are in
`reference_ledger.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from drawdown.core.events import Event
from tests.cases import facts as f


class Month(NamedTuple):
    """What happens in one month.

    Attributes:
        last_day: ISO date on which the month end runs, after the events.
    """

    last_day: str
    events: tuple[Event, ...]


class Story(NamedTuple):
    """The life of one customer's blocks.

    Attributes:
        case_id: Id of the case in `reference_ledger.json`.
    """

    case_id: str
    currency: str
    months: tuple[Month, ...]


def reference_case(case_id: str) -> dict[str, Any]:
    """Return a case of the reference ledger."""
    text = Path(__file__).with_name("reference_ledger.json").read_text("utf-8")
    return next(case for case in json.loads(text)["cases"] if case["id"] == case_id)


def _bought(credits_: str = "1000", amount: str = "1000") -> Month:
    """One block bought and paid in January."""
    return Month(
        "2026-01-31",
        (
            f.customer("2026-01-01"),
            f.order("2026-01-01", "S1", f.terms("blk_A", credits_, amount)),
            f.purchase("2026-01-01", "I1", "S1"),
            f.payment("2026-01-20", "P1", "I1"),
        ),
    )


def _used(month: str, number: int, credits_: str, block_id: str = "blk_A") -> Month:
    """One usage invoice on the last day of a month."""
    lines = (f.line("L1", f"{credits_}cr", block_id),)
    return Month(month, (f.usage(month, f"U{number}", *lines),))


_EXPIRED = Month("2026-12-31", (f.clock("2027-01-01"),))


STORIES: tuple[Story, ...] = (
    Story("REF-01", "USD", (_bought(), _used("2026-03-31", 1, "300"), _EXPIRED)),
    Story(
        "REF-02",
        "USD",
        (
            _bought(),
            _used("2026-02-28", 1, "250"),
            _used("2026-03-31", 2, "333.33"),
            _used("2026-04-30", 3, "416.67"),
        ),
    ),
    Story("REF-03", "USD", (_bought(), _EXPIRED)),
    Story(
        "REF-04",
        "USD",
        (
            _bought(),
            _used("2026-02-28", 1, "400"),
            Month(
                "2026-03-31",
                (f.credit("2026-03-10", "M1", "U1", f.credit_line("150cr", line_id="L1")),),
            ),
            _used("2026-04-30", 2, "100"),
            _EXPIRED,
        ),
    ),
    Story(
        "REF-05",
        "USD",
        (
            _bought(),
            Month(
                "2026-02-28",
                (
                    f.usage("2026-02-10", "U1", f.line("L1", "400cr", "blk_A")),
                    f.void_invoice("2026-02-20", "U1"),
                ),
            ),
            _EXPIRED,
        ),
    ),
    Story(
        "REF-06",
        "USD",
        (
            Month(
                "2026-01-31",
                (
                    f.customer("2026-01-01"),
                    f.order(
                        "2026-01-01",
                        "S1",
                        f.terms("blk_A", "600", "600", until="2026-07-01"),
                        f.terms("blk_B", "400", "400", until="2027-01-01"),
                    ),
                    f.purchase("2026-01-01", "I1", "S1"),
                    f.payment("2026-01-20", "P1", "I1"),
                ),
            ),
            _used("2026-03-31", 1, "700", block_id=""),
            Month("2026-06-30", (f.clock("2026-07-01"),)),
            _EXPIRED,
        ),
    ),
    Story("REF-07", "USD", (_bought("10000", "8000"), _used("2026-03-31", 1, "2500"), _EXPIRED)),
    Story(
        "REF-08",
        "USD",
        (
            _bought("3", "1.00"),
            _used("2026-02-28", 1, "1"),
            _used("2026-03-31", 2, "1"),
            _used("2026-04-30", 3, "1"),
        ),
    ),
    Story(
        "REF-09",
        "USD",
        (
            Month(
                "2026-01-31",
                (
                    f.customer("2026-01-01"),
                    f.order(
                        "2026-01-01",
                        "S1",
                        f.terms("blk_paid", "1000", "1000"),
                        f.terms("blk_promo", "200"),
                    ),
                    f.purchase("2026-01-01", "I1", "S1", "blk_paid"),
                    f.payment("2026-01-20", "P1", "I1"),
                ),
            ),
            _used("2026-03-31", 1, "250", block_id=""),
            _EXPIRED,
        ),
    ),
    Story(
        "REF-11",
        "USD",
        (
            Month(
                "2026-01-31",
                (
                    f.customer("2026-01-01"),
                    f.order("2026-01-01", "S1", f.terms("blk_A", "1000", "1000")),
                    f.purchase("2026-01-01", "I1", "S1"),
                    f.void_invoice("2026-01-20", "I1"),
                ),
            ),
        ),
    ),
    Story(
        "REF-15",
        "EUR",
        (
            Month(
                "2026-01-31",
                (
                    f.customer("2026-01-01", currency="EUR"),
                    f.order(
                        "2026-01-01",
                        "S1",
                        f.terms("blk_EUR", "1000", "1000", currency="EUR"),
                        currency="EUR",
                        rate="1.10",
                    ),
                    f.purchase("2026-01-01", "I1", "S1"),
                    f.payment("2026-01-20", "P1", "I1"),
                ),
            ),
            # The spot rate is 1.20 by now.
            Month(
                "2026-03-31",
                (
                    f.usage(
                        "2026-03-31",
                        "U1",
                        f.line("L1", "1000cr", "blk_EUR"),
                        currency="EUR",
                        rate="1.20",
                    ),
                ),
            ),
        ),
    ),
)
