-- A document of others that is not found by its number any more, though nobody deleted it: it was
-- renumbered, or the account was refreshed. A person decides about it.
ALTER TABLE drawdown.native_document DROP CONSTRAINT native_document_status_check;
ALTER TABLE drawdown.native_document ADD CONSTRAINT native_document_status_check
    CHECK (status IN ('taken', 'held', 'refused', 'edited', 'missing', 'voided', 'deleted'));
