-- Closed periods: a block can have several deposits, and an application for each.

-- A reversal into a closed period brings money back by a deposit of its own, so a block knows all
-- its deposits, oldest first: external id, date, amount, what of it is unapplied.
ALTER TABLE drawdown.block ADD COLUMN deposits jsonb NOT NULL DEFAULT '[]';
ALTER TABLE drawdown.block NO FORCE ROW LEVEL SECURITY;
ALTER TABLE drawdown.entry NO FORCE ROW LEVEL SECURITY;
UPDATE drawdown.block AS b SET deposits = jsonb_build_array(jsonb_build_array(
    b.deposit, e.posted_on, b.amount_minor - b.cancelled_minor,
    CASE WHEN b.state = 'open' THEN b.amount_minor - b.used_minor ELSE 0 END))
FROM drawdown.entry AS e
WHERE e.tenant_id = b.tenant_id AND e.block_id = b.block_id AND e.code = 'P2'
  AND b.amount_minor > b.cancelled_minor;
ALTER TABLE drawdown.block FORCE ROW LEVEL SECURITY;
ALTER TABLE drawdown.entry FORCE ROW LEVEL SECURITY;
ALTER TABLE drawdown.block DROP COLUMN deposit;
GRANT UPDATE (deposits) ON drawdown.block TO drawdown_app;

-- One step can draw several deposits: an application, and where they came on different days a
-- journal, for each.
ALTER TABLE drawdown.entry DROP CONSTRAINT entry_pkey,
    ADD PRIMARY KEY (tenant_id, block_id, sequence, code, record);
