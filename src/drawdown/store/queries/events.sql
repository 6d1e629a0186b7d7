-- Tenants and events: what came in, and what came of it.

-- lock_tenant --
-- One writer of a tenant's books at a time; the row carries its counters.
SELECT event_count, outbox_count, books_open_from, held_count > 0
FROM drawdown.tenant WHERE tenant_id = %(tenant)s FOR UPDATE

-- events_by_id --
-- What came of events that arrived before.
SELECT event_id, fingerprint, status, coalesce(waiting_for, ''), coalesce(reason, ''), detail,
       block_id
FROM drawdown.event WHERE tenant_id = %(tenant)s AND event_id = ANY (%(ids)s::text[])

-- held_by_key --
-- Events that wait for one of these facts, oldest first.
SELECT type, payload::text, waiting_for FROM drawdown.event
WHERE tenant_id = %(tenant)s AND status = 'held' AND waiting_for = ANY (%(ids)s::text[])
ORDER BY position

-- held --
-- All events that wait, oldest first.
SELECT event_id, type, waiting_for, detail, effective_at FROM drawdown.event
WHERE tenant_id = %(tenant)s AND status = 'held' ORDER BY position

-- refused --
-- All events that were refused, oldest first.
SELECT event_id, type, reason, detail, block_id, effective_at FROM drawdown.event
WHERE tenant_id = %(tenant)s AND status = 'refused' ORDER BY position

-- add_events --
INSERT INTO drawdown.event (tenant_id, event_id, position, type, fingerprint, payload,
                            effective_at, status, waiting_for, reason, detail, block_id)
SELECT %(tenant)s, e.event_id, e.position, e.type, e.fingerprint, e.payload::jsonb,
       e.effective_at, e.status, nullif(e.waiting_for, ''), nullif(e.reason, ''), e.detail,
       e.block_id
FROM unnest(%(c0)s::text[], %(c1)s::bigint[], %(c2)s::text[], %(c3)s::bytea[], %(c4)s::text[],
            %(c5)s::timestamptz[], %(c6)s::text[], %(c7)s::text[], %(c8)s::text[], %(c9)s::text[],
            %(c10)s::text[])
  AS e (event_id, position, type, fingerprint, payload, effective_at, status, waiting_for, reason,
        detail, block_id)

-- settle_events --
-- What became of events that were held.
UPDATE drawdown.event AS e
SET status = s.status, waiting_for = nullif(s.waiting_for, ''), reason = nullif(s.reason, ''),
    detail = s.detail, block_id = s.block_id, settled_at = now()
FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[],
            %(c5)s::text[])
  AS s (event_id, status, waiting_for, reason, detail, block_id)
WHERE e.tenant_id = %(tenant)s AND e.event_id = s.event_id AND e.status = 'held'

-- count_up --
UPDATE drawdown.tenant
SET event_count = event_count + %(events)s, outbox_count = outbox_count + %(intents)s,
    held_count = held_count + %(held)s
WHERE tenant_id = %(tenant)s

-- set_books_open_from --
UPDATE drawdown.tenant SET books_open_from = %(day)s WHERE tenant_id = %(tenant)s

-- add_tenant --
INSERT INTO drawdown.tenant (tenant_id, policy) VALUES (%(tenant)s, %(policy)s::jsonb)
ON CONFLICT (tenant_id) DO UPDATE SET policy = excluded.policy
WHERE drawdown.tenant.policy <> excluded.policy

-- counts --
SELECT (SELECT count(*) FROM drawdown.event WHERE tenant_id = %(tenant)s),
       (SELECT count(*) FROM drawdown.block WHERE tenant_id = %(tenant)s),
       (SELECT count(*) FROM drawdown.entry WHERE tenant_id = %(tenant)s)

-- event_payload --
SELECT type, payload::text, status, coalesce(waiting_for, ''), coalesce(reason, ''), detail
FROM drawdown.event WHERE tenant_id = %(tenant)s AND event_id = %(event_id)s
