-- A customer's credit on a purchase can be paid out: a document of its own.

ALTER TABLE drawdown.document DROP CONSTRAINT document_kind_check;
ALTER TABLE drawdown.document ADD CONSTRAINT document_kind_check
    CHECK (kind IN ('order', 'purchase', 'usage', 'expiration', 'credit_memo', 'payment', 'refund'));
