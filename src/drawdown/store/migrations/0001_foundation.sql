-- The foundation: events, blocks, the append-only journal, the outbox.
--
-- Every key begins with tenant_id, so that the schema distributes by tenant. The application works
-- as role drawdown_app, which owns nothing: row-level security is forced on every table, and the
-- journal takes INSERT and SELECT only (triggers refuse the rest to everybody, the owner too).

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'drawdown_app') THEN
        CREATE ROLE drawdown_app NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT pg_has_role(current_user, 'drawdown_app', 'MEMBER') THEN
        EXECUTE format('GRANT drawdown_app TO %I', current_user);
    END IF;
END $$;

CREATE SCHEMA drawdown;
GRANT USAGE ON SCHEMA drawdown TO drawdown_app;

-- The row is locked by whoever writes the tenant's books, so that there is one writer at a time
-- and one fixed order of locks; its counters number events and outbox rows without a sequence, and
-- say whether any event waits.
CREATE TABLE drawdown.tenant (
    tenant_id        text PRIMARY KEY,
    policy           jsonb NOT NULL DEFAULT '{}',
    books_open_from  date,
    event_count      bigint NOT NULL DEFAULT 0,
    outbox_count     bigint NOT NULL DEFAULT 0,
    held_count       bigint NOT NULL DEFAULT 0 CHECK (held_count >= 0),
    fence            bigint NOT NULL DEFAULT 0
);

CREATE TABLE drawdown.event (
    tenant_id    text NOT NULL REFERENCES drawdown.tenant,
    event_id     text NOT NULL,
    position     bigint NOT NULL,
    type         text NOT NULL,
    fingerprint  bytea NOT NULL CHECK (length(fingerprint) = 32),
    payload      jsonb NOT NULL,
    effective_at timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    status       text NOT NULL CHECK (status IN ('accepted', 'held', 'refused')),
    waiting_for  text CHECK ((waiting_for IS NOT NULL) = (status = 'held')),
    reason       text CHECK ((reason IS NOT NULL) = (status = 'refused')),
    detail       text NOT NULL DEFAULT '',
    block_id     text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX event_held ON drawdown.event (tenant_id, waiting_for) WHERE status = 'held';

CREATE TABLE drawdown.customer (
    tenant_id   text NOT NULL REFERENCES drawdown.tenant,
    customer_id text NOT NULL,
    name        text NOT NULL,
    currency    text NOT NULL,
    record      text NOT NULL,
    PRIMARY KEY (tenant_id, customer_id)
);

CREATE TABLE drawdown.block (
    tenant_id       text NOT NULL,
    block_id        text NOT NULL,
    customer_id     text NOT NULL,
    order_id        text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('purchased', 'allocation', 'promotional')),
    currency        text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor    bigint NOT NULL CHECK (amount_minor >= 0),
    credits         numeric NOT NULL CHECK (credits > 0),
    priority        integer NOT NULL,
    effective_at    timestamptz NOT NULL,
    expires_at      timestamptz,
    item_ids        text[] NOT NULL,
    exchange_rate   numeric NOT NULL CHECK (exchange_rate > 0),
    state           text NOT NULL CHECK (state IN ('new', 'open', 'expired', 'voided')),
    used_credits    numeric NOT NULL CHECK (used_credits BETWEEN 0 AND credits),
    used_minor      bigint NOT NULL CHECK (used_minor BETWEEN 0 AND amount_minor),
    due_minor       bigint NOT NULL,
    cancelled_minor bigint NOT NULL CHECK (cancelled_minor BETWEEN 0 AND used_minor),
    is_invoiced     boolean NOT NULL,
    deposit         text NOT NULL,
    sequence        integer NOT NULL CHECK (sequence > 0),
    PRIMARY KEY (tenant_id, block_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES drawdown.customer,
    CHECK (kind <> 'promotional' OR amount_minor = 0)
) WITH (fillfactor = 70);  -- the position is updated in place, with no index on it
CREATE INDEX block_of_customer ON drawdown.block (tenant_id, customer_id);
CREATE INDEX block_expiry ON drawdown.block (tenant_id, expires_at);

-- No key to tenant here and in outbox: their rows come with an event, which has one.
CREATE TABLE drawdown.document (
    tenant_id     text NOT NULL,
    document_id   text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('order', 'purchase', 'usage', 'expiration',
                                               'credit_memo', 'payment')),
    customer_id   text NOT NULL,
    currency      text NOT NULL,
    exchange_rate numeric NOT NULL,
    record        text NOT NULL,
    event_id      text NOT NULL,
    posted_on     date NOT NULL,
    block_ids     text[] NOT NULL,
    lines         jsonb NOT NULL,
    due_minor     bigint NOT NULL CHECK (due_minor >= 0),
    PRIMARY KEY (tenant_id, document_id)
);

-- The journal: a movement is one step of one block, its entries are the postings of that step.
-- Movements are numbered within their block, so of two writers that saw the same position of a
-- block the key lets one.
CREATE TABLE drawdown.movement (
    tenant_id    text NOT NULL,
    block_id     text NOT NULL,
    sequence     integer NOT NULL CHECK (sequence > 0),
    step         text NOT NULL,
    event_id     text NOT NULL,
    document_id  text NOT NULL,
    line_id      text NOT NULL,
    item_id      text NOT NULL,
    credits      numeric NOT NULL,
    amount_minor bigint NOT NULL,
    reverses     integer NOT NULL CHECK (reverses >= 0 AND reverses < sequence),
    occurred_at  timestamptz NOT NULL,
    ordinal      integer NOT NULL,
    PRIMARY KEY (tenant_id, block_id, sequence),
    FOREIGN KEY (tenant_id, block_id) REFERENCES drawdown.block
);
CREATE INDEX movement_of_document ON drawdown.movement (tenant_id, document_id);

CREATE TABLE drawdown.entry (
    tenant_id    text NOT NULL,
    block_id     text NOT NULL,
    sequence     integer NOT NULL,
    code         text NOT NULL,
    debit        text NOT NULL,
    credit       text NOT NULL CHECK (credit <> debit),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency     text NOT NULL,
    posted_on    date NOT NULL,
    record       text NOT NULL,
    item_id      text NOT NULL,
    PRIMARY KEY (tenant_id, block_id, sequence, code),
    FOREIGN KEY (tenant_id, block_id, sequence) REFERENCES drawdown.movement,
    -- Revenue is never posted by us: only an observed recognition may name it.
    CHECK (
        code IN ('D4', 'E4', 'R4')
        OR (debit NOT LIKE 'revenue\_%' AND credit NOT LIKE 'revenue\_%')
    )
);

CREATE FUNCTION drawdown.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % on % is refused; post a reversal instead',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drawdown.movement
    FOR EACH STATEMENT EXECUTE FUNCTION drawdown.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drawdown.entry
    FOR EACH STATEMENT EXECUTE FUNCTION drawdown.refuse_change();

-- Records to be made true in the ERP, in the order they were decided. Rows that share a lane
-- (a block id, or the customer) are delivered one after the other.
CREATE TABLE drawdown.outbox (
    tenant_id      text NOT NULL,
    position       bigint NOT NULL,
    external_id    text NOT NULL,
    record         text NOT NULL,
    operation      text NOT NULL,
    event_id       text NOT NULL,
    lanes          text[] NOT NULL,
    intent         jsonb NOT NULL,
    status         text NOT NULL DEFAULT 'waiting'
                   CHECK (status IN ('waiting', 'done', 'parked')),
    attempts       integer NOT NULL DEFAULT 0,
    fence          bigint NOT NULL DEFAULT 0,
    internal_id    text NOT NULL DEFAULT '',
    number         text NOT NULL DEFAULT '',
    posting_period text NOT NULL DEFAULT '',
    problem        text NOT NULL DEFAULT '',
    delivered_at   timestamptz,
    PRIMARY KEY (tenant_id, position)
);
CREATE INDEX outbox_open ON drawdown.outbox (tenant_id, position) WHERE status <> 'done';
CREATE INDEX outbox_record ON drawdown.outbox (tenant_id, external_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenant', 'event', 'customer', 'block', 'document', 'movement',
                                'entry', 'outbox']
    LOOP
        EXECUTE format('ALTER TABLE drawdown.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE drawdown.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY of_tenant ON drawdown.%I '
            'USING (tenant_id = current_setting(''drawdown.tenant'', true)) '
            'WITH CHECK (tenant_id = current_setting(''drawdown.tenant'', true))', name);
        EXECUTE format('GRANT SELECT, INSERT ON drawdown.%I TO drawdown_app', name);
    END LOOP;
END $$;

GRANT UPDATE (policy, books_open_from, event_count, outbox_count, held_count, fence)
    ON drawdown.tenant TO drawdown_app;
GRANT UPDATE (status, waiting_for, reason, detail, block_id) ON drawdown.event TO drawdown_app;
GRANT UPDATE (name, currency) ON drawdown.customer TO drawdown_app;
GRANT UPDATE (state, used_credits, used_minor, due_minor, cancelled_minor, is_invoiced, deposit,
              sequence)
    ON drawdown.block TO drawdown_app;
GRANT UPDATE (lines, due_minor) ON drawdown.document TO drawdown_app;
GRANT UPDATE (status, attempts, fence, internal_id, number, posting_period, problem, delivered_at)
    ON drawdown.outbox TO drawdown_app;
