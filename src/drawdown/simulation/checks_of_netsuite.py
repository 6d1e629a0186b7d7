"""What must be true of NetSuite beside the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from drawdown.core.accounts import Role
from drawdown.core.money import to_minor
from drawdown.simulation.evidence import OBSERVED, RECOGNITION_CODES, Evidence, Finding
from drawdown.store.codec import decode_event

_TAGGED = frozenset(
    {
        Role.CUSTOMER_DEPOSITS,
        Role.PREPAYMENT_CLEARING,
        Role.UNDEPOSITED_FUNDS,
        Role.PREPAID_CREDITS_LIABILITY,
    }
)
"""Accounts of deposits, applications and journals: every line names its block."""
_SPECIAL = {"CustDep": Role.CUSTOMER_DEPOSITS, "UndepFunds": Role.UNDEPOSITED_FUNDS}


def check_records(evidence: Evidence) -> Iterator[Finding]:
    """I3: exactly one live record per business key, counted by the tags in NetSuite's store."""
    wanted: Counter[tuple[str, str, str]] = Counter()
    for record, event, block, operation in evidence.wanted.values():
        if operation != "delete":
            wanted[record.lower(), event, block] += 1
    found: Counter[tuple[str, str, str]] = Counter()
    for native in evidence.native:
        if not native.is_void:
            found[native.record, native.event_tag, native.block_tag] += 1
    for key in sorted(wanted.keys() | found.keys()):
        more = found[key] - wanted[key]
        if more:
            yield Finding(
                "duplicated" if more > 0 else "lost",
                f"NetSuite holds {found[key]} of {' '.join(key)}, {wanted[key]} were decided",
                abs(more),
            )
    present = {native.external_id for native in evidence.native}
    for external_id, (record, _event, _block, operation) in sorted(evidence.wanted.items()):
        if (operation == "delete") == (external_id in present):
            yield Finding("violation", f"{record} {external_id}: {operation} is done but not so")


def check_drained(evidence: Evidence) -> Iterator[Finding]:
    """I10: when faults have stopped nothing waits; what is parked says why."""
    for position, status, problem in evidence.company.rows(
        "SELECT position, status, problem FROM drawdown.outbox "
        "WHERE tenant_id = %s AND status <> 'done' ORDER BY position"
    ):
        yield Finding("violation", f"outbox row {position} is {status} at the end: {problem}")


def check_general_ledger(evidence: Evidence) -> Iterator[Finding]:
    """I4, I6: NetSuite's ledger per block and account equals ours; nothing lacks its block."""
    numbers = {
        number: role
        for role, number in evidence.company.netsuite.mapping.accounts.items()
        if role in _TAGGED
    }
    theirs: Counter[tuple[str, str, str]] = Counter()
    codes = {
        row["id"]: row["symbol"]
        for row in evidence.user.rows("SELECT c.id AS id, c.symbol AS symbol FROM currency c "
                                      "ORDER BY c.id")
    }  # fmt: skip
    # NetSuite itself applies a deposit that a refund pays out, and puts none of our tags on that.
    applied = {
        row["id"]: row.get("block", "")
        for row in evidence.user.rows(
            "SELECT k.nextdoc AS id, p.custbody_dd_block_id AS block "
            "FROM previoustransactionlinelink k JOIN transaction p ON p.id = k.previousdoc "
            "JOIN transaction t ON t.id = k.nextdoc "
            "WHERE p.type = 'CustRfnd' AND t.type = 'DepAppl' ORDER BY k.nextdoc"
        )
    }
    for row in evidence.user.rows(
        "SELECT tl.transaction AS tx, tl.id AS line, t.custbody_dd_block_id AS body, "
        "tl.custcol_dd_block_id AS block, t.currency AS currency, a.acctnumber AS number, "
        "a.sspecacct AS special, tl.foreignamount AS amount, t.externalid AS name "
        "FROM transaction t JOIN transactionline tl ON tl.transaction = t.id "
        "JOIN transactionaccountingline tal ON tal.transaction = tl.transaction "
        "AND tal.transactionline = tl.id JOIN account a ON a.id = tal.account "
        "WHERE tal.posting = 'T' AND t.recordtype IN ('customerdeposit', 'depositapplication', "
        "'journalentry', 'customerrefund') ORDER BY tl.transaction, tl.id"
    ):
        role = _SPECIAL.get(row.get("special", "")) or numbers.get(row["number"])
        if role is None or role not in _TAGGED:
            continue
        if row.get("name", "").startswith("dd_fx_"):
            continue  # settles cents of the base currency, which are no money of the block
        code = codes[row["currency"]]
        block = row.get("body", "") or row.get("block", "") or applied.get(row["tx"], "")
        theirs[block, role.value, code] += to_minor(Decimal(row["amount"]), code)
    ours: Counter[tuple[str, str, str]] = Counter()
    for entries in evidence.entries.values():
        for entry in entries:
            for account, sign in ((entry.debit, 1), (entry.credit, -1)):
                if account in _TAGGED and entry.code not in RECOGNITION_CODES:
                    key = (entry.block_id, account.value, entry.currency)
                    ours[key] += sign * entry.amount_minor
    for key in sorted(ours.keys() | theirs.keys()):
        if key[1] == Role.PREPAID_CREDITS_LIABILITY and evidence.company.netsuite_owns_liability:
            continue
        if ours[key] != theirs[key]:
            yield Finding(
                "violation", f"{' '.join(key)}: {ours[key]} in our ledger, {theirs[key]} in "
                "NetSuite's (minor units)",
            )  # fmt: skip


def check_deposits(evidence: Evidence) -> Iterator[Finding]:
    """I4: what is unapplied of a deposit is what remains of its block."""
    rows = evidence.user.rows(
        "SELECT t.id AS id, t.externalid AS name, t.foreignpaymentamountunused AS unused, "
        "t.foreignamountunpaid AS unpaid FROM transaction t "
        "WHERE t.recordtype = 'customerdeposit' AND t.externalid IS NOT NULL ORDER BY t.id"
    )
    left = {row["name"]: row.get("unpaid") or row.get("unused") or "0" for row in rows}
    for block in evidence.blocks.values():
        known = [one.record for one in block.deposits if one.record in left]
        if not known:
            continue
        found = sum(to_minor(Decimal(left[name]), block.currency) for name in known)
        if found != block.open_minor:
            yield Finding(
                "violation", f"deposits of block {block.block_id} have {found} unapplied, "
                f"{block.open_minor} remain",
            )  # fmt: skip


def check_periods(evidence: Evidence) -> Iterator[Finding]:
    """I7: what was posted stands in the period that was read back, and that our books date it."""
    theirs = {
        row["name"]: row
        for row in evidence.user.rows(
            "SELECT t.externalid AS name, p.periodname AS period, TO_CHAR(p.startdate, "
            "'YYYY-MM-DD') AS first, TO_CHAR(p.enddate, 'YYYY-MM-DD') AS last FROM transaction t "
            "JOIN accountingperiod p ON p.id = t.postingperiod WHERE t.externalid IS NOT NULL "
            "ORDER BY t.id"
        )
    }
    for name, period, day in evidence.company.rows(
        "SELECT o.external_id, o.posting_period, coalesce((SELECT r.posted_on "
        "FROM drawdown.redating r WHERE r.tenant_id = o.tenant_id "
        "AND r.external_id = o.external_id ORDER BY r.position DESC LIMIT 1)::text, "
        "o.intent ->> 'posted_on') FROM drawdown.outbox o WHERE o.tenant_id = %s "
        "AND o.status = 'done' AND o.operation = 'create' ORDER BY o.position"
    ):
        found = theirs.get(name)
        if found is None:
            continue  # deleted since, or it posts nothing
        if not period.endswith(found["period"]) or not found["first"] <= day <= found["last"]:
            yield Finding(
                "violation", f"{name} stands in period {found['period']}; {period!r} was read "
                f"back, and our books date it {day}",
            )  # fmt: skip


def check_watched(evidence: Evidence) -> Iterator[Finding]:
    """I13: each document about a block that others entered was found and counts once."""
    status = dict(
        evidence.company.rows(
            "SELECT reference, status FROM drawdown.native_document WHERE tenant_id = %s"
        )
    )
    facts = Counter(
        (kind, getattr(decode_event(kind, payload), "native", ""))
        for event_id, kind, _fingerprint, _status, payload in evidence.events
        if event_id.startswith(OBSERVED) and kind != "customer"
    )
    found = {native for _kind, native in facts}
    for reference, is_there in evidence.company.entered.items():
        if reference not in status:
            if is_there:  # what came and went between two cycles has left no trace
                yield Finding("lost", f"{reference} was entered in NetSuite and never found")
        elif is_there != (status[reference] in ("taken", "refused", "held")):
            yield Finding("violation", f"{reference} is {status[reference]}: there {is_there}")
        elif reference not in found and status[reference] == "taken":
            yield Finding("lost", f"{reference} is taken and no fact is there")
    for (kind, reference), times in facts.items():
        if times > 1:
            yield Finding("duplicated", f"{reference} became {times} facts: {kind}", times - 1)
