"""Setting up a sandbox company for drawdown: what an administrator does once in a real account.

Key pair and integration, custom fields, preferences (through the sandbox's control interface);
accounts and items (over REST, exactly as in a real account); and a configuration file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import tomli_w

from drawdown.config import PolicyTable, to_policy
from drawdown.core.policy import DepositAccount, PrepaidItem
from drawdown.erp.netsuite import (
    CUSTOM_FIELDS,
    NetSuite,
    Threads,
    UsageItem,
    generate_key_pair,
    set_up,
    standard_mapping,
)
from drawdown.erp.netsuite.connect import (
    Settings,
    mapping_table,
    read_settings,
    to_connection,
    to_mapping,
    to_table,
)
from drawdown.local_sandbox.process import ACCOUNT, Controls

KEY_FILE = "sandbox.pem"


def prepare(
    sandbox: Controls,
    folder: Path,
    config_file: Path,
    policy: PolicyTable,
    usage_items: Sequence[UsageItem] = (),
    tenant_id: str = "sandbox",
) -> list[str]:
    """Connect drawdown to a running sandbox and write the configuration for it; safe to repeat.

    Args:
        folder: Where the database and the private key are kept.
        config_file: The file to write, in `folder`.
        usage_items: Items with accounts of their own; others share the usage item.

    Returns:
        What was created in the sandbox, in words.
    """
    key_file = folder / KEY_FILE
    if not key_file.exists():
        pair = generate_key_pair(datetime.now(UTC))  # noqa: TID251 - a certificate's first day
        key_file.touch(mode=0o600)
        key_file.write_text(pair.private_key_pem, "ascii")
        key_file.with_suffix(".cert.pem").write_text(pair.certificate_pem, "ascii")
    certificate = key_file.with_suffix(".cert.pem").read_text("ascii")
    names = sandbox.control("POST", "/integrations", {"public_key_pem": certificate})
    fields = [
        {"scriptId": field.script_id, "type": field.kind.upper(), "appliesTo": field.applies_to}
        for field in CUSTOM_FIELDS
    ]
    sandbox.control("POST", "/custom-fields", fields)
    if (
        policy.prepaid_item is not PrepaidItem.DEFERRED
        or policy.deposit_account is DepositAccount.CLEARING
    ):
        sandbox.control("PUT", "/settings", {"expand_account_lists": True})
    settings = Settings(
        account=ACCOUNT,
        client_id=names["client_id"],
        certificate_id=names["certificate_id"],
        private_key_file=KEY_FILE,
        sandbox_url=sandbox.url,
        mapping=mapping_table(standard_mapping(usage_items)),
    )
    write_config(config_file, folder, tenant_id, policy, settings)
    checked = read_settings(to_table(settings))
    mapping = to_mapping(checked.mapping)
    netsuite = NetSuite(to_connection(checked, folder), mapping, Threads(sandbox.exchange))
    return list(set_up(netsuite.transport, mapping, to_policy(policy)))


def write_config(
    path: Path, folder: Path, tenant_id: str, policy: PolicyTable, settings: Settings
) -> None:
    """Write a configuration with one tenant."""
    content = {
        "tenant": tenant_id,
        "data": str(folder),
        "tenants": {
            tenant_id: {"policy": msgspec.to_builtins(policy), "netsuite": to_table(settings)}
        },
    }
    heading = "# Written by drawdown for the NetSuite sandbox on this machine. Safe to delete.\n\n"
    path.write_text(heading + tomli_w.dumps(content), "utf-8")
