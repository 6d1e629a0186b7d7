-- Exceptions for people: what is stuck, and what was done about it.

-- stuck_events --
-- Held events, and refused ones that nobody has withdrawn, oldest first.
SELECT event_id, type, status, coalesce(waiting_for, reason), detail, block_id, recorded_at
FROM drawdown.event
WHERE tenant_id = %(tenant)s
  AND (status = 'held' OR (status = 'refused' AND reason <> 'withdrawn'))
ORDER BY position

-- stuck_conflicts --
-- Facts that came again with other content and that nobody has withdrawn.
SELECT c.event_id, c.type, min(c.received_at), count(*)
FROM drawdown.conflict AS c
WHERE c.tenant_id = %(tenant)s AND NOT EXISTS (
    SELECT FROM drawdown.exception_action AS a
    WHERE a.tenant_id = c.tenant_id AND a.exception_id = 'conflict:' || c.event_id
      AND a.acted_at >= c.received_at)
GROUP BY c.event_id, c.type ORDER BY 3, 1

-- stuck_connections --
-- Connections of the tenant that take no calls for now.
SELECT connection_id, opened_at, failures, problem FROM drawdown.erp_connection
WHERE opened_at IS NOT NULL ORDER BY connection_id

-- add_conflicts --
INSERT INTO drawdown.conflict (tenant_id, event_id, fingerprint, type, payload)
SELECT %(tenant)s, c.event_id, c.fingerprint, c.type, c.payload::jsonb
FROM unnest(%(c0)s::text[], %(c1)s::bytea[], %(c2)s::text[], %(c3)s::text[])
  AS c (event_id, fingerprint, type, payload)
ON CONFLICT DO NOTHING

-- conflict_payloads --
SELECT payload::text, received_at FROM drawdown.conflict
WHERE tenant_id = %(tenant)s AND event_id = %(event_id)s ORDER BY received_at, fingerprint

-- actions_of --
SELECT action, who, reason, detail, acted_at FROM drawdown.exception_action
WHERE tenant_id = %(tenant)s AND exception_id = %(exception_id)s ORDER BY position

-- add_actions --
INSERT INTO drawdown.exception_action (tenant_id, exception_id, action, who, reason, detail)
SELECT %(tenant)s, a.exception_id, %(action)s, %(who)s, %(reason)s, a.detail
FROM unnest(%(ids)s::text[], %(details)s::text[]) AS a (exception_id, detail)

-- retry_records --
UPDATE drawdown.outbox SET status = 'waiting', problem = '', due_at = 'epoch'
WHERE tenant_id = %(tenant)s AND status = 'parked' AND position = ANY (%(positions)s::bigint[])
RETURNING position

-- skip_records --
-- Parked records that will not be delivered: done, as far as their lanes are concerned.
WITH skipped AS (
    UPDATE drawdown.outbox SET status = 'done', problem = 'skipped: ' || %(reason)s
    WHERE tenant_id = %(tenant)s AND status = 'parked' AND position = ANY (%(positions)s::bigint[])
    RETURNING position, external_id, event_id
), noted AS (
    INSERT INTO drawdown.skipped (tenant_id, position, external_id, event_id, who, reason)
    SELECT %(tenant)s, position, external_id, event_id, %(who)s, %(reason)s FROM skipped
)
SELECT position FROM skipped ORDER BY position

-- parked_without_target --
-- Parked records that are to be applied to documents of others which are not there any more, and which.
SELECT o.position, o.intent::text, array_agg(n.reference ORDER BY n.reference)
FROM drawdown.outbox AS o JOIN drawdown.native_document AS n
  ON n.tenant_id = o.tenant_id AND n.status IN ('deleted', 'voided')
 AND (o.intent ->> 'target' = n.reference
      OR o.intent -> 'targets' @> jsonb_build_array(jsonb_build_array(n.reference)))
WHERE o.tenant_id = %(tenant)s AND o.status = 'parked' AND o.operation = 'create'
GROUP BY o.position, o.intent ORDER BY o.position

-- change_parked --
-- A parked record is to be made with other content.
UPDATE drawdown.outbox SET intent = %(intent)s::jsonb, status = 'waiting', problem = '', due_at = 'epoch'
WHERE tenant_id = %(tenant)s AND status = 'parked' AND position = %(position)s

-- changes_waiting --
-- Changes of a record that wait behind the row that makes it.
SELECT position, intent::text FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND external_id = %(external_id)s AND position > %(position)s
  AND operation = 'set_amount' AND status = 'waiting'
ORDER BY position

-- change_waiting --
UPDATE drawdown.outbox SET intent = %(intent)s::jsonb, operation = %(operation)s
WHERE tenant_id = %(tenant)s AND position = %(position)s AND status = 'waiting'

-- adopt_record --
-- A parked record that is in the ERP as a person says.
UPDATE drawdown.outbox
SET status = 'done', problem = '', internal_id = %(internal_id)s, number = %(number)s,
    posting_period = %(posting_period)s, delivered_at = now()
WHERE tenant_id = %(tenant)s AND status = 'parked' AND position = %(position)s
RETURNING position

-- outbox_row --
SELECT position, external_id, status, intent::text FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND position = %(position)s

-- withdraw_events --
-- Held and refused events that a person has settled elsewhere; says which of them were held.
WITH old AS (
    SELECT event_id, status, detail FROM drawdown.event
    WHERE tenant_id = %(tenant)s AND event_id = ANY (%(ids)s::text[])
      AND (status = 'held' OR (status = 'refused' AND reason <> 'withdrawn'))
    FOR UPDATE
)
UPDATE drawdown.event AS e
SET status = 'refused', waiting_for = NULL, reason = 'withdrawn',
    detail = 'withdrawn by ' || %(who)s || ': ' || %(reason)s || ' (before: ' || old.detail || ')'
FROM old WHERE e.tenant_id = %(tenant)s AND e.event_id = old.event_id
RETURNING e.event_id, old.status = 'held'

-- hold_refused --
-- Refused events that are to be decided again.
UPDATE drawdown.event SET status = 'held', waiting_for = 'replay', reason = NULL
WHERE tenant_id = %(tenant)s AND event_id = ANY (%(ids)s::text[]) AND status = 'refused'
RETURNING event_id

-- held_by_id --
-- Held events by id, in the order in which they came.
SELECT event_id, type, payload::text FROM drawdown.event
WHERE tenant_id = %(tenant)s AND status = 'held' AND event_id = ANY (%(ids)s::text[])
ORDER BY position

-- undelivered --
-- Records to be made that no worker holds, in order. One that was tried and is not refused may be
-- in the ERP already under its old date: it is looked up by the next try first.
SELECT position, external_id, record, event_id, lanes, status, (intent ->> 'posted_on')::date,
       intent ->> 'block_id'
FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND status <> 'done' AND operation = 'create'
  AND record NOT IN ('customer', 'salesOrder') AND (status = 'parked' OR (worker = '' AND attempts = 0))
ORDER BY position FOR UPDATE

-- parked_redated --
-- Parked records that were given another date, and the ones that they had before.
SELECT o.position, o.intent::text, array_agg(DISTINCT r.was_on)
FROM drawdown.outbox AS o JOIN drawdown.redating AS r USING (tenant_id, external_id)
WHERE o.tenant_id = %(tenant)s AND o.status = 'parked' AND o.operation = 'create' AND o.attempts > 1
GROUP BY o.position, o.intent ORDER BY o.position

-- redate_rows --
-- Records that are not delivered get another date, and may be tried again.
UPDATE drawdown.outbox AS o
SET intent = jsonb_set(o.intent, '{posted_on}', to_jsonb(r.posted_on::text)), status = 'waiting',
    problem = '', due_at = 'epoch'
FROM unnest(%(positions)s::bigint[], %(days)s::date[]) AS r (position, posted_on)
WHERE o.tenant_id = %(tenant)s AND o.position = r.position

-- add_redatings --
-- The entries name members of a summary, not the summary itself.
INSERT INTO drawdown.redating (tenant_id, external_id, was_on, posted_on, who, reason)
SELECT %(tenant)s, n.external_id, r.was_on, r.posted_on, %(who)s, %(reason)s
FROM unnest(%(ids)s::text[], %(were)s::date[], %(days)s::date[]) AS r (external_id, was_on, posted_on)
CROSS JOIN LATERAL (
    SELECT r.external_id
    UNION
    SELECT m.external_id FROM drawdown.summary_member AS m
    WHERE m.tenant_id = %(tenant)s AND m.summary_id = r.external_id
) AS n

-- redate_deposits --
-- A block knows the date of each of its deposits.
UPDATE drawdown.block AS b SET deposits = (
    SELECT jsonb_agg(CASE WHEN r.external_id IS NULL THEN d.one
                          ELSE jsonb_set(d.one, '{1}', to_jsonb(r.posted_on::text)) END
                     ORDER BY d.place)
    FROM jsonb_array_elements(b.deposits) WITH ORDINALITY AS d (one, place)
    LEFT JOIN unnest(%(ids)s::text[], %(days)s::date[]) AS r (external_id, posted_on)
      ON r.external_id = d.one ->> 0)
WHERE b.tenant_id = %(tenant)s AND b.block_id = ANY (%(blocks)s::text[])
  AND jsonb_array_length(b.deposits) > 0

-- decided_dates --
-- Records of blocks that stand in the books on another day than was decided.
SELECT DISTINCT e.block_id, e.record, e.posted_on
FROM drawdown.redating AS r
JOIN drawdown.entry AS e ON e.tenant_id = r.tenant_id AND e.record = r.external_id
WHERE r.tenant_id = %(tenant)s AND e.block_id = ANY (%(ids)s::text[])

-- delivered_elsewhere --
-- Delivered records that the ERP posted to another period than that of their date. A period may be
-- named by its path, FY 2026 : Q1 2026 : Jan 2026.
SELECT o.external_id, d.posted_on, p.starts_on, p.ends_on, o.intent ->> 'block_id', o.record
FROM drawdown.outbox AS o
JOIN unnest(%(names)s::text[], %(starts)s::date[], %(ends)s::date[])
  AS p (name, starts_on, ends_on)
  ON p.name = split_part(o.posting_period, ' : ', -1)
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT r.posted_on FROM drawdown.redating AS r
                     WHERE r.tenant_id = o.tenant_id AND r.external_id = o.external_id
                     ORDER BY r.position DESC LIMIT 1),
                    (o.intent ->> 'posted_on')::date) AS posted_on
) AS d
WHERE o.tenant_id = %(tenant)s AND o.status = 'done' AND o.operation = 'create'
  AND o.record <> 'salesOrder' AND d.posted_on NOT BETWEEN p.starts_on AND p.ends_on

-- skipped_records --
SELECT s.external_id, s.event_id, o.record, o.lanes, s.who, s.reason, s.skipped_at,
       o.intent ->> 'source', o.intent ->> 'target', o.intent ->> 'currency',
       (o.intent ->> 'amount_minor')::bigint
FROM drawdown.skipped AS s JOIN drawdown.outbox AS o USING (tenant_id, position)
WHERE s.tenant_id = %(tenant)s ORDER BY s.position

-- skipped_balances --
-- What the journal says of records that were skipped. One that was deleted since is nowhere, in the
-- ERP and here: its deletion undid it in the journal alone.
WITH skipped AS (
    SELECT s.external_id, s.event_id FROM drawdown.skipped AS s
    WHERE s.tenant_id = %(tenant)s AND NOT EXISTS (
        SELECT FROM drawdown.outbox AS o
        WHERE o.tenant_id = s.tenant_id AND o.external_id = s.external_id
          AND o.position > s.position AND o.operation = 'delete' AND o.status = 'done'
          AND NOT EXISTS (SELECT FROM drawdown.skipped AS t
                          WHERE t.tenant_id = o.tenant_id AND t.position = o.position)
    )
), named AS (
    SELECT external_id, event_id FROM skipped
    UNION
    SELECT m.external_id, m.intent ->> 'event_id' FROM skipped AS s
    JOIN drawdown.summary_member AS m
      ON m.tenant_id = %(tenant)s AND m.summary_id = s.external_id
), gone AS (
    SELECT e.* FROM named AS n
    JOIN drawdown.entry AS e ON e.tenant_id = %(tenant)s AND e.record = n.external_id
    JOIN drawdown.movement AS v ON v.tenant_id = e.tenant_id AND v.block_id = e.block_id
      AND v.sequence = e.sequence AND v.event_id = n.event_id
    WHERE e.code NOT IN ('P5', 'P7')
)
SELECT block_id, account, currency, sum(amount)::bigint FROM (
    SELECT block_id, debit AS account, currency, amount_minor AS amount FROM gone
    UNION ALL
    SELECT block_id, credit, currency, -amount_minor FROM gone
) AS sides GROUP BY 1, 2, 3

-- adopted_records --
-- Records that a person adopted although they say something else.
SELECT o.external_id, a.who, a.reason, a.detail, a.acted_at FROM drawdown.exception_action AS a
JOIN drawdown.outbox AS o ON o.tenant_id = a.tenant_id
  AND o.position = substr(a.exception_id, 8)::bigint
WHERE a.tenant_id = %(tenant)s AND a.action = 'adopt' AND a.exception_id LIKE 'record:%%'
ORDER BY a.position
