-- Delivery of the outbox: who may deliver what now, and what came of it. Statements here see one
-- tenant (role drawdown_app) or all of them (drawdown_worker), as their session does.
--
-- Order of locks: a claim waits for nobody (SKIP LOCKED); a settlement waits for lanes by tenant, then
-- rows, then connections by id, then slots.

-- register_connection --
-- What we allow ourselves follows what the account allows, downwards at once.
INSERT INTO drawdown.erp_connection AS c (connection_id, concurrency, allowed)
VALUES (%(connection_id)s, %(concurrency)s, %(concurrency)s)
ON CONFLICT (connection_id) DO UPDATE SET concurrency = excluded.concurrency,
    allowed = CASE WHEN c.allowed = c.concurrency THEN excluded.concurrency
                   ELSE least(c.allowed, excluded.concurrency) END
WHERE %(is_known)s AND c.concurrency <> excluded.concurrency

-- register_lanes --
INSERT INTO drawdown.lane_lock (tenant_id) VALUES (%(tenant_id)s) ON CONFLICT DO NOTHING

-- register_tenant --
INSERT INTO drawdown.delivery AS d (tenant_id, connection_id)
VALUES (%(tenant_id)s, %(connection_id)s)
ON CONFLICT (tenant_id) DO UPDATE SET connection_id =
    CASE WHEN %(is_default)s THEN d.connection_id ELSE excluded.connection_id END
RETURNING connection_id

-- lock_entering_tenants --
-- Tenants with rows that have not entered their lanes, and few that may go: in a long backlog the
-- younger rows can wait outside. Those that this worker wants rows of come first.
SELECT l.tenant_id FROM drawdown.lane_lock AS l JOIN drawdown.delivery AS d USING (tenant_id)
WHERE l.tenant_id = ANY (%(tenants)s::text[])
  AND (d.connection_id = ANY (%(ahead)s::text[]) OR %(limit)s > 0)
  AND EXISTS (
    SELECT FROM drawdown.outbox AS o
    WHERE o.tenant_id = l.tenant_id AND o.position > l.entered_to)
  AND (SELECT true FROM drawdown.outbox AS o
       WHERE o.tenant_id = l.tenant_id AND o.status = 'waiting' AND o.blockers = 0
         AND o.attempts = 0 LIMIT 1 OFFSET %(enough)s) IS NULL
ORDER BY d.connection_id = ANY (%(ahead)s::text[]) DESC, d.served_at, l.tenant_id
LIMIT %(most)s FOR UPDATE OF l SKIP LOCKED

-- enter_lanes --
-- The next rows of each tenant enter their lanes.
WITH fresh AS MATERIALIZED (
    SELECT d.tenant_id, o.position, o.lanes, o.status
    FROM drawdown.lane_lock AS d CROSS JOIN LATERAL (
        SELECT position, lanes, status FROM drawdown.outbox AS o
        WHERE o.tenant_id = d.tenant_id AND o.position > d.entered_to
        ORDER BY position LIMIT %(limit)s
    ) AS o
    WHERE d.tenant_id = ANY (%(tenants)s::text[])
), entered AS (
    UPDATE drawdown.lane_lock AS d SET entered_to = f.last
    FROM (SELECT tenant_id, max(position) AS last FROM fresh GROUP BY 1) AS f
    WHERE d.tenant_id = f.tenant_id
), joined AS (
    INSERT INTO drawdown.outbox_lane (tenant_id, lane, position)
    SELECT DISTINCT tenant_id, unnest(lanes), position FROM fresh WHERE status <> 'done'
)
SELECT array_agg(tenant_id), array_agg(position) FROM fresh WHERE status <> 'done'

-- count_blockers --
-- In how many of its lanes a row has an unfinished row before it: a probe of the index for each. Of
-- rows that have entered their lanes, and of the first ones in lanes that others have left.
-- What shrinks or deletes a record waits besides until no request about the record that went
-- unanswered can be carried out any more: it would bring back what was taken away. A request runs for
-- 15 minutes at most (Oracle help, "SuiteTalk limits").
UPDATE drawdown.outbox AS o SET blockers = (
    SELECT count(DISTINCT l.lane) FROM unnest(o.lanes) AS l (lane) WHERE (
        SELECT true FROM drawdown.outbox_lane AS e
        WHERE e.tenant_id = o.tenant_id AND e.lane = l.lane AND e.position < o.position LIMIT 1)),
    due_at = greatest(o.due_at, (
        SELECT max(e.delivered_at) + interval '15 minutes' FROM drawdown.outbox AS e
        WHERE o.operation IN ('set_amount', 'delete') AND e.tenant_id = o.tenant_id
          AND e.external_id = o.external_id AND e.position < o.position AND e.attempts > 1))
FROM (
    SELECT * FROM unnest(%(tenants)s::text[], %(positions)s::bigint[]) AS r (tenant_id, position)
    UNION
    SELECT g.tenant_id, n.position
    FROM unnest(%(left_tenants)s::text[], %(left_positions)s::bigint[]) AS r (tenant_id, position)
    JOIN drawdown.outbox AS g USING (tenant_id, position)
    CROSS JOIN LATERAL unnest(g.lanes) AS l (lane) CROSS JOIN LATERAL (
        SELECT e.position FROM drawdown.outbox_lane AS e
        WHERE e.tenant_id = g.tenant_id AND e.lane = l.lane AND e.position > g.position
        ORDER BY e.position LIMIT 1
    ) AS n
    WHERE g.status = 'done'
) AS r
WHERE o.tenant_id = r.tenant_id AND o.position = r.position

-- lock_connections --
-- Connections that may take calls now and have some to make, longest unserved first. Whether a slot
-- is free is counted again when the lock is held. `ahead` names connections of which this worker
-- wants rows to be at hand when calls of its own end; they have places of their own, before others.
SELECT c.connection_id FROM drawdown.erp_connection AS c
WHERE c.resume_at <= %(now)s
  AND (c.connection_id = ANY (%(ahead)s::text[])
       OR %(limit)s > 0 AND (
           SELECT count(*) FROM drawdown.erp_slot AS s
           WHERE s.connection_id = c.connection_id AND s.leased_until > %(now)s) < c.allowed)
  AND EXISTS (
    SELECT FROM drawdown.delivery AS d
    WHERE d.connection_id = c.connection_id AND d.tenant_id = ANY (%(tenants)s::text[])
      -- With LIMIT, so that each tenant is a probe of an index, never a hash of all rows.
      AND coalesce(
        (SELECT true FROM drawdown.outbox AS o
         WHERE o.tenant_id = d.tenant_id AND o.status = 'waiting' AND o.blockers = 0
           AND o.attempts = 0 AND o.due_at <= %(now)s LIMIT 1),
        (SELECT true FROM drawdown.outbox AS o
         WHERE o.tenant_id = d.tenant_id AND o.status = 'waiting' AND o.blockers = 0
           AND o.attempts > 0 AND o.due_at <= %(now)s LIMIT 1)))
ORDER BY c.connection_id = ANY (%(ahead)s::text[]) DESC, c.served_at, c.connection_id
LIMIT %(most)s FOR UPDATE OF c SKIP LOCKED

-- drop_dead_slots --
DELETE FROM drawdown.erp_slot WHERE (connection_id, slot) IN (
    SELECT connection_id, slot FROM drawdown.erp_slot
    WHERE connection_id = ANY (%(connections)s::text[]) AND leased_until <= %(now)s
    FOR UPDATE SKIP LOCKED)

-- claim_rows --
-- Rows whose lanes are free, as many as each connection has slots for: each tenant's oldest first,
-- the tenants of a connection taking turns, those longest unserved first. A connection whose circuit
-- is open gets one call, of a row tried least, and the next one after the probe interval. Rows taken
-- ahead have slot 0: they may go when an earlier call of the same worker hands its slot on.
WITH free AS MATERIALIZED (
    SELECT connection_id, c.slot_count, c.opened_at IS NOT NULL AS is_open,
           greatest(0, least(c.allowed - s.live,
                             CASE WHEN c.opened_at IS NOT NULL THEN 1 END)) AS slots,
           CASE WHEN c.opened_at IS NULL AND s.live <= c.allowed THEN coalesce(a.wanted, 0)
                ELSE 0 END AS ahead
    FROM drawdown.erp_connection AS c
    CROSS JOIN LATERAL (
        SELECT count(*)::int AS live FROM drawdown.erp_slot AS s
        WHERE s.connection_id = c.connection_id AND s.leased_until > %(now)s
    ) AS s
    LEFT JOIN unnest(%(ahead)s::text[], %(wanted)s::int[]) AS a (connection_id, wanted)
        USING (connection_id)
    WHERE connection_id = ANY (%(connections)s::text[])
), candidate AS (
    SELECT f.connection_id, f.slots, f.ahead, f.is_open, d.tenant_id, d.served_at, r.position, r.attempts,
           row_number() OVER (PARTITION BY d.tenant_id ORDER BY r.position) AS turn
    FROM free AS f JOIN drawdown.delivery AS d USING (connection_id) CROSS JOIN LATERAL (
        (SELECT o.position, o.attempts FROM drawdown.outbox AS o
         WHERE o.tenant_id = d.tenant_id AND o.status = 'waiting' AND o.blockers = 0
           AND o.attempts = 0 AND o.due_at <= %(now)s
         ORDER BY o.position LIMIT f.slots + f.ahead)
        UNION ALL
        (SELECT o.position, o.attempts FROM drawdown.outbox AS o
         WHERE o.tenant_id = d.tenant_id AND o.status = 'waiting' AND o.blockers = 0
           AND o.attempts > 0 AND o.due_at <= %(now)s
         ORDER BY o.due_at, o.position LIMIT f.slots + f.ahead)
    ) AS r
    WHERE d.tenant_id = ANY (%(tenants)s::text[])
), placed AS (
    SELECT *, row_number() OVER (
        PARTITION BY connection_id
        ORDER BY CASE WHEN is_open THEN attempts ELSE 0 END, turn, served_at, tenant_id, position
    ) AS place FROM candidate
), chosen AS (
    (SELECT connection_id, tenant_id, position, true AS has_slot FROM placed WHERE place <= slots
     ORDER BY turn, served_at, tenant_id LIMIT %(limit)s)
    UNION ALL
    SELECT connection_id, tenant_id, position, false FROM placed
    WHERE place > slots AND place <= slots + ahead
), locked AS MATERIALIZED (
    SELECT o.tenant_id, o.position, chosen.connection_id, chosen.has_slot
    FROM drawdown.outbox AS o JOIN chosen USING (tenant_id, position)
    WHERE o.status = 'waiting' AND o.blockers = 0 AND o.due_at <= %(now)s
    FOR UPDATE OF o SKIP LOCKED
), numbered AS MATERIALIZED (
    SELECT l.*, CASE WHEN l.has_slot THEN f.slot_count + row_number()
        OVER (PARTITION BY l.connection_id, l.has_slot ORDER BY l.position, l.tenant_id)
        ELSE 0 END AS slot
    FROM locked AS l JOIN free AS f USING (connection_id)
), slots AS (
    INSERT INTO drawdown.erp_slot (connection_id, slot, worker, leased_until)
    SELECT connection_id, slot, %(worker)s, %(leased_until)s FROM numbered WHERE has_slot
), counted AS (
    UPDATE drawdown.erp_connection AS c
    SET slot_count = greatest(c.slot_count, n.last), served_at = %(now)s,
        resume_at = CASE WHEN c.opened_at IS NULL THEN c.resume_at ELSE %(next_probe_at)s END
    FROM (SELECT connection_id, max(slot) AS last FROM numbered GROUP BY 1) AS n
    WHERE c.connection_id = n.connection_id
), served AS (
    UPDATE drawdown.delivery AS d SET served_at = %(now)s
    FROM (SELECT DISTINCT tenant_id FROM numbered) AS n WHERE d.tenant_id = n.tenant_id
)
UPDATE drawdown.outbox AS o
SET attempts = o.attempts + 1, fence = o.fence + 1, due_at = %(leased_until)s,
    worker = %(worker)s
FROM numbered AS n WHERE o.tenant_id = n.tenant_id AND o.position = n.position
RETURNING o.tenant_id, o.position, o.external_id, n.connection_id, n.slot, o.fence, o.attempts,
          o.intent::text

-- renew_rows --
-- Prolong leases; rows that another worker has taken over, or a person has seen to, are missing
-- from the result.
UPDATE drawdown.outbox AS o SET due_at = %(leased_until)s
FROM unnest(%(tenants)s::text[], %(positions)s::bigint[], %(fences)s::bigint[])
  AS r (tenant_id, position, fence)
WHERE o.tenant_id = r.tenant_id AND o.position = r.position AND o.fence = r.fence
  AND o.status = 'waiting'
RETURNING o.tenant_id, o.position, o.fence

-- renew_slots --
UPDATE drawdown.erp_slot AS s SET leased_until = %(leased_until)s
FROM unnest(%(connections)s::text[], %(slots)s::bigint[]) AS r (connection_id, slot)
WHERE s.connection_id = r.connection_id AND s.slot = r.slot

-- give_back_rows --
-- Rows that were claimed and not begun, as if they had not been claimed.
UPDATE drawdown.outbox AS o SET due_at = %(now)s, worker = '', attempts = o.attempts - 1
FROM unnest(%(tenants)s::text[], %(positions)s::bigint[], %(fences)s::bigint[])
  AS r (tenant_id, position, fence)
WHERE o.tenant_id = r.tenant_id AND o.position = r.position AND o.fence = r.fence
  AND o.status = 'waiting'

-- free_slots --
DELETE FROM drawdown.erp_slot AS s
USING unnest(%(connections)s::text[], %(slots)s::bigint[]) AS r (connection_id, slot)
WHERE s.connection_id = r.connection_id AND s.slot = r.slot

-- lock_lanes --
SELECT tenant_id FROM drawdown.lane_lock WHERE tenant_id = ANY (%(tenants)s::text[])
ORDER BY tenant_id FOR UPDATE

-- settle_rows --
-- What came of claimed rows, unless another worker has claimed them since.
UPDATE drawdown.outbox AS o
SET status = r.status, internal_id = r.internal_id, number = r.number,
    posting_period = r.posting_period, problem = r.problem, due_at = r.due_at, worker = '',
    delivered_at = CASE WHEN r.status = 'done' THEN %(now)s END
FROM unnest(%(tenants)s::text[], %(positions)s::bigint[], %(fences)s::bigint[],
            %(statuses)s::text[], %(internal_ids)s::text[], %(numbers)s::text[],
            %(posting_periods)s::text[], %(problems)s::text[], %(due_ats)s::timestamptz[])
  AS r (tenant_id, position, fence, status, internal_id, number, posting_period, problem, due_at)
WHERE o.tenant_id = r.tenant_id AND o.position = r.position AND o.fence = r.fence
  AND o.status = 'waiting'
RETURNING o.tenant_id, o.position, o.fence

-- leave_lanes --
-- Rows leave their lanes, those of them that are finished.
DELETE FROM drawdown.outbox_lane AS l
USING unnest(%(tenants)s::text[], %(positions)s::bigint[]) AS r (tenant_id, position),
      drawdown.outbox AS o
WHERE o.tenant_id = r.tenant_id AND o.position = r.position AND o.status = 'done'
  AND l.tenant_id = o.tenant_id AND l.lane = ANY (o.lanes) AND l.position = o.position

-- connections --
SELECT connection_id, concurrency, allowed, changed_at, throttled, failures, resume_at, opened_at,
       problem
FROM drawdown.erp_connection WHERE connection_id = ANY (%(connections)s::text[])
ORDER BY connection_id

-- connections_for_update --
SELECT connection_id, concurrency, allowed, changed_at, throttled, failures, resume_at, opened_at,
       problem
FROM drawdown.erp_connection WHERE connection_id = ANY (%(connections)s::text[])
ORDER BY connection_id FOR UPDATE

-- update_connection --
UPDATE drawdown.erp_connection
SET allowed = %(allowed)s, changed_at = %(changed_at)s, throttled = %(throttled)s,
    failures = %(failures)s, resume_at = %(resume_at)s, opened_at = %(opened_at)s,
    problem = %(problem)s
WHERE connection_id = %(connection_id)s

-- delivery_outlook --
-- When a row that pauses may next go, and when the first lease of a row ends.
SELECT min(greatest(o.due_at, c.resume_at)) FILTER (WHERE o.worker = ''),
       min(o.due_at) FILTER (WHERE o.worker <> '')
FROM drawdown.delivery AS d JOIN drawdown.erp_connection AS c USING (connection_id)
JOIN drawdown.outbox AS o
  ON o.tenant_id = d.tenant_id AND o.status = 'waiting' AND o.blockers = 0
WHERE d.tenant_id = ANY (%(tenants)s::text[])

-- held_rows --
SELECT count(*) FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND status = 'waiting' AND blockers = 0 AND worker <> ''

-- database_time --
SELECT clock_timestamp()

-- in_flight --
SELECT connection_id, count(*) FROM drawdown.erp_slot WHERE leased_until > %(now)s GROUP BY 1
