"""Commands that only read: blocks, show, proof, waiting, rules, export."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from rich.text import Text

from drawdown.cli.books import AS_JSON, chosen_books, last_day
from drawdown.cli.output import DONE, REFUSED, console, print_json, print_table, say
from drawdown.core.accounts import account
from drawdown.core.block import State
from drawdown.core.money import credits_text, money_text
from drawdown.reports import rules_table
from drawdown.reports.journal import Life, title
from drawdown.reports.proof import proof
from drawdown.reports.statement import Statement, statement
from drawdown.reports.t_accounts import picture
from drawdown.service.export import Format, export_lines
from drawdown.service.lives import all_lives, life_of, references
from drawdown.store import outbox

_OUTSTANDING = "a payment or a month end is outstanding"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("blocks")(_blocks)
    app.command("show")(_show)
    app.command("proof")(_proof)
    app.command("waiting")(_waiting)
    app.command("rules")(_rules)
    app.command("export")(_export)


def _blocks(
    context: typer.Context,
    customer: str = typer.Option("", help="Only this customer's."),
    state: State | None = typer.Option(None, help="Only blocks in this state."),
    as_json: bool = AS_JSON,
) -> int:
    """List the credit blocks: what was bought, what remains, until when."""
    with chosen_books(context) as (_config, books):
        chosen = (
            life
            for life in all_lives(books.session)
            if customer in ("", life.block.customer_id) and state in (None, life.block.state)
        )
        rows = [
            (statement(life, {}), last_day(life.block.expires_at, books.policy)) for life in chosen
        ]
    if as_json:
        print_json([_summary(row) for row, _last in rows])
        return DONE
    columns = (
        "block",
        "customer",
        "kind",
        "state",
        "credits left",
        "money",
        "last day",
        "checks",
    )
    print_table(
        f"{len(rows)} blocks",
        columns,
        [
            (
                row.block_id,
                row.customer_id,
                row.kind,
                row.state,
                f"{row.remaining_credits} of {row.credits}",
                f"{row.remaining} {row.currency}",
                last,
                _verdict(row),
            )
            for row, last in rows
        ],
        ("credits left", "money", "last day"),
    )
    return DONE


def _verdict(row: Statement) -> str:
    """Say where a block stands: broken, not at its end, what it waits for, or proven to be zero."""
    if not row.is_sound:
        return "BROKEN"
    if not row.has_ended:
        return "ok"
    if row.is_proven:
        return "zero"
    return "unpaid" if row.due.strip("0.") else "month end"


def _summary(row: Statement) -> dict[str, object]:
    whole = row.to_json()
    return {key: value for key, value in whole.items() if key not in {"rows", "invariants"}}


def _show(
    context: typer.Context,
    block: str = typer.Argument(..., help="The block id."),
    as_json: bool = AS_JSON,
) -> int:
    """Show one block: its life, its postings, its T-accounts, its invariants."""
    with chosen_books(context) as (_config, books):
        life = life_of(books.session, block)
        written = statement(life, references(books.session, [life]))
        last = last_day(life.block.expires_at, books.policy)
    if as_json:
        print_json(written.to_json())
        return DONE if written.is_sound else REFUSED
    _print_head(life, written, last)
    print_table(
        "Postings",
        ("date", "step", "rule", "NetSuite record", "debit", "credit", "amount"),
        [
            (f"{row.on} (for {row.decided_on})" if row.decided_on else row.on,
             row.step, row.code, f"{row.record} {row.number}".strip(),
             _title(row.debit), _title(row.credit), row.amount)
            for row in written.rows
        ],
        ("amount",),
    )  # fmt: skip
    console.print()
    console.print(Text(picture(life.entries, width=min(console.width, 120))), soft_wrap=True)
    for invariant in written.invariants:
        if invariant.holds:
            say(f"holds    {invariant.text}", "green")
        elif invariant.is_of_end:
            say(f"not yet  {invariant.text} ({_OUTSTANDING})", "yellow")
        else:
            say(f"BROKEN   {invariant.text} {invariant.problem}", "bold red")
    return DONE if written.is_sound else REFUSED


def _title(name: str) -> str:
    return title(account(name)) if name else ""


def _print_head(life: Life, written: Statement, last: str) -> None:
    block = life.block
    say(f"Block {block.block_id}: {block.kind.value}, {block.state.value}", "bold")
    say(
        f"customer {block.customer_id}, order {block.order_id}; "
        f"{written.credits} credits for {written.amount} {block.currency}; "
        f"last day {last}"
    )
    say(
        f"remaining {credits_text(block.remaining_credits)} credits, "
        f"{money_text(block.open_minor, block.currency)} {block.currency}\n"
    )


def _proof(
    context: typer.Context,
    block: str = typer.Argument(..., help="The block id."),
    output: Path = typer.Option(Path(), "--output", "-o", help="Folder for the files."),
    as_json: bool = AS_JSON,
) -> int:
    """Write the zero proof of a block: a report, and files for hledger and beancount."""
    with chosen_books(context) as (_config, books):
        life = life_of(books.session, block)
        written = proof(life, references(books.session, [life]))
    output.mkdir(parents=True, exist_ok=True)
    files = {
        "report": output / f"{written.stem}.md",
        "hledger": output / f"{written.stem}.journal",
        "beancount": output / f"{written.stem}.beancount",
    }
    files["report"].write_text(written.markdown, "utf-8")
    files["hledger"].write_text(written.hledger, "utf-8")
    files["beancount"].write_text(written.beancount, "utf-8")
    if as_json:
        print_json(
            {
                "block_id": block,
                "is_sound": written.is_sound,
                "is_proven": written.is_proven,
                "files": {name: str(path) for name, path in files.items()},
            }
        )
    else:
        for path in files.values():
            say(str(path))
        if written.is_proven:
            say("every invariant holds", "bold green")
        elif written.is_sound:
            say(f"nothing is broken, but not at zero yet: {_OUTSTANDING}", "bold yellow")
        else:
            say("an invariant is BROKEN: see the report", "bold red")
    return DONE if written.is_sound else REFUSED


_UNANSWERED = "an earlier request about it went unanswered, and may be carried out until then"


def _waiting(context: typer.Context, as_json: bool = AS_JSON) -> int:
    """List what needs attention: held and refused events, parked and pausing records."""
    with chosen_books(context) as (_config, books):
        held = books.session.run("held").fetchall()
        refused = books.session.run("refused").fetchall()
        parked = outbox.parked(books.session)
        pausing = outbox.pausing(books.session)
        counts = outbox.counts(books.session)
    if as_json:
        print_json(
            {
                "held": [
                    {"event_id": row[0], "type": row[1], "waiting_for": row[2], "detail": row[3]}
                    for row in held
                ],
                "refused": [
                    {"event_id": row[0], "type": row[1], "reason": row[2], "detail": row[3]}
                    for row in refused
                ],
                "parked": [record._asdict() for record in parked],
                "pausing": [record._asdict() for record in pausing],
                "outbox": counts,
            }
        )
        return DONE
    print_table("Held events", ("event", "type", "waits for", "why"),
                [(row[0], row[1], row[2], row[3]) for row in held])  # fmt: skip
    print_table("Refused events", ("event", "type", "reason", "why"),
                [(row[0], row[1], row[2], row[3]) for row in refused])  # fmt: skip
    print_table("Parked records", ("record", "operation", "external id", "why"),
                [(r.record, r.operation, r.external_id, r.problem) for r in parked])  # fmt: skip
    print_table("Pausing records", ("record", "operation", "external id", "until", "why"),
                [(r.record, r.operation, r.external_id, f"{r.until:%Y-%m-%d %H:%M:%S %Z}",
                  r.problem or _UNANSWERED) for r in pausing])  # fmt: skip
    say(f"outbox: {', '.join(f'{n} {status}' for status, n in sorted(counts.items())) or 'empty'}")
    return DONE


def _rules(
    markdown: bool = typer.Option(False, "--markdown", help="Print Markdown."),
    as_json: bool = AS_JSON,
) -> int:
    """Print the accounting rules, block states and other tables that decide what is posted."""
    if as_json:
        print_json(rules_table.to_json())
    elif markdown:
        typer.echo(rules_table.markdown())
    else:
        for heading, table in rules_table.TABLES.items():
            rows = table()
            columns = tuple(rows[0])
            print_table(heading, columns, [[str(row[c]) for c in columns] for row in rows])
            console.print()
    return DONE


def _export(
    context: typer.Context,
    kind: Format = typer.Argument(..., metavar="hledger|beancount|csv"),
    output: Path | None = typer.Option(None, "--output", "-o", help="File; else standard output."),
    as_json: bool = AS_JSON,
) -> int:
    """Export the journal for another program to check."""
    with chosen_books(context) as (_config, books):
        lines = export_lines(books.session, kind)
        if output is None and not as_json:
            sys.stdout.writelines(f"{line}\n" for line in lines)
            return DONE
        if output is None:
            print_json({"format": kind.value, "text": "".join(f"{line}\n" for line in lines)})
            return DONE
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(f"{line}\n" for line in lines)
    if as_json:
        print_json({"format": kind.value, "file": str(output)})
    else:
        say(str(output))
    return DONE
