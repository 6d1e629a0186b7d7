-- Changes that wait behind a parked application count what it was to be applied to, in their totals.
-- What is left out of it is left out of them; one that then leaves nothing deletes the record.

CREATE OR REPLACE FUNCTION drawdown.what_was_decided_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open text[] := CASE
        WHEN OLD.status = 'parked' THEN '{posted_on,amount_minor,target,applied_minor,targets}'::text[]
        WHEN OLD.operation = 'set_amount' THEN '{posted_on,amount_minor,applied_minor,operation}'
        ELSE '{posted_on}' END;
BEGIN
    IF OLD.status = 'done' OR OLD.intent - open <> NEW.intent - open
       OR (NEW.intent ->> 'amount_minor')::bigint > (OLD.intent ->> 'amount_minor')::bigint
       OR NEW.intent ->> 'operation' <> NEW.operation
       OR NEW.operation NOT IN (OLD.operation, 'delete') THEN
        RAISE EXCEPTION 'what the outbox is to write was decided: row % is not changed',
            OLD.position USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER what_was_decided_stays ON drawdown.outbox;
CREATE TRIGGER what_was_decided_stays BEFORE UPDATE OF intent, operation ON drawdown.outbox
    FOR EACH ROW EXECUTE FUNCTION drawdown.what_was_decided_stays();
GRANT UPDATE (operation) ON drawdown.outbox TO drawdown_app;
