-- What metrics tell: since when a record waits, and when a tenant's books were last reconciled.

ALTER TABLE drawdown.outbox ADD COLUMN entered_at timestamptz NOT NULL DEFAULT now();

CREATE TABLE drawdown.reconciliation (
    tenant_id   text PRIMARY KEY,
    finished_at timestamptz NOT NULL,
    blocks      integer NOT NULL CHECK (blocks >= 0),
    records     integer NOT NULL CHECK (records >= 0),
    differences integer NOT NULL CHECK (differences >= 0)
);
ALTER TABLE drawdown.reconciliation ENABLE ROW LEVEL SECURITY;
ALTER TABLE drawdown.reconciliation FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON drawdown.reconciliation
    USING (tenant_id = current_setting('drawdown.tenant', true))
    WITH CHECK (tenant_id = current_setting('drawdown.tenant', true));
CREATE POLICY of_worker ON drawdown.reconciliation TO drawdown_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON drawdown.reconciliation TO drawdown_app;
GRANT SELECT ON drawdown.reconciliation TO drawdown_worker;
