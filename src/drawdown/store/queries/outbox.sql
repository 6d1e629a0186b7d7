-- Records on their way to the ERP.

-- add_outbox --
INSERT INTO drawdown.outbox (tenant_id, position, external_id, record, operation, event_id, lanes,
                             intent)
SELECT %(tenant)s, o.position, o.external_id, o.record, o.operation, o.event_id, o.lanes::text[],
       o.intent::jsonb
FROM unnest(%(c0)s::bigint[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[],
            %(c5)s::text[], %(c6)s::text[])
  AS o (position, external_id, record, operation, event_id, lanes, intent)

-- outbox_window --
-- The oldest records that are not delivered yet; parked ones block their lanes.
SELECT position, external_id, lanes, status, attempts, intent::text FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND status <> 'done' ORDER BY position LIMIT %(limit)s

-- retry_parked --
UPDATE drawdown.outbox SET status = 'waiting', problem = '', due_at = 'epoch'
WHERE tenant_id = %(tenant)s AND status = 'parked'

-- outbox_counts --
SELECT status, count(*) FROM drawdown.outbox WHERE tenant_id = %(tenant)s GROUP BY 1

-- outbox_parked --
SELECT position, external_id, record, operation, event_id, lanes, attempts, problem, due_at
FROM drawdown.outbox WHERE tenant_id = %(tenant)s AND status = 'parked' ORDER BY position

-- outbox_pausing --
SELECT external_id, record, operation, problem, due_at
FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND status = 'waiting' AND blockers = 0 AND worker = ''
  AND due_at > clock_timestamp()
ORDER BY position

-- native_references --
-- Which ERP record carries which external id (for a summarised drawdown: its summary), and the
-- latest word on each.
SELECT DISTINCT ON (named.id) named.id, o.record, o.operation, o.internal_id, o.number,
       o.posting_period, o.status
FROM unnest(%(ids)s::text[]) AS named (id)
LEFT JOIN drawdown.summary_member AS m
  ON m.tenant_id = %(tenant)s AND m.external_id = named.id
JOIN drawdown.outbox AS o
  ON o.tenant_id = %(tenant)s AND o.external_id = coalesce(m.summary_id, named.id)
ORDER BY named.id, o.position DESC
