-- How delivery stands, for metrics; as drawdown_worker it sees all tenants.

-- observed_tenants --
-- The oldest waiting row is the one of the lowest position: rows enter in their order.
SELECT d.tenant_id,
       (SELECT count(*) FROM drawdown.outbox AS o
        WHERE o.tenant_id = d.tenant_id AND o.status = 'waiting') AS waiting,
       (SELECT count(*) FROM drawdown.outbox AS o
        WHERE o.tenant_id = d.tenant_id AND o.status = 'parked') AS parked,
       coalesce((SELECT greatest(extract(epoch FROM now() - o.entered_at), 0)
                 FROM drawdown.outbox AS o
                 WHERE o.tenant_id = d.tenant_id AND o.status = 'waiting'
                 ORDER BY o.position LIMIT 1), 0)::bigint AS oldest_s,
       c.concurrency, c.allowed,
       (SELECT count(*) FROM drawdown.erp_slot AS s
        WHERE s.connection_id = c.connection_id AND s.leased_until > now()) AS in_flight,
       c.opened_at IS NOT NULL AS is_open,
       r.finished_at, r.differences
FROM drawdown.delivery AS d JOIN drawdown.erp_connection AS c USING (connection_id)
LEFT JOIN drawdown.reconciliation AS r USING (tenant_id)
WHERE d.tenant_id = ANY (%(tenants)s::text[])
ORDER BY d.tenant_id

-- note_reconciliation --
INSERT INTO drawdown.reconciliation (tenant_id, finished_at, blocks, records, differences)
VALUES (%(tenant)s, now(), %(blocks)s, %(records)s, %(differences)s)
ON CONFLICT (tenant_id) DO UPDATE SET finished_at = excluded.finished_at,
    blocks = excluded.blocks, records = excluded.records, differences = excluded.differences
