-- What reconciliation and watch ask of the outbox, and what they keep.

-- outbox_state --
-- Moves whenever a row is added, tried or delivered.
SELECT count(*), count(*) FILTER (WHERE status = 'done'), coalesce(sum(attempts), 0)
FROM drawdown.outbox WHERE tenant_id = %(tenant)s

-- outbox_by_record --
-- All rows of the next records by external id, each record's oldest first.
WITH page AS (
    SELECT DISTINCT external_id FROM drawdown.outbox AS o
    WHERE tenant_id = %(tenant)s AND record <> 'customer' AND external_id > %(after)s
      AND NOT EXISTS (SELECT FROM drawdown.skipped AS s
                      WHERE s.tenant_id = o.tenant_id AND s.position = o.position)
    ORDER BY external_id LIMIT %(limit)s
)
SELECT o.external_id, o.status, o.number, o.posting_period, o.intent::text
FROM drawdown.outbox AS o JOIN page USING (external_id)
WHERE o.tenant_id = %(tenant)s AND NOT EXISTS (
    SELECT FROM drawdown.skipped AS s WHERE s.tenant_id = o.tenant_id AND s.position = o.position)
ORDER BY o.external_id, o.position

-- watch_high --
SELECT high FROM drawdown.watch_cursor WHERE tenant_id = %(tenant)s

-- set_watch_high --
-- Only ever later.
INSERT INTO drawdown.watch_cursor (tenant_id, high) VALUES (%(tenant)s, %(high)s)
ON CONFLICT (tenant_id) DO UPDATE SET high = greatest(watch_cursor.high, excluded.high)

-- documents_by_record --
-- Documents by the ERP record that carries them.
SELECT document_id, kind, customer_id, currency, exchange_rate, record, event_id, posted_on,
       block_ids, lines::text, due_minor
FROM drawdown.document WHERE tenant_id = %(tenant)s AND record = ANY (%(ids)s::text[])
  AND kind IN ('order', 'purchase', 'usage', 'expiration')

-- customers_by_record --
SELECT customer_id, name, currency, record FROM drawdown.customer
WHERE tenant_id = %(tenant)s AND record = ANY (%(ids)s::text[])

-- native_by_reference --
SELECT reference, internal_id, status, fingerprint, seen, detail FROM drawdown.native_document
WHERE tenant_id = %(tenant)s AND reference = ANY (%(ids)s::text[]) ORDER BY reference

-- native_by_id --
SELECT reference, internal_id, status, fingerprint, seen, detail FROM drawdown.native_document
WHERE tenant_id = %(tenant)s AND internal_id = %(internal_id)s

-- natives_live --
-- Native documents that were taken in and are there as far as we know.
SELECT reference, internal_id, status, fingerprint, seen, detail FROM drawdown.native_document
WHERE tenant_id = %(tenant)s AND status NOT IN ('voided', 'deleted') ORDER BY reference

-- natives_all --
SELECT reference, internal_id, status, fingerprint, seen, detail FROM drawdown.native_document
WHERE tenant_id = %(tenant)s ORDER BY reference

-- natives_by_status --
SELECT reference, internal_id, status, fingerprint, seen, detail FROM drawdown.native_document
WHERE tenant_id = %(tenant)s AND status = ANY (%(statuses)s::text[]) ORDER BY reference

-- put_native --
INSERT INTO drawdown.native_document (tenant_id, reference, internal_id, status, fingerprint, seen,
                                      detail)
VALUES (%(tenant)s, %(reference)s, %(internal_id)s, %(status)s, %(fingerprint)s, %(seen)s,
        %(detail)s)
ON CONFLICT (tenant_id, reference) DO UPDATE
SET internal_id = excluded.internal_id, status = excluded.status,
    fingerprint = excluded.fingerprint, seen = excluded.seen, detail = excluded.detail

-- add_change --
INSERT INTO drawdown.change (tenant_id, change_id, kind, block_id, record, currency, ours, theirs,
                             detail)
VALUES (%(tenant)s, %(change_id)s, %(kind)s, %(block_id)s, %(record)s, %(currency)s, %(ours)s,
        %(theirs)s, %(detail)s)
ON CONFLICT (tenant_id, change_id) DO NOTHING

-- add_change_history --
-- The tenant's row is locked, so numbers have no gap and no rival.
INSERT INTO drawdown.change_history (tenant_id, change_id, number, action, person, reason)
SELECT %(tenant)s, %(change_id)s, 1 + count(*), %(action)s, %(person)s, %(reason)s
FROM drawdown.change_history WHERE tenant_id = %(tenant)s AND change_id = %(change_id)s

-- changes_latest --
-- Every change with the last thing that came of it.
SELECT DISTINCT ON (c.change_id) c.change_id, c.kind, c.block_id, c.record, c.currency, c.ours,
       c.theirs, c.detail, h.action, h.person, h.reason, h.at,
       min(h.at) OVER (PARTITION BY c.change_id)
FROM drawdown.change AS c
JOIN drawdown.change_history AS h ON h.tenant_id = c.tenant_id AND h.change_id = c.change_id
WHERE c.tenant_id = %(tenant)s
ORDER BY c.change_id, h.number DESC

-- change_history --
SELECT number, action, person, reason, at FROM drawdown.change_history
WHERE tenant_id = %(tenant)s AND change_id = %(change_id)s ORDER BY number

-- outbox_of_record --
-- All rows of one record, oldest first.
SELECT external_id, status, number, posting_period, intent::text FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND external_id = %(external_id)s AND record <> 'customer'
ORDER BY position

-- purchase_invoice_of_block --
SELECT document_id FROM drawdown.movement
WHERE tenant_id = %(tenant)s AND block_id = %(block_id)s AND step = 'invoiced'
ORDER BY sequence LIMIT 1

-- erp_account --
SELECT fingerprint FROM drawdown.erp_account WHERE tenant_id = %(tenant)s

-- set_erp_account --
INSERT INTO drawdown.erp_account (tenant_id, fingerprint)
SELECT tenant_id, %(fingerprint)s FROM drawdown.tenant WHERE tenant_id = %(tenant)s
ON CONFLICT (tenant_id) DO UPDATE SET fingerprint = excluded.fingerprint

-- link_records --
-- New internal ids of records, for every row of each.
UPDATE drawdown.outbox AS o SET internal_id = r.internal_id
FROM unnest(%(c0)s::text[], %(c1)s::text[]) AS r (external_id, internal_id)
WHERE o.tenant_id = %(tenant)s AND o.external_id = r.external_id
  AND o.internal_id NOT IN ('', r.internal_id)

-- delivered_rows --
-- Every operation that was delivered, in the order it was decided.
SELECT position, external_id, intent::text FROM drawdown.outbox
WHERE tenant_id = %(tenant)s AND status = 'done' ORDER BY position

-- recognitions --
-- Recognition that was observed, by the ERP's name for it.
SELECT event_id, payload::text FROM drawdown.event
WHERE tenant_id = %(tenant)s AND type = 'recognition' AND status = 'accepted'
