"""Commands about the connection to NetSuite: its keys, made and rotated without a gap."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import typer

from drawdown.cli.books import AS_JSON, Choice
from drawdown.cli.groups import Group
from drawdown.cli.output import DONE, REFUSED, print_json, print_table, say, warn
from drawdown.config import load_config
from drawdown.core.errors import ConfigurationError, ErpError
from drawdown.erp.netsuite import (
    Client,
    ClientCredentials,
    Connection,
    Threads,
    generate_key_pair,
)
from drawdown.erp.netsuite.connect import (
    CERTIFICATE_SUFFIX,
    Settings,
    read_settings,
    to_connection,
)
from drawdown.erp.netsuite.oauth1 import LEGACY
from drawdown.erp.netsuite.transport import Transport

WHERE = "Setup > Integration > OAuth 2.0 Client Credentials (M2M) Setup"


class _Tried(NamedTuple):
    """What became of one certificate.

    Attributes:
        problem: Why NetSuite does not take it; empty if it does.
    """

    certificate_id: str
    ends_at: datetime | None
    problem: str


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        cls=Group, help="The connection to NetSuite: its key and certificate.", no_args_is_help=True
    )
    group.command("new-certificate")(_new_certificate)
    group.command("check")(_check)
    app.add_typer(group, name="connection")


def _new_certificate(
    context: typer.Context,
    name: str = typer.Option("", help="File name of the key, without ending."),
    kind: str = typer.Option("EC", help="EC (P-256) or RSA (3072 bits)."),
    as_json: bool = AS_JSON,
) -> int:
    """Make a private key and the certificate to upload to NetSuite; nothing is overwritten.

    For the first connection, and for the one that follows while the old one still serves.
    """
    choice: Choice = context.find_root().obj
    config = load_config(choice.config)
    tenant_id = choice.tenant or config.tenant_id
    folder = config.source.parent if config.source else Path()
    now = datetime.now(UTC)  # noqa: TID251 - a certificate's first day
    key_file = folder / f"{name or f'{tenant_id}-{now:%Y-%m-%d}'}.pem"
    certificate_file = key_file.with_suffix(CERTIFICATE_SUFFIX)
    pair = generate_key_pair(now, kind=kind.upper(), name=f"Drawdown {tenant_id}")
    _write_new(key_file, pair.private_key_pem, 0o600)
    _write_new(certificate_file, pair.certificate_pem, 0o644)
    is_next = bool(tenant_id in config.tenants and config.tenants[tenant_id].netsuite)
    table = f"[tenants.{tenant_id}.netsuite{'.next' if is_next else ''}]"
    if as_json:
        print_json(
            {
                "private_key_file": str(key_file),
                "certificate_file": str(certificate_file),
                "table": table,
            }
        )
        return DONE
    say(f"private key  {key_file} (keep it; it is never sent anywhere)")
    say(f"certificate  {certificate_file}")
    say(f"\n1. Upload the certificate in NetSuite: {WHERE}; choose the integration and its role.")
    say("2. Put the certificate id that NetSuite then shows into the configuration:\n")
    say(f'   {table}\n   certificate_id = "..."\n   private_key_file = "{key_file.name}"\n')
    say("3. `drawdown connection check` says whether NetSuite takes it.")
    if is_next:
        say(
            "4. Both serve until you retire the old one: move the two lines from the table `next` "
            "to the table above it, check again, then revoke the old certificate in NetSuite."
        )
    return DONE


def _write_new(path: Path, text: str, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise ConfigurationError(
            f"{path} is there already and is not overwritten; choose another --name"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)


def _check(context: typer.Context, as_json: bool = AS_JSON) -> int:
    """Ask NetSuite whether it takes each certificate, and say which one ends when."""
    choice: Choice = context.find_root().obj
    config = load_config(choice.config)
    table = config.tenant(choice.tenant or config.tenant_id).netsuite
    if table is None:
        raise ConfigurationError(
            "no NetSuite is connected; see docs/configuration.md, or `drawdown connection "
            "new-certificate` for its key"
        )
    settings = read_settings(table)
    folder = config.source.parent if config.source else Path()
    connection = to_connection(settings, folder)
    _warn_if_open(folder, settings)
    if not isinstance(connection.credentials, ClientCredentials):
        warn(LEGACY)
    tried = _try_all(connection, settings)
    now = datetime.now(UTC)  # noqa: TID251 - days that are left
    if as_json:
        print_json(
            {
                "account": connection.account_id,
                "kind": connection.kind,
                "credentials": [
                    {
                        "certificate_id": one.certificate_id,
                        "ends_at": one.ends_at.isoformat() if one.ends_at else None,
                        "days_left": (one.ends_at - now).days if one.ends_at else None,
                        "problem": one.problem,
                    }
                    for one in tried
                ],
            }
        )
    else:
        print_table(
            f"Account {connection.account_id} ({connection.kind})",
            ("certificate", "ends on", "NetSuite"),
            [
                (
                    one.certificate_id,
                    f"{one.ends_at:%Y-%m-%d}" if one.ends_at else "not known",
                    "refuses it" if one.problem else "takes it",
                )
                for one in tried
            ],
        )
        for one in tried:
            if one.problem:
                warn(f"{one.certificate_id}: {one.problem}")
        if len(tried) > 1 and not tried[0].problem:
            say(
                f"{tried[0].certificate_id} serves. Retire {tried[1].certificate_id}: take it out "
                "of the configuration (move `next` in its place), then revoke it in NetSuite."
            )
    return REFUSED if any(one.problem for one in tried) else DONE


def _warn_if_open(folder: Path, settings: Settings) -> None:
    """Say which keys and secrets others on this machine may read."""
    names = [settings.private_key_file]
    if settings.next is not None:
        names.append(settings.next.private_key_file)
    if settings.token is not None:
        names = [settings.token.consumer_secret_file, settings.token.token_secret_file]
    for path in (folder / name for name in names):
        if os.name == "posix" and path.stat().st_mode & 0o077:
            warn(f"{path} can be read by others on this machine; chmod 600 {path}")


def _try_all(connection: Connection, settings: Settings) -> list[_Tried]:
    credentials = connection.credentials
    with Client(settings.proxy) as client:
        outside = Threads(client.exchange)
        if not isinstance(credentials, ClientCredentials):
            problem = _problem(Transport(connection, outside))
            return [_Tried(f"token {credentials.token_id}", None, problem)]
        return [
            _Tried(
                one.certificate_id,
                one.ends_at,
                _problem(
                    Transport(
                        replace(connection, credentials=replace(credentials, certificates=(one,))),
                        outside,
                    )
                ),
            )
            for one in credentials.certificates
        ]


def _problem(transport: Transport) -> str:
    """Return why NetSuite does not let us in; empty if it does."""
    try:
        transport.say_hello()
    except ErpError as error:
        return str(error)
    return ""
