"""The refresh of a sandbox account: internal ids of transactions, entities, items, accounts move.

Source: a refresh drops the mappings of certificates and the tokens (pitfall 20 of what is known);
that internal ids differ after a copy is what an integration must survive. Which fields hold an id
is read from the definitions of the records, sublists included; a new record type needs nothing here
unless it keeps ids in a place of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netsuite_sandbox import groups
from netsuite_sandbox.records.deferral import INCOME_ACCOUNT
from netsuite_sandbox.records.fields import Definition, definition
from netsuite_sandbox.records.master_kinds import REST_KINDS
from netsuite_sandbox.records.transactions import KINDS
from netsuite_sandbox.wire import jsontext

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox
    from netsuite_sandbox.store.database import Database

# Columns that hold ids of a group.
COLUMNS = {
    "transaction": (
        ("tx", "id"), ("tx", "createdfrom"), ("line", "tx"), ("line", "orderdoc"),
        ("link", "previousdoc"), ("link", "nextdoc"), ("element", "source"),
        ("element", "arrangement"), ("planned", "journal"), ("reclass", "arrangement"),
        ("reclass", "journal"), ("reclass", "reversal"),
    ),
    "entity": (("tx", "entity"), ("line", "entity"), ("element", "entity")),
    "item": (("line", "item"), ("element", "item")),
    "account": (("tx", "account"), ("line", "account"), ("turnover", "account"),
                ("element", "deferralaccount"), ("element", "recognitionaccount")),
}  # fmt: skip
# Members of tx.extra and line.extra that no definition names: what the records keep for themselves.
_EXTRAS = {"source": "transaction", "refund": "transaction", "reversalEntry": "transaction",
           "isReversalOf": "transaction", "voids": "transaction",
           "voidJournal": "transaction"}  # fmt: skip
_LINE_EXTRAS = {INCOME_ACCOUNT: "account"}


def refresh(sandbox: Sandbox) -> dict[str, int]:
    """Change every internal id of transactions, entities, items and accounts.

    External ids stay; access tokens and certificate mappings are gone.

    Returns:
        By how much the ids of each group moved.
    """
    db = sandbox.db
    with db.transaction():
        moved = {group: _step(db, group) for group in COLUMNS}
        for group, columns in COLUMNS.items():
            for table, column in columns:
                db.execute(f"UPDATE {table} SET {column} = {column} + ?", (moved[group],))
            if group != "transaction":
                db.execute("UPDATE master SET id = id + ? WHERE grp = ?", (moved[group], group))
                db.execute("UPDATE sequence SET value = value + ? WHERE name = ?",
                           (moved[group], f"id.{group}"))  # fmt: skip
        _transactions(db, moved)
        for record in REST_KINDS:
            _masters(db, record, moved)
        for member, group in (("project", "entity"), ("item", "item")):
            _shift(db, ("master", "body"), member, moved[group], "type = 'projectRevenueRule'")
        _texts(db, moved["transaction"])
        db.execute("DELETE FROM integration")
    sandbox.tokens.forget()
    sandbox.token_based.forget()
    sandbox.reload()
    return moved


def _step(db: Database, group: str) -> int:
    """A step beyond all ids there are, so that no new id is an old one."""
    if group == "transaction":
        top = db.value("SELECT COALESCE(MAX(id), 0) FROM tx")
    else:
        top = db.value("SELECT COALESCE(MAX(id), 0) FROM master WHERE grp = ?", (group,))
    return int(top) + 1000


def references(record: Definition) -> dict[str, str]:
    """Return the fields of a record or line that hold moving ids: name and group."""
    found = {
        name: groups.group_of(spec.target)
        for name, spec in record.fields.items()
        if spec.kind == "ref"
    }
    return {name: group for name, group in found.items() if group in COLUMNS}


def _transactions(db: Database, moved: dict[str, int]) -> None:
    bodies, lines = dict(_EXTRAS), dict(_LINE_EXTRAS)
    for record in KINDS:
        bodies.update(references(definition(record)))
        for spec in definition(record).fields.values():
            if spec.sublist is not None:
                lines.update(references(spec.sublist))
    for table, members in (("tx", bodies), ("line", lines)):
        for member, group in members.items():
            _shift(db, (table, "extra"), member, moved[group], "extra IS NOT NULL")


def _masters(db: Database, record: str, moved: dict[str, int]) -> None:
    kind = definition(record)
    for member, group in references(kind).items():
        _shift(db, ("master", "body"), member, moved[group], "type = ?", record)
    sublists = {
        name: references(spec.sublist)
        for name, spec in kind.fields.items()
        if spec.sublist is not None and references(spec.sublist)
    }
    if not sublists:
        return
    for row in db.all("SELECT grp, id, body FROM master WHERE type = ?", (record,)):
        body: dict[str, Any] = jsontext.loads(row["body"])
        for name, members in sublists.items():
            for line in body.get(name) or []:
                line.update({
                    member: line[member] + moved[group]
                    for member, group in members.items() if isinstance(line.get(member), int)
                })  # fmt: skip
        db.execute("UPDATE master SET body = ? WHERE grp = ? AND id = ?",
                   (jsontext.dumps(body), row["grp"], row["id"]))  # fmt: skip


def _texts(db: Database, step: int) -> None:
    """Events of plans ("bill 12 1", "ship 12 1") and sources of custom events ("12 1")."""
    for row in db.all(
        "SELECT id, event FROM plan WHERE event LIKE 'bill %' OR event LIKE 'ship %'"
    ):
        kind, number, line = row["event"].split(" ")
        text = f"{kind} {int(number) + step} {line}"
        db.execute("UPDATE plan SET event = ? WHERE id = ?", (text, row["id"]))
    for row in db.all("SELECT id, body FROM master WHERE grp = 'billingRevenueEvent'"):
        body = jsontext.loads(row["body"])
        number, _, rest = str(body.get("element", "")).partition(" ")
        if number.isdigit():
            body["element"] = f"{int(number) + step} {rest}"
            db.execute("UPDATE master SET body = ? WHERE grp = 'billingRevenueEvent' AND id = ?",
                       (jsontext.dumps(body), row["id"]))  # fmt: skip


def _shift(
    db: Database, place: tuple[str, str], member: str, step: int, where: str, *args: Any
) -> None:
    table, column = place
    path = f"$.{member}"
    db.execute(
        f"UPDATE {table} SET {column} = json_set({column}, ?, json_extract({column}, ?) + ?)"
        f" WHERE {where} AND json_type({column}, ?) = 'integer'",
        (path, path, step, *args, path),
    )
