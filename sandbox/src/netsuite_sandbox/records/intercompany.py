"""Intercompany journal entries: lines of several subsidiaries, each balanced by itself.

Sources: "Making Intercompany Journal Entries" (section_N1475891): two subsidiaries, the first line
of the initiating one, currency of either; "Making Advanced Intercompany Journal Entries"
(section_4803443925): any number of receiving subsidiaries, any currency, a rate per subsidiary, Due
To/From Subsidiary of lines to eliminate; "Intercompany Journal Entry Body and Sublist Fields"
(section_4105132538); texts of "Common Errors With Intercompany Journal Entries"
(section_4105316538), others are unsure. Elimination itself is not emulated.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from netsuite_sandbox.errors import invalid_value, missing, user_error

if TYPE_CHECKING:
    from netsuite_sandbox.ledger import Header
    from netsuite_sandbox.records.fields import Values
    from netsuite_sandbox.records.kinds import Books, Kind

PLAIN, TWO, ADVANCED = "journalEntry", "intercompanyJournalEntry", "advIntercompanyJournalEntry"
Place = tuple[int, Decimal]  # subsidiary, exchange rate to its base currency


def places(books: Books, kind: Kind, head: Header, values: Values) -> list[Place]:
    """Return the subsidiary of each line and the exchange rate that it is posted at.

    Sets the exchange rate of an intercompany journal's header.
    """
    lines: list[Values] = values["line"]
    if kind.record == PLAIN:
        return [(head.subsidiary, head.exchangerate)] * len(lines)
    head.extra["record"] = kind.record
    found = [_subsidiary(books, line, index) for index, line in enumerate(lines)]
    if found[0] != head.subsidiary:
        raise user_error("The first line must post to the subsidiary of the journal entry.")
    _check_due(head, lines, found)
    if kind.record == TWO:
        rates = _of_two(books, head, values, set(found))
    else:
        rates = _of_many(books, head, lines, found)
    return [(subsidiary, rates[subsidiary]) for subsidiary in found]


def _subsidiary(books: Books, line: Values, index: int) -> int:
    found = line.get("lineSubsidiary")
    if found is None:
        account = line.get("account")
        raise user_error(
            f"Invalid account reference key {account} for linesubsidiary null.",
            f"line.items[{index}]",
        )
    entity = line.get("entity")
    if entity is not None:
        own = books.company.must("entity", entity).body.get("subsidiary")
        if own not in (None, found):
            raise user_error(f"Invalid entity reference key {entity} for subsidiary {found}.")
    return int(found)


def _of_two(books: Books, head: Header, values: Values, used: set[int]) -> dict[int, Decimal]:
    company, other = books.company, values.get("toSubsidiary")
    if other is None:
        raise missing(["To Subsidiary"])
    if used != {head.subsidiary, other} or other == head.subsidiary:
        raise user_error(
            "All lines post to Subsidiary or To Subsidiary, and both have lines of their own."
        )
    bases = {one: company.base_currency(one) for one in used}
    if head.currency not in bases.values():
        raise invalid_value(head.currency, "currency", "currency")
    foreign = next((base for base in bases.values() if base != head.currency), None)
    if foreign is not None:
        head.exchangerate = values.get("exchangeRate") or company.rate(
            head.currency, head.trandate, foreign
        )
    return {
        one: Decimal(1) if base == head.currency else head.exchangerate
        for one, base in bases.items()
    }


def _of_many(
    books: Books, head: Header, lines: list[Values], found: list[int]
) -> dict[int, Decimal]:
    if len(set(found)) == 1:
        raise user_error("An intercompany journal entry has lines of at least two subsidiaries.")
    company = books.company
    rates: dict[int, Decimal] = {}
    given: dict[int, set[Decimal]] = {}
    for subsidiary, line in zip(found, lines, strict=True):
        if line.get("exchangeRate") is not None:
            given.setdefault(subsidiary, set()).add(Decimal(line["exchangeRate"]))
    for subsidiary in set(found):
        base = company.base_currency(subsidiary)
        own = given.get(subsidiary, set())
        if len(own) > 1:
            raise user_error("Lines of the same subsidiary must share the same Exchange Rate.")
        rate = next(iter(own)) if own else company.rate(head.currency, head.trandate, base)
        rates[subsidiary] = Decimal(1) if base == head.currency else rate
    head.exchangerate = rates[head.subsidiary]
    return rates


def _check_due(head: Header, lines: list[Values], found: list[int]) -> None:
    """Refuse a line to eliminate whose other side is not in the journal.

    Source: section_4803443925. Of the initiating subsidiary it is one of the receiving ones, of a
    receiving one the initiating one.
    """
    for index, (subsidiary, line) in enumerate(zip(found, lines, strict=True)):
        due = line.get("dueToFromSubsidiary")
        if due is None:
            continue
        others = set(found) - {head.subsidiary}
        if due not in (others if subsidiary == head.subsidiary else {head.subsidiary}):
            raise invalid_value(
                due, "dueToFromSubsidiary", f"line.items[{index}].dueToFromSubsidiary"
            )
