-- What reconciliation and watch ask of the outbox, and what they keep.

-- outbox_state --
-- Moves whenever a row is added, tried or delivered.
SELECT count(*), count(*) FILTER (WHERE status = 'done'), coalesce(sum(attempts), 0)
FROM drawdown.outbox WHERE tenant_id = %(tenant)s

-- outbox_by_record --
-- All rows of the next records by external id, each record's oldest first.
WITH page AS (
    SELECT DISTINCT external_id FROM drawdown.outbox
    WHERE tenant_id = %(tenant)s AND record <> 'customer' AND external_id > %(after)s
    ORDER BY external_id LIMIT %(limit)s
)
SELECT o.external_id, o.status, o.number, o.posting_period, o.intent::text
FROM drawdown.outbox AS o JOIN page USING (external_id)
WHERE o.tenant_id = %(tenant)s ORDER BY o.external_id, o.position
