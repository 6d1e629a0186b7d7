-- Plans, subscriptions, accounts, usage, bills, notices.

-- add_plan --
INSERT INTO drawdown.plan (tenant_id, plan_key, plan_id, content)
VALUES (%(tenant)s, %(plan_key)s, %(plan_id)s, %(content)s::jsonb)
ON CONFLICT (tenant_id, plan_key) DO NOTHING

-- plans_by_key --
SELECT plan_key, content::text FROM drawdown.plan
WHERE tenant_id = %(tenant)s AND plan_key = ANY (%(ids)s::text[])

-- add_subscription --
INSERT INTO drawdown.subscription (tenant_id, subscription_id, customer_id, plan_key, starts_on,
                                   exchange_rate, end_of_term, is_carried, recorded_at)
VALUES (%(tenant)s, %(subscription_id)s, %(customer_id)s, %(plan_key)s, %(starts_on)s,
        %(exchange_rate)s, %(end_of_term)s, %(is_carried)s, %(now)s)

-- change_subscription --
-- What it was is kept, for balances as they were known.
WITH before AS (
    INSERT INTO drawdown.subscription_before (tenant_id, subscription_id, replaced_at, renewals,
                                              ended_on, is_carried, end_of_term)
    SELECT tenant_id, subscription_id, %(now)s, renewals, ended_on, is_carried, end_of_term
    FROM drawdown.subscription
    WHERE tenant_id = %(tenant)s AND subscription_id = %(subscription_id)s
)
UPDATE drawdown.subscription
SET renewals = %(renewals)s, ended_on = %(ended_on)s, is_carried = %(is_carried)s,
    end_of_term = %(end_of_term)s
WHERE tenant_id = %(tenant)s AND subscription_id = %(subscription_id)s

-- customers_of_subscriptions --
SELECT subscription_id, customer_id FROM drawdown.subscription
WHERE tenant_id = %(tenant)s AND subscription_id = ANY (%(ids)s::text[])

-- subscriptions_of_customers --
SELECT subscription_id, customer_id, plan_key, starts_on, exchange_rate, end_of_term, is_carried,
       renewals, ended_on
FROM drawdown.subscription
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[]) ORDER BY subscription_id

-- subscriptions_all --
SELECT subscription_id, customer_id, plan_key, starts_on, exchange_rate, end_of_term, is_carried,
       renewals, ended_on
FROM drawdown.subscription WHERE tenant_id = %(tenant)s AND subscription_id > %(after)s
ORDER BY subscription_id LIMIT %(limit)s

-- accounts --
-- Where accounts stand, and the instant of their last bill.
SELECT customer_id, head, closed_at FROM drawdown.account
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[])

-- accounts_due --
-- Customers that a bill run has something to do for, page by page.
SELECT customer_id FROM drawdown.account
WHERE tenant_id = %(tenant)s AND next_bill_at <= %(through)s AND customer_id > %(after)s
ORDER BY customer_id LIMIT %(limit)s

-- save_accounts --
INSERT INTO drawdown.account (tenant_id, customer_id, head, closed_at, next_bill_at)
SELECT %(tenant)s, a.* FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::timestamptz[],
                                   %(c3)s::timestamptz[])
  AS a (customer_id, head, closed_at, next_bill_at)
ON CONFLICT (tenant_id, customer_id) DO UPDATE
SET head = excluded.head, closed_at = excluded.closed_at, next_bill_at = excluded.next_bill_at

-- bases --
-- The latest base of each customer at an instant, as it was known at another.
SELECT DISTINCT ON (customer_id) customer_id, position FROM drawdown.account_base
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[])
  AND at <= %(as_of)s::timestamptz AND recorded_at <= %(known_at)s::timestamptz
ORDER BY customer_id, at DESC

-- add_bases --
INSERT INTO drawdown.account_base (tenant_id, customer_id, at, position, recorded_at)
SELECT %(tenant)s, b.* FROM unnest(%(c0)s::text[], %(c1)s::timestamptz[], %(c2)s::text[],
                                   %(c3)s::timestamptz[])
  AS b (customer_id, at, position, recorded_at)

-- plan_blocks --
-- Blocks of customers that may take part in a fold.
SELECT customer_id, terms FROM drawdown.plan_block
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[]) AND ended_at IS NULL

-- plan_blocks_all --
-- Every block of a customer's account.
SELECT terms FROM drawdown.plan_block
WHERE tenant_id = %(tenant)s AND customer_id = %(customer_id)s

-- plan_block --
SELECT terms FROM drawdown.plan_block
WHERE tenant_id = %(tenant)s AND block_id = %(block_id)s

-- plan_block_positions --
-- What the journal says is left of the blocks that may take part in a fold.
SELECT b.customer_id, b.block_id, b.state, b.credits - b.used_credits
FROM drawdown.block AS b JOIN drawdown.plan_block AS p USING (tenant_id, block_id)
WHERE b.tenant_id = %(tenant)s AND p.customer_id = ANY (%(ids)s::text[]) AND p.ended_at IS NULL

-- exhausted_blocks --
-- Of these blocks those that accounts let go of while they were open.
SELECT p.terms, b.credits - b.used_credits
FROM drawdown.plan_block AS p JOIN drawdown.block AS b USING (tenant_id, block_id)
WHERE p.tenant_id = %(tenant)s AND p.block_id = ANY (%(ids)s::text[])
  AND p.ended_at IS NOT NULL AND b.state = 'open'

-- revived_blocks --
-- Blocks that accounts let go of and that other facts have given credits back to.
SELECT p.terms, b.credits - b.used_credits
FROM drawdown.block AS b JOIN drawdown.plan_block AS p USING (tenant_id, block_id)
WHERE b.tenant_id = %(tenant)s AND b.customer_id = ANY (%(ids)s::text[]) AND b.state = 'open'
  AND b.used_credits < b.credits AND p.ended_at IS NOT NULL

-- late_customers --
-- Of these customers those with usage of before their last bill that counts after it.
SELECT a.customer_id FROM drawdown.account AS a
WHERE a.tenant_id = %(tenant)s AND a.customer_id = ANY (%(ids)s::text[])
  AND EXISTS (SELECT FROM drawdown.usage AS u
              WHERE u.tenant_id = a.tenant_id AND u.customer_id = a.customer_id
                AND u.counts_at >= a.closed_at AND u.used_at < a.closed_at)

-- block_states --
SELECT block_id, state FROM drawdown.block
WHERE tenant_id = %(tenant)s AND block_id = ANY (%(ids)s::text[])

-- blocks_in_credit --
-- Blocks on whose purchase the customer has paid more than is due.
SELECT block_id FROM drawdown.block
WHERE tenant_id = %(tenant)s AND block_id = ANY (%(ids)s::text[]) AND due_minor < 0

-- add_plan_blocks --
INSERT INTO drawdown.plan_block (tenant_id, block_id, customer_id, subscription_id, terms,
                                 entered_at, recorded_at)
SELECT %(tenant)s, b.* FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[],
                                   %(c4)s::timestamptz[], %(c5)s::timestamptz[])
  AS b (block_id, customer_id, subscription_id, terms, entered_at, recorded_at)

-- end_plan_blocks --
UPDATE drawdown.plan_block AS p SET ended_at = e.ended_at
FROM unnest(%(c0)s::text[], %(c1)s::timestamptz[]) AS e (block_id, ended_at)
WHERE p.tenant_id = %(tenant)s AND p.block_id = e.block_id AND p.ended_at IS NULL

-- usage_known --
-- Usage and corrections that arrived before under one of these ids.
SELECT usage_id, fingerprint FROM drawdown.usage
WHERE tenant_id = %(tenant)s AND usage_id = ANY (%(ids)s::text[]) AND corrects = ''
UNION ALL
SELECT correction_id, fingerprint FROM drawdown.usage_correction
WHERE tenant_id = %(tenant)s AND correction_id = ANY (%(ids)s::text[])

-- usage_by_id --
SELECT usage_id, customer_id, subscription_id, line_id, used_at, counts_at, counted
FROM drawdown.usage
WHERE tenant_id = %(tenant)s AND usage_id = ANY (%(ids)s::text[]) AND corrects = ''

-- corrections_of --
-- What is said of usage records by corrections, the one that stands last.
SELECT usage_id, correction_id, quantity FROM drawdown.usage_correction
WHERE tenant_id = %(tenant)s AND usage_id = ANY (%(ids)s::text[])
ORDER BY usage_id, corrected_at, correction_id

-- add_usage --
INSERT INTO drawdown.usage (tenant_id, usage_id, customer_id, subscription_id, line_id, used_at,
                            counts_at, quantity, counted, corrects, fingerprint, received_at)
SELECT %(tenant)s, u.* FROM unnest(
    %(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::timestamptz[],
    %(c5)s::timestamptz[], %(c6)s::numeric[], %(c7)s::numeric[], %(c8)s::text[], %(c9)s::bytea[],
    %(c10)s::timestamptz[]) AS u

-- recount_usage --
UPDATE drawdown.usage AS u SET counted = c.counted
FROM unnest(%(c0)s::text[], %(c1)s::numeric[]) AS c (usage_id, counted)
WHERE u.tenant_id = %(tenant)s AND u.usage_id = c.usage_id

-- add_corrections --
INSERT INTO drawdown.usage_correction (tenant_id, correction_id, usage_id, quantity, corrected_at,
                                       fingerprint, received_at)
SELECT %(tenant)s, c.* FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::numeric[],
                                   %(c3)s::timestamptz[], %(c4)s::bytea[], %(c5)s::timestamptz[])
  AS c

-- billed_of --
-- What is counted of usage records with the corrections of after they were billed.
SELECT coalesce(nullif(corrects, ''), usage_id), sum(counted)
FROM drawdown.usage
WHERE tenant_id = %(tenant)s AND (usage_id = ANY (%(ids)s::text[]) AND corrects = ''
                                  OR corrects = ANY (%(ids)s::text[]))
GROUP BY 1

-- usage_of_customer --
-- Usage of a customer in the order in which it counts, page by page.
SELECT counts_at, used_at, usage_id, subscription_id, line_id, counted
FROM drawdown.usage
WHERE tenant_id = %(tenant)s AND customer_id = %(customer_id)s
  AND (counts_at, used_at, usage_id)
    > (%(counts_at)s::timestamptz, %(used_at)s::timestamptz, %(usage_id)s::text)
ORDER BY counts_at, used_at, usage_id LIMIT %(limit)s

-- usage_of_customers --
-- The first usage of several customers, each from an instant of its own on.
SELECT i.customer_id, u.counts_at, u.used_at, u.usage_id, u.subscription_id, u.line_id, u.counted
FROM unnest(%(c0)s::text[], %(c1)s::timestamptz[]) AS i (customer_id, from_at)
CROSS JOIN LATERAL (
    SELECT counts_at, used_at, usage_id, subscription_id, line_id, counted
    FROM drawdown.usage AS one
    WHERE one.tenant_id = %(tenant)s AND one.customer_id = i.customer_id
      AND one.counts_at >= i.from_at
    ORDER BY one.counts_at, one.used_at, one.usage_id LIMIT %(limit)s
) AS u
ORDER BY i.customer_id, u.counts_at, u.used_at, u.usage_id

-- usage_as_known --
-- As `usage_of_customer`, with the quantities that were known at an instant.
SELECT u.counts_at, u.used_at, u.usage_id, u.subscription_id, u.line_id,
       CASE WHEN u.corrects <> '' THEN u.counted ELSE coalesce(
           (SELECT c.quantity FROM drawdown.usage_correction AS c
            WHERE c.tenant_id = u.tenant_id AND c.usage_id = u.usage_id
              AND c.received_at <= %(known_at)s::timestamptz
              AND NOT EXISTS (SELECT FROM drawdown.usage AS d
                              WHERE d.tenant_id = u.tenant_id AND d.usage_id = c.correction_id)
            ORDER BY c.corrected_at DESC, c.correction_id DESC LIMIT 1), u.quantity) END
FROM drawdown.usage AS u
WHERE u.tenant_id = %(tenant)s AND u.customer_id = %(customer_id)s
  AND u.received_at <= %(known_at)s::timestamptz
  AND (u.counts_at, u.used_at, u.usage_id)
    > (%(counts_at)s::timestamptz, %(used_at)s::timestamptz, %(usage_id)s::text)
ORDER BY u.counts_at, u.used_at, u.usage_id LIMIT %(limit)s

-- meters --
-- Totals of billed periods as the bills up to an instant left them.
SELECT DISTINCT ON (customer_id, subscription_id, line_id, starts_on) customer_id, content
FROM drawdown.meter
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[])
  AND at <= %(as_of)s::timestamptz
ORDER BY customer_id, subscription_id, line_id, starts_on, at DESC

-- save_meters --
INSERT INTO drawdown.meter (tenant_id, customer_id, subscription_id, line_id, starts_on, at, content)
SELECT %(tenant)s, m.* FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::date[],
                                   %(c4)s::timestamptz[], %(c5)s::text[])
  AS m (customer_id, subscription_id, line_id, starts_on, at, content)

-- add_bills --
INSERT INTO drawdown.bill (tenant_id, subscription_id, number, customer_id, starts_on, ended_at,
                           posted_on, content, recorded_at)
SELECT %(tenant)s, b.subscription_id, b.number, b.customer_id, b.starts_on, b.ended_at,
       b.posted_on, b.content::jsonb, b.recorded_at
FROM unnest(%(c0)s::text[], %(c1)s::int[], %(c2)s::text[], %(c3)s::date[], %(c4)s::timestamptz[],
            %(c5)s::date[], %(c6)s::text[], %(c7)s::timestamptz[])
  AS b (subscription_id, number, customer_id, starts_on, ended_at, posted_on, content, recorded_at)

-- bills_of_customer --
SELECT content::text FROM drawdown.bill
WHERE tenant_id = %(tenant)s AND customer_id = %(customer_id)s ORDER BY ended_at, subscription_id

-- add_notices --
INSERT INTO drawdown.notice (tenant_id, notice_id, kind, customer_id, subscription_id, line_id, at,
                             text, recorded_at)
SELECT %(tenant)s, n.* FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[],
                                   %(c4)s::text[], %(c5)s::timestamptz[], %(c6)s::text[],
                                   %(c7)s::timestamptz[])
  AS n (notice_id, kind, customer_id, subscription_id, line_id, at, text, recorded_at)
ON CONFLICT (tenant_id, notice_id) DO NOTHING

-- notices --
SELECT notice_id, kind, customer_id, subscription_id, line_id, at, text, recorded_at
FROM drawdown.notice
WHERE tenant_id = %(tenant)s AND (%(customer_id)s::text = '' OR customer_id = %(customer_id)s)
ORDER BY recorded_at, notice_id
