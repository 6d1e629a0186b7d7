-- Delivery by many worker processes: rows are leased, lanes are chains, calls in flight are counted
-- per ERP connection.
--
-- A worker delivers for every tenant, so it works as a role of its own, drawdown_worker, which sees
-- the outbox of all tenants and how their delivery stands, and nothing else of their books.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'drawdown_worker') THEN
        CREATE ROLE drawdown_worker NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT pg_has_role(current_user, 'drawdown_worker', 'MEMBER') THEN
        EXECUTE format('GRANT drawdown_worker TO %I', current_user);
    END IF;
END $$;
GRANT USAGE ON SCHEMA drawdown TO drawdown_worker;

-- due_at: no worker takes the row before; of a leased row, the end of the lease.
-- fence: counts the claims of the row; what an earlier claim writes is refused.
-- blockers: lanes of the row in which an earlier row is not finished; NULL: not yet in its lanes.
ALTER TABLE drawdown.outbox
    ADD COLUMN due_at timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN worker text NOT NULL DEFAULT '',
    ADD COLUMN blockers integer CHECK (blockers >= 0);

-- Rows enter their lanes in the order of their positions, which are given out under the lock on the
-- tenant's row and so become visible in that order.
CREATE INDEX outbox_first ON drawdown.outbox (tenant_id, position)
    WHERE status = 'waiting' AND blockers = 0 AND attempts = 0;
CREATE INDEX outbox_again ON drawdown.outbox (tenant_id, due_at)
    WHERE status = 'waiting' AND blockers = 0 AND attempts > 0;

-- Unfinished rows by lane: the first of a lane holds up the others.
CREATE TABLE drawdown.outbox_lane (
    tenant_id text NOT NULL,
    lane      text NOT NULL,
    position  bigint NOT NULL,
    PRIMARY KEY (tenant_id, lane, position)
);

-- How far a tenant's rows have entered their lanes; locked by whoever changes the lanes.
CREATE TABLE drawdown.lane_lock (
    tenant_id  text PRIMARY KEY,
    entered_to bigint NOT NULL DEFAULT 0
);

-- Where a tenant's records go, and when it had its last turn; changed under the connection's lock.
CREATE TABLE drawdown.delivery (
    tenant_id     text PRIMARY KEY,
    connection_id text NOT NULL,
    served_at     timestamptz NOT NULL DEFAULT 'epoch'
);
CREATE INDEX delivery_connection ON drawdown.delivery (connection_id);

-- An account of an ERP, which several tenants may share; hence no tenant in its key. The row is locked by whoever gives out calls to it.
-- allowed: calls in flight we allow ourselves now, at most concurrency.
-- resume_at: no new calls before. opened_at: the circuit is open since; then problem says why.
CREATE TABLE drawdown.erp_connection (
    connection_id text PRIMARY KEY,
    concurrency   integer NOT NULL CHECK (concurrency > 0),
    allowed       integer NOT NULL CHECK (allowed > 0),
    changed_at    timestamptz NOT NULL DEFAULT 'epoch',
    throttled     integer NOT NULL DEFAULT 0 CHECK (throttled >= 0),
    failures      integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    resume_at     timestamptz NOT NULL DEFAULT 'epoch',
    opened_at     timestamptz,
    problem       text NOT NULL DEFAULT '' CHECK ((opened_at IS NOT NULL) = (problem <> '')),
    slot_count    bigint NOT NULL DEFAULT 0,
    served_at     timestamptz NOT NULL DEFAULT 'epoch',
    CHECK (allowed <= concurrency)
) WITH (fillfactor = 50);

-- One call in flight; a worker that dies leaves it to end with its lease.
CREATE TABLE drawdown.erp_slot (
    connection_id text NOT NULL,
    slot          bigint NOT NULL,
    worker        text NOT NULL,
    leased_until  timestamptz NOT NULL,
    PRIMARY KEY (connection_id, slot)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['outbox_lane', 'lane_lock', 'delivery']
    LOOP
        EXECUTE format('ALTER TABLE drawdown.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE drawdown.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY of_tenant ON drawdown.%I '
            'USING (tenant_id = current_setting(''drawdown.tenant'', true)) '
            'WITH CHECK (tenant_id = current_setting(''drawdown.tenant'', true))', name);
    END LOOP;
    -- A tenant sees the connection that it delivers to.
    FOREACH name IN ARRAY ARRAY['erp_connection', 'erp_slot']
    LOOP
        EXECUTE format('ALTER TABLE drawdown.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE drawdown.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY of_tenant ON drawdown.%I '
            'USING (connection_id IN (SELECT connection_id FROM drawdown.delivery '
            'WHERE tenant_id = current_setting(''drawdown.tenant'', true)))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['outbox', 'outbox_lane', 'lane_lock', 'delivery',
                                'erp_connection', 'erp_slot']
    LOOP
        EXECUTE format(
            'CREATE POLICY of_worker ON drawdown.%I TO drawdown_worker USING (true)', name);
    END LOOP;
END $$;

GRANT UPDATE (due_at, worker, blockers) ON drawdown.outbox TO drawdown_app;
GRANT SELECT ON drawdown.outbox TO drawdown_worker;
GRANT UPDATE (status, attempts, fence, internal_id, number, posting_period, problem, delivered_at,
              due_at, worker, blockers)
    ON drawdown.outbox TO drawdown_worker;
GRANT SELECT, INSERT, DELETE ON drawdown.outbox_lane, drawdown.erp_slot
    TO drawdown_app, drawdown_worker;
GRANT UPDATE (leased_until) ON drawdown.erp_slot TO drawdown_app, drawdown_worker;
GRANT SELECT, INSERT, UPDATE ON drawdown.lane_lock, drawdown.delivery, drawdown.erp_connection
    TO drawdown_app, drawdown_worker;
