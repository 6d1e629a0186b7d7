"""Record by record: each of ours is there once, and says what was delivered.

`FIELDS` is the list of what is compared. What was delivered is rendered by the adapter in the same
words as what is read, so that both sides are compared as values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from drawdown.core.errors import ErpRefusedError
from drawdown.core.money import credits_text, money_text, normal_credits
from drawdown.core.observed import Applied, ErpLine, ErpRecord
from drawdown.service.reconcile.difference import Difference, Run
from drawdown.service.reconcile.foreign import twin_of
from drawdown.store import outbox
from drawdown.store.outbox import Expected


class _Field(NamedTuple):
    """One thing that is compared.

    Attributes:
        name: As people call it.
        text: Renders it; equal texts agree.
        mend: What to do, in words.
    """

    kind: str
    name: str
    text: Callable[[ErpRecord], str]
    mend: str


_SET_BACK = "set it back there"
FIELDS: tuple[_Field, ...] = (
    _Field("record_type", "type", lambda one: one.record, "delete that record and deliver again"),
    _Field("record_currency", "currency", lambda one: one.currency, _SET_BACK),
    _Field(
        "record_amount",
        "amount",
        lambda one: money_text(one.amount_minor, one.currency),
        f"{_SET_BACK}, or adopt it",
    ),
    _Field("record_date", "date", lambda one: one.posted_on.isoformat(), _SET_BACK),
    _Field(
        "record_rate",
        "exchange rate",
        lambda one: credits_text(normal_credits(one.exchange_rate)),
        _SET_BACK,
    ),
    _Field(
        "record_customer",
        "customer",
        lambda one: one.customer,
        "if customers were merged, tell billing and send the block to its new customer; otherwise "
        f"{_SET_BACK}",
    ),
    _Field("record_block", "block id", lambda one: one.block_id, _SET_BACK),
    _Field("record_event", "billing event", lambda one: one.event_id, _SET_BACK),
    _Field("record_lines", "lines", lambda one: _lines(one.lines, one.currency), f"{_SET_BACK}"),
    _Field(
        "record_applied",
        "application",
        lambda one: _applied(one.applied, one.currency),
        "apply it again as it was",
    ),
    _Field("record_memo", "memo", lambda one: one.memo, _SET_BACK),
)


def compare_records(run: Run) -> Iterator[Difference]:
    """Every record we delivered is there once, as it was delivered; nothing is unexpected."""
    known: set[str] = set()
    for expected in outbox.expected_records(run.session):
        known.add(expected.external_id)
        found = run.records.get(expected.external_id)
        if found is not None and expected.is_there:
            run.delivered.add(expected.external_id)
        try:
            yield from _compare(run, expected, found)
        except ErpRefusedError as error:
            yield Difference(
                "mapping", expected.block_id, expected.external_id, "", "", "",
                f"{_named(expected, found)} cannot be compared: {error}",
            )  # fmt: skip
    for external_id, found in sorted(run.records.items()):
        if external_id not in known:
            yield Difference(
                "record_unknown", "", external_id, found.currency, "",
                money_text(found.amount_minor, found.currency),
                f"{found.record} {found.number} bears our external id {external_id} but is not in "
                "the outbox; another tenant or database posted it: an ERP account belongs to one",
            )  # fmt: skip


def _compare(run: Run, expected: Expected, found: ErpRecord | None) -> Iterator[Difference]:
    wanted = [None if one is None else run.erp.content(one) for one in expected.states]
    if any(agree(one, found) for one in wanted):
        if found is not None:
            yield from _aside(expected, found)
        return
    # With rows that wait, the ERP may be anywhere between; what is delivered is the reference.
    first = wanted[0] if expected.is_there or len(wanted) == 1 else wanted[-1]
    if first is None:
        assert found is not None
        yield Difference(
            "record_left", expected.block_id, expected.external_id, found.currency, "",
            money_text(found.amount_minor, found.currency),
            f"{_named(expected, found)} should have been deleted but is there in the ERP; somebody "
            "entered it again there: delete it",
        )  # fmt: skip
    elif found is None:
        yield _missing(run, expected, first)
    elif found.is_voided:
        yield _undone(
            "record_voided", expected, first,
            f"{_named(expected, found)} was voided in the ERP; restore it (it is delivered again), "
            "or accept it: the journal takes it back",
        )  # fmt: skip
    else:
        for field in _differing(first, found):
            ours, theirs = field.text(first), field.text(found)
            yield Difference(
                field.kind, expected.block_id, expected.external_id, first.currency, ours, theirs,
                f"{_named(expected, found)} was delivered with {field.name} {ours or 'nothing'} "
                f"and now has {theirs or 'nothing'}; somebody edited it in the ERP: {field.mend}",
            )  # fmt: skip
        yield from _aside(expected, found)


def _missing(run: Run, expected: Expected, wanted: ErpRecord) -> Difference:
    twin = twin_of(wanted, run.foreign)
    amount = money_text(wanted.amount_minor, wanted.currency)
    if twin is not None:
        run.twins.add(twin.internal_id)
        return Difference(
            "record_unlinked", expected.block_id, expected.external_id, wanted.currency, amount,
            money_text(twin.amount_minor, twin.currency),
            f"{_named(expected, None)} is gone in the ERP, but {twin.record} {twin.number} (id "
            f"{twin.internal_id}, external id {twin.external_id or 'none'}) says the same; it was "
            "copied, imported or lost its external id: relink it",
        )  # fmt: skip
    return Difference(
        "record_missing", expected.block_id, expected.external_id, wanted.currency, amount, "",
        f"{_named(expected, None)} is gone in the ERP; somebody deleted it there: restore it, or "
        "reverse the event in the billing platform",
    )  # fmt: skip


def _aside(expected: Expected, found: ErpRecord) -> Iterator[Difference]:
    """Yield what is not content: the period it stands in, a journal that reverses it."""
    if expected.posting_period and found.posting_period:
        ours, theirs = expected.posting_period, found.posting_period
        if not (ours == theirs or ours.endswith(f" {theirs}")):  # a path: FY 2026 : Q1 : Jan 2026
            yield Difference(
                "record_period", expected.block_id, expected.external_id, found.currency, ours,
                theirs,
                f"{_named(expected, found)} was posted to period {ours} and now is in {theirs}; "
                "somebody moved it in the ERP: set it back there",
            )  # fmt: skip
    if found.reversal:
        yield _undone(
            "record_reversed", expected, found,
            f"{_named(expected, found)} was given a reversal date in the ERP, which made a "
            "reversing journal; clear its reversal date, or accept it: the journal takes it back",
        )  # fmt: skip


def _undone(kind: str, expected: Expected, record: ErpRecord, detail: str) -> Difference:
    """Name a record that is there and says nothing any more."""
    code = record.currency
    return Difference(
        kind, expected.block_id, expected.external_id, code,
        money_text(record.amount_minor, code), money_text(0, code), detail,
    )  # fmt: skip


def agree(wanted: ErpRecord | None, found: ErpRecord | None) -> bool:
    """Whether a record is as it should be; None: not there."""
    if wanted is None or found is None:
        return wanted is found
    return not found.is_voided and not _differing(wanted, found)


def _differing(wanted: ErpRecord, found: ErpRecord) -> list[_Field]:
    return [field for field in FIELDS if field.text(wanted) != field.text(found)]


def _lines(lines: tuple[ErpLine, ...], currency: str) -> str:
    """Render lines in any order; lines of one kind are counted, so a doubled one shows."""
    counted = Counter(lines)
    return "; ".join(
        " ".join(
            part
            for part in (
                line.what,
                money_text(line.amount_minor, currency),
                f"block {line.block_id}" if line.block_id else "",
                f"x{number}" if number > 1 else "",
            )
            if part
        )
        for line, number in sorted(counted.items())
    )


def _applied(applied: tuple[Applied, ...], currency: str) -> str:
    return "; ".join(f"{money_text(one.amount_minor, currency)} to {one.target}" for one in applied)


def _named(expected: Expected, found: ErpRecord | None) -> str:
    number = (found.number if found else expected.number) or expected.external_id
    of_block = f" of block {expected.block_id}" if expected.block_id else ""
    return f"{expected.record} {number}{of_block}"
