-- Exceptions for people: what they did about what is stuck, and the dates of records that moved.

-- What a person (or, by policy, the product itself) did about an exception. Append-only.
CREATE TABLE drawdown.exception_action (
    tenant_id    text NOT NULL REFERENCES drawdown.tenant,
    position     bigint GENERATED ALWAYS AS IDENTITY,
    exception_id text NOT NULL,
    action       text NOT NULL,
    who          text NOT NULL CHECK (who <> ''),
    reason       text NOT NULL,
    detail       text NOT NULL,
    acted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, position)
);
CREATE INDEX exception_action_of ON drawdown.exception_action (tenant_id, exception_id);

-- Rows of the outbox that a person decided not to deliver. They count as done, so that their lanes
-- go on; nothing of them is expected in the ERP.
CREATE TABLE drawdown.skipped (
    tenant_id   text NOT NULL,
    position    bigint NOT NULL,
    external_id text NOT NULL,
    event_id    text NOT NULL,
    who         text NOT NULL,
    reason      text NOT NULL CHECK (reason <> ''),
    skipped_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, position)
);

-- The journal keeps the date on which it was decided; a record that the ERP could only take on
-- another day has that day here, the latest row counts. Entries are read with it.
CREATE TABLE drawdown.redating (
    tenant_id   text NOT NULL,
    position    bigint GENERATED ALWAYS AS IDENTITY,
    external_id text NOT NULL,
    was_on      date NOT NULL,
    posted_on   date NOT NULL CHECK (posted_on <> was_on),
    who         text NOT NULL,
    reason      text NOT NULL,
    redated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, position)
);
CREATE INDEX redating_of ON drawdown.redating (tenant_id, external_id, position);

-- A fact that came again with other content; the first stands, this is for a person to see.
CREATE TABLE drawdown.conflict (
    tenant_id   text NOT NULL,
    event_id    text NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    type        text NOT NULL,
    payload     jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, event_id, fingerprint),
    FOREIGN KEY (tenant_id, event_id) REFERENCES drawdown.event
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['exception_action', 'skipped', 'redating', 'conflict']
    LOOP
        EXECUTE format('ALTER TABLE drawdown.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE drawdown.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY of_tenant ON drawdown.%I '
            'USING (tenant_id = current_setting(''drawdown.tenant'', true)) '
            'WITH CHECK (tenant_id = current_setting(''drawdown.tenant'', true))', name);
        EXECUTE format('GRANT SELECT, INSERT ON drawdown.%I TO drawdown_app', name);
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drawdown.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION drawdown.refuse_change()', name);
    END LOOP;
END $$;

-- A record that is not delivered yet may get another date, and nothing else of it changes.
CREATE FUNCTION drawdown.only_the_date() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'done' OR OLD.intent - 'posted_on' <> NEW.intent - 'posted_on' THEN
        RAISE EXCEPTION 'what the outbox is to write was decided: row % is not changed',
            OLD.position USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_the_date BEFORE UPDATE OF intent ON drawdown.outbox
    FOR EACH ROW EXECUTE FUNCTION drawdown.only_the_date();
GRANT UPDATE (intent) ON drawdown.outbox TO drawdown_app;
