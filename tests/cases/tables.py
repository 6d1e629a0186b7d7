"""What the database holds of a tenant, for comparing."""

from __future__ import annotations

from typing import Any

import psycopg

KEYS = {
    "tenant": "tenant_id",
    "event": "position",
    "customer": "customer_id",
    "block": "block_id",
    "document": "document_id",
    "movement": "block_id, sequence",
    "entry": "block_id, sequence, code",
    "outbox": "position",
    "summary": "summary_id",
    "summary_member": "external_id",
}
"""Every table of the ledger, with the rest of its key."""

WATCH = ("change", "change_history", "erp_account", "native_document", "watch_cursor")
"""Every table of what was seen in the ERP and is none of ours."""

DECIDED = ("conflict", "exception_action", "redating", "skipped")
"""Every table of what people must see, and of what they did about it."""

DELIVERY = ("delivery", "erp_connection", "erp_slot", "lane_lock", "outbox_lane")
"""Every table that says how delivery stands; it can be made anew from the outbox."""

OBSERVED = ("reconciliation",)
"""Every table that is there for metrics only."""

PLANS = (
    "account", "account_base", "bill", "meter", "notice", "plan", "plan_block", "subscription",
    "subscription_before", "usage", "usage_correction",
)  # fmt: skip
"""Every table of plans, subscriptions and usage."""


def contents(url: str, tenant_id: str) -> dict[str, list[Any]]:
    """Return all rows of a tenant by table, in order of their keys, but for when they came."""
    with psycopg.connect(url) as connection:
        return {
            table: [
                row[0]
                for row in connection.execute(
                    "SELECT to_jsonb(t) - '{recorded_at,entered_at,settled_at}'::text[] "
                    f"FROM drawdown.{table} AS t WHERE tenant_id = %s ORDER BY {key}",
                    (tenant_id,),
                )
            ]
            for table, key in KEYS.items()
        }
