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
WHERE tenant_id = %(tenant)s AND reference = ANY (%(ids)s::text[])

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
