"""Commands that bring records to the ERP: deliver, worker."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from types import FrameType

import typer

from drawdown.bootstrap import Books, connect_erp, connection_id, open_database
from drawdown.cli.books import AS_JSON, Choice, chosen_books
from drawdown.cli.output import (
    DONE,
    REFUSED,
    print_json,
    print_table,
    progress_bar,
    say,
    say_aside,
    warn,
)
from drawdown.config import Config, load_config, to_policy
from drawdown.core.errors import ConfigurationError, ErpError
from drawdown.core.ports import Erp
from drawdown.service.account import ensure_account
from drawdown.service.delivery import (
    Claim,
    ConnectionState,
    DeliveryReport,
    NoObserver,
    Observer,
    Options,
    Outcome,
    Result,
    Worker,
    deliver,
    learn_share,
    register as register_tenant,
)
from drawdown.service.delivery.tasks import Tasks, tune_process
from drawdown.service.exceptions import follow_periods
from drawdown.service.exceptions.following import PeriodFollower
from drawdown.store import outbox
from drawdown.store.database import Database
from drawdown.store.observability import TenantState, tenant_states
from drawdown.telemetry import DeliveryLog, Metrics, MonitoringServer, Probes, Together, new_logger
from drawdown.telemetry.server import unready


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("deliver")(_deliver)
    app.command("worker")(_worker)


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


# -- deliver ------------------------------------------------------------------------------------


class _Progress(NoObserver):
    """Tells how many records were delivered."""

    def __init__(self, advance: Callable[[], None]) -> None:
        self._advance = advance

    def settled(self, result: Result) -> None:
        """Count a record that is delivered."""
        if result.outcome.is_done:
            self._advance()


def _deliver(
    context: typer.Context,
    retry_parked: bool = typer.Option(
        False, "--retry-parked", help="Try records again that a person has seen to."
    ),
    until_empty: bool = typer.Option(
        False,
        "--until-empty",
        help="Wait also for records that other workers hold, and take over from dead ones.",
    ),
    concurrency: int = typer.Option(4, min=1, max=64, help="Calls in flight of this process."),
    as_json: bool = AS_JSON,
) -> int:
    """Deliver waiting records to NetSuite, in order per block, each exactly once."""
    with (
        chosen_books(context) as (config, books),
        connect_erp(books.tenant, config.source.parent if config.source else None) as erp,
    ):
        for notice in erp.notices():
            warn(notice)
        if retry_parked:
            with books.session.transaction():
                outbox.retry_parked(books.session)
        waiting = outbox.counts(books.session).get("waiting", 0)
        if waiting:
            ensure_account(books.session, erp)
        _follow_periods(books, erp)
        with progress_bar(is_quiet=as_json) as bar:
            task = bar.add_task("Delivering to NetSuite", total=waiting)
            report = deliver(
                books.session,
                erp,
                sleep=time.sleep,
                concurrency=concurrency,
                observer=_Progress(lambda: bar.advance(task)),
                until_empty=until_empty,
                options=Options(
                    connection_id=connection_id(books.tenant),
                    share=learn_share(erp, config.delivery.reserve) if waiting else None,
                    worker=_worker_name(),
                    lease=timedelta(seconds=config.delivery.lease_s),
                    threads=Tasks(),
                ),
            )
        _tell(report, as_json=as_json)
        return REFUSED if report.waiting else DONE


def _follow_periods(books: Books, erp: Erp) -> None:
    """Date what waits for a period that was closed meanwhile; if NetSuite is away, later."""
    try:
        moved = follow_periods(books.session, erp, books.policy)
    except ErpError as error:
        warn(f"the accounting periods could not be read: {error}")
        return
    if moved:
        warn(f"{moved} records were dated the first open day: their period is closed")


def _tell(report: DeliveryReport, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "delivered": dict(report.done),
                "adopted": report.adopted,
                "problems": report.problems,
                "waiting": report.waiting,
                "due_at": report.due_at,
            }
        )
        return
    print_table(
        "Delivered",
        ("record", "count"),
        [(name, str(count)) for name, count in sorted(report.done.items())],
        ("count",),
    )
    for external_id, problem in report.problems.items():
        warn(f"{external_id}: {problem}")
    if report.held:
        warn(
            f"{report.held} records are held by other workers, or by one that died until its lease "
            "ends; --until-empty waits for them"
        )
    if report.due_at:
        warn(
            f"the first record that pauses may go at {report.due_at:%Y-%m-%d %H:%M:%S %Z}: deliver "
            "again then, or let `drawdown worker` run"
        )
    say(f"{report.waiting} records wait" if report.waiting else "nothing waits", "bold")


# -- worker -------------------------------------------------------------------------------------


class _Tally(NoObserver):
    """Counts outcomes, and tells people what they must know at once."""

    def __init__(self, *, is_quiet: bool) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: dict[str, str] = {}
        self._told: set[str] = set()
        self._trouble = ""
        self._is_quiet = is_quiet

    def settled(self, result: Result) -> None:
        """Count it; a record that a person must see to is told."""
        self._trouble = ""
        self.counts[result.outcome.value] += 1
        name = _name(result.claim)
        self.problems.pop(name, None)
        if not result.outcome.is_done:
            self.problems[name] = result.problem
        if result.outcome is Outcome.REFUSED and not self._is_quiet:
            self._told.add(name)
            warn(f"{name}: parked: {result.problem}")

    def tell_rest(self) -> None:
        """Tell at the end why other records wait, each reason once."""
        rest = Counter(why for name, why in self.problems.items() if name not in self._told)
        for why, count in sorted(rest.items()):
            warn(f"{count} records wait: {why}")

    def lost(self, claim: Claim) -> None:
        """Count it; whoever has the row now tells how it ends."""
        self.counts["lost"] += 1
        self.problems.pop(_name(claim), None)

    def connection_changed(self, before: ConnectionState, now: ConnectionState) -> None:
        """Tell when a circuit opens or closes."""
        if self._is_quiet or (before.opened_at is None) == (now.opened_at is None):
            return
        if now.opened_at is not None:
            warn(f"{now.connection_id}: no calls but one a minute until it answers: {now.problem}")
        else:
            say(f"{now.connection_id}: answers again")

    def troubled(self, problem: str) -> None:
        """Tell it once: it passes, or somebody must see to the database."""
        if problem != self._trouble:
            warn(problem)
        self._trouble = problem


def _name(claim: Claim) -> str:
    return f"{claim.tenant_id} {claim.external_id}"


def _worker(
    context: typer.Context,
    concurrency: int = typer.Option(
        32, min=1, max=512, help="Records under way at once in this process."
    ),
    once: bool = typer.Option(False, "--once", help="End when nothing more can be delivered now."),
    metrics_port: int | None = typer.Option(
        None, min=0, max=65535, help="Serve /metrics, /healthz and /readyz there; 0: a free port."
    ),
    metrics_host: str = typer.Option("127.0.0.1", help="Address to serve them at."),
    as_json: bool = AS_JSON,
) -> int:
    """Deliver the records of all tenants (or of --tenant) until stopped.

    Start as many as you like, on any machine that reaches the database. SIGTERM or Ctrl-C: nothing
    new is begun, what is under way is finished.
    """
    choice: Choice = context.obj
    config = load_config(choice.config)
    database = open_database(config)
    is_logged = config.log.format != "off"
    tally = _Tally(is_quiet=as_json or is_logged)
    with ExitStack() as stack:
        erps = _connect_all(config, choice.tenant, database, stack)
        metrics = Metrics(erps, _reader(database), time.time)
        policies = {name: to_policy(config.tenant(name).policy) for name in erps}
        follower = PeriodFollower(database.session, erps, policies, tell=warn)
        observers: list[Observer] = [tally, metrics, follower]
        if is_logged:
            observers.append(DeliveryLog(new_logger(config.log.format, config.log.level)))
        if metrics_port is not None:
            read = _reader(database)
            probes = Probes(metrics.registry, lambda: unready(database, lambda: read([*erps])))
            server = stack.enter_context(MonitoringServer(probes, metrics_host, metrics_port))
            say_aside(f"metrics at http://{metrics_host}:{server.port}/metrics")
        worker = Worker(
            database.worker_session,
            erps,
            name=_worker_name(),
            concurrency=concurrency,
            observer=Together(*observers),
            lease=timedelta(seconds=config.delivery.lease_s),
            threads=Tasks(),
        )
        if not as_json:
            say(f"delivering for {len(erps)} tenants; stop with Ctrl-C")
        tune_process()
        with _stopped_by_signals(worker):
            worker.run(until_idle=once)
    if as_json:
        print_json({"outcomes": dict(tally.counts), "problems": tally.problems})
    else:
        if not is_logged:
            tally.tell_rest()
        total = ", ".join(f"{count} {name}" for name, count in sorted(tally.counts.items()))
        say(total or "nothing was delivered", "bold")
    return REFUSED if tally.problems else DONE


def _reader(database: Database) -> Callable[[Sequence[str]], Sequence[TenantState]]:
    """Return what reads how tenants stand, by a session of its own each time."""

    def read(tenants: Sequence[str]) -> Sequence[TenantState]:
        with database.worker_session() as session:
            return tenant_states(session, tenants)

    return read


def _connect_all(
    config: Config, tenant_id: str, database: Database, stack: ExitStack
) -> dict[str, Erp]:
    """Connect and register the tenants to serve; one that cannot be connected stops no other."""
    names = [tenant_id] if tenant_id else [*config.tenants] or [config.tenant_id]
    base = config.source.parent if config.source else None
    erps: dict[str, Erp] = {}
    shares: dict[str, int | None] = {}
    problems: list[str] = []
    with database.worker_session() as session:
        for name in names:
            table = config.tenant(name)
            try:
                erp = stack.enter_context(connect_erp(table, base))
                with database.session(name) as books:
                    ensure_account(books, erp)
            except ConfigurationError as error:
                problems.append(f"tenant {name}: {error}")
                continue
            erps[name] = erp
            for notice in erp.notices():
                warn(f"tenant {name}: {notice}")
            account = connection_id(table)
            if account not in shares:
                shares[account] = learn_share(erp, config.delivery.reserve)
            register_tenant(session, account, shares[account], tenant_id=name)
    if not erps:
        raise ConfigurationError("; ".join(problems))
    for problem in problems:
        warn(f"{problem}; it is not delivered for")
    return erps


@contextmanager
def _stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Let the first signal stop the worker gently, and a second one at once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for name, handler in before.items():
            signal.signal(name, handler)
        worker.stop()

    names = (signal.SIGTERM, signal.SIGINT)
    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
