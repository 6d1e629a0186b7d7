-- Summarised drawdowns: members, and the one record that stands for them.

-- summary_generations --
-- How far each key has come: the summary that gathers now if there is one, and how many there were.
SELECT k.block_id, k.period_end, k.record, k.source, count(s.summary_id),
       coalesce(max(s.summary_id) FILTER (WHERE NOT s.is_posted), '')
FROM unnest(%(c0)s::text[], %(c1)s::date[], %(c2)s::text[], %(c3)s::text[])
  AS k (block_id, period_end, record, source)
LEFT JOIN drawdown.summary AS s
  ON s.tenant_id = %(tenant)s AND s.block_id = k.block_id AND s.period_end = k.period_end
 AND s.record = k.record AND s.source = k.source
GROUP BY 1, 2, 3, 4

-- add_summaries --
INSERT INTO drawdown.summary (tenant_id, summary_id, block_id, period_end, record, source,
                              generation)
SELECT %(tenant)s, s.* FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::date[], %(c3)s::text[],
                                   %(c4)s::text[], %(c5)s::int[]) AS s

-- add_summary_members --
INSERT INTO drawdown.summary_member (tenant_id, external_id, summary_id, target, amount_minor,
                                     intent)
SELECT %(tenant)s, m.external_id, m.summary_id, m.target, m.amount_minor, m.intent::jsonb
FROM unnest(%(c0)s::text[], %(c1)s::text[], %(c2)s::text[], %(c3)s::bigint[], %(c4)s::text[])
  AS m (external_id, summary_id, target, amount_minor, intent)

-- summaries_of_members --
-- The summary of each record that is a member, its key, and whether it is posted.
SELECT m.external_id, s.summary_id, s.block_id, s.period_end, s.is_posted
FROM drawdown.summary_member AS m
JOIN drawdown.summary AS s ON s.tenant_id = m.tenant_id AND s.summary_id = m.summary_id
WHERE m.tenant_id = %(tenant)s AND m.external_id = ANY (%(ids)s::text[])

-- summaries_open --
-- Keys that gather, of blocks and periods: those whose period has ended by a day, page by page.
SELECT DISTINCT block_id, period_end FROM drawdown.summary
WHERE tenant_id = %(tenant)s AND NOT is_posted AND period_end <= %(through)s
ORDER BY period_end, block_id LIMIT %(limit)s

-- summaries_waiting --
-- What gathers now, for people: by block and period.
SELECT s.block_id, s.period_end, s.record, count(m.external_id), sum(m.amount_minor)::bigint,
       min(m.intent ->> 'currency')
FROM drawdown.summary AS s
JOIN drawdown.summary_member AS m ON m.tenant_id = s.tenant_id AND m.summary_id = s.summary_id
WHERE s.tenant_id = %(tenant)s AND NOT s.is_posted
GROUP BY 1, 2, 3 ORDER BY 2, 1, 3

-- members_of_keys --
-- The members of what gathers for blocks and periods, in a fixed order.
SELECT s.summary_id, s.block_id, s.period_end, s.record, s.source, m.external_id, m.target,
       m.amount_minor, m.intent::text
FROM unnest(%(c0)s::text[], %(c1)s::date[]) AS k (block_id, period_end)
JOIN drawdown.summary AS s
  ON s.tenant_id = %(tenant)s AND s.block_id = k.block_id AND s.period_end = k.period_end
 AND NOT s.is_posted
JOIN drawdown.summary_member AS m ON m.tenant_id = s.tenant_id AND m.summary_id = s.summary_id
ORDER BY s.period_end, s.block_id, m.external_id

-- members_of_summary --
SELECT s.summary_id, s.block_id, s.period_end, s.record, s.source, m.external_id, m.target,
       m.amount_minor, m.intent::text
FROM drawdown.summary AS s
JOIN drawdown.summary_member AS m ON m.tenant_id = s.tenant_id AND m.summary_id = s.summary_id
WHERE s.tenant_id = %(tenant)s AND s.summary_id = %(summary_id)s
ORDER BY m.external_id

-- summaries_posted --
UPDATE drawdown.summary SET is_posted = true
WHERE tenant_id = %(tenant)s AND summary_id = ANY (%(ids)s::text[])

-- change_member --
UPDATE drawdown.summary_member SET amount_minor = %(amount)s
WHERE tenant_id = %(tenant)s AND external_id = %(external_id)s

-- gathering --
-- Money of members whose summary is not posted yet: the ERP cannot know it.
SELECT s.block_id, s.record, m.external_id, m.target, s.source, m.amount_minor
FROM drawdown.summary AS s
JOIN drawdown.summary_member AS m ON m.tenant_id = s.tenant_id AND m.summary_id = s.summary_id
WHERE s.tenant_id = %(tenant)s AND NOT s.is_posted

-- balances_gathering --
-- Balance per block and account of entries whose record is not in the ERP yet.
SELECT e.block_id, side.account, e.currency, sum(side.amount)::bigint
FROM drawdown.summary AS s
JOIN drawdown.summary_member AS m ON m.tenant_id = s.tenant_id AND m.summary_id = s.summary_id
JOIN drawdown.entry AS e ON e.tenant_id = m.tenant_id AND e.record = m.external_id
CROSS JOIN LATERAL (VALUES (e.debit, e.amount_minor), (e.credit, -e.amount_minor))
  AS side (account, amount)
WHERE s.tenant_id = %(tenant)s AND NOT s.is_posted
GROUP BY 1, 2, 3
