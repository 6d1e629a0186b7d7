"""What the database itself refuses, whatever the code above it does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.types.json import Jsonb

from drawdown.core.policy import Journals, Policy
from drawdown.service.delivery import claim, register
from drawdown.service.ingest import ingest
from drawdown.store.database import Database
from tests.cases import facts as f
from tests.cases.stories import STORIES
from tests.cases.tables import DECIDED, DELIVERY, KEYS, OBSERVED, PLANS, WATCH, contents

JOURNAL = ("movement", "entry")
OTHERS = sorted(set(KEYS) - {"tenant"})


@pytest.fixture
def filled(database: Database, tenant: str) -> str:
    """A tenant with the first story in its books, and a drawdown that gathers."""
    bought = (
        f.customer("2026-01-01", "C2"),
        f.order("2026-01-01", "S2", f.terms("blk_B", "10", "10"), customer_id="C2"),
        f.purchase("2026-01-01", "I2", "S2"),
        f.usage("2026-01-02", "U9", f.line("L1", "1cr", "blk_B"), customer_id="C2"),
    )
    with database.session(tenant) as session:
        for month in STORIES[0].months:
            assert all(a.status == "accepted" for a in ingest(session, month.events, Policy()))
        per_month = Policy(journals=Journals.PER_MONTH)
        assert all(a.status == "accepted" for a in ingest(session, bought, per_month))
    return tenant


@pytest.mark.parametrize("table", JOURNAL)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE drawdown.{} SET block_id = block_id",
        "UPDATE drawdown.{} SET block_id = block_id WHERE false",
        "DELETE FROM drawdown.{}",
        "TRUNCATE drawdown.{} CASCADE",
    ],
)
def test_the_journal_is_append_only(
    database: Database, database_url: str, filled: str, table: str, statement: str
) -> None:
    """Neither the application nor the owner of the tables changes or removes what was written."""
    sql = statement.format(table).encode()
    before = contents(database_url, filled)
    with (
        database.session(filled) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.connection.execute(sql)
    with (
        psycopg.connect(database_url) as owner,
        pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"),
    ):
        owner.execute(sql)
    assert contents(database_url, filled) == before


@pytest.mark.parametrize("table", ["event", "block", "document", "customer", "outbox", "tenant"])
def test_the_application_deletes_nothing(database: Database, filled: str, table: str) -> None:
    """Every other table takes inserts and changes of its own columns, no removal."""
    for statement in ("DELETE FROM", "TRUNCATE"):
        with (
            database.session(filled) as session,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            session.connection.execute(f"{statement} drawdown.{table}".encode())


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("event", "payload"),
        ("event", "fingerprint"),
        ("block", "amount_minor"),
        ("block", "credits"),
        ("block", "expires_at"),
        ("document", "record"),
        ("outbox", "external_id"),
        *((table, "tenant_id") for table in KEYS),
    ],
)
def test_terms_and_facts_are_never_edited(
    database: Database, filled: str, table: str, column: str
) -> None:
    """What a fact said and what a block was sold for stays; so does whose it is."""
    with (
        database.session(filled) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.connection.execute(f"UPDATE drawdown.{table} SET {column} = {column}".encode())


@pytest.mark.parametrize(
    "change",
    [
        "intent = jsonb_set(intent, '{amount_minor}', '1')",
        "intent = intent - 'memo'",
        "intent = jsonb_set(intent, '{posted_on}', '\"2026-12-31\"')",
    ],
)
def test_of_a_record_only_the_date_changes_and_only_before_delivery(
    database: Database, filled: str, change: str
) -> None:
    """What is to be written was decided; a closed period may move it, until it is written."""
    with database.session(filled) as session:
        done = "UPDATE drawdown.outbox SET status = 'done' WHERE position > 2"
        session.connection.execute(done.encode())
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="outbox"):
            session.connection.execute(f"UPDATE drawdown.outbox SET {change}".encode())
        moved = session.connection.execute(
            b"UPDATE drawdown.outbox SET intent = jsonb_set(intent, '{posted_on}', "
            b"'\"2026-12-31\"') WHERE status = 'waiting'"
        )
        assert moved.rowcount == 2


def test_what_is_parked_may_shrink_and_never_grows(database: Database, filled: str) -> None:
    """Others have deleted an invoice that it was to be applied to."""
    with database.session(filled) as session:
        session.connection.execute(b"UPDATE drawdown.outbox SET status = 'parked'")
        for change, fits in (("- 1", True), ("+ 1", False)):
            update = (
                "UPDATE drawdown.outbox SET intent = jsonb_set(intent, '{amount_minor}', "
                f"to_jsonb((intent ->> 'amount_minor')::bigint {change})) "
                "WHERE (intent ->> 'amount_minor')::bigint > 1"
            ).encode()
            if fits:
                assert session.connection.execute(update).rowcount > 0
            else:
                with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="outbox"):
                    session.connection.execute(update)


DELETES = """intent = intent || '{"operation": "delete"}'"""


@pytest.mark.parametrize(
    ("change", "is_refused"),
    [
        (f"operation = 'delete', {DELETES}", False),
        ("intent = jsonb_set(intent, '{amount_minor}', '1')", False),
        ("intent = jsonb_set(intent, '{amount_minor}', '999999999')", True),
        ("intent = jsonb_set(intent, '{target}', '\"another\"')", True),
        (DELETES, True),
        ("operation = 'delete'", True),
        ("""operation = 'create', intent = intent || '{"operation": "create"}'""", True),
    ],
)
def test_a_change_that_waits_may_shrink_or_delete(
    database: Database, filled: str, *, change: str, is_refused: bool
) -> None:
    """It counted an invoice that is left out of the application before it."""
    credit = f.credit("2026-01-03", "CM9", "U9", f.credit_line("0.5cr"))
    update = f"UPDATE drawdown.outbox SET {change} WHERE operation = 'set_amount'".encode()
    with database.session(filled) as session:
        assert [one.status for one in ingest(session, [credit], Policy())] == ["accepted"]
        if is_refused:
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="outbox"):
                session.connection.execute(update)
        else:
            assert session.connection.execute(update).rowcount > 0


@pytest.mark.parametrize("table", DECIDED)
def test_what_people_decided_is_kept(database: Database, filled: str, table: str) -> None:
    """Append-only, of one tenant, and invisible to others."""
    columns = {
        "conflict": "event_id, fingerprint, type, payload",
        "exception_action": "exception_id, action, who, reason, detail",
        "redating": "external_id, was_on, posted_on, who, reason",
        "skipped": "position, external_id, event_id, who, reason",
    }
    values = {
        "conflict": "'customer:C2', sha256('x'), 'customer', '{}'",
        "exception_action": "'record:1', 'retry', 'Ada', '', ''",
        "redating": "'dd_x', '2026-01-01', '2026-02-01', 'Ada', ''",
        "skipped": "1, 'dd_x', 'E1', 'Ada', 'why'",
    }
    insert = f"INSERT INTO drawdown.{table} (tenant_id, {columns[table]}) VALUES "
    with database.session(filled) as session:
        event = session.connection.execute(b"SELECT event_id FROM drawdown.event LIMIT 1")
        row = event.fetchone()
        assert row is not None
        given = values[table].replace("customer:C2", row[0])
        session.connection.execute(f"{insert}('{filled}', {given})".encode())
        for change in ("UPDATE drawdown.{} SET tenant_id = tenant_id", "DELETE FROM drawdown.{}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.connection.execute(change.format(table).encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.connection.execute(f"{insert}('another', {given})".encode())
    with database.session("another") as session:
        seen = session.connection.execute(f"SELECT count(*) FROM drawdown.{table}".encode())
        assert seen.fetchone() == (0,)


@pytest.mark.parametrize("table", KEYS)
def test_another_tenants_rows_are_invisible(
    database: Database, filled: str, new_tenant: Callable[..., str], table: str
) -> None:
    """A session sees its own tenant, however it asks."""
    other = new_tenant(database)
    count = f"SELECT count(*) FROM drawdown.{table}"
    ask = f"{count} WHERE tenant_id = %s"
    with database.session(filled) as session:
        own = session.connection.execute(count.encode()).fetchone()
        assert own is not None
        assert own[0] > 0
        assert session.connection.execute(ask.encode(), (filled,)).fetchone() == own
        assert session.connection.execute(ask.encode(), (other,)).fetchone() == (0,)
    with database.session(other) as session:
        seen = session.connection.execute(count.encode()).fetchone()
        assert seen == (int(table == "tenant"),)
        assert session.connection.execute(ask.encode(), (filled,)).fetchone() == (0,)


@pytest.mark.parametrize("table", OTHERS)
def test_rows_for_another_tenant_are_refused(
    database: Database, filled: str, new_tenant: Callable[..., str], table: str
) -> None:
    """A row that names another tenant does not go in, not even a copy of one's own."""
    other = new_tenant(database)
    with database.session(filled) as session:
        row = session.connection.execute(
            f"SELECT to_jsonb(t) || jsonb_build_object('tenant_id', %s::text) "
            f"FROM drawdown.{table} AS t LIMIT 1".encode(),
            (other,),
        ).fetchone()
        assert row is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            session.connection.execute(
                f"INSERT INTO drawdown.{table} "
                f"SELECT (jsonb_populate_record(NULL::drawdown.{table}, %s::jsonb)).*".encode(),
                (Jsonb(row[0]),),
            )


@pytest.mark.parametrize("table", KEYS)
def test_without_a_tenant_there_are_no_rows(database_url: str, filled: str, table: str) -> None:
    """A connection that forgot to say whose books it wants gets none."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE drawdown_app")
        count = connection.execute(f"SELECT count(*) FROM drawdown.{table}".encode()).fetchone()
        assert count == (0,)


def test_a_worker_reads_outboxes_and_nothing_else(database: Database, filled: str) -> None:
    """It delivers for all tenants without seeing anybody's books."""
    with database.worker_session() as session:
        found = session.connection.execute(
            "SELECT count(*) FROM drawdown.outbox WHERE tenant_id = %s", (filled,)
        ).fetchone()
        assert found is not None
        assert found[0] > 0
        for table in sorted(set(KEYS) - {"outbox"}):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.connection.execute(f"SELECT FROM drawdown.{table}".encode())
        for statement in (
            "DELETE FROM drawdown.outbox",
            "UPDATE drawdown.outbox SET intent = intent",
            "UPDATE drawdown.outbox SET lanes = lanes",
            "INSERT INTO drawdown.outbox SELECT * FROM drawdown.outbox",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.connection.execute(statement.encode())


def test_a_tenant_sees_its_own_delivery_only(
    database: Database, filled: str, new_tenant: Callable[..., str]
) -> None:
    """Connections, slots and lanes of others are hidden, and cannot be changed."""
    other = new_tenant(database)
    with database.session(filled) as session:
        register(session, "erp:shared-by-nobody", 3)
        assert claim(session, worker="w", now=datetime(2026, 1, 1, tzinfo=UTC), limit=9)
        for table in DELIVERY:
            count = session.connection.execute(f"SELECT count(*) FROM drawdown.{table}".encode())
            assert count.fetchall()[0][0] > 0, table
    with database.session(other) as session:
        for table in DELIVERY:
            count = session.connection.execute(f"SELECT count(*) FROM drawdown.{table}".encode())
            assert count.fetchall()[0][0] == 0, table
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            session.connection.execute(
                "INSERT INTO drawdown.erp_slot VALUES ('erp:shared-by-nobody', 99, 'w', now())"
            )
        assert claim(session, worker="w", now=datetime(2026, 1, 1, tzinfo=UTC), limit=9) == []


def test_the_application_owns_nothing_and_passes_no_guard(database_url: str) -> None:
    """Its role is no superuser, does not bypass row-level security and owns no object."""
    with psycopg.connect(database_url) as owner:
        role = owner.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin "
            "FROM pg_roles WHERE rolname = 'drawdown_app'"
        ).fetchone()
        assert role == (False,) * 5
        owned = owner.execute(
            "SELECT count(*) FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid "
            "WHERE r.rolname = 'drawdown_app' AND d.deptype = 'o'"
        ).fetchone()
        assert owned == (0,)
        unguarded = owner.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'drawdown'::regnamespace "
            "AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"
        ).fetchall()
        assert unguarded == []
        tables = owner.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'drawdown'::regnamespace "
            "AND relkind = 'r' ORDER BY 1"
        ).fetchall()
        assert [row[0] for row in tables] == sorted(
            [*KEYS, *DECIDED, *WATCH, *DELIVERY, *OBSERVED, *PLANS]
        )
        may_create = owner.execute(
            "SELECT has_schema_privilege('drawdown_app', 'drawdown', 'CREATE')"
        ).fetchone()
        assert may_create == (False,)


def test_revenue_is_refused_on_every_row_but_an_observed_recognition(
    database: Database, filled: str
) -> None:
    """Even a rule that went wrong could not post revenue."""
    with (
        database.session(filled) as session,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        session.connection.execute(
            "INSERT INTO drawdown.entry SELECT tenant_id, block_id, sequence, 'X1', debit, "
            "'revenue_usage', amount_minor, currency, posted_on, record, item_id "
            "FROM drawdown.entry WHERE code = 'D1'"
        )


@pytest.mark.parametrize("key", ["event_id", "position"])
def test_events_are_numbered_once(database: Database, filled: str, key: str) -> None:
    """One id is one fact."""
    with database.session(filled) as session:
        events = session.run("counts").fetchone()
        again = ingest(session, [f.customer("2026-01-01")], Policy())
        assert again[0].is_repeat
        assert session.run("counts").fetchone() == events
        positions = session.connection.execute(
            f"SELECT count(*), count(DISTINCT {key}) FROM drawdown.event".encode()
        ).fetchone()
        assert positions is not None
        assert positions[0] == positions[1]
