-- Named queries. A name stands on a line of its own between dashes; the comment below says what
-- the query is for. Parameters are psycopg's; %(tenant)s is always the tenant at work.

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

-- customers --
SELECT customer_id, name, currency, record FROM drawdown.customer
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[])

-- blocks --
SELECT block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
       effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
       due_minor, cancelled_minor, is_invoiced, deposit, sequence
FROM drawdown.block WHERE tenant_id = %(tenant)s AND block_id = ANY (%(ids)s::text[])

-- blocks_of_customers --
SELECT block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
       effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
       due_minor, cancelled_minor, is_invoiced, deposit, sequence
FROM drawdown.block
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[]) AND state IN ('new', 'open')

-- blocks_due --
-- Blocks with something left that expire by an instant, in the order they expire, page by page.
SELECT block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
       effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
       due_minor, cancelled_minor, is_invoiced, deposit, sequence
FROM drawdown.block
WHERE tenant_id = %(tenant)s AND expires_at <= %(as_of)s AND state = 'open'
  AND (used_credits < credits OR used_minor < amount_minor)
  AND (expires_at, block_id) > (%(after_at)s::timestamptz, %(after_id)s::text)
ORDER BY expires_at, block_id LIMIT %(limit)s

-- blocks_all --
-- Every block from one block id on, for reading page by page.
SELECT block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
       effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
       due_minor, cancelled_minor, is_invoiced, deposit, sequence
FROM drawdown.block
WHERE tenant_id = %(tenant)s AND block_id > %(after)s ORDER BY block_id LIMIT %(limit)s

-- documents --
SELECT document_id, kind, customer_id, currency, exchange_rate, record, event_id, posted_on,
       block_ids, lines::text, due_minor
FROM drawdown.document WHERE tenant_id = %(tenant)s AND document_id = ANY (%(ids)s::text[])

-- documents_all --
SELECT document_id, kind, customer_id, currency, exchange_rate, record, event_id, posted_on,
       block_ids, lines::text, due_minor
FROM drawdown.document
WHERE tenant_id = %(tenant)s AND document_id > %(after)s ORDER BY document_id LIMIT %(limit)s

-- movements_of_documents --
SELECT block_id, sequence, step, event_id, document_id, line_id, item_id, credits, amount_minor,
       reverses, occurred_at, ordinal
FROM drawdown.movement WHERE tenant_id = %(tenant)s AND document_id = ANY (%(ids)s::text[])
ORDER BY (step = 'reversed'), event_id, ordinal

-- purchases_of_blocks --
SELECT block_id, sequence, step, event_id, document_id, line_id, item_id, credits, amount_minor,
       reverses, occurred_at, ordinal
FROM drawdown.movement
WHERE tenant_id = %(tenant)s AND block_id = ANY (%(ids)s::text[])
  AND step IN ('invoiced', 'purchased')
ORDER BY block_id, sequence

-- movements_of_blocks --
SELECT block_id, sequence, step, event_id, document_id, line_id, item_id, credits, amount_minor,
       reverses, occurred_at, ordinal
FROM drawdown.movement WHERE tenant_id = %(tenant)s AND block_id = ANY (%(ids)s::text[])
ORDER BY block_id, sequence

-- entries_of_blocks --
-- Entries in posting order: within a movement the codes sort as the rules table does.
SELECT block_id, sequence, code, debit, credit, amount_minor, currency, posted_on, record, item_id
FROM drawdown.entry WHERE tenant_id = %(tenant)s AND block_id = ANY (%(ids)s::text[])
ORDER BY block_id, sequence, code

-- entries_of_month_sums --
-- Balances per account and currency of the whole journal.
SELECT account, currency, sum(amount)::bigint FROM (
    SELECT debit AS account, currency, sum(amount_minor) AS amount
    FROM drawdown.entry WHERE tenant_id = %(tenant)s GROUP BY 1, 2
    UNION ALL
    SELECT credit, currency, -sum(amount_minor)
    FROM drawdown.entry WHERE tenant_id = %(tenant)s GROUP BY 1, 2
) AS sides GROUP BY 1, 2 ORDER BY 1, 2

-- recognised_by_block --
-- Revenue recognised (less what was taken back) as observed so far.
SELECT block_id, currency,
       sum(CASE WHEN code IN ('R4', 'V5') THEN -amount_minor ELSE amount_minor END)::bigint
FROM drawdown.entry
WHERE tenant_id = %(tenant)s AND code IN ('D4', 'E4', 'P6', 'R4', 'V5')
GROUP BY 1, 2

-- block_role_balances --
-- Balance per block and account, without customer payments and recognition.
SELECT block_id, account, currency, sum(amount)::bigint FROM (
    SELECT block_id, debit AS account, currency, amount_minor AS amount
    FROM drawdown.entry WHERE tenant_id = %(tenant)s
      AND code NOT IN ('P5', 'P6', 'D4', 'E4', 'R4', 'V5')
    UNION ALL
    SELECT block_id, credit, currency, -amount_minor
    FROM drawdown.entry WHERE tenant_id = %(tenant)s
      AND code NOT IN ('P5', 'P6', 'D4', 'E4', 'R4', 'V5')
) AS sides GROUP BY 1, 2, 3 ORDER BY 1, 2

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
    detail = s.detail, block_id = s.block_id
FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[],
            %(c5)s::text[])
  AS s (event_id, status, waiting_for, reason, detail, block_id)
WHERE e.tenant_id = %(tenant)s AND e.event_id = s.event_id AND e.status = 'held'

-- add_customers --
INSERT INTO drawdown.customer (tenant_id, customer_id, name, currency, record)
SELECT %(tenant)s, c.* FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[])
  AS c (customer_id, name, currency, record)
ON CONFLICT (tenant_id, customer_id) DO UPDATE
SET name = excluded.name, currency = excluded.currency

-- add_blocks --
INSERT INTO drawdown.block (tenant_id, block_id, customer_id, order_id, kind, currency,
    amount_minor, credits, priority, effective_at, expires_at, item_ids, exchange_rate, state,
    used_credits, used_minor, due_minor, cancelled_minor, is_invoiced, deposit, sequence)
SELECT %(tenant)s, b.block_id, b.customer_id, b.order_id, b.kind, b.currency, b.amount_minor,
       b.credits, b.priority, b.effective_at, b.expires_at, b.item_ids::text[], b.exchange_rate,
       b.state, b.used_credits, b.used_minor, b.due_minor, b.cancelled_minor, b.is_invoiced,
       b.deposit, b.sequence
FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[],
            %(c5)s::bigint[], %(c6)s::numeric[], %(c7)s::int[], %(c8)s::timestamptz[],
            %(c9)s::timestamptz[], %(c10)s::text[], %(c11)s::numeric[], %(c12)s::text[],
            %(c13)s::numeric[], %(c14)s::bigint[], %(c15)s::bigint[], %(c16)s::bigint[],
            %(c17)s::boolean[], %(c18)s::text[], %(c19)s::int[])
  AS b (block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
        effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
        due_minor, cancelled_minor, is_invoiced, deposit, sequence)

-- move_blocks --
-- New positions. Whoever saw an older one is refused by the key of `add_movements`.
UPDATE drawdown.block AS b
SET state = m.state, used_credits = m.used_credits, used_minor = m.used_minor,
    due_minor = m.due_minor, cancelled_minor = m.cancelled_minor, is_invoiced = m.is_invoiced,
    deposit = m.deposit, sequence = m.sequence
FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::numeric[], %(c3)s::bigint[], %(c4)s::bigint[],
            %(c5)s::bigint[], %(c6)s::boolean[], %(c7)s::text[], %(c8)s::int[])
  AS m (block_id, state, used_credits, used_minor, due_minor, cancelled_minor, is_invoiced,
        deposit, sequence)
WHERE b.tenant_id = %(tenant)s AND b.block_id = m.block_id

-- add_documents --
INSERT INTO drawdown.document (tenant_id, document_id, kind, customer_id, currency, exchange_rate,
                               record, event_id, posted_on, block_ids, lines, due_minor)
SELECT %(tenant)s, d.document_id, d.kind, d.customer_id, d.currency, d.exchange_rate, d.record,
       d.event_id, d.posted_on, d.block_ids::text[], d.lines::jsonb, d.due_minor
FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::numeric[],
            %(c5)s::text[], %(c6)s::text[], %(c7)s::date[], %(c8)s::text[], %(c9)s::text[],
            %(c10)s::bigint[])
  AS d (document_id, kind, customer_id, currency, exchange_rate, record, event_id, posted_on,
        block_ids, lines, due_minor)
ON CONFLICT (tenant_id, document_id) DO UPDATE
SET lines = excluded.lines, due_minor = excluded.due_minor

-- add_movements --
INSERT INTO drawdown.movement (tenant_id, block_id, sequence, step, event_id, document_id, line_id,
                               item_id, credits, amount_minor, reverses, occurred_at, ordinal)
SELECT %(tenant)s, m.* FROM unnest(
    %(c0)s::text[], %(c1)s::int[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[], %(c5)s::text[],
    %(c6)s::text[], %(c7)s::numeric[], %(c8)s::bigint[], %(c9)s::int[], %(c10)s::timestamptz[],
    %(c11)s::int[]) AS m

-- add_entries --
INSERT INTO drawdown.entry (tenant_id, block_id, sequence, code, debit, credit, amount_minor,
                            currency, posted_on, record, item_id)
SELECT %(tenant)s, e.* FROM unnest(
    %(c0)s::text[], %(c1)s::int[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[],
    %(c5)s::bigint[], %(c6)s::text[], %(c7)s::date[], %(c8)s::text[], %(c9)s::text[]) AS e

-- add_outbox --
INSERT INTO drawdown.outbox (tenant_id, position, external_id, record, operation, event_id, lanes,
                             intent)
SELECT %(tenant)s, o.position, o.external_id, o.record, o.operation, o.event_id, o.lanes::text[],
       o.intent::jsonb
FROM unnest(%(c0)s::bigint[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[],
            %(c5)s::text[], %(c6)s::text[])
  AS o (position, external_id, record, operation, event_id, lanes, intent)

-- count_up --
UPDATE drawdown.tenant
SET event_count = event_count + %(events)s, outbox_count = outbox_count + %(intents)s,
    held_count = held_count + %(held)s
WHERE tenant_id = %(tenant)s

-- outbox_window --
-- The oldest records that are not delivered yet; parked ones block their lanes.
SELECT position, external_id, lanes, status, attempts, intent::text FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND status <> 'done' ORDER BY position LIMIT %(limit)s

-- next_fence --
UPDATE drawdown.tenant SET fence = fence + 1 WHERE tenant_id = %(tenant)s RETURNING fence

-- claim_outbox --
-- Mark a record as being delivered by this worker, if no newer worker has taken over.
UPDATE drawdown.outbox SET fence = %(fence)s, attempts = attempts + 1
WHERE tenant_id = %(tenant)s AND position = %(position)s AND fence <= %(fence)s
  AND status = 'waiting'

-- finish_outbox --
UPDATE drawdown.outbox
SET status = 'done', internal_id = %(internal_id)s, number = %(number)s,
    posting_period = %(posting_period)s, problem = '', delivered_at = now()
WHERE tenant_id = %(tenant)s AND position = %(position)s AND fence = %(fence)s

-- park_outbox --
UPDATE drawdown.outbox SET status = %(status)s, problem = %(problem)s
WHERE tenant_id = %(tenant)s AND position = %(position)s AND fence = %(fence)s

-- retry_parked --
UPDATE drawdown.outbox SET status = 'waiting', problem = ''
WHERE tenant_id = %(tenant)s AND status = 'parked'

-- outbox_counts --
SELECT status, count(*) FROM drawdown.outbox WHERE tenant_id = %(tenant)s GROUP BY 1

-- outbox_parked --
SELECT position, external_id, record, operation, event_id, lanes, attempts, problem
FROM drawdown.outbox WHERE tenant_id = %(tenant)s AND status = 'parked' ORDER BY position

-- native_references --
-- Which ERP record carries which external id: the latest word on each.
SELECT DISTINCT ON (external_id) external_id, record, operation, internal_id, number,
       posting_period, status
FROM drawdown.outbox WHERE tenant_id = %(tenant)s AND external_id = ANY (%(ids)s::text[])
ORDER BY external_id, position DESC

-- expected_records --
-- Every record that should exist in the ERP by now, or be gone, by external id. What changes a
-- record in place leaves its date, so that comes from the row that made it.
SELECT DISTINCT ON (external_id) external_id, record, operation, status, intent ->> 'currency',
       (intent ->> 'amount_minor')::bigint, (intent ->> 'exchange_rate')::numeric,
       first_value((intent ->> 'posted_on')::date) OVER (PARTITION BY external_id ORDER BY position),
       CASE WHEN cardinality(lanes) = 1 AND lanes[1] NOT LIKE 'customer:%%' THEN lanes[1] ELSE '' END
FROM drawdown.outbox WHERE tenant_id = %(tenant)s AND record <> 'customer'
ORDER BY external_id, position DESC

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
