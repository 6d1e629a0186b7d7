-- A parked application to several invoices may lose those that others have deleted meanwhile.

DROP TRIGGER only_the_date ON drawdown.outbox;
DROP FUNCTION drawdown.only_the_date();

-- A record that is not delivered yet may get another date; a parked one may shrink besides. Nothing
-- else of it changes.
CREATE FUNCTION drawdown.what_was_decided_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open text[] := CASE WHEN OLD.status = 'parked'
        THEN '{posted_on,amount_minor,target,applied_minor,targets}'::text[] ELSE '{posted_on}' END;
BEGIN
    IF OLD.status = 'done' OR OLD.intent - open <> NEW.intent - open
       OR (NEW.intent ->> 'amount_minor')::bigint > (OLD.intent ->> 'amount_minor')::bigint THEN
        RAISE EXCEPTION 'what the outbox is to write was decided: row % is not changed',
            OLD.position USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER what_was_decided_stays BEFORE UPDATE OF intent ON drawdown.outbox
    FOR EACH ROW EXECUTE FUNCTION drawdown.what_was_decided_stays();
