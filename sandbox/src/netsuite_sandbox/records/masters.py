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
from netsuite_sandbox.records.fields import Field, Values, definition
from netsuite_sandbox.records.master_kinds import MasterKind

_READONLY = frozenset({"id", "refName", "links", "externalId", "balance", "fxBalance", "fullName",
                       "depositBalance", "consolDepositBalance", "unbilledOrders", "createdDate",
                       "dateCreated", "lastModifiedDate", "actualTime",
                       "percentTimeComplete"})  # fmt: skip


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


def update(
    company: Company, kind: MasterKind, record_id: int, values: Values,
    replace: frozenset[str] = frozenset(),
) -> None:  # fmt: skip
    """Change one record: absent fields stay, None clears.

    Args:
        replace: Names of sublists that are replaced instead of merged.
    """
    record = get(company, kind, record_id)
    values = {**values, **_sublists(kind, record.body, values, replace)}
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


def _sublists(kind: MasterKind, stored: Values, values: Values, replace: frozenset[str]) -> Values:
    """Lay the sublists of a change over the stored ones."""
    fields = definition(kind.record).fields
    return {
        name: merged_lines(fields[name], stored.get(name) or [], value, whole=name in replace)
        for name, value in values.items()
        if value and name in fields and fields[name].kind == "sublist"
    }


def merged_lines(
    spec: Field, stored: list[Values], changes: list[Values], *, whole: bool
) -> list[Values]:
    """Merge a sublist of master data.

    Sources: "Updating a Sublist": lines with a known key are updated, others added; without keys
    all are added. "Replacing a Sublist": what is not listed goes.
    """
    assert spec.sublist is not None
    # A multiple choice has no column but the id, which is then its key.
    keys = spec.key or (("id",) if set(spec.sublist.fields) == {"id"} else ())
    by_key = {_key(keys, line): line for line in stored} if keys else {}
    fresh: list[Values] = []
    named: dict[tuple[str, ...], Values] = {}
    for change in changes:
        key = _key(keys, change)
        old = by_key.get(key) if keys else None
        if old is None:
            fresh.append(change)
        else:
            line = {**named.get(key, old), **change}
            named[key] = {k: v for k, v in line.items() if v is not None}
    if whole:
        return [*named.values(), *fresh]
    return [*(named.get(_key(keys, line), line) if keys else line for line in stored), *fresh]


def _key(keys: tuple[str, ...], line: Values) -> tuple[str, ...]:
    return tuple(str(line.get(name)) for name in keys)


def delete(company: Company, kind: MasterKind, record_id: int) -> None:
    """Delete one record that nothing refers to."""
    record = get(company, kind, record_id)
    special = record.body.get("sSpecAcct")
    if special or (kind.referenced and company.db.one(kind.referenced, (record_id,))):
        raise user_error(CHILD_RECORDS.format(kind.record))
    kind.undo(company, record)
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
