"""Records of others that touch ours: made by hand, copied, imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drawdown.core.ids import native_reference
from drawdown.core.money import money_text
from drawdown.core.observed import ErpRecord, ForeignRecord
from drawdown.service.reconcile.difference import Difference, Run


def compare_foreign(run: Run) -> Iterator[Difference]:
    """Nobody else's record names a block of ours or pays a record of ours."""
    events: dict[tuple[str, str], ErpRecord] = {}
    for record in run.records.values():
        events.setdefault((record.record, record.event_id), record)
    named = run.twins | {record.reversal for record in run.records.values()}
    for one in run.foreign:
        if native_reference(one.record, one.number) in run.natives:
            continue  # taken in by watch
        if one.internal_id in named or one.is_voided:
            continue  # `compare_records` has said so
        original = events.get((one.record, one.event_id)) if one.event_id else None
        amount = money_text(one.amount_minor, one.currency)
        what = f"{one.record} {one.number} of {one.posted_on} for {amount} {one.currency}"
        blocks = ", ".join(one.block_ids)
        if original is not None:
            kind, said = "record_copied", (
                f"{what} names the billing event of {original.record} {original.number} but is "
                "none of ours; it was copied or imported, and posts the same again: delete it"
            )  # fmt: skip
        elif one.pays:
            paid = "; ".join(
                f"{money_text(part.amount_minor, one.currency)} of {_paid(run, part.target)}"
                for part in one.pays
            )
            kind, said = "record_foreign", (
                f"{what} was made in the ERP and takes {paid}; adopt it (billing sends the "
                "payment, credit memo or refund), or delete it there"
            )  # fmt: skip
        else:
            tag = f"block {blocks}" if blocks else f"billing event {one.event_id}"
            kind, said = "record_foreign", (
                f"{what} was made in the ERP and names {tag}; adopt it (billing sends the fact), "
                "or take that off it"
            )  # fmt: skip
        block_id = one.block_ids[0] if len(one.block_ids) == 1 else ""
        yield Difference(kind, block_id, name_of(one), one.currency, "", amount, said)


def compare_natives(run: Run) -> Iterator[Difference]:
    """Documents of others were taken in, and say what they said then."""
    for native in run.natives.values():
        if native.status in ("edited", "missing", "refused"):
            kind = f"native_{native.status}"
            yield Difference(kind, "", native.reference, "", "", "", native.detail)


def name_of(one: ForeignRecord) -> str:
    """Return a name of a foreign record that a refresh of the ERP does not change."""
    return f"{one.record} {one.number}"


def twin_of(wanted: ErpRecord, foreign: Sequence[ForeignRecord]) -> ForeignRecord | None:
    """Return the record that says the same as a missing one of ours, if there is exactly one.

    Block id or billing event link them: external ids are lost by copies, imports and migrations.
    """
    blocks = ({wanted.block_id} | {line.block_id for line in wanted.lines}) - {""}
    found = [
        one
        for one in foreign
        if (one.record, one.currency, one.amount_minor)
        == (wanted.record, wanted.currency, wanted.amount_minor)
        and one.event_id in ("", wanted.event_id)
        and (one.event_id or blocks.intersection(one.block_ids))
        and one.lines == wanted.lines
    ]
    exact = [one for one in found if one.event_id == wanted.event_id] or found
    return exact[0] if len(exact) == 1 else None


def _paid(run: Run, external_id: str) -> str:
    record = run.records.get(external_id)
    return f"{record.record} {record.number}" if record else external_id
