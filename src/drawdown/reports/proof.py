"""The zero proof of one block: Markdown for people, and two files that other programs re-add.

The same ledger always gives the same text: no clock, no path, nothing but what was recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from drawdown.core.accounts import CONTROL_ROLES
from drawdown.reports import beancount, hledger, t_accounts
from drawdown.reports.journal import Life, References, journal_lines, title
from drawdown.reports.positions import expected_balances
from drawdown.reports.rules_table import cell, markdown_table
from drawdown.reports.statement import Row, Statement, statement

_STEM_MAX = 60


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of one block and its companion files.

    Attributes:
        stem: Name for the files without ending, safe in any file system: write the texts to
            ``STEM.md``, ``STEM.journal`` and ``STEM.beancount``, in UTF-8 and as they are.
        is_proven: Whether every invariant that applies holds; of a block that has not ended, not
            yet that everything is at zero.
        is_sound: Whether nothing is broken; what is outstanding is a payment or a month end.
    """

    stem: str
    markdown: str
    hledger: str
    beancount: str
    is_proven: bool
    is_sound: bool


def proof(life: Life, references: References) -> Proof:
    """Prove a block: everything recorded about it, and why it adds up.

    Args:
        life: The block with all its movements and entries.
        references: Native records by external id, as far as they are delivered.
    """
    expected = expected_balances([life])
    lines = list(journal_lines(life, references))
    journal = _text(hledger.export(lines, expected))
    beans = _text(beancount.export(lines, expected))
    written = statement(life, references)
    stem = file_stem(life.block.block_id)
    sections = (
        _heading(written),
        _terms(written),
        _postings(written),
        _pictures(life),
        _invariants(written),
        _revenue(written),
        _recheck(stem, journal, beans),
    )
    markdown = "\n\n".join("\n".join(section) for section in sections) + "\n"
    return Proof(stem, markdown, journal, beans, written.is_proven, written.is_sound)


def file_stem(block_id: str) -> str:
    """Turn a block id into a file name; ids that had to be changed get a digest to stay apart."""
    safe = "".join(char if (char.isascii() and char.isalnum()) or char in "-_" else "_"
                   for char in block_id)[:_STEM_MAX]  # fmt: skip
    if safe == block_id and safe[:1] not in {"-", ""}:
        return f"proof-{safe}"
    return f"proof-{safe}-{hashlib.sha256(block_id.encode(errors='replace')).hexdigest()[:8]}"


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _heading(written: Statement) -> Iterator[str]:
    yield f"# Zero proof of block {cell(written.block_id)}"
    yield ""
    if not written.is_proven:
        failing = sum(not invariant.holds for invariant in written.invariants)
        of_all = f"{failing} of {len(written.invariants)} invariants"
        if written.is_sound:
            yield "**Not proven yet**: nothing is broken, but a payment or a month end is"
            yield f"outstanding; {of_all} hold only after it."
        else:
            yield f"**Broken**: {of_all} do not hold."
    elif written.has_ended:
        yield "**Proven**: the block has ended, every control account is at zero and revenue is"
        yield f"exactly its price less what was cancelled, {_money(written.cash_basis, written)}."
    else:
        yield "**Holds so far**: the block has not ended; its open balance is"
        yield f"{_money(written.remaining, written)} and every account agrees with it."


def _terms(written: Statement) -> Iterator[str]:
    yield "## Terms"
    yield ""
    yield markdown_table(
        [
            {"term": name, "value": value}
            for name, value in (
                ("customer", written.customer_id),
                ("sales order", written.order_id),
                ("kind", written.kind),
                ("price", _money(written.amount, written)),
                ("credits", written.credits),
                ("priority", str(written.priority)),
                ("effective from", written.effective_at),
                ("expires at", written.expires_at or "never"),
                ("pays for", ", ".join(written.item_ids) or "any item"),
                ("exchange rate", written.exchange_rate),
                ("state", written.state),
                ("cancelled", _money(written.cancelled, written)),
                ("remaining", _money(written.remaining, written)),
                ("remaining credits", written.remaining_credits),
            )
        ]
    )


def _postings(written: Statement) -> Iterator[str]:
    yield "## Postings and the NetSuite records that carry them"
    yield ""
    yield markdown_table([_posting(row) for row in written.rows] or [dict.fromkeys(("date",), "")])
    yield ""
    yield f"## Balance of each control account after each posting ({written.currency})"
    yield ""
    yield "Debits minus credits; a credit balance is negative. Zero is shown as a dash."
    yield ""
    names = [role.value for role in CONTROL_ROLES]
    yield markdown_table(
        [
            {"": _label(row)}
            | {title(role): _zero(row.balances[role.value]) for role in CONTROL_ROLES}
            for row in written.rows
            if row.code
        ]
        or [{"": "nothing posted"} | dict.fromkeys(names, t_accounts.ZERO_MARK)]
    )


def _posting(row: Row) -> dict[str, str]:
    return {
        "date": row.on,
        "step": f"{row.sequence} {row.step}",
        "rule": row.code,
        "what": row.memo or row.document_id,
        "record": " ".join(part for part in (row.record, row.number) if part),
        "internal id": row.internal_id,
        "external id": row.external_id,
        "debit": row.debit,
        "credit": row.credit,
        "amount": row.amount,
        "credits": row.credits,
    }


def _label(row: Row) -> str:
    return f"{row.on} {row.sequence} {row.code}"


def _zero(amount: str) -> str:
    return amount if amount.strip("-0.") else t_accounts.ZERO_MARK


def _pictures(life: Life) -> Iterator[str]:
    yield "## T-accounts"
    yield ""
    yield "```"
    yield t_accounts.picture(life.entries) or "nothing posted"
    yield "```"


def _invariants(written: Statement) -> Iterator[str]:
    yield "## Invariants"
    yield ""
    yield markdown_table(
        [
            {
                "holds": "yes" if invariant.holds else "not yet" if invariant.is_of_end else "NO",
                "invariant": invariant.text,
                "problem": invariant.problem,
            }
            for invariant in written.invariants
        ]
    )


def _revenue(written: Statement) -> Iterator[str]:
    yield "## Revenue and cash basis"
    yield ""
    yield "Revenue is what NetSuite's revenue management recognised. The cash basis is computed"
    yield "apart from the journal: the price of the block less what was cancelled."
    yield ""
    yield markdown_table(
        [
            *(
                {"": name.replace("_", " "), written.currency: amount}
                for name, amount in written.revenue.items()
            ),
            {"": "cash basis", written.currency: written.cash_basis},
        ]
    )


def _recheck(stem: str, journal: str, beans: str) -> Iterator[str]:
    yield "## Check it yourself"
    yield ""
    yield "The companion files hold the journal of this block. The balances they assert at the end"
    yield "are computed from the position of the block, so another program that adds up the"
    yield "postings proves them. No output from a check means that everything agrees."
    yield ""
    yield "```console"
    yield f"$ sha256sum {stem}.journal {stem}.beancount"
    yield f"{_digest(journal)}  {stem}.journal"
    yield f"{_digest(beans)}  {stem}.beancount"
    yield f"$ hledger check --strict -f {stem}.journal"
    yield f"$ bean-check {stem}.beancount"
    yield f"$ hledger balance --flat --empty -f {stem}.journal"
    yield "```"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _money(amount: str, written: Statement) -> str:
    return f"{amount} {written.currency}"
