"""One bundled server: whose it is, where it is, and who is alive of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import psutil
from psycopg import pq

from drawdown.core.errors import StoreError

DATABASE = "drawdown"
SUPERUSER = "postgres"
SOCKET_NAME = ".s.PGSQL.5432"
ROOTS_FOLDER = Path("/var/lib/drawdown")  # root's home is closed to the server's user

_ROOTS_SERVER_USERS = ("drawdown", "postgres", "nobody")
_SOCKET_PATH_BYTES_MAX = 103  # sun_path of macOS; Linux takes 107
_POLL_S = 0.02


class EmbeddedPostgresError(StoreError):
    """The bundled PostgreSQL could not be created, started or stopped."""


@dataclass(frozen=True, slots=True)
class User:
    """Whose the server's processes and files are; `switch` if we, being root, must become it."""

    name: str
    uid: int
    gid: int
    switch: bool


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its folder, its user, parameters of its own, and what can be asked about it."""

    folder: Path
    user: User
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def cluster(self) -> Path:
        """The data. This folder is there only when they are complete."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    @property
    def socket_dir(self) -> Path:
        """The server's folder, or one in /tmp where that path is too long or needs quoting."""
        path = str(self.folder / SOCKET_NAME)
        if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES_MAX and re.fullmatch(r"[\w/.+-]+", path):
            return self.folder
        # Not in XDG_RUNTIME_DIR: that goes away when the user logs out, the server stays.
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(f"/tmp/drawdown-{self.user.uid}-{digest}")  # noqa: S108 - `steps` checks it

    @property
    def url(self) -> str:
        """Where to connect."""
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={host}&port=5432"

    def answers(self) -> bool:
        """Whether it takes connections. The data must be there: they may be gone under it."""
        return exists(self.cluster / "postmaster.pid") and self.ping() == pq.Ping.OK

    def ping(self) -> int:
        """Ask at the socket (a `psycopg.pq.Ping`), without logging in."""
        return pq.PGconn.ping(f"{self.url}&connect_timeout=5".encode())

    def processes(self) -> list[psutil.Process]:
        """Every live process of the server, orphans of a killed postmaster included.

        PostgreSQL's processes work in the data folder; one deleted under them counts too.
        """
        places = (str(self.cluster), f"{self.cluster} (deleted)")
        found = []
        for process in psutil.process_iter():
            # A zombie, which nobody may ever collect in a container, has no folder: it is dead.
            with contextlib.suppress(psutil.Error, OSError):
                if process.name() == "postgres" and process.cwd() in places:
                    found.append(process)
        return found

    def postmaster(self) -> psutil.Process | None:
        """The process that starts all others, if it is alive.

        Not by the number in postmaster.pid: that may be stale, or the file gone. The others call
        themselves "postgres: " and what they do.
        """
        for process in self.processes():
            with contextlib.suppress(psutil.Error, OSError):
                command = process.cmdline()
                if command and not command[0].startswith("postgres: "):
                    return process
        return None


def find_server(data_dir: Path, settings: Mapping[str, str] | None = None) -> Server:
    """Bind a folder to the user who runs its server, and refuse other people's folders.

    Args:
        data_dir: The server's folder; need not exist.
        settings: Parameters that differ from the table.

    Raises:
        EmbeddedPostgresError: The folder is somebody else's, or root has nobody to run it as.
    """
    folder = data_dir.expanduser().resolve()
    me = os.geteuid()
    owner = folder.stat().st_uid if exists(folder) else me
    if me != 0:
        if owner != me:
            raise EmbeddedPostgresError(
                f"The database folder {folder} belongs to the user {user_name(owner)}. Run this as"
                " that user, or name another folder with DRAWDOWN_DATA."
            )
        return Server(folder, User(user_name(me), me, os.getegid(), switch=False), settings or {})
    # PostgreSQL refuses to run as root. Who owns the data runs it; the first time we choose.
    for candidate in [user_name(owner)] if owner else _ROOTS_SERVER_USERS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(candidate)
            user = User(candidate, entry.pw_uid, entry.pw_gid, switch=True)
            return Server(folder, user, settings or {})
    raise EmbeddedPostgresError(
        f"PostgreSQL does not run as root, and there is no user to run it as for {folder}. Make one"
        " (useradd --system drawdown), or set DATABASE_URL to a PostgreSQL of your own."
    )


def wait_for(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Wait until the condition holds; False if it does not in time."""
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(_POLL_S)
    return True


def exists(path: Path) -> bool:
    """Whether the path exists.

    Raises:
        EmbeddedPostgresError: We may not look.
    """
    try:
        return path.exists()
    except PermissionError as error:
        raise EmbeddedPostgresError(
            f"{path} cannot be read by the user {user_name(os.geteuid())}. Name another folder"
            " with DRAWDOWN_DATA."
        ) from error


def user_name(uid: int) -> str:
    """Return the name of a user, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def first_line(path: Path) -> str:
    """Return the first line of a file, empty if there is no such file."""
    try:
        return path.read_text(errors="replace").partition("\n")[0].strip()
    except FileNotFoundError:
        return ""
