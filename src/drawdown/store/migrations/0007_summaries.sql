-- Summarised drawdowns (policy *journals*): which records of drawdowns stand for one in the ERP.
-- A member is what would have been a record of its own; the journal's entries name it.

CREATE TABLE drawdown.summary (
    tenant_id  text NOT NULL REFERENCES drawdown.tenant,
    summary_id text NOT NULL,
    block_id   text NOT NULL,
    period_end date NOT NULL,
    record     text NOT NULL,
    source     text NOT NULL,
    generation integer NOT NULL CHECK (generation >= 0),
    is_posted  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, summary_id),
    UNIQUE (tenant_id, block_id, period_end, record, source, generation)
);
-- At most one summary of a key gathers.
CREATE UNIQUE INDEX summary_open ON drawdown.summary
    (tenant_id, block_id, period_end, record, source) WHERE NOT is_posted;

CREATE TABLE drawdown.summary_member (
    tenant_id    text NOT NULL,
    external_id  text NOT NULL,
    summary_id   text NOT NULL,
    target       text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    intent       jsonb NOT NULL,
    PRIMARY KEY (tenant_id, external_id),
    FOREIGN KEY (tenant_id, summary_id) REFERENCES drawdown.summary
);
CREATE INDEX summary_member_of ON drawdown.summary_member (tenant_id, summary_id, external_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['summary', 'summary_member']
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

GRANT UPDATE (is_posted) ON drawdown.summary TO drawdown_app;
GRANT UPDATE (amount_minor) ON drawdown.summary_member TO drawdown_app;
