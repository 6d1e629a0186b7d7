"""Judging a run from three sources only: our database, NetSuite's own store, what was acknowledged.

Each check is one function that yields what is wrong, in words; `CHECKS` is their list. Checks name
the invariant (I1 ...) of docs/reliability.md that they look at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from drawdown.core import checks
from drawdown.core.accounts import Role
from drawdown.core.block import Block
from drawdown.core.decide import expiry_of
from drawdown.core.decide.batch import Held, decide_in_order
from drawdown.core.decide.known import Known
from drawdown.core.events import Event
from drawdown.core.money import to_minor
from drawdown.core.plan import Entry, Movement, PostingPlan
from drawdown.simulation.company import Company
from drawdown.simulation.people import NetSuiteUser
from drawdown.simulation.scenario import ENDS
from drawdown.store.codec import decode_event, encode_event
from drawdown.store.ledger import all_blocks, entries_of, movements_of


class Finding(NamedTuple):
    """Something that must not be.

    Attributes:
        kind: ``lost``, ``duplicated`` or ``violation``.
        number: How many facts or records are concerned.
    """

    kind: str
    detail: str
    number: int = 1


class NativeRecord(NamedTuple):
    """A transaction in NetSuite's store."""

    internal_id: str
    record: str
    external_id: str
    event_tag: str
    block_tag: str
    is_void: bool


@dataclass
class Evidence:
    """What the checks look at, read once.

    Attributes:
        is_expired: Everything that can expire has.
        is_ended: Every life was brought to its end and the month ends have run.
    """

    company: Company
    is_expired: bool
    is_ended: bool
    user: NetSuiteUser = field(init=False)

    def __post_init__(self) -> None:
        self.user = NetSuiteUser(self.company)

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """Every block."""
        with self.company.database.session(self.company.tenant_id) as session:
            return {block.block_id: block for block in all_blocks(session)}

    @cached_property
    def entries(self) -> dict[str, list[Entry]]:
        """Every entry, by block."""
        with self.company.database.session(self.company.tenant_id) as session:
            found: dict[str, list[Entry]] = {block_id: [] for block_id in self.blocks}
            for entry in entries_of(session, list(self.blocks)):
                found[entry.block_id].append(entry)
            return found

    @cached_property
    def movements(self) -> list[Movement]:
        """Every movement."""
        with self.company.database.session(self.company.tenant_id) as session:
            return movements_of(session, list(self.blocks))

    @cached_property
    def events(self) -> list[tuple[str, str, bytes, str, str]]:
        """Every event in the order it arrived: id, type, fingerprint, status, payload."""
        rows = self.company.rows(
            "SELECT event_id, type, fingerprint, status, payload::text FROM drawdown.event "
            "WHERE tenant_id = %s ORDER BY position"
        )
        return [(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in rows]

    @cached_property
    def native(self) -> list[NativeRecord]:
        """Every transaction in NetSuite that bears one of our tags or ids."""
        rows = self.user.rows(
            "SELECT t.id AS id, t.recordtype AS record, t.externalid AS name, t.voided AS voided, "
            "t.custbody_dd_event_id AS event, t.custbody_dd_block_id AS block "
            "FROM transaction t ORDER BY t.id"
        )
        return [
            NativeRecord(
                row["id"], row["record"], row.get("name", ""), row.get("event", ""),
                row.get("block", ""), row.get("voided") == "T",
            )
            for row in rows
            if row.get("event") or row.get("block") or row.get("name", "").startswith("dd_")
        ]  # fmt: skip

    @cached_property
    def wanted(self) -> dict[str, tuple[str, str, str, str]]:
        """What should be in NetSuite by now: by external id record, event, block, operation."""
        rows = self.company.rows(
            "SELECT DISTINCT ON (external_id) external_id, record, "
            "first_value(intent ->> 'event_id') OVER w, "
            "coalesce(first_value(intent ->> 'block_id') OVER w, ''), operation, status "
            "FROM drawdown.outbox WHERE tenant_id = %s AND record <> 'customer' "
            "WINDOW w AS (PARTITION BY external_id ORDER BY position) "
            "ORDER BY external_id, position DESC"
        )
        return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows if row[5] == "done"}


def check_acknowledged(evidence: Evidence) -> Iterator[Finding]:
    """I2: what was acknowledged is there, with the content and the fate that were told."""
    stored = {row[0]: row for row in evidence.events}
    company = evidence.company
    for event, answer in company.acknowledged:
        found = stored.get(event.event_id)
        if found is None:
            yield Finding("lost", f"{event.event_id} was acknowledged and is not there")
            continue
        same = found[2] == encode_event(event).fingerprint
        if same == (answer.status == "conflict"):
            yield Finding(
                "violation", f"{event.event_id} was answered {answer.status}; the stored content "
                f"{'agrees' if same else 'differs'}",
            )  # fmt: skip
        if answer.status in ("accepted", "refused") and found[3] != answer.status:
            yield Finding(
                "violation",
                f"{event.event_id} was answered {answer.status} and is {found[3]} now",
            )
    prints = {name: {encode_event(e).fingerprint for e in sent} for name, sent in
              company.sent.items()}  # fmt: skip
    for event_id, kind, fingerprint, _status, _payload in evidence.events:
        if kind in ("expiry", "recognition", "base_rounding"):
            continue
        if fingerprint not in prints.get(event_id, ()):
            yield Finding("violation", f"event {event_id} is there with content nobody sent")


def check_nothing_is_held(evidence: Evidence) -> Iterator[Finding]:
    """I10: all facts having been told, none waits, unless for what will never come."""
    known = {event.event_id for event in evidence.company.scenario.facts}
    told = set(evidence.company.sent)
    if not known <= told:
        return
    for event_id, waiting_for, detail in evidence.company.rows(
        "SELECT event_id, waiting_for, detail FROM drawdown.event "
        "WHERE tenant_id = %s AND status = 'held' ORDER BY position"
    ):
        if waiting_for == "period":
            yield Finding("violation", f"{event_id} is held though every period is open: {detail}")
        elif not detail:
            yield Finding("violation", f"{event_id} is held without a word")


def check_ledger_effects(evidence: Evidence) -> Iterator[Finding]:
    """I1, I2, I8: replayed from its log, the ledger has the same movements, each exactly once."""
    if evidence.company.world.fired["period_closed"]:
        return  # what was decided depended on the period of the moment
    company = evidence.company
    known = Known(company.tenant_id)
    held: Held = {}
    policy = company.books_policy()
    plans: dict[str, PostingPlan] = {}
    log = [
        decode_event(kind, payload)
        for _id, kind, _fingerprint, _status, payload in evidence.events
        if kind != "clock"
    ]
    for decided in decide_in_order(_learning(known, log), known, policy, held):
        if isinstance(decided.outcome, PostingPlan):
            plans[decided.event.event_id] = decided.outcome
    wanted = {(m.block_id, m.sequence): m for plan in plans.values() for m in plan.movements}
    stored = {(m.block_id, m.sequence): m for m in evidence.movements}
    for key in sorted(wanted.keys() | stored.keys()):
        ours, theirs = stored.get(key), wanted.get(key)
        if ours != theirs:
            kind = "duplicated" if theirs is None else "lost" if ours is None else "violation"
            yield Finding(kind, f"movement {key}: stored {ours}, replayed {theirs}")
    for block in known.blocks.values():
        if evidence.blocks.get(block.block_id) != block:
            yield Finding(
                "violation",
                f"block {block.block_id}: stored {evidence.blocks.get(block.block_id)}, "
                f"replayed {block}",
            )


def _learning(known: Known, log: list[Event]) -> Iterator[Event]:
    """Yield the log; what is known lists every customer's blocks from the start."""
    for event in log:
        customer = getattr(event, "customer_id", "")
        if customer:
            known.blocks_of.setdefault(customer, [])
        yield event


def check_blocks(evidence: Evidence) -> Iterator[Finding]:
    """I1, I4, I5: every invariant of every block; at the end of life, every account at zero."""
    for block in evidence.blocks.values():
        entries = evidence.entries[block.block_id]
        is_ended = evidence.is_ended and checks.has_ended(block) and block.due_minor == 0
        asked = checks.AT_END if is_ended else checks.CHECKS
        for problem in checks.violations(block, entries, asked):
            yield Finding("violation", problem)


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
        block = row.get("body", "") or row.get("block", "")
        theirs[block, role.value, code] += to_minor(Decimal(row["amount"]), code)
    ours: Counter[tuple[str, str, str]] = Counter()
    for entries in evidence.entries.values():
        for entry in entries:
            for account, sign in ((entry.debit, 1), (entry.credit, -1)):
                if account in _TAGGED and entry.code not in _OBSERVED:
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


def check_expiry_dates(evidence: Evidence) -> Iterator[Finding]:
    """I14: breakage is dated by the block's terms and the tenant's zone, by no clock."""
    if evidence.company.world.fired["period_closed"]:
        return
    policy = evidence.company.policy
    steps = {(m.block_id, m.sequence): m for m in evidence.movements}
    for entries in evidence.entries.values():
        for entry in entries:
            if entry.code not in ("E1", "E2", "E3"):
                continue
            block = evidence.blocks[entry.block_id]
            assert block.expires_at is not None
            wanted = policy.last_day(block.expires_at)
            if entry.posted_on < wanted:
                movement = steps[entry.block_id, entry.sequence]
                yield Finding(
                    "violation", f"block {block.block_id} expires on {wanted}, its breakage is "
                    f"dated {entry.posted_on} ({movement.step})",
                )  # fmt: skip


def check_order_of_telling(evidence: Evidence) -> Iterator[Finding]:
    """I12: told in another order, and more than once, orderly lives end in the same books."""
    company = evidence.company
    if not company.scenario.is_orderly or company.world.fired["period_closed"]:
        return
    if company.world.fired["conflicting_content"]:
        return
    known = Known(company.tenant_id)
    held: Held = {}
    entries: dict[str, list[Entry]] = defaultdict(list)
    facts = [*company.scenario.facts]
    policy = company.books_policy()
    for event in _in_order(known, facts, evidence):
        for decided in decide_in_order([event], known, policy, held):
            if isinstance(decided.outcome, PostingPlan):
                for entry in decided.outcome.entries:
                    entries[entry.block_id].append(entry)
    for block_id, block in known.blocks.items():
        mine = evidence.blocks.get(block_id)
        if mine is None or _books(block, entries[block_id]) != _books(
            mine, evidence.entries[block_id]
        ):
            yield Finding("violation", f"block {block_id}: in order {block}, as told {mine}")


def _in_order(known: Known, facts: list[Event], evidence: Evidence) -> Iterator[Event]:
    yield from _learning(known, facts)
    if evidence.is_expired:
        for block in sorted(known.blocks.values(), key=lambda one: one.expires_at or ENDS):
            if block.expires_at and block.expires_at <= ENDS and not block.is_exhausted:
                yield expiry_of(block)


def _books(block: Block, entries: list[Entry]) -> object:
    """What must not depend on the order of telling, without payments and recognition."""
    found = checks.balances(e for e in entries if e.code not in (*_OBSERVED, "P5"))
    return (
        block.state, block.used_credits, block.used_minor, block.cancelled_minor,
        {account: amount for account, amount in found.items() if amount},
    )  # fmt: skip


_OBSERVED = frozenset({"P6", "D4", "E4", "R4", "V5"})
"""Codes of what NetSuite's revenue management does."""
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

CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    check_acknowledged,
    check_nothing_is_held,
    check_ledger_effects,
    check_blocks,
    check_records,
    check_drained,
    check_general_ledger,
    check_deposits,
    check_periods,
    check_expiry_dates,
    check_order_of_telling,
)


def findings(company: Company, *, is_expired: bool, is_ended: bool) -> list[Finding]:
    """Look at everything; return what is wrong, empty if all is well."""
    evidence = Evidence(company, is_expired, is_ended)
    return [finding for check in CHECKS for finding in check(evidence)]
