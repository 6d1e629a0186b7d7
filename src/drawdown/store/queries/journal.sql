-- Customers, blocks, documents, movements and entries.

-- customers --
SELECT customer_id, name, currency, record FROM drawdown.customer
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[])

-- blocks --
SELECT block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
       effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
       due_minor, cancelled_minor, is_invoiced, deposits::text, sequence
FROM drawdown.block WHERE tenant_id = %(tenant)s AND block_id = ANY (%(ids)s::text[])

-- blocks_of_customers --
SELECT block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
       effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
       due_minor, cancelled_minor, is_invoiced, deposits::text, sequence
FROM drawdown.block
WHERE tenant_id = %(tenant)s AND customer_id = ANY (%(ids)s::text[]) AND state IN ('new', 'open')

-- blocks_due --
-- Blocks with something left that expire by an instant, in the order they expire, page by page.
-- Blocks that a subscription manages end in the bill run: usage of before may not be billed yet.
SELECT block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
       effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
       due_minor, cancelled_minor, is_invoiced, deposits::text, sequence
FROM drawdown.block AS b
WHERE tenant_id = %(tenant)s AND expires_at <= %(as_of)s AND state = 'open'
  AND (used_credits < credits OR used_minor < amount_minor)
  AND NOT EXISTS (SELECT FROM drawdown.plan_block AS p
                  WHERE p.tenant_id = b.tenant_id AND p.block_id = b.block_id
                    AND p.ended_at IS NULL)
  AND (expires_at, block_id) > (%(after_at)s::timestamptz, %(after_id)s::text)
ORDER BY expires_at, block_id LIMIT %(limit)s

-- blocks_all --
-- Every block from one block id on, for reading page by page.
SELECT block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
       effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
       due_minor, cancelled_minor, is_invoiced, deposits::text, sequence
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
  AND step IN ('invoiced', 'purchased', 'opened')
ORDER BY block_id, sequence

-- movements_of_blocks --
SELECT block_id, sequence, step, event_id, document_id, line_id, item_id, credits, amount_minor,
       reverses, occurred_at, ordinal
FROM drawdown.movement WHERE tenant_id = %(tenant)s AND block_id = ANY (%(ids)s::text[])
ORDER BY block_id, sequence

-- entries_of_blocks --
-- Entries in posting order: within a movement the codes sort as the rules table does. The date is
-- that on which the ERP has the record.
SELECT e.block_id, e.sequence, e.code, e.debit, e.credit, e.amount_minor, e.currency,
       coalesce(r.posted_on, e.posted_on), e.record, e.item_id
FROM drawdown.entry AS e LEFT JOIN (
    SELECT DISTINCT ON (external_id) external_id, posted_on FROM drawdown.redating
    WHERE tenant_id = %(tenant)s ORDER BY external_id, position DESC
) AS r ON r.external_id = e.record
WHERE e.tenant_id = %(tenant)s AND e.block_id = ANY (%(ids)s::text[])
ORDER BY e.block_id, e.sequence, e.code, e.record

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
      AND code NOT IN ('P5', 'P6', 'P7', 'D4', 'E4', 'R4', 'V5', 'O1', 'V7', 'H1')
    UNION ALL
    SELECT block_id, credit, currency, -amount_minor
    FROM drawdown.entry WHERE tenant_id = %(tenant)s
      AND code NOT IN ('P5', 'P6', 'P7', 'D4', 'E4', 'R4', 'V5', 'O1', 'V7', 'H1')
) AS sides GROUP BY 1, 2, 3 ORDER BY 1, 2

-- add_customers --
INSERT INTO drawdown.customer (tenant_id, customer_id, name, currency, record)
SELECT %(tenant)s, c.* FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[])
  AS c (customer_id, name, currency, record)
ON CONFLICT (tenant_id, customer_id) DO UPDATE
SET name = excluded.name, currency = excluded.currency

-- add_blocks --
INSERT INTO drawdown.block (tenant_id, block_id, customer_id, order_id, kind, currency,
    amount_minor, credits, priority, effective_at, expires_at, item_ids, exchange_rate, state,
    used_credits, used_minor, due_minor, cancelled_minor, is_invoiced, deposits, sequence)
SELECT %(tenant)s, b.block_id, b.customer_id, b.order_id, b.kind, b.currency, b.amount_minor,
       b.credits, b.priority, b.effective_at, b.expires_at, b.item_ids::text[], b.exchange_rate,
       b.state, b.used_credits, b.used_minor, b.due_minor, b.cancelled_minor, b.is_invoiced,
       b.deposits::jsonb, b.sequence
FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[],
            %(c5)s::bigint[], %(c6)s::numeric[], %(c7)s::int[], %(c8)s::timestamptz[],
            %(c9)s::timestamptz[], %(c10)s::text[], %(c11)s::numeric[], %(c12)s::text[],
            %(c13)s::numeric[], %(c14)s::bigint[], %(c15)s::bigint[], %(c16)s::bigint[],
            %(c17)s::boolean[], %(c18)s::text[], %(c19)s::int[])
  AS b (block_id, customer_id, order_id, kind, currency, amount_minor, credits, priority,
        effective_at, expires_at, item_ids, exchange_rate, state, used_credits, used_minor,
        due_minor, cancelled_minor, is_invoiced, deposits, sequence)

-- move_blocks --
-- New positions. Whoever saw an older one is refused by the key of `add_movements`.
UPDATE drawdown.block AS b
SET state = m.state, used_credits = m.used_credits, used_minor = m.used_minor,
    due_minor = m.due_minor, cancelled_minor = m.cancelled_minor, is_invoiced = m.is_invoiced,
    deposits = m.deposits::jsonb, sequence = m.sequence
FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::numeric[], %(c3)s::bigint[], %(c4)s::bigint[],
            %(c5)s::bigint[], %(c6)s::boolean[], %(c7)s::text[], %(c8)s::int[])
  AS m (block_id, state, used_credits, used_minor, due_minor, cancelled_minor, is_invoiced,
        deposits, sequence)
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
