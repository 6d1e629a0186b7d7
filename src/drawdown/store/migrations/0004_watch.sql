-- Watching the ERP: documents that are there without us, and what people changed of ours.

-- How far documents were read, by the ERP's own clock, which has no zone for us.
CREATE TABLE drawdown.watch_cursor (
    tenant_id text PRIMARY KEY REFERENCES drawdown.tenant,
    high      timestamp NOT NULL
);

-- Documents in the ERP that are not ours, as they were taken in. The reference (type and number)
-- is the key; the internal id is a cache.
CREATE TABLE drawdown.native_document (
    tenant_id   text NOT NULL REFERENCES drawdown.tenant,
    reference   text NOT NULL,
    internal_id text NOT NULL,
    status      text NOT NULL
                CHECK (status IN ('taken', 'held', 'refused', 'edited', 'voided', 'deleted')),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    seen        bytea NOT NULL CHECK (length(seen) = 32),
    detail      text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, reference)
);
CREATE INDEX native_document_id ON drawdown.native_document (tenant_id, internal_id);

-- Changes found in the ERP, and what came of each. Both only grow.
CREATE TABLE drawdown.change (
    tenant_id text NOT NULL REFERENCES drawdown.tenant,
    change_id text NOT NULL,
    kind      text NOT NULL,
    block_id  text NOT NULL,
    record    text NOT NULL,
    currency  text NOT NULL,
    ours      text NOT NULL,
    theirs    text NOT NULL,
    detail    text NOT NULL,
    PRIMARY KEY (tenant_id, change_id)
);
CREATE TABLE drawdown.change_history (
    tenant_id text NOT NULL,
    change_id text NOT NULL,
    number    integer NOT NULL CHECK (number > 0),
    action    text NOT NULL
              CHECK (action IN ('found', 'gone', 'accepted', 'restored', 'left')),
    person    text NOT NULL DEFAULT '',
    reason    text NOT NULL DEFAULT '',
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, change_id, number),
    FOREIGN KEY (tenant_id, change_id) REFERENCES drawdown.change,
    CHECK (action <> 'left' OR reason <> '')
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drawdown.change
    FOR EACH STATEMENT EXECUTE FUNCTION drawdown.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drawdown.change_history
    FOR EACH STATEMENT EXECUTE FUNCTION drawdown.refuse_change();

-- Which ERP account the books belong to; it is asked before anything is believed or written.
CREATE TABLE drawdown.erp_account (
    tenant_id   text PRIMARY KEY REFERENCES drawdown.tenant,
    fingerprint text NOT NULL
);

CREATE INDEX document_record ON drawdown.document (tenant_id, record);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['watch_cursor', 'native_document', 'change', 'change_history',
                                'erp_account']
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

GRANT UPDATE (high) ON drawdown.watch_cursor TO drawdown_app;
GRANT UPDATE (internal_id, status, fingerprint, seen, detail) ON drawdown.native_document
    TO drawdown_app;
GRANT UPDATE (fingerprint) ON drawdown.erp_account TO drawdown_app;
