"""Realized gain and loss of an application: Currency Revaluation transactions (FxReval).

Sources: "Variance Calculations for Realized Gain and Loss" (bridgehead_4279828767): variance =
(payment rate - source rate) x applied amount, rounded to the base currency; "Rounding Gain/Loss"
(bridgehead_4030214366): what then remains, 0.04 or less, goes to Rounding Gain/Loss by another
FxReval; "Posting Periods and Transaction Dates for Realized Gain and Loss" (bridgehead_1550020494)
for the dates; "Currency Revaluation Transactions" (section_1550016096): in base currency.
TRAN_PRD_CLOSED of "SOAP Web Services Error Status Codes" says that a closed period
refuses the application: setting realized_gain_loss_when_closed.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from netsuite_sandbox.errors import user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import to_units
from netsuite_sandbox.periods import Period
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.store.database import Row

_TRAN_PRD_CLOSED = (
    "This action cannot be completed because it requires modification of the transaction in a "
    "closed period due to foreign exchange variance. You may either open the period for this "
    "transaction or use the same rate ({})between the transactions that will be linked."
)
_MEMOS = {"RealizedERV": "Realized gain or loss", "RndERV": "Rounding gain or loss"}


def revalue(
    books: Books, payer: Header, source: Row, account: int, base: int, variance: int
) -> None:
    """Write the realized gain or loss of one application, if there is any.

    Args:
        account: Account on which source and payer differ.
        base: What is missing on that account for both to cancel out: credit it by this much
            (a debit if negative), against gain or loss.
        variance: The part of `base` that is the difference of the exchange rates.
    """
    limit = to_units(Decimal(books.company.settings["rounding_gain_loss_limit"]), 4)
    rounding = base - variance
    if abs(rounding) > limit:
        variance, rounding = base, 0  # Where a larger rest goes is unsure.
    for special, units in (("RealizedERV", variance), ("RndERV", rounding)):
        if units:
            _write(books, payer, source, account, units, special)


def _write(books: Books, payer: Header, source: Row, account: int, base: int, special: str) -> None:
    company = books.company
    day, period = _when(books, payer, source)
    header = Header(
        type="FxReval", trandate=day, subsidiary=payer.subsidiary,
        currency=company.base_currency(payer.subsidiary), exchangerate=Decimal(1),
        entity=payer.entity,
        tranid=f"FXREV{company.db.next_number('FxReval')}", postingperiod=period, account=account,
        createdfrom=payer.id, memo=_MEMOS[special],
        extra={"source": source["id"], "of": payer.currency},
    )  # fmt: skip
    books.ledger.insert(
        header,
        [
            Line(0, account, 0, -base, mainline=True, entity=payer.entity),
            Line(1, company.special_account(special), 0, base, entity=payer.entity),
        ],
    )


def _when(books: Books, payer: Header, source: Row) -> tuple[str, int | None]:
    """Return date and posting period: the later ones, or by preference if that period is shut."""
    day = max(source["trandate"], payer.trandate)
    found = [books.periods.get(p) for p in (source["postingperiod"], payer.postingperiod) if p]
    both = [period for period in found if period is not None]
    if not both:
        return day, payer.postingperiod
    later = max(both, key=lambda period: period.start)
    if not _shut(books, later):
        return day, later.id
    if books.company.settings["realized_gain_loss_when_closed"] == "refused":
        raise user_error(_TRAN_PRD_CLOSED.format(source["exchangerate"]))
    strict = books.company.settings["date_outside_posting_period"] == "disallow"
    offered = books.periods.offered(current=strict)
    return (offered.start if strict else max(day, offered.start)), offered.id


def _shut(books: Books, period: Period) -> bool:
    locked = period.all_locked or period.ar_locked
    return period.closed or (locked and not books.company.settings["override_period_restrictions"])


def drop_revaluations(
    books: Books, payer: int, source: int | None = None, *, reverse: bool = False
) -> None:  # fmt: skip
    """Delete the gains and losses of a payer's applications, or of those to one document.

    Args:
        reverse: Whether those of closed periods are reversed today and those of locked periods
            deleted. Source: "Modifying Journal Entries" (section_1494522995); else both refuse.
    """
    for row in books.company.db.all(
        "SELECT id, postingperiod, json_extract(extra, '$.source') AS source FROM tx"
        " WHERE createdfrom = ? AND type = 'FxReval' AND json_extract(extra, '$.reversed') IS NULL",
        (payer,),
    ):
        if source is not None and row["source"] != source:
            continue
        period = books.periods.get(row["postingperiod"])
        if reverse and period is not None and period.closed:
            _reverse(books, row["id"])
            continue
        if not reverse:
            books.periods.check_change(row["postingperiod"], receivables=True, ledger=True)
        books.ledger.delete(row["id"])


def _reverse(books: Books, revaluation: int) -> None:
    head = books.ledger.header(revaluation)
    assert head is not None
    lines = books.ledger.lines(revaluation)
    head.extra["reversed"] = True
    books.ledger.replace(head, lines)
    day = books.company.clock.today().isoformat()
    opposite = replace(
        head, trandate=day, postingperiod=books.periods.resolve(day, None, receivables=True),
        tranid=f"{head.tranid}R", externalid=None,
    )  # fmt: skip
    for line in lines:
        line.base = -line.base
    books.ledger.insert(opposite, lines)
