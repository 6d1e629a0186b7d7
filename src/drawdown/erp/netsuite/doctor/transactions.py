"""What our own records show of preferences and people, where those cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from drawdown.core.observed import Finding
from drawdown.erp.netsuite.doctor.look import Look, by_hand, error, warning
from drawdown.erp.netsuite.doctor.role import has_table
from drawdown.erp.netsuite.fields import BLOCK_ID

SHOWN_MAX = 5
PREFERENCES = "Setup > Accounting > Accounting Preferences"


def linked_deposits(look: Look) -> Iterator[Finding]:
    """Which deposits of blocks are linked to a sales order."""
    sql = (
        "SELECT t.id AS id, t.tranid AS tranid FROM transaction t "
        "JOIN nexttransactionlinelink k ON k.nextdoc = t.id "
        f"WHERE k.linktype = 'OrdDep' AND t.{BLOCK_ID} IS NOT NULL ORDER BY t.id"
    )
    numbers = [row.get("tranid", row["id"]) for row in look.rows(sql)]
    if numbers:
        yield error(
            "deposit_linked",
            f"{len(numbers)} deposits of blocks are linked to a sales order: {_some(numbers)}",
            "each deposit: empty the field Sales Order",
            "NetSuite applies them by itself when that order is billed: the block is used up "
            "without any usage",
        )


def moved_postings(look: Look) -> Iterator[Finding]:
    """Which records of ours stand in another period than their date."""
    if not has_table(look, "accountingperiod"):
        return
    sql = (
        "SELECT t.id AS id, t.tranid AS tranid FROM transaction t "
        "JOIN accountingperiod p ON p.id = t.postingperiod "
        "WHERE SUBSTR(t.externalid, 1, 3) = 'dd_' "
        "AND (t.trandate < p.startdate OR t.trandate > p.enddate) ORDER BY t.id"
    )
    numbers = [row.get("tranid", row["id"]) for row in look.rows(sql)]
    if numbers:
        yield warning(
            "posting_moved",
            f"{len(numbers)} records of ours stand in another period than their date: "
            f"{_some(numbers)}",
            f"{PREFERENCES} > General: Allow Transaction Date Outside of the Posting Period: "
            "Disallow",
            "records dated in a closed period move to another one without a word",
        )


def unapproved_journals(look: Look) -> Iterator[Finding]:
    """Which journals of ours wait for an approval and so do not post."""
    sql = (
        "SELECT t.id AS id, t.tranid AS tranid FROM transaction t WHERE t.type = 'Journal' "
        "AND t.posting = 'F' AND SUBSTR(t.externalid, 1, 3) = 'dd_' ORDER BY t.id"
    )
    numbers = [row.get("tranid", row["id"]) for row in look.rows(sql)]
    if numbers:
        yield error(
            "journals_unapproved",
            f"{len(numbers)} journals of ours wait for approval and do not post: {_some(numbers)}",
            f"{PREFERENCES} > General: Require Approvals on Journal Entries, or a workflow: exempt "
            "the integration's role; approve these",
            "clearing and liability do not reach zero",
        )


def scripts(look: Look) -> Iterator[Finding]:
    """Which scripts run on our records, where the role may see them."""
    where = "Customization > Scripting > Script Deployments: user events on our record types"
    otherwise = "a script may change or refuse what we save; each record is read back"
    if not has_table(look, "scriptdeployment"):
        yield by_hand("scripts", "scripts cannot be read with this role", where, otherwise)
        return
    sql = (
        "SELECT d.id AS id, d.scriptid AS name, d.recordtype AS record FROM scriptdeployment d "
        "WHERE d.isdeployed = 'T' ORDER BY d.id"
    )
    names = [f"{row.get('name', row['id'])} on {row.get('record', '?')}" for row in look.rows(sql)]
    if names:
        yield warning(
            "scripts", f"{len(names)} script deployments run: {_some(names)}", where, otherwise
        )


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN_MAX
    return ", ".join(names[:SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
