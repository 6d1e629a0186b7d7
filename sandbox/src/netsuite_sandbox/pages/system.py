"""The sandbox itself: overview, the requests it saw, its settings."""

from __future__ import annotations

from itertools import islice
from typing import Any

from netsuite_sandbox.pages.ask import Ask
from netsuite_sandbox.pages.ledger import trial_balance
from netsuite_sandbox.pages.lists import record_types
from netsuite_sandbox.pages.model import (
    EMPTY,
    Cell,
    Column,
    Facts,
    Filter,
    Page,
    Table,
    Tone,
    chosen,
    to,
)

_MARKS = {
    "D": "documented by Oracle", "O": "other Oracle material", "C": "seen in third-party code",
    "B": "Oracle's REST API Browser", "U": "unsure: a live account may differ",
}  # fmt: skip


def home(ask: Ask) -> Page:
    """What is here: the account, its records, its balances, its last requests."""
    company = ask.company
    open_months = [p for p in ask.books.periods.all() if not p.closed and not p.all_locked]
    changed = [one for one in company.settings.describe() if one["value"] != one["default"]]
    state = trial_balance(ask).state
    facts = Facts("account", "Account", [
        ("Account", Cell(ask.sandbox.account)),
        ("Clock", Cell(company.clock.stamp())),
        ("Store", Cell(ask.sandbox.db_path)),
        ("Ledger", Cell(state.value, to("/trial-balance"), tone=state.tone)),
        ("First open period",
         Cell(open_months[0].name if open_months else "none", to("/periods"))),
        ("Settings changed", Cell(len(changed), to("/settings"))),
    ])  # fmt: skip
    transactions = record_types(ask).blocks[0]
    return Page("/", "", "Overview", (facts, transactions, *_last(ask)))


def _last(ask: Ask) -> list[Table]:
    rows = [_request(entry) for entry in islice(reversed(ask.sandbox.requests), 10)]
    table = Table("requests", "Last requests", _REQUEST, rows, empty="No request since the start.")
    return [table]


_REQUEST = (
    Column("at", "At"), Column("method", "Method", "code"), Column("path", "Path", "code"),
    Column("status", "Status", "state"), Column("location", "Record written"),
    Column("milliseconds", "ms", "number"),
)  # fmt: skip


def _request(entry: dict[str, Any]) -> tuple[Cell, ...]:
    status = int(entry["status"])
    tone: Tone = "bad" if status >= 500 else "warn" if status >= 400 else "good"
    location = str(entry.get("location") or "")
    record = location.partition("/record/v1")[2]
    href = to(f"/records{record}") if record.count("/") == 2 else ""
    return (
        Cell(entry.get("at")), Cell(entry["method"]), Cell(entry["path"]),
        Cell(status, tone=tone), Cell(record.strip("/") or None, href) if record else EMPTY,
        Cell(str(entry["milliseconds"])),
    )  # fmt: skip


def requests(ask: Ask) -> Page:
    """The requests of the REST services since the start, newest first."""
    text, method, status = ask.text("q"), ask.text("method"), ask.text("status")
    found = [
        entry
        for entry in reversed(ask.sandbox.requests)
        if text.lower() in str(entry["path"]).lower()
        and method in ("", entry["method"])
        and str(entry["status"]).startswith(status)
    ]
    shown = found[ask.offset : ask.offset + ask.size]
    table = Table(
        "requests", "Requests", _REQUEST, [_request(entry) for entry in shown], total=len(found),
        offset=ask.offset, paged=True, empty="No request fits.",
    )  # fmt: skip
    methods = [(name, name) for name in ("GET", "POST", "PATCH", "PUT", "DELETE")]
    statuses = (("2", "2xx done"), ("4", "4xx refused"), ("429", "429 too many"),
                ("5", "5xx broken"))  # fmt: skip
    filters = (
        Filter("q", "Path contains", text),
        Filter("method", "Method", method, "select", chosen(methods, "Any method")),
        Filter("status", "Status", status, "select", chosen(statuses, "Any status")),
    )
    intro = f"The last {ask.sandbox.requests.maxlen:,} are kept, in memory."
    return Page("/requests", "requests", "Requests", (table,), (), filters, intro)


def settings(ask: Ask) -> Page:
    """All settings with their default, and how sure it is."""
    mark = ask.text("mark")
    rows = []
    for one in ask.company.settings.describe():
        if mark not in ("", one["mark"]):
            continue
        changed = one["value"] != one["default"]
        choices = " · ".join(_shown(choice) for choice in one["choices"])
        rows.append((
            Cell(one["name"]), Cell(_shown(one["value"]), tone="warn" if changed else ""),
            Cell(_shown(one["default"])), Cell(choices or None),
            Cell(one["mark"], note=_MARKS.get(one["mark"], "")), Cell(one["source"]),
            Cell(one["about"]),
        ))  # fmt: skip
    columns = (
        Column("name", "Setting", "code"), Column("value", "Value", "state"),
        Column("default", "Default"), Column("choices", "Choices", "prose"), Column("mark", "Mark"),
        Column("source", "Source", "prose"), Column("about", "About", "prose"),
    )  # fmt: skip
    marks = chosen([(key, f"{key}: {text}") for key, text in _MARKS.items()], "All")
    filters = (Filter("mark", "Mark", mark, "select", marks),)
    intro = (
        "What NetSuite lets an administrator choose, and what the sources do not settle. "
        "Change one with PUT /_sandbox/settings."
    )
    table = Table("settings", "Settings", columns, rows)
    return Page("/settings", "settings", "Settings", (table,), (), filters, intro)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
