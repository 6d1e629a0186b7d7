"""Create, change and delete master data."""

from __future__ import annotations

from netsuite_sandbox import groups
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import (
    CHILD_RECORDS,
    DUP_ENTITY,
    DUP_ITEM,
    DUP_RCRD,
    NetSuiteError,
    nonexistent,
    user_error,
)
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.master_kinds import MasterKind

_READONLY = frozenset({"id", "refName", "links", "externalId", "balance", "fxBalance", "fullName",
                       "depositBalance", "consolDepositBalance", "unbilledOrders"})  # fmt: skip


def duplicate(group: str) -> NetSuiteError:
    """The refusal of an external id that is taken. Source: DUP_ENTITY, DUP_ITEM, DUP_RCRD."""
    return user_error({"entity": DUP_ENTITY, "item": DUP_ITEM}.get(group, DUP_RCRD))


def create(company: Company, kind: MasterKind, values: Values, forced_id: int = 0) -> int:
    """Create one record and return its internal id."""
    group = groups.group_of(kind.record)
    external = values.get("externalId")
    if external and company.by_external_id(group, external) is not None:
        raise duplicate(group)
    body = {k: v for k, v in values.items() if k not in _READONLY and v is not None}
    kind.check(company, body, None)
    now = company.clock.stamp()
    record_id = forced_id or company.db.next_number(f"id.{group}")
    saved = Master(record_id, kind.record, external, body, now, now)
    company.save_master(saved, new=True)
    kind.after(company, saved, None)
    return record_id


def update(company: Company, kind: MasterKind, record_id: int, values: Values) -> None:
    """Change one record: absent fields stay, None clears."""
    record = get(company, kind, record_id)
    group = groups.group_of(kind.record)
    external = values.get("externalId", record.external_id)
    if external and external != record.external_id and company.by_external_id(group, external):
        raise duplicate(group)
    body = {**record.body, **{k: v for k, v in values.items() if k not in _READONLY}}
    body = {k: v for k, v in body.items() if v is not None}
    kind.check(company, body, record)
    now = company.clock.stamp()
    changed = Master(record_id, kind.record, external, body, record.created, now)
    company.save_master(changed, new=False)
    kind.after(company, changed, record)


def delete(company: Company, kind: MasterKind, record_id: int) -> None:
    """Delete one record that nothing refers to."""
    record = get(company, kind, record_id)
    special = record.body.get("sSpecAcct")
    if special or (kind.referenced and company.db.one(kind.referenced, (record_id,))):
        raise user_error(CHILD_RECORDS.format(kind.record))
    company.delete_master(groups.group_of(kind.record), record_id)


def get(company: Company, kind: MasterKind, record_id: int) -> Master:
    """Return one record of the type.

    Raises:
        NetSuiteError: 404 NONEXISTENT_ID.
    """
    record = company.master(groups.group_of(kind.record), record_id)
    if record is None or record.type != kind.record:
        raise nonexistent()
    return record
