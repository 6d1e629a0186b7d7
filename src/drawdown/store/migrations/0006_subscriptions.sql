-- Subscriptions: plans, metered usage, positions of customers, bills, notices.
--
-- What is posted stands in the journal of the foundation; these tables say why. Usage, corrections,
-- bills and notices are only ever added to. A position is what a fold over the facts has reached: it
-- can be dropped and folded again.

CREATE TABLE drawdown.plan (
    tenant_id   text NOT NULL REFERENCES drawdown.tenant,
    plan_key    text NOT NULL,  -- digest of the content: an edited plan is another plan
    plan_id     text NOT NULL,
    content     jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, plan_key)
);

CREATE TABLE drawdown.subscription (
    tenant_id       text NOT NULL,
    subscription_id text NOT NULL,
    customer_id     text NOT NULL,
    plan_key        text NOT NULL,
    starts_on       date NOT NULL,
    exchange_rate   numeric NOT NULL CHECK (exchange_rate > 0),
    end_of_term     text NOT NULL CHECK (end_of_term IN ('recognise', 'refund')),
    is_carried      boolean NOT NULL,
    renewals        integer NOT NULL DEFAULT 0 CHECK (renewals >= 0),
    ended_on        date CHECK (ended_on > starts_on),
    recorded_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, subscription_id),
    FOREIGN KEY (tenant_id, plan_key) REFERENCES drawdown.plan,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES drawdown.customer
);
CREATE INDEX subscription_of_customer ON drawdown.subscription (tenant_id, customer_id);

-- Where a customer's account stands after the last usage that is known. The position is text and
-- not jsonb, because it is only ever read whole.
CREATE TABLE drawdown.account (
    tenant_id    text NOT NULL,
    customer_id  text NOT NULL,
    head         text NOT NULL,
    closed_at    timestamptz NOT NULL,
    next_bill_at timestamptz,
    PRIMARY KEY (tenant_id, customer_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES drawdown.customer
) WITH (fillfactor = 70);

-- Where it stood after each bill run: a fold begins at the latest of them.
CREATE TABLE drawdown.account_base (
    tenant_id   text NOT NULL,
    customer_id text NOT NULL,
    at          timestamptz NOT NULL,
    position    text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, at)
);

-- Blocks that subscriptions bought or granted. One that has ended takes no more part in a fold that
-- begins after its end.
CREATE TABLE drawdown.plan_block (
    tenant_id       text NOT NULL,
    block_id        text NOT NULL,
    customer_id     text NOT NULL,
    subscription_id text NOT NULL,
    terms           text NOT NULL,
    entered_at      timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL,
    ended_at        timestamptz,
    PRIMARY KEY (tenant_id, block_id)
);
CREATE INDEX plan_block_of_customer ON drawdown.plan_block (tenant_id, customer_id)
    WHERE ended_at IS NULL;

-- Usage as it is counted. A correction of usage that is not billed yet changes `counted`; one of
-- usage that is billed is a row of its own with the difference (`corrects`).
CREATE TABLE drawdown.usage (
    tenant_id       text NOT NULL REFERENCES drawdown.tenant,
    usage_id        text NOT NULL,
    customer_id     text NOT NULL,
    subscription_id text NOT NULL,
    line_id         text NOT NULL,
    used_at         timestamptz NOT NULL,
    counts_at       timestamptz NOT NULL CHECK (counts_at >= used_at),
    quantity        numeric NOT NULL,
    counted         numeric NOT NULL,
    corrects        text NOT NULL,
    fingerprint     bytea NOT NULL,
    received_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, usage_id)
) WITH (fillfactor = 90);
CREATE INDEX usage_in_order ON drawdown.usage
    (tenant_id, customer_id, counts_at, used_at, usage_id);

CREATE TABLE drawdown.usage_correction (
    tenant_id     text NOT NULL REFERENCES drawdown.tenant,
    correction_id text NOT NULL,
    usage_id      text NOT NULL,
    quantity      numeric NOT NULL CHECK (quantity >= 0),
    corrected_at  timestamptz NOT NULL,
    fingerprint   bytea NOT NULL,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, correction_id)
);
CREATE INDEX correction_of_usage ON drawdown.usage_correction (tenant_id, usage_id);

-- Totals of usage lines in periods that are billed: late usage is rated on top of them.
CREATE TABLE drawdown.meter (
    tenant_id       text NOT NULL,
    customer_id     text NOT NULL,
    subscription_id text NOT NULL,
    line_id         text NOT NULL,
    starts_on       date NOT NULL,
    content         text NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, subscription_id, line_id, starts_on)
);

CREATE TABLE drawdown.bill (
    tenant_id       text NOT NULL,
    subscription_id text NOT NULL,
    number          integer NOT NULL CHECK (number > 0),
    customer_id     text NOT NULL,
    starts_on       date NOT NULL,
    ended_at        timestamptz NOT NULL,
    posted_on       date NOT NULL,
    content         jsonb NOT NULL,
    recorded_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subscription_id, number),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES drawdown.subscription
);
CREATE INDEX bill_of_customer ON drawdown.bill (tenant_id, customer_id, ended_at);

-- What is told to people or to another system; the same cause has the same id, so it is told once.
CREATE TABLE drawdown.notice (
    tenant_id       text NOT NULL REFERENCES drawdown.tenant,
    notice_id       text NOT NULL,
    kind            text NOT NULL,
    customer_id     text NOT NULL,
    subscription_id text NOT NULL,
    line_id         text NOT NULL,
    at              timestamptz NOT NULL,
    text            text NOT NULL,
    recorded_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, notice_id)
);
CREATE INDEX notice_in_order ON drawdown.notice (tenant_id, recorded_at, notice_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['plan', 'subscription', 'account', 'account_base', 'plan_block',
                                'usage', 'usage_correction', 'meter', 'bill', 'notice']
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

GRANT UPDATE (renewals, ended_on, is_carried, end_of_term) ON drawdown.subscription TO drawdown_app;
GRANT UPDATE (head, closed_at, next_bill_at) ON drawdown.account TO drawdown_app;
GRANT UPDATE (ended_at) ON drawdown.plan_block TO drawdown_app;
GRANT UPDATE (counted) ON drawdown.usage TO drawdown_app;
GRANT UPDATE (content) ON drawdown.meter TO drawdown_app;
