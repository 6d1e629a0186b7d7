"""The command that runs a NetSuite on this machine and connects drawdown to it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec
import typer

from drawdown.cli.books import AS_JSON, Choice
from drawdown.cli.output import DONE, print_json, say
from drawdown.config import SANDBOX_FILE_NAME, Config, PolicyTable, load_config, to_policy
from drawdown.core.errors import ConfigurationError
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import ACCOUNT, Controls, SandboxProcess, local_client

PORT_DEFAULT = 8765


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("sandbox")(_sandbox)


def _sandbox(
    context: typer.Context,
    port: int = typer.Option(PORT_DEFAULT, help="0 picks a free one."),
    fresh: bool = typer.Option(False, "--fresh", help="Forget what the sandbox holds."),
    choose: list[str] = typer.Option(
        [], "--policy", metavar="KEY=VALUE", help="A policy of the sandbox tenant; repeatable."
    ),
    month_end: str = typer.Option(
        "", metavar="YYYY-MM", help="Run month-end recognition in a running sandbox and stop."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Run a simulated NetSuite here, ready for drawdown, until Ctrl-C. Its state is kept."""
    choice: Choice = context.obj
    config = load_config(choice.config)
    if month_end:
        return _month_end(config, choice.tenant, month_end, as_json=as_json)
    policy = chosen_policy(choose)
    folder = config.data
    database = folder / "sandbox.db"
    if fresh:
        for file in folder.glob("sandbox.db*"):
            file.unlink()
    config_file = folder / SANDBOX_FILE_NAME
    with SandboxProcess(database, port) as sandbox, suppress(KeyboardInterrupt):
        created = prepare(sandbox, folder, config_file, policy)
        _announce(sandbox, config_file, created, as_json=as_json)
        sandbox.wait()
    return DONE


def chosen_policy(choose: list[str]) -> PolicyTable:
    """Read ``KEY=VALUE`` choices into a policy table.

    Raises:
        ConfigurationError: A key or value does not exist.
    """
    table: dict[str, object] = {}
    for text in choose:
        key, _, value = text.partition("=")
        table[key] = value.split(",") if key == "drawdown_order" else value
    try:
        policy = msgspec.convert(table, PolicyTable)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"--policy: {error}; see docs/configuration.md") from error
    to_policy(policy, "--policy")
    return policy


def _announce(
    sandbox: SandboxProcess, config_file: Path, created: list[str], *, as_json: bool
) -> None:
    if as_json:
        print_json({"url": sandbox.url, "account": ACCOUNT, "config": str(config_file)})
        return
    say(f"A simulated NetSuite, account {ACCOUNT}, answers at {sandbox.url}", "bold")
    if created:
        say(f"Created {len(created)} accounts and items for prepaid credits.")
    say(f"Its connection is in {config_file}; commands use it when nothing else is configured.")
    say(
        "In another terminal:\n"
        "  drawdown ingest examples/first-block.jsonl\n"
        "  drawdown deliver\n"
        "  drawdown sandbox --month-end 2026-01\n"
        "  drawdown reconcile\n"
        "Ctrl-C stops it; its state is kept."
    )


def _month_end(config: Config, tenant: str, period: str, *, as_json: bool) -> int:
    """Stand for the controller who runs revenue recognition in NetSuite."""
    table = config.tenant(tenant or config.tenant_id)
    url = str((table.netsuite or {}).get("sandbox_url", ""))
    if not url:
        raise ConfigurationError(
            "the tenant is not connected to a sandbox, so its month end is run in NetSuite: "
            "Revenue > Create Revenue Recognition Journal Entries"
        )
    with local_client() as client:
        journals = Controls(url, client).month_end(period)
    if as_json:
        print_json({"period": period, "journals": journals})
    else:
        say(f"{period}: {journals} revenue recognition journals posted in the sandbox", "bold")
    return DONE
