"""Snapshots of the store, and the refresh of a sandbox account."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from netsuite_sandbox.errors import invalid_request

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox

# Where internal ids stand: (table, column) of each group, and JSON members of `extra` or `body`.
_TRANSACTION_COLUMNS = (
    ("tx", "id"), ("tx", "createdfrom"), ("line", "tx"), ("line", "orderdoc"),
    ("link", "previousdoc"), ("link", "nextdoc"), ("element", "source"),
    ("element", "arrangement"), ("planned", "journal"), ("reclass", "arrangement"),
    ("reclass", "journal"), ("reclass", "reversal"),
)  # fmt: skip
_TRANSACTION_EXTRAS = ("salesOrder", "source", "refund", "reversalEntry", "isReversalOf")
_MASTER_COLUMNS = {
    "entity": (("tx", "entity"), ("line", "entity"), ("element", "entity")),
    "item": (("line", "item"), ("element", "item")),
    "account": (("tx", "account"), ("line", "account"), ("element", "deferralaccount"),
                ("element", "recognitionaccount")),
}  # fmt: skip
_MASTER_BODIES = {
    "entity": ("parent", "customer", "billTo"),
    "item": ("item", "billingItem", "subscriptionPlan"),
    "account": ("receivablesAccount", "incomeAccount", "deferredRevenueAccount", "deferralAcct",
                "revReclassFxAccount", "drAccount", "fxAccount"),
}  # fmt: skip


class Snapshots:
    """Named copies of one account's store, kept in memory."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._kept: dict[str, sqlite3.Connection] = {}

    def names(self) -> list[str]:
        """Names of the snapshots there are."""
        return sorted(self._kept)

    def take(self, name: str) -> None:
        """Keep a copy under a name; an older one of that name goes."""
        if not name:
            raise invalid_request("A snapshot has a name.")
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self._sandbox.db.lock:
            self._sandbox.db.conn.backup(copy)
        self._kept[name] = copy

    def restore(self, name: str) -> None:
        """Put the store back to a snapshot."""
        if name not in self._kept:
            raise invalid_request(f"No snapshot '{name}'. There are: {', '.join(self.names())}.")
        with self._sandbox.db.lock:
            self._kept[name].backup(self._sandbox.db.conn)
            self._sandbox.reload()


def refresh(sandbox: Sandbox) -> dict[str, int]:
    """Change every internal id of transactions, entities, items and accounts.

    External ids stay; access tokens and certificate mappings are gone. Source: a refresh drops the
    M2M mappings and tokens; that ids differ after a copy is what an integration must survive.

    Returns:
        By how much the ids of each group moved.
    """
    db = sandbox.db
    with db.transaction():
        moved = {"transaction": _shift(db.value("SELECT COALESCE(MAX(id), 0) FROM tx"))}
        for table, column in _TRANSACTION_COLUMNS:
            db.execute(f"UPDATE {table} SET {column} = {column} + ?", (moved["transaction"],))
        for member in _TRANSACTION_EXTRAS:
            _shift_json("tx", "extra", member, moved["transaction"], sandbox)
        for member in ("invoice", "creditMemo"):
            _shift_json("master", "body", member, moved["transaction"], sandbox)
        for group, columns in _MASTER_COLUMNS.items():
            top = db.value("SELECT COALESCE(MAX(id), 0) FROM master WHERE grp = ?", (group,))
            step = moved[group] = _shift(top)
            db.execute("UPDATE master SET id = id + ? WHERE grp = ?", (step, group))
            db.execute(
                "UPDATE sequence SET value = value + ? WHERE name = ?", (step, f"id.{group}")
            )
            for table, column in columns:
                db.execute(f"UPDATE {table} SET {column} = {column} + ?", (step,))
            for member in _MASTER_BODIES[group]:
                _shift_json("master", "body", member, step, sandbox)
        _shift_json("tx", "extra", "arAcct", moved["account"], sandbox)
        db.execute("DELETE FROM integration")
    sandbox.tokens.forget()
    sandbox.token_based.forget()
    sandbox.reload()
    return moved


def _shift(top: int) -> int:
    """A step beyond all ids there are, so that no new id is an old one."""
    return int(top) + 1000


def _shift_json(table: str, column: str, member: str, step: int, sandbox: Sandbox) -> None:
    path = f"$.{member}"
    sandbox.db.execute(
        f"UPDATE {table} SET {column} = json_set({column}, ?, json_extract({column}, ?) + ?)"
        f" WHERE json_type({column}, ?) = 'integer'",
        (path, path, step, path),
    )
