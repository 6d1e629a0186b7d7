-- What was known when: an answer as of an instant, known at another, stays what it was.

-- When an event that was held went on, or was held for something else.
ALTER TABLE drawdown.event ADD COLUMN settled_at timestamptz;
GRANT UPDATE (settled_at) ON drawdown.event TO drawdown_app;

-- The totals of a billed period as each bill that changed them left them.
ALTER TABLE drawdown.meter ADD COLUMN at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE drawdown.meter ALTER COLUMN at DROP DEFAULT;
ALTER TABLE drawdown.meter DROP CONSTRAINT meter_pkey;
ALTER TABLE drawdown.meter
    ADD PRIMARY KEY (tenant_id, customer_id, subscription_id, line_id, starts_on, at);
REVOKE UPDATE (content) ON drawdown.meter FROM drawdown_app;

-- What a subscription was until it was renewed or terminated.
CREATE TABLE drawdown.subscription_before (
    tenant_id       text NOT NULL,
    subscription_id text NOT NULL,
    replaced_at     timestamptz NOT NULL,
    renewals        integer NOT NULL,
    ended_on        date,
    is_carried      boolean NOT NULL,
    end_of_term     text NOT NULL,
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES drawdown.subscription
);
CREATE INDEX subscription_before_in_order
    ON drawdown.subscription_before (tenant_id, subscription_id, replaced_at);
ALTER TABLE drawdown.subscription_before ENABLE ROW LEVEL SECURITY;
ALTER TABLE drawdown.subscription_before FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON drawdown.subscription_before
    USING (tenant_id = current_setting('drawdown.tenant', true))
    WITH CHECK (tenant_id = current_setting('drawdown.tenant', true));
GRANT SELECT, INSERT ON drawdown.subscription_before TO drawdown_app;
