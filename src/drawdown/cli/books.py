"""Commands that change the books: ingest, expire, reconcile."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import typer

from drawdown.bootstrap import Books, billing_source, connect_erp, open_books
from drawdown.cli.output import (
    DONE,
    REFUSED,
    print_json,
    progress_bar,
    say,
    warn,
)
from drawdown.config import Config, load_config
from drawdown.core.errors import ConfigurationError
from drawdown.core.policy import Policy
from drawdown.core.ports import Erp, Located, Problem
from drawdown.core.slices import slices
from drawdown.core.subscription.span import FIRST_DAY
from drawdown.service.account import ensure_account
from drawdown.service.changes import note
from drawdown.service.ingest import BATCH_SIZE, Answer, expire, ingest
from drawdown.service.observe import observe
from drawdown.service.reconcile import reconcile
from drawdown.store.ledger import events_by_id
from drawdown.store.observability import note_reconciliation

PROBLEMS_MAX = 10_000
"""Problems of one file that are told one by one."""
AS_JSON = typer.Option(False, "--json", help="Print JSON.")
BY = typer.Option("", "--by", help="Who acts; the user of this machine unless told.")


class Choice(NamedTuple):
    """What the options before the command say."""

    config: Path | None
    tenant: str


def who(by: str) -> str:
    """Return who acts, for what is written down of it."""
    return by or getpass.getuser()


@contextmanager
def chosen_books(context: typer.Context) -> Iterator[tuple[Config, Books]]:
    """Open the books that the options choose."""
    choice: Choice = context.obj
    config = load_config(choice.config)
    with open_books(config, choice.tenant) as books:
        yield config, books


@contextmanager
def chosen_books_and_erp(context: typer.Context) -> Iterator[tuple[Books, Erp]]:
    """Open the books that the options choose, and connect their ERP."""
    with chosen_books(context) as (config, books):
        base = config.source.parent if config.source else None
        with connect_erp(books.tenant, base) as erp:
            for notice in erp.notices():
                warn(notice)
            yield books, erp


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("ingest")(_ingest)
    app.command("expire")(_expire)
    app.command("reconcile")(_reconcile)


def _ingest(
    context: typer.Context,
    file: Path = typer.Argument(..., help="JSON Lines (.jsonl) or CSV (.csv)."),
    source: str = typer.Option("native", help="The billing source whose format the file has."),
    as_json: bool = AS_JSON,
) -> int:
    """Take in billing facts from a file; good lines are kept whatever the others say."""
    check_is_file(file)
    with chosen_books(context) as (_config, books):
        decoder = billing_source(source, file, books.policy)
        taken = _Intake()
        with file.open("rb") as lines, progress_bar(is_quiet=as_json) as bar:
            task = bar.add_task(f"Reading {file.name}", total=file.stat().st_size)
            decoded = decoder.decode(lines)  # the file itself: an endless line is no danger then
            for batch in slices(decoded, BATCH_SIZE):
                taken.add(batch, books)
                bar.update(task, completed=lines.tell())
        taken.settle_held(books)
        return taken.report(as_json=as_json)


class _Intake:
    """Collects answers; keeps only what a person must read, so memory does not grow with a file."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[dict[str, object]] = []
        self.left_out = 0
        self.held: list[dict[str, object]] = []

    def add(self, batch: list[Located | Problem], books: Books) -> None:
        """Ingest one batch."""
        for problem in batch:
            if isinstance(problem, Problem):
                self.counts["unreadable"] += 1
                self._note(
                    {"line": problem.line, "status": "unreadable", "detail": problem.message}
                )
        located = [one for one in batch if isinstance(one, Located)]
        answers = ingest(books.session, [one.event for one in located], books.policy)
        for one, answer in zip(located, answers, strict=True):
            self._take(one.line, answer)

    def _take(self, line: int, answer: Answer) -> None:
        key = "repeated" if answer.is_repeat and answer.status == "accepted" else answer.status
        self.counts[key] += 1
        if answer.status == "accepted":
            return
        row: dict[str, object] = {
            "line": line,
            "event_id": answer.event_id,
            "status": answer.status,
            "reason": answer.reason,
            "block_id": answer.block_id,
            "detail": answer.detail,
        }
        if answer.status == "held":
            self.held.append(row)
        else:
            self._note(row)

    def _note(self, row: dict[str, object]) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(row)
        else:
            self.left_out += 1

    def settle_held(self, books: Books) -> None:
        """A held event may have gone on since: it is reported as it ended."""
        held, self.held = self.held, []
        now = events_by_id(books.session, {str(row["event_id"]) for row in held})
        for row in held:
            record = now[str(row["event_id"])]
            if record.status == "held":
                self.held.append(row)
                continue
            self.counts["held"] -= 1
            self.counts[record.status] += 1
            if record.status == "refused":
                found = {"reason": record.reason, "block_id": record.block_id}
                self._note({**row, **found, "status": "refused", "detail": record.detail})

    def report(self, *, as_json: bool) -> int:
        """Print the result; return the exit status."""
        problems = sorted([*self.problems, *self.held], key=lambda row: int(str(row["line"])))
        counts = {key: count for key, count in self.counts.items() if count}
        if as_json:
            print_json({"counts": counts, "problems": problems, "problems_left_out": self.left_out})
        else:
            for row in problems:
                what = f" event {row['event_id']}" if row.get("event_id") else ""
                warn(f"line {row['line']}:{what} {row['status']}: {row['detail']}")
            if self.left_out:
                warn(f"{self.left_out} more problems are left out; see to these first")
            total = ", ".join(f"{count} {key}" for key, count in sorted(counts.items()))
            say(total or "nothing to read", "bold")
        return REFUSED if problems else DONE


def _expire(
    context: typer.Context,
    as_of: datetime = typer.Option(
        ..., formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"], help="Date (its end) or instant."
    ),
    as_json: bool = AS_JSON,
) -> int:
    """Expire the blocks that are due: what remains of them becomes breakage."""
    with chosen_books(context) as (_config, books):
        instant = end_of_day(as_of, books.policy)
        count = expire(books.session, instant, books.policy)
        if as_json:
            print_json({"as_of": instant.isoformat(), "expired": count})
        else:
            say(f"{count} blocks expired as of {instant:%Y-%m-%d %H:%M} UTC", "bold")
        return DONE


def end_of_day(moment: datetime, policy: Policy) -> datetime:
    """Turn a date into the instant at which it has ended; an instant stays as it is.

    Raises:
        ConfigurationError: So early or late that no span of days can be counted from it.
    """
    wrong = ConfigurationError(
        f"{moment:%Y-%m-%d} is at an end of the calendar; give a date closer to today"
    )
    if moment.date() < FIRST_DAY:
        raise wrong
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        day: date = moment.date() + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=policy.time_zone).astimezone(UTC)
    except OverflowError as error:
        raise wrong from error


def last_day(expires_at: datetime | None, policy: Policy, otherwise: str = "never") -> str:
    """Write an expiry for people: the last day of validity, in the posting time zone."""
    return policy.last_day(expires_at).isoformat() if expires_at else otherwise


def check_is_file(file: Path) -> None:
    """See that a file can be read from its start, and again for its size.

    Raises:
        ConfigurationError: It is not there, or is a folder or a pipe.
    """
    if not file.exists():
        raise ConfigurationError(f"the file {file} does not exist")
    if not file.is_file():
        raise ConfigurationError(f"{file} is not a file; give a file, not a folder or a pipe")


def _reconcile(context: typer.Context, as_json: bool = AS_JSON) -> int:
    """Take in what NetSuite recognised, then compare both ledgers and name each difference."""
    with chosen_books_and_erp(context) as (books, erp):
        ensure_account(books.session, erp)
        observed = observe(books.session, erp, books.policy)
        result = reconcile(books.session, erp)
        waits = note(books.session, result)
        note_reconciliation(
            books.session,
            blocks=result.blocks,
            records=result.records,
            differences=len(result.differences),
        )
        if as_json:
            print_json(
                {
                    "blocks": result.blocks,
                    "records": result.records,
                    "recognised": observed.recognised,
                    "refused": [answer._asdict() for answer in observed.refused],
                    "differences": [difference._asdict() for difference in result.differences],
                    "explained": [difference._asdict() for difference in result.explained],
                    "changes": len(waits),
                }
            )
        else:
            for answer in observed.refused:
                warn(f"recognition {answer.event_id}: {answer.detail}")
            for difference in result.differences:
                warn(f"{difference.kind}: {difference.detail}")
            say(
                f"{result.blocks} blocks and {result.records} NetSuite records compared: "
                f"{len(result.differences) or 'no'} differences"
                + (f", {len(result.explained)} explained" if result.explained else ""),
                "bold",
            )
            if waits:
                say(f"{len(waits)} changes await a choice: drawdown changes list")
        return REFUSED if result.differences or observed.refused else DONE
