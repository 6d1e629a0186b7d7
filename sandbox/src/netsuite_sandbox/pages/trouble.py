"""What is made to go wrong, and what can be gone back to: faults and snapshots."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from netsuite_sandbox.pages.ask import Ask
from netsuite_sandbox.pages.model import Cell, Column, Facts, Page, Table, to

_COUNTED = frozenset({"fault", "method", "path", "seen", "fired"})


def faults(ask: Ask) -> Page:
    """The rules in force with what they met, and the requests they struck, newest first."""
    known = ask.sandbox.gate.faults
    plain = type(known.rules[0])("") if known.rules else None
    columns = (
        Column("number", "Rule", "count"), Column("fault", "Fault", "code"),
        Column("method", "Method", "code"), Column("path", "Path has", "code"),
        Column("more", "Further", "prose"), Column("seen", "Requests met", "count"),
        Column("fired", "Struck", "count"),
    )  # fmt: skip
    rows = []
    for number, rule in enumerate(known.rules, 1):
        given = {
            name: value for name, value in asdict(rule).items()
            if name not in _COUNTED and value != getattr(plain, name)
        }  # fmt: skip
        requests = {"q": rule.path} if rule.path else {}
        rows.append((
            Cell(number), Cell(rule.fault), Cell(rule.method or "any"), Cell(rule.path or "any"),
            Cell(", ".join(f"{name} {_shown(value)}" for name, value in given.items()) or None),
            Cell(rule.seen, to("/requests", **requests)),
            Cell(rule.fired, to("/faults") + "#h-struck", tone="warn" if rule.fired else ""),
        ))  # fmt: skip
    scripted = Table("rules", "Rules", columns, rows, empty="No fault is scripted.")
    struck = [
        (Cell(number), Cell(entry["fault"], tone="warn"), Cell(entry["method"]),
         Cell(entry["path"], to("/requests", q=entry["path"])))
        for number, entry in reversed(list(enumerate(known.log, 1)))
    ]  # fmt: skip
    fired = Table(
        "struck", "Struck", (
            Column("number", "No.", "count"), Column("fault", "Fault", "state"),
            Column("method", "Method", "code"), Column("path", "Path", "code"),
        ), struck[ask.offset : ask.offset + ask.size], total=len(struck), offset=ask.offset,
        paged=True, empty="No request was struck.",
    )  # fmt: skip
    facts = Facts("faults", "Faults", [
        ("Seed", Cell(known.seed)),
        ("Late commits still to come", Cell(len(known.late), tone="warn" if known.late else "")),
        ("Most requests under way at once", Cell(ask.sandbox.gate.peak, to("/requests"))),
    ])  # fmt: skip
    intro = "Script them with PUT /_sandbox/faults, end them with DELETE."
    return Page("/faults", "faults", "Faults", (facts, scripted, fired), (), (), intro)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def snapshots(ask: Ask) -> Page:
    """The copies of the company that can be restored, with what they hold."""
    columns = (
        Column("name", "Snapshot", "code"), Column("transactions", "Transactions", "count"),
        Column("records", "Records of lists", "count"), Column("bytes", "Bytes", "count"),
    )  # fmt: skip
    rows = [
        (Cell(name), Cell(one["transactions"]), Cell(one["records"]), Cell(one["bytes"]))
        for name, one in ask.sandbox.snapshots.describe().items()
    ]
    table = Table("snapshots", "Snapshots", columns, rows, empty="No snapshot was taken.")
    now = Facts("now", "The company now", [
        ("Transactions", Cell(ask.db.value("SELECT COUNT(*) FROM tx"),
                              to("/records/transaction"))),
        ("Records of lists", Cell(ask.db.value("SELECT COUNT(*) FROM master"), to("/records"))),
    ])  # fmt: skip
    intro = (
        "Take one with POST /_sandbox/snapshots, go back with POST /_sandbox/snapshots/restore. "
        "They are kept in memory."
    )
    return Page("/snapshots", "snapshots", "Snapshots", (now, table), (), (), intro)
