"""The command that shows everything: ``drawdown demo``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import msgspec
import typer
from rich.text import Text

from drawdown.bootstrap import open_books
from drawdown.cli.books import AS_JSON, Choice
from drawdown.cli.output import DONE, REFUSED, console, print_json, print_table, say, warn
from drawdown.cli.sandbox import chosen_policy
from drawdown.config import data_folder, load_config
from drawdown.core.errors import ConfigurationError, MalformedEventError
from drawdown.demo.run import Result, run
from drawdown.demo.usage import aggregate, bundled
from drawdown.reports.t_accounts import picture
from drawdown.service.lives import all_lives


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("demo")(_demo)


def _demo(
    context: typer.Context,
    usage: Path | None = typer.Option(
        None, help="A trace with columns TIMESTAMP,ContextTokens,GeneratedTokens."
    ),
    choose: list[str] = typer.Option(
        [], "--policy", metavar="KEY=VALUE", help="A policy to run it under; repeatable."
    ),
    folder: Path | None = typer.Option(None, help="Where to work; emptied first."),
    as_json: bool = AS_JSON,
) -> int:
    """Live through credit blocks of 24 customers, from purchase to provable zero.

    Needs nothing installed: PostgreSQL is bundled, NetSuite is simulated on this machine.
    """
    choice: Choice = context.obj
    if choice.config or choice.tenant:
        raise ConfigurationError("the demo configures itself; leave --config and --tenant out")
    if usage is not None:
        if not usage.is_file():
            raise ConfigurationError(f"the usage file {usage} does not exist")
        try:
            with usage.open(encoding="utf-8", newline="") as lines:
                figures = aggregate(lines)
        except UnicodeDecodeError as error:
            raise MalformedEventError(f"{usage} is not UTF-8; save the file as UTF-8") from error
    else:
        figures = bundled()
    result = run(
        figures,
        (folder or data_folder() / "demo").absolute(),
        chosen_policy(choose),
        (lambda _text: None) if as_json else say,
    )
    if as_json:
        print_json(msgspec.to_builtins(result))
    else:
        _print_result(result)
    return DONE if result.is_proven else REFUSED


def _print_result(result: Result) -> None:
    say("")
    fates = ", ".join(f"{count} {fate}" for fate, count in sorted(result.fates.items()))
    say(f"{result.blocks} credit blocks of {result.customers} customers: {fates}.")
    for event_id, reason in result.refused.items():
        say(f"Refused, as it must be: {event_id}: {reason}", "dim")
    say("")
    print_table(
        "NetSuite, base currency USD",
        ("control account", "balance"),
        result.control_accounts.items(),
        ("balance",),
    )
    say("")
    print_table("Revenue recognised by NetSuite", ("item", "USD"), result.revenue.items(), ("USD",))
    total = sum(map(_cents, result.revenue.values()))
    say(f"in all {total // 100}.{total % 100:02}; cash basis {result.cash_basis}\n")
    _print_t_accounts(Path(result.folder))
    for difference in result.differences:
        warn(f"{difference['kind']}: {difference['detail']}")
    records = sum(result.netsuite_records.values())
    check = result.independent_check
    say(
        f"{result.events} facts, {result.entries} entries, {records} NetSuite records: "
        f"{len(result.differences) or 'no'} differences; "
        f"{check['program'] or 'no second program'} {check['version']} {check['result']} "
        f"({check['detail']})."
    )
    say(
        "Every control account is at zero, and revenue is the cash basis to the cent."
        if result.is_proven
        else "NOT PROVEN: see the differences above.",
        "bold green" if result.is_proven else "bold red",
    )
    say(
        f"\n{result.seconds} seconds. Books, exports and the sandbox's state are in "
        f"{result.folder}; look around with:"
    )
    command = f"{_program()} --config {result.folder}/drawdown.toml"
    for block in result.examples[:1]:
        say(f"  {command} show {block}\n  {command} proof {block}")


def _program() -> str:
    """Return how this program is called from here: by its name if it is on the search path."""
    called = Path(sys.argv[0])
    found = shutil.which("drawdown")
    if found and Path(found).resolve() == called.resolve():
        return "drawdown"
    try:
        return str(called.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(called)


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))


def _print_t_accounts(folder: Path) -> None:
    """Show the T-accounts of all blocks in dollars, entries added up by rule."""
    config = load_config(folder / "drawdown.toml")
    with open_books(config) as books:
        entries = [
            entry
            for life in all_lives(books.session)
            if life.block.currency == "USD"
            for entry in life.entries
        ]
    console.print(Text("All blocks in USD, by rule (drawdown rules explains the codes)\n"))
    console.print(Text(picture(entries, merged=True, width=min(console.width, 110))),
                  soft_wrap=True)  # fmt: skip
