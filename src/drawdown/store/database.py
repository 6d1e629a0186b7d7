"""Connections, tenants and migrations.

SQL runs as role drawdown_app, for one tenant at a time; only delivery may run as drawdown_worker,
which sees the outboxes of all.

Migrations are numbered SQL files, applied in order, each in a transaction of its own; a file that
was applied and then edited is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.resources import files
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, Cursor

from drawdown.core.errors import StoreError
from drawdown.store.named_queries import query

MIGRATION_LOCK = 0x6464_0001
"""Advisory lock that one migrating process holds."""

Row = tuple[Any, ...]


class Database:
    """One PostgreSQL database that holds the books of all tenants."""

    def __init__(self, url: str) -> None:
        self._url = url

    def migrate(self) -> list[str]:
        """Bring the schema up to date; return the names of the migrations applied now.

        Raises:
            StoreError: The database cannot be reached, a migration failed, or an applied migration
                was edited afterwards.
        """
        with self._connected() as connection:
            connection.autocommit = True
            connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
            connection.execute(
                "CREATE TABLE IF NOT EXISTS public.drawdown_migration ("
                "name text PRIMARY KEY, sha256 text NOT NULL, "
                "applied_at timestamptz NOT NULL DEFAULT now())"
            )
            rows = connection.execute("SELECT name, sha256 FROM public.drawdown_migration")
            applied: dict[str, str] = dict(rows.fetchall())
            return [
                name
                for name, text in _migrations()
                if _apply(connection, name, text, applied.get(name))
            ]

    def pending(self) -> list[str]:
        """Return the names of the migrations that are not applied yet.

        Raises:
            StoreError: The database cannot be reached.
        """
        with self._connected() as connection:
            try:
                rows = connection.execute("SELECT name FROM public.drawdown_migration").fetchall()
            except psycopg.errors.UndefinedTable:
                rows = []
        applied = {row[0] for row in rows}
        return [name for name, _ in _migrations() if name not in applied]

    def _connect(self) -> Connection[Row]:
        try:
            return psycopg.connect(self._url)
        except psycopg.OperationalError as error:
            raise StoreError(
                f"the database cannot be reached: {' '.join(str(error).split())}; check "
                "DATABASE_URL, or unset it to use the bundled PostgreSQL"
            ) from error
        except psycopg.Error:  # its text quotes the URL, and so the password
            raise StoreError(
                "DATABASE_URL is not an address of a PostgreSQL database; write it as "
                "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
            ) from None

    @contextmanager
    def _connected(self) -> Iterator[Connection[Row]]:
        """Connect; whatever the database refuses meanwhile comes out as StoreError."""
        try:
            with self._connect() as connection:
                yield connection
        except psycopg.Error as error:
            raise StoreError(f"the database refused: {error}") from error

    def session(self, tenant_id: str) -> AbstractContextManager[Session]:
        """Open a session of one tenant, as the application role.

        Raises:
            StoreError: The database cannot be reached or is not migrated.
        """
        return self._session("drawdown_app", tenant_id)

    def worker_session(self) -> AbstractContextManager[Session]:
        """Open a session that sees the outboxes of all tenants, and nothing else of theirs.

        Raises:
            StoreError: The database cannot be reached or is not migrated.
        """
        return self._session("drawdown_worker", "")

    @contextmanager
    def _session(self, role: LiteralString, tenant_id: str) -> Iterator[Session]:
        with self._connected() as connection:
            connection.autocommit = True
            connection.prepare_threshold = 1
            try:
                connection.execute(f"SET ROLE {role}")
                connection.execute("SET timezone TO 'UTC'")
                connection.execute("SELECT set_config('drawdown.tenant', %s, false)", (tenant_id,))
            except psycopg.Error as error:
                raise StoreError(
                    f"the database is not ready: {error}; run any drawdown command that migrates, "
                    "such as `drawdown blocks`"
                ) from error
            yield Session(connection, tenant_id)


class Session:
    """A connection bound to one tenant; row-level security hides everybody else."""

    def __init__(self, connection: Connection[Row], tenant_id: str) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self._sender = connection.cursor()

    def run(self, name: str, parameters: Mapping[str, object] | None = None) -> Cursor[Row]:
        """Execute a named query for the tenant."""
        bound = {"tenant": self.tenant_id, **(parameters or {})}
        return self.connection.execute(query(name), bound)

    def send(self, name: str, parameters: Mapping[str, object]) -> None:
        """Execute a named query whose result nobody reads."""
        self._sender.execute(query(name), {"tenant": self.tenant_id, **parameters})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a transaction; database errors come out as StoreError.

        Raises:
            StoreError: The database refused a statement or went away; nothing was written.
        """
        try:
            with self.connection.transaction():
                yield
        except psycopg.Error as error:
            raise StoreError(f"the database refused: {error}") from error

    @contextmanager
    def pipelined_transaction(self) -> Iterator[None]:
        """Run a transaction whose statements are sent without waiting for their results.

        The first fetch waits for the results of everything sent so far, and so does the end. Row
        counts are not known before; what must hold is for the statements to refuse.

        Raises:
            StoreError: As for `transaction`.
        """
        try:
            with self.connection.pipeline():
                self._sender.execute("BEGIN")
                yield
                self._sender.execute("COMMIT")
        except psycopg.Error as error:
            raise StoreError(f"the database refused: {error}") from error
        finally:
            # Does nothing after a commit, and where the server is gone so is the transaction.
            with suppress(psycopg.Error):
                self.connection.rollback()


def _migrations() -> list[tuple[str, str]]:
    folder = files("drawdown.store").joinpath("migrations")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(name, folder.joinpath(name).read_text("utf-8")) for name in names]


def _apply(connection: Connection[Row], name: str, text: str, applied: str | None) -> bool:
    digest = hashlib.sha256(text.encode()).hexdigest()
    if applied == digest:
        return False
    if applied is not None:
        raise StoreError(
            f"migration {name} was edited after it had been applied to this database; restore the "
            "file and put the change into a new migration"
        )
    try:
        with connection.transaction():
            connection.execute(text.encode())
            connection.execute(
                "INSERT INTO public.drawdown_migration (name, sha256) VALUES (%s, %s)",
                (name, digest),
            )
    except psycopg.Error as error:
        raise StoreError(f"migration {name} failed and was undone: {error}") from error
    return True
