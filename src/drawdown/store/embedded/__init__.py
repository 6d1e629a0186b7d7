"""The PostgreSQL that comes with the product: created, started, watched over and stopped.

Whoever needs the database calls `ensure_server` and connects to the URL it returns. The server is
a process of its own and outlives the command. Nothing here trusts what an earlier run left behind:
a lock lets one process act at a time, and who is alive is asked of the operating system. The rule
not to break: a folder named `cluster` holds somebody's books, and no code path removes it.

Files: `server` says whose and where a server is and who lives; `programs` finds and runs
PostgreSQL's programs; `steps` creates, starts and ends; `settings` is the one table of parameters.
"""

from __future__ import annotations

import contextlib
import enum
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drawdown.store.embedded import steps
from drawdown.store.embedded.server import (
    ROOTS_FOLDER,
    EmbeddedPostgresError,
    Server,
    exists,
    find_server,
)

__all__ = [
    "EmbeddedPostgresError",
    "ServerState",
    "ServerStatus",
    "default_data_dir",
    "ensure_server",
    "status",
    "stop_server",
    "temporary_server",
]


class ServerState(enum.Enum):
    """Where a server stands in its life."""

    ABSENT = "absent"  #: no data yet; the first start creates them
    STOPPED = "stopped"  #: data, and nobody running on them
    STARTING = "starting"  #: alive, does not take connections (yet)
    RUNNING = "running"  #: takes connections


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What there is to know about a server from outside.

    Attributes:
        state: Where it stands.
        data_dir: Its folder: data in `cluster`, log in `server.log`.
        pid: The postmaster's process id, None unless alive.
        url: Where to connect, None unless running.
        log: Its log file; may not exist.
    """

    state: ServerState
    data_dir: Path
    pid: int | None
    url: str | None
    log: Path


def default_data_dir() -> Path:
    """Return the folder of the bundled server when nobody names one.

    `postgres` in the folder that DRAWDOWN_DATA names; else in /var/lib/drawdown for root, and in
    $XDG_DATA_HOME/drawdown or ~/.local/share/drawdown for everybody else.
    """
    if named := os.environ.get("DRAWDOWN_DATA"):
        folder = Path(named).expanduser()
    elif os.geteuid() == 0:
        folder = ROOTS_FOLDER
    else:
        folder = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "drawdown"
    return folder.absolute() / "postgres"


def ensure_server(data_dir: Path | None = None) -> str:
    """Return the URL of a running server, which is created or started first where need be.

    Safe to call from any number of processes at once, and again whenever a connection breaks:
    after a crash of the server, of a caller or of the machine it brings the server back with
    every committed row. Takes about a millisecond when the server runs.

    Args:
        data_dir: The server's folder; `default_data_dir()` if None. Created if missing.

    Returns:
        A libpq URL of the database `drawdown` over a local socket, as the superuser `postgres`.

    Raises:
        EmbeddedPostgresError: It cannot be created or started; the message names cause and log.
    """
    return _ensure(find_server(data_dir or default_data_dir()))


def stop_server(data_dir: Path | None = None) -> bool:
    """Stop the server cleanly: sessions are ended, open transactions roll back, data are flushed.

    Args:
        data_dir: As for `ensure_server`.

    Returns:
        True if there was a server to stop.

    Raises:
        EmbeddedPostgresError: It could not be stopped.
    """
    server = find_server(data_dir or default_data_dir())
    if not exists(server.cluster):
        return False
    with steps.locked(server):
        if not server.processes():
            return False
        steps.end(server)
        return True


def status(data_dir: Path | None = None) -> ServerStatus:
    """Look at a server without changing anything.

    Args:
        data_dir: As for `ensure_server`.

    Raises:
        EmbeddedPostgresError: The folder belongs to another user.
    """
    server = find_server(data_dir or default_data_dir())
    postmaster = server.postmaster()
    if not exists(server.cluster):
        state = ServerState.ABSENT
    elif postmaster is None:
        state = ServerState.STOPPED
    else:
        state = ServerState.RUNNING if server.answers() else ServerState.STARTING
    return ServerStatus(
        state=state,
        data_dir=server.folder,
        pid=postmaster.pid if postmaster else None,
        url=server.url if state is ServerState.RUNNING else None,
        log=server.log,
    )


@contextlib.contextmanager
def temporary_server(*, fsync: bool = True) -> Iterator[str]:
    """Run a server of its own for the length of a `with` block; then stop it, remove its data.

    Args:
        fsync: False gives up crash safety for speed: for tests that measure neither.

    Yields:
        A URL as `ensure_server` returns it.

    Raises:
        EmbeddedPostgresError: It cannot be created or started.
    """
    unsafe = ("fsync", "synchronous_commit", "full_page_writes")
    folder = Path(tempfile.mkdtemp(prefix="drawdown-")).resolve()
    folder.chmod(0o711)  # the server may run as another user; its own folder in it is private
    server = find_server(folder / "postgres", {} if fsync else dict.fromkeys(unsafe, "off"))
    try:
        yield _ensure(server)
    finally:
        with contextlib.suppress(EmbeddedPostgresError):
            steps.end(server, gently=False)
        if server.socket_dir != server.folder:
            shutil.rmtree(server.socket_dir, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _ensure(server: Server) -> str:
    if server.answers():
        return server.url
    with steps.locked(server) as lock:
        if not server.answers():  # or somebody else was first
            if not exists(server.cluster):
                steps.create(server, lock)
            steps.start(server)
    return server.url
