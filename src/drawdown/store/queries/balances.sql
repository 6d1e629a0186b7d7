-- What accounts are folded from as it was known at an instant.

-- subscriptions_known --
-- Subscriptions of a customer as they stood in our books at an instant.
SELECT s.subscription_id, s.customer_id, s.plan_key, s.starts_on, s.exchange_rate,
       coalesce(b.end_of_term, s.end_of_term), coalesce(b.is_carried, s.is_carried),
       coalesce(b.renewals, s.renewals),
       CASE WHEN b.replaced_at IS NULL THEN s.ended_on ELSE b.ended_on END
FROM drawdown.subscription AS s LEFT JOIN LATERAL (
    SELECT * FROM drawdown.subscription_before AS one
    WHERE one.tenant_id = s.tenant_id AND one.subscription_id = s.subscription_id
      AND one.replaced_at > %(known_at)s::timestamptz
    ORDER BY one.replaced_at LIMIT 1
) AS b ON true
WHERE s.tenant_id = %(tenant)s AND s.customer_id = %(customer_id)s
  AND s.recorded_at <= %(known_at)s::timestamptz
ORDER BY s.subscription_id

-- positions_known --
-- Blocks of a customer's account, with what the journal had left of them after the bills up to one
-- instant (`from_at`) and what others had done to them up to a second (`as_of`), as known at a
-- third; null where the journal does not know the block. A reversal counts if what it reverses does.
SELECT p.terms, p.ended_at, b.credits - coalesce(known.used, 0),
       coalesce(known.last <> 'reversed', false)
FROM drawdown.plan_block AS p
LEFT JOIN drawdown.block AS b ON b.tenant_id = p.tenant_id AND b.block_id = p.block_id
LEFT JOIN LATERAL (
    WITH counting AS (
        SELECT m.sequence, m.step, m.credits, m.reverses
        FROM drawdown.movement AS m
        JOIN drawdown.event AS e ON e.tenant_id = m.tenant_id AND e.event_id = m.event_id
        WHERE m.tenant_id = %(tenant)s AND m.block_id = p.block_id
          AND m.step IN ('drawn', 'reversed', 'reduced', 'lapsed', 'expired', 'voided',
                         'handed_over')
          AND CASE WHEN e.event_id ~ '^drawdown:(bill|credit|ending|refund):'
                   THEN e.effective_at <= %(from_at)s::timestamptz
                   ELSE m.occurred_at <= %(as_of)s::timestamptz
                        AND coalesce(e.settled_at, e.recorded_at) <= %(known_at)s::timestamptz END
    )
    SELECT sum(c.credits) AS used,
           (array_agg(c.step ORDER BY c.sequence DESC)
            FILTER (WHERE c.step IN ('expired', 'voided', 'handed_over', 'reversed')))[1] AS last
    FROM counting AS c
    WHERE c.reverses = 0 OR EXISTS (SELECT FROM counting AS one WHERE one.sequence = c.reverses)
) AS known ON true
WHERE p.tenant_id = %(tenant)s AND p.customer_id = %(customer_id)s
  AND p.recorded_at <= %(known_at)s::timestamptz
