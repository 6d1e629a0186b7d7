"""Database connections of simulated processes: every statement and commit is a step boundary.

The SQL is real. Where a statement waits for a lock that another simulated process holds, the
process stands still and the others go on. A crash or a lost connection is what the server sees of
it: what was sent is done, what was not is not, and the transaction is rolled back.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import Connection, Cursor, Pipeline, Transaction, pq

from drawdown.simulation.world import Crash, World
from drawdown.store.database import Database, Row
from drawdown.store.named_queries import query_names

GRACE_S = 0.004
"""After so long without an answer the server is asked whether the statement waits for a lock."""

QUEUES = {
    "lock_tenant": "tenant",
    "set_books_open_from": "tenant",
    "add_tenant": "tenant",
    "lock_lanes": "lanes",
    "connections_for_update": "connections",
}
"""Statements that wait for a row that several want, and the name of that row's queue."""


class SimulatedCursor(Cursor[Row]):
    """A cursor whose statements are step boundaries."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Execute a statement, with a boundary on both sides."""
        connection = self.connection
        assert isinstance(connection, SimulatedConnection)
        if connection.world is None:
            return super().execute(query, params, **options)
        name = query_names().get(query, "") or str(query).split(maxsplit=1)[0].lower()
        connection.step(f"sql {name}")
        if name in QUEUES:
            connection.queue(QUEUES[name])
        is_alone = connection.pgconn.transaction_status == pq.TransactionStatus.IDLE
        super().execute(query, params, **options)
        if connection.pgconn.pipeline_status == pq.PipelineStatus.OFF:
            if is_alone:
                connection.leave_queues()
            connection.done(f"sql {name}", commits=is_alone)
        return self


class SimulatedConnection(Connection[Row]):
    """A connection that is handed from one simulated process to the next.

    Attributes:
        world: None while nobody uses it.
        peers: Backends of this simulation: only their locks count.
        is_cut: The process has died or the connection was lost; nothing gets through any more.
        loses: Decides whether the connection is lost at this moment.
    """

    world: World | None = None
    peers: Pool | None = None
    is_cut = False
    _must_forget = False
    loses: Callable[[str], bool] = staticmethod(lambda _where: False)

    def step(self, name: str) -> None:
        """Pass the boundary before something reaches the server."""
        assert self.world is not None
        self._alive()
        # While the server works on what a pipeline has sent, nobody else goes on: who would be
        # first is not ours to decide. Now and then it is waited for.
        pipeline = self._pipeline
        is_sending = pipeline is not None and pipeline.level > 0
        if is_sending and self.world.chance.randrange(4) == 0:
            assert pipeline is not None
            pipeline.sync()
            is_sending = False
        try:
            self.world.boundary(f"before {name}", gives_way=not is_sending)
        except Crash:
            self.is_cut = True
            raise
        if self.loses(f"before {name}"):
            self._lose()

    def done(self, name: str, *, commits: bool) -> None:
        """Pass the boundary after something was done by the server."""
        assert self.world is not None
        try:
            self.world.boundary(f"after {name}")
        except Crash:
            self.is_cut = True
            raise
        if commits and self.loses(f"after {name}"):
            self._lose()

    def queue(self, name: str) -> None:
        """Wait for one's turn at a row that many want, until the transaction ends.

        The row is locked for real as well. But of several that wait for a row which its holder
        has changed, PostgreSQL lets any go first, and a seed must always see the same one.
        """
        assert self.world is not None
        assert self.peers is not None
        turns = self.peers.turns
        if turns.get(name) is self or self.world.task is None:
            return
        if name in turns and self._pipeline is not None:
            self._pipeline.sync()
        while name in turns:
            try:
                self.world.block(lambda: name in turns)
            except Crash:
                self.is_cut = True
                raise
        turns[name] = self

    def leave_queues(self) -> None:
        """Let the next ones go: the transaction has ended."""
        assert self.peers is not None
        for name, holder in [*self.peers.turns.items()]:
            if holder is self:
                del self.peers.turns[name]

    def _lose(self) -> None:
        self.is_cut = True
        self._alive()

    def _alive(self) -> None:
        if self.is_cut:
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    @contextmanager
    def transaction(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Run a transaction; its commit has a boundary on both sides."""
        if self.world is None:
            with super().transaction(*args, **options) as made:
                yield made
            return
        self.step("begin")
        real = Transaction(self, *args, **options)
        real.__enter__()
        try:
            yield real
            self.step("commit")
        except BaseException as error:
            if self.is_cut:
                raise
            is_over = real.__exit__(type(error), error, error.__traceback__)
            self.leave_queues()
            if is_over:
                return
            raise
        real.__exit__(None, None, None)
        self.leave_queues()
        self.done("commit", commits=True)

    @contextmanager
    def pipeline(self) -> Iterator[Any]:
        """Run a pipeline; its end, where answers are read, has boundaries too."""
        if self.world is None:
            with super().pipeline() as made:
                yield made
            return
        self._alive()
        # Left as it is after a crash: nobody says goodbye to the server.
        real = self._pipeline = Pipeline(self)
        real.__enter__()
        try:
            yield real
            self.step("pipeline end")
        except BaseException as error:
            if self.is_cut:
                raise
            real.__exit__(type(error), error, error.__traceback__)
            self._pipeline = None
            self.leave_queues()
            raise
        real.__exit__(None, None, None)
        self._pipeline = None
        self.leave_queues()
        self.done("pipeline end", commits=True)

    def rollback(self) -> None:
        """Roll back what is open."""
        self._alive()
        super().rollback()

    def wait(self, gen: Any, *_options: Any, **_more: Any) -> Any:
        """Wait for the server; let others go on while it waits for their locks."""
        if self.world is not None:
            self._alive()
        try:
            state = next(gen)
            while True:
                ready = self._ready(state, GRACE_S)
                if not ready and self.world is not None and self._is_blocked():
                    if self.world.task is not None:
                        self.world.block(self._is_blocked)
                    continue
                state = gen.send(ready)
        except StopIteration as end:
            return end.value
        except Crash:
            self.is_cut = True
            raise

    def _ready(self, state: int, timeout_s: float) -> int:
        fd = self.pgconn.socket
        reading = [fd] if state & 1 else []
        writing = [fd] if state & 2 else []
        can_read, can_write, _ = select.select(reading, writing, [], timeout_s)
        return (1 if can_read else 0) | (2 if can_write else 0)

    def _is_blocked(self) -> bool:
        """Whether the statement waits for a lock of another simulated process, and goes on to.

        Asks until either an answer is there or the server says so: in between, a lock that was
        released is being handed on.
        """
        assert self.peers is not None
        fd = self.pgconn.socket
        while True:
            if select.select([fd], [], [], 0)[0]:
                return False
            if self.peers.is_blocked(self.pgconn.backend_pid):
                return True
            if select.select([fd], [], [], GRACE_S)[0]:
                return False

    def clean(self) -> None:
        """Do what the server does when a client has gone: roll back, release, forget."""
        self.world = None
        self.is_cut = False
        pgconn = self.pgconn
        if self._pipeline is not None or pgconn.pipeline_status != pq.PipelineStatus.OFF:
            self._leave_pipeline()
        if pgconn.transaction_status != pq.TransactionStatus.IDLE:
            self._roll_back()
        if self._must_forget:
            self._must_forget = False
            self._prepared.clear()
            pgconn.exec_(b"DEALLOCATE ALL")
        self.leave_queues()
        self.execute("SELECT pg_advisory_unlock_all()")

    def _roll_back(self) -> None:
        """Roll back on the wire."""
        pgconn = self.pgconn
        if pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
            self._drain(until_sync=False)
        if pgconn.transaction_status != pq.TransactionStatus.IDLE:
            pgconn.exec_(b"ROLLBACK")
        self._num_transactions = 0

    def _leave_pipeline(self) -> None:
        pgconn = self.pgconn
        if self._pipeline is not None:
            self._pipeline.command_queue.clear()
            self._pipeline.result_queue.clear()
            self._pipeline.level = 0
        self._pipeline = None
        if pgconn.pipeline_status != pq.PipelineStatus.OFF:  # else it died at the pipeline's end
            pgconn.pipeline_sync()
            self._drain(until_sync=True)
            pgconn.exit_pipeline_mode()
        self._must_forget = True  # which statements were prepared is not known for sure

    def _drain(self, *, until_sync: bool) -> None:
        """Read away answers that nobody waits for any more."""
        pgconn = self.pgconn
        while True:
            while pgconn.flush():
                select.select([], [pgconn.socket], [], 1)
            pgconn.consume_input()
            if pgconn.is_busy():
                self._hurry()
                continue
            result = pgconn.get_result()
            if result is None and not until_sync:
                return
            if result is not None and result.status == pq.ExecStatus.PIPELINE_SYNC:
                return

    def _hurry(self) -> None:
        """Wait a moment; a statement that waits for somebody's lock ends now rather than then."""
        assert self.peers is not None
        fd = self.pgconn.socket
        if not select.select([fd], [], [], GRACE_S)[0] and self.peers.is_blocked(
            self.pgconn.backend_pid
        ):
            self.pgconn.get_cancel().cancel()
            select.select([fd], [], [])


class Pool:
    """The connections of one simulation, and one of its own to look at locks."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.loses: Callable[[str], bool] = lambda _where: False
        self.world: World | None = None
        self._idle: list[SimulatedConnection] = []
        self._all: list[SimulatedConnection] = []
        self.turns: dict[str, SimulatedConnection] = {}
        self.admin = psycopg.connect(url, autocommit=True, prepare_threshold=1)

    def is_blocked(self, pid: int) -> bool:
        """Whether a backend waits for a lock that another connection of this pool holds."""
        row = self.admin.execute("SELECT pg_blocking_pids(%s)", (pid,)).fetchone()
        assert row is not None
        mine = {connection.pgconn.backend_pid for connection in self._all}
        return not mine.isdisjoint(row[0])

    def take(self) -> SimulatedConnection:
        """Hand out a connection."""
        if self._idle:
            connection = self._idle.pop()
            if connection.is_cut:  # by a process that died after it had given it back
                connection.clean()
        else:
            connection = SimulatedConnection.connect(self.url, cursor_factory=SimulatedCursor)
            connection.prepare_threshold = 1
            connection.autocommit = True
            connection.peers = self
            self._all.append(connection)
        connection.loses = self.loses
        return connection

    def put_back(self, connection: SimulatedConnection) -> None:
        """Take a connection back, as the server sees the end of its client."""
        connection.clean()
        self._idle.append(connection)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            connection.close()
        self.admin.close()


class SimulatedDatabase(Database):
    """The product's database, on connections of a pool."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool.url)
        self._pool = pool

    def _connect(self) -> Connection[Row]:
        return _Lent(self._pool)  # type: ignore[return-value]


class _Lent:
    """A connection for the length of a ``with`` block; then the server sees its client go."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connection = pool.take()

    def __enter__(self) -> SimulatedConnection:
        self._connection.world = self._pool.world
        return self._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.put_back(self._connection)
