-- The sandbox's own store. Money is INTEGER in ten-thousandths of the currency unit (column comment
-- "money"), rates and quantities are decimal TEXT, dates are ISO TEXT, booleans 'T' or 'F' as NetSuite
-- itself shows them. SuiteQL never sees these tables: it sees the views of suiteql/views.py.

CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- Master data: accounts, entities, items, currencies, subsidiaries, periods. Internal ids and external
-- ids are shared inside a record group. Source: "Shared Internal and External IDs".
CREATE TABLE IF NOT EXISTS master (
  grp TEXT NOT NULL,
  id INTEGER NOT NULL,
  type TEXT NOT NULL,
  externalid TEXT,
  body TEXT NOT NULL,                  -- JSON, property names as the REST API spells them
  createddate TEXT NOT NULL,
  lastmodifieddate TEXT NOT NULL,
  PRIMARY KEY (grp, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS master_externalid ON master (grp, externalid)
  WHERE externalid IS NOT NULL;
-- Names are unique: these two types come in large numbers.
CREATE INDEX IF NOT EXISTS master_entityid ON master (type, json_extract(body, '$.entityId'))
  WHERE json_extract(body, '$.entityId') IS NOT NULL;
CREATE INDEX IF NOT EXISTS master_itemid ON master (type, json_extract(body, '$.itemId'))
  WHERE json_extract(body, '$.itemId') IS NOT NULL;

-- Transaction headers. custbody_* columns are added when a custom field is registered.
CREATE TABLE IF NOT EXISTS tx (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,                  -- CustInvc, CustDep, ...
  externalid TEXT,
  tranid TEXT,
  trandate TEXT NOT NULL,
  postingperiod INTEGER,
  entity INTEGER,
  subsidiary INTEGER NOT NULL,
  currency INTEGER NOT NULL,
  exchangerate TEXT NOT NULL,
  account INTEGER,                     -- account of the main line
  status TEXT,
  posting TEXT NOT NULL,
  memo TEXT,
  createdfrom INTEGER,
  total INTEGER NOT NULL DEFAULT 0,    -- money: what the document is worth, positive
  open INTEGER NOT NULL DEFAULT 0,     -- money: unpaid (invoice) or unapplied (deposit, payment, memo)
  arm INTEGER NOT NULL DEFAULT 0,      -- 1: revenue elements have to be brought up to date
  createddate TEXT NOT NULL,
  lastmodifieddate TEXT NOT NULL,
  extra TEXT,                          -- JSON of further body fields
  book INTEGER                         -- accounting book of a book-specific journal, NULL: all books
);
CREATE UNIQUE INDEX IF NOT EXISTS tx_externalid ON tx (externalid) WHERE externalid IS NOT NULL;
CREATE INDEX IF NOT EXISTS tx_type_date ON tx (type, trandate);
CREATE INDEX IF NOT EXISTS tx_type_status ON tx (type, status);
CREATE INDEX IF NOT EXISTS tx_date ON tx (trandate);
CREATE INDEX IF NOT EXISTS tx_period ON tx (postingperiod) WHERE postingperiod IS NOT NULL;
CREATE INDEX IF NOT EXISTS tx_entity ON tx (entity) WHERE entity IS NOT NULL;
CREATE INDEX IF NOT EXISTS tx_createdfrom ON tx (createdfrom) WHERE createdfrom IS NOT NULL;
CREATE INDEX IF NOT EXISTS tx_arm ON tx (trandate) WHERE arm = 1;

-- One row is a transaction line and, in the primary book, its accounting line.
CREATE TABLE IF NOT EXISTS line (
  tx INTEGER NOT NULL,
  id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  mainline TEXT NOT NULL,
  taxline TEXT NOT NULL,
  account INTEGER NOT NULL,
  amount INTEGER NOT NULL,             -- money, transaction currency, debit positive
  base INTEGER NOT NULL,               -- money, subsidiary base currency, debit positive
  entity INTEGER,
  item INTEGER,
  quantity TEXT,
  rate TEXT,
  memo TEXT,
  orderdoc INTEGER,
  orderline INTEGER,
  department INTEGER,
  class INTEGER,
  location INTEGER,
  extra TEXT,                          -- JSON of further line fields
  subsidiary INTEGER,                  -- of an intercompany journal's line, NULL: the header's
  PRIMARY KEY (tx, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS line_account ON line (account);
CREATE INDEX IF NOT EXISTS line_item ON line (item) WHERE item IS NOT NULL;
CREATE INDEX IF NOT EXISTS line_order ON line (orderdoc, orderline) WHERE orderdoc IS NOT NULL;

-- Sums of the primary book's lines of posting transactions by day: balances need not read all lines. Written by the
-- triggers alone; a header changes only while it has no lines.
CREATE TABLE IF NOT EXISTS turnover (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  trandate TEXT NOT NULL,
  type TEXT NOT NULL,
  postingperiod INTEGER NOT NULL,
  subsidiary INTEGER NOT NULL,
  currency INTEGER NOT NULL,
  side INTEGER NOT NULL,               -- sign of the base amounts: 1 debits, -1 credits, 0 neither
  n INTEGER NOT NULL,                  -- number of lines
  amount INTEGER NOT NULL,             -- money, transaction currency, debit positive
  base INTEGER NOT NULL,               -- money, subsidiary base currency, debit positive
  UNIQUE (account, trandate, type, postingperiod, subsidiary, currency, side)
);
CREATE TRIGGER IF NOT EXISTS line_comes AFTER INSERT ON line BEGIN
  INSERT INTO turnover
    SELECT NULL, new.account, trandate, type, COALESCE(postingperiod, 0),
      COALESCE(new.subsidiary, subsidiary), currency,
      (new.base > 0) - (new.base < 0), 1, new.amount, new.base
    FROM tx WHERE id = new.tx AND posting = 'T' AND COALESCE(book, 1) = 1
    ON CONFLICT DO UPDATE
      SET n = n + 1, amount = amount + excluded.amount, base = base + excluded.base;
END;
CREATE TRIGGER IF NOT EXISTS line_goes AFTER DELETE ON line BEGIN
  INSERT INTO turnover
    SELECT NULL, old.account, trandate, type, COALESCE(postingperiod, 0),
      COALESCE(old.subsidiary, subsidiary), currency,
      (old.base > 0) - (old.base < 0), -1, -old.amount, -old.base
    FROM tx WHERE id = old.tx AND posting = 'T' AND COALESCE(book, 1) = 1
    ON CONFLICT DO UPDATE
      SET n = n - 1, amount = amount + excluded.amount, base = base + excluded.base;
END;

-- What NetSuite shows as next/previousTransactionLineLink.
CREATE TABLE IF NOT EXISTS link (
  previousdoc INTEGER NOT NULL,
  previousline INTEGER NOT NULL,
  nextdoc INTEGER NOT NULL,
  nextline INTEGER NOT NULL,
  linktype TEXT NOT NULL,
  amount INTEGER NOT NULL,             -- money, transaction currency, positive
  previousbase INTEGER NOT NULL DEFAULT 0,  -- money, base currency released from the previous document
  nextbase INTEGER NOT NULL DEFAULT 0,      -- money, base currency used up of the next document
  applydate TEXT,
  PRIMARY KEY (nextdoc, previousdoc, linktype, previousline, nextline)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_previous ON link (previousdoc, linktype);

-- Advanced Revenue Management. An element comes from a transaction line (source, sourceline) or from a
-- subscription line; one made from a journal line has neither item nor quantity.
CREATE TABLE IF NOT EXISTS element (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  arrangement INTEGER NOT NULL,
  source INTEGER,                      -- transaction id
  sourceline INTEGER,                  -- transaction line id
  subscriptionline INTEGER UNIQUE,     -- record id, of an element without transaction
  projectrule INTEGER UNIQUE,          -- the same, of a project revenue rule
  item INTEGER,
  entity INTEGER,
  subsidiary INTEGER NOT NULL,
  currency INTEGER NOT NULL,
  exchangerate TEXT NOT NULL,
  elementdate TEXT NOT NULL,
  startdate TEXT,
  enddate TEXT,
  quantity TEXT,
  amount INTEGER NOT NULL,             -- money, transaction currency, negative for credit memos
  base INTEGER NOT NULL,               -- money, base currency
  revenue INTEGER NOT NULL,            -- money, transaction currency: the amount, or what is allocated
  netted INTEGER NOT NULL DEFAULT 0,   -- money, taken off by credit memos (or off a credit memo)
  deferralaccount INTEGER NOT NULL,
  recognitionaccount INTEGER NOT NULL,
  rule INTEGER,
  planson INTEGER,
  allocationtype TEXT NOT NULL DEFAULT 'NORMAL',
  fairvalue TEXT,                      -- JSON, the fair value price it was allocated by
  calculatedfairvalue INTEGER,         -- money, transaction currency
  allocationerror TEXT,                -- why allocation failed: the arrangement is not compliant
  asof TEXT,                           -- of a subscription line: charges up to this day are in
  stale INTEGER NOT NULL DEFAULT 1,    -- 1: its plans have to be brought up to date
  UNIQUE (source, sourceline)
);
CREATE INDEX IF NOT EXISTS element_arrangement ON element (arrangement);
CREATE TABLE IF NOT EXISTS netting (
  credit INTEGER NOT NULL,             -- element of the credit memo
  debit INTEGER NOT NULL,              -- element of the invoice
  amount INTEGER NOT NULL,
  PRIMARY KEY (credit, debit)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS netting_debit ON netting (debit);
-- Subscriptions whose arrangement has to be brought up to date.
CREATE TABLE IF NOT EXISTS armqueue (subscription INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS plan (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  element INTEGER NOT NULL,
  event TEXT NOT NULL,                 -- which event made it; '' for the one plan of an element
  amount INTEGER NOT NULL DEFAULT 0,   -- money, transaction currency
  held INTEGER NOT NULL DEFAULT 0,     -- Hold Revenue Recognition
  createddate TEXT NOT NULL,
  UNIQUE (element, event)
);
CREATE TABLE IF NOT EXISTS planned (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  plan INTEGER NOT NULL,
  amount INTEGER NOT NULL,             -- money, transaction currency
  base INTEGER,                        -- money, base currency, once recognized
  plannedperiod INTEGER NOT NULL,
  postingperiod INTEGER,
  dateexecuted TEXT,
  journal INTEGER
);
CREATE INDEX IF NOT EXISTS planned_plan ON planned (plan);
CREATE INDEX IF NOT EXISTS planned_open ON planned (plannedperiod) WHERE journal IS NULL;
CREATE INDEX IF NOT EXISTS planned_journal ON planned (journal) WHERE journal IS NOT NULL;
-- Lines of reclassification journals: what each element added to the contract asset.
CREATE TABLE IF NOT EXISTS reclass (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,                  -- one of arm/adjusting.py
  arrangement INTEGER NOT NULL,
  element INTEGER NOT NULL,
  base INTEGER NOT NULL,               -- money, base currency: debit of the deferral account
  amount INTEGER NOT NULL DEFAULT 0,   -- money, transaction currency, of a carving
  period INTEGER NOT NULL,
  journal INTEGER NOT NULL,
  reversal INTEGER                     -- the journal that took it back
);
-- Unbilled Receivable Group of revenue elements.
CREATE TABLE IF NOT EXISTS unbilledgroup (element INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS reclass_open ON reclass (arrangement) WHERE reversal IS NULL;
CREATE INDEX IF NOT EXISTS reclass_element ON reclass (element, kind);
CREATE INDEX IF NOT EXISTS reclass_journal ON reclass (journal);

-- Look-ups of subscription billing, whose records are master data.
CREATE INDEX IF NOT EXISTS master_usage
  ON master (json_extract(body, '$.usageSubscriptionLine')) WHERE grp = 'usage';
CREATE INDEX IF NOT EXISTS master_charge
  ON master (json_extract(body, '$.subscriptionLine')) WHERE grp = 'charge';
CREATE INDEX IF NOT EXISTS master_charge_bill
  ON master (json_extract(body, '$.invoice')) WHERE grp = 'charge';
CREATE INDEX IF NOT EXISTS master_charge_credit
  ON master (json_extract(body, '$.creditMemo')) WHERE grp = 'charge';
CREATE INDEX IF NOT EXISTS master_line_of_subscription
  ON master (json_extract(body, '$.subscription')) WHERE grp = 'subscriptionLine';
CREATE INDEX IF NOT EXISTS master_time
  ON master (json_extract(body, '$.customer')) WHERE grp = 'timeBill';
CREATE INDEX IF NOT EXISTS master_revenue_event
  ON master (json_extract(body, '$.element')) WHERE grp = 'billingRevenueEvent';

-- Access and configuration.
CREATE TABLE IF NOT EXISTS integration (
  client_id TEXT NOT NULL,
  certificate_id TEXT PRIMARY KEY,
  public_key_pem TEXT NOT NULL,
  role TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (
  token TEXT PRIMARY KEY,
  client_id TEXT NOT NULL,
  role TEXT NOT NULL,
  scope TEXT NOT NULL,
  expires_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS customfield (
  scriptid TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  applies TEXT NOT NULL                -- body, column, entity, item
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tba (
  token_id TEXT PRIMARY KEY,
  token_secret TEXT NOT NULL,
  consumer_key TEXT NOT NULL,
  consumer_secret TEXT NOT NULL,
  role TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS role (name TEXT PRIMARY KEY, permissions TEXT NOT NULL) WITHOUT ROWID;

-- Asynchronous requests: one job, one task per record, each with the answer it got.
CREATE TABLE IF NOT EXISTS job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  idempotencykey TEXT UNIQUE,
  polls INTEGER NOT NULL DEFAULT 0,
  createddate TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS task (
  job INTEGER NOT NULL,
  id INTEGER NOT NULL,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (job, id)
) WITHOUT ROWID;
