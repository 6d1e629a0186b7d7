"""Named settings: what NetSuite lets an administrator choose, and what the sources do not settle.

Every setting says where its default comes from. `mark` is D (documented), C (seen in third-party
code), O (other Oracle material) or U (unsure, inferred); settings marked U are the places to look
when a live account behaves otherwise.
"""

from __future__ import annotations

from netsuite_sandbox import dates
from netsuite_sandbox.setting import Setting
from netsuite_sandbox.setting_table_revenue import REVENUE_SETTINGS

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "require_authentication",
        True,
        (True, False),
        "D",
        "Authentication for REST Web Services",
        "Refuse REST calls without a valid token; false is for first steps with curl.",
    ),
    Setting(
        "default_posting_period_when_closed",
        "current",
        ("current", "first_open"),
        "D",
        "General Accounting Preferences",
        "Posting period offered when the transaction date lies in a closed period.",
    ),
    Setting(
        "date_outside_posting_period",
        "disallow",
        ("disallow", "warn", "allow"),
        "U",
        "General Accounting Preferences (the values are documented, the default is not)",
        "Whether a transaction date may lie outside the posting period. With warn or allow a date "
        "in a closed period moves silently to the period offered.",
    ),
    Setting(
        "date_mismatch_text",
        "observed",
        ("observed", "documented"),
        "U",
        "SOAP Web Services Error Status Codes; third-party threads",
        "Wording when the date does not fit the period: as seen by integrators, or as documented.",
    ),
    Setting(
        "accounting_period_updates",
        "taken",
        ("taken", "refused"),
        "U",
        "REST API Browser 2026.1 lists PATCH of accountingPeriod; SuiteScript and SOAP refuse it, "
        "CANT_UPDATE_ACCTNG_PRDS of SOAP Web Services Error Status Codes",
        "Whether periods can be changed over REST. A change of a flag closes or locks as it says.",
    ),
    Setting(
        "override_period_restrictions",
        False,
        (True, False),
        "D",
        "Locking Accounting Periods",
        "The role may post to locked (never to closed) periods.",
    ),
    Setting(
        "expand_account_lists",
        False,
        (True, False),
        "D",
        "General Accounting Preferences, ASSETCOGSITEMACCTS",
        "Allow account types beyond the usual on items and deposits.",
    ),
    Setting(
        "duplicate_external_id",
        "entity_exists",
        ("entity_exists", "record_exists"),
        "U",
        "Measured once on a live account for entities; DUP_RCRD is the documented SOAP code",
        "Text of the refusal when a transaction's external id is taken.",
    ),
    Setting(
        "reference_forms",
        "any",
        ("any", "documented"),
        "U",
        "Using External IDs has {id} and {externalId}; bare ids and eid: inside an id are seen in "
        "samples of third parties",
        "Forms in which a body may name another record.",
    ),
    Setting(
        "nonexistent_text",
        "observed",
        ("observed", "documented"),
        "C",
        "Error Handling in REST Web Services: Record does not exist.; another text is observed by "
        "third parties",
        "Text of NONEXISTENT_ID.",
    ),
    Setting(
        "invalid_value_text",
        "documented",
        ("documented", "observed"),
        "D",
        "Error Handling in REST Web Services: 'accessing resource:'; third parties see 'accessing "
        "a resource.', as in other errors",
        "How the refusal of a value that does not exist begins.",
    ),
    Setting(
        "error_type_anchor",
        "always",
        ("always", "only_400"),
        "U",
        "Error Handling in REST Web Services shows an anchor in the type of one 400, in no other",
        "Whether the type of an error leads to the section of its status in RFC 2616.",
    ),
    Setting(
        "too_many_requests_title",
        "too_many_requests",
        ("too_many_requests", "bad_request"),
        "D",
        "Error Handling in REST Web Services: its sample of 429 has the title Bad Request and an "
        "o:errorCode USER_ERROR beside the details",
        "Shape of the refusal of too many concurrent requests.",
    ),
    Setting(
        "token_expires_in",
        "string",
        ("string", "number"),
        "U",
        "OAuth 2.0 Client Credentials Flow: samples show both",
        "Whether expires_in of a token is JSON text or a number.",
    ),
    Setting(
        "token_audience",
        "contains",
        ("contains", "exact"),
        "C",
        "OAuth 2.0 Client Credentials Flow: the token URL; PyPI's netsuite-python sends it inside "
        "other text",
        "Whether the audience of an assertion is the token URL or has it somewhere.",
    ),
    Setting(
        "rsa_key_bits",
        3072,
        (3072, 2048),
        "D",
        "Certificate Conditions (subsect_162755332391): 3,072 or 4,096 bits; Oracle's agent skills "
        "on authentication: from 2,048 on",
        "Bits that an RSA key needs to be registered.",
    ),
    Setting(
        "get_needs",
        "VIEW",
        ("VIEW", "EDIT"),
        "U",
        "Limitations of REST Web Services: instances are loaded in edit mode, even for GET; which "
        "permission level that takes is said for employees only",
        "Permission level that a role needs to GET a record instance.",
    ),
    Setting(
        "suiteql_lag_s",
        0,
        (),
        "U",
        "Anecdotes of third parties: what was just written may be missing",
        "Seconds for which SuiteQL does not yet show a new transaction.",
    ),
    Setting(
        "post_status",
        204,
        (204, 201),
        "D",
        "Creating a Record Instance (204); the SAFE guide says 201",
        "HTTP status of a successful create.",
    ),
    Setting(
        "default_sales_order_status",
        "B",
        ("A", "B"),
        "U",
        "Order Management Preferences",
        "Status of a new sales order that names none.",
    ),
    Setting(
        "transform_order_line_selects",
        True,
        (True, False),
        "U",
        "Inferred from the keyed item sublist",
        "When the body of salesOrder to invoice lists lines with orderLine, only these are billed.",
    ),
    Setting(
        "require_journal_approval",
        False,
        (True, False),
        "D",
        "General Accounting Preferences",
        "Journal entries do not post until approved.",
    ),
    Setting(
        "require_invoice_approval",
        False,
        (True, False),
        "D",
        "Invoice Approval Workflow (section_4171524249)",
        "Invoices do not post until approvalStatus is 2; without one they wait.",
    ),
    Setting(
        "void_using_reversing_journals",
        False,
        (True, False),
        "D",
        "General Accounting Preferences, REVERSALVOIDING",
        "Direct voids are refused.",
    ),
    *REVENUE_SETTINGS,
    Setting(
        "journal_lines_mainline",
        "T",
        ("T", "F"),
        "C",
        "Saved searches mark every journal line as main line; SuiteQL unsure",
        "Value of transactionline.mainline on journal entries.",
    ),
    Setting(
        "rounding_gain_loss_limit",
        "0.04",
        (),
        "D",
        "Variance Calculations",
        "Base-currency differences up to this amount post to Rounding Gain/Loss.",
    ),
    Setting(
        "refund_account_default",
        "first_bank",
        ("first_bank", "undeposited_funds"),
        "U",
        "Customer Refund: the sample of the REST use case names no account, the form requires one",
        "Account that pays a customer refund which names none.",
    ),
    Setting(
        "deposit_refund_link",
        "none",
        ("none", "deposit_to_refund"),
        "U",
        "REST API Browser lists the link type DepRfnd, SOAP's TransactionLinkType calls "
        "it deposit refund check; between what it stands is nowhere said",
        "Whether a refunded deposit is linked to its refund beside the application between them.",
    ),
    Setting(
        "reversing_voids_forbid_delete",
        False,
        (True, False),
        "U",
        "Voiding, Deleting, or Closing Transactions (section_N563543): the form then offers no "
        "Delete; nothing is said of REST",
        "With void_using_reversing_journals on, transactions cannot be deleted.",
    ),
    Setting(
        "realized_gain_loss_when_closed",
        "moved",
        ("moved", "refused"),
        "D",
        "Posting Periods and Transaction Dates for Realized Gain and Loss (moved); TRAN_PRD_CLOSED "
        "of SOAP Web Services Error Status Codes (refused)",
        "Realized gain or loss whose period is shut goes to the period of the preference, or the "
        "application is refused.",
    ),
    Setting(
        "journal_lines_max",
        10_000,
        (),
        "D",
        "Limitations for Importing Transactions; Line Limitations for Transactions (REST counts as "
        "import; 200 are recommended, the refusal is not said)",
        "Lines of a journal entry.",
    ),
    Setting(
        "transaction_lines_max",
        5_000,
        (),
        "D",
        "Usage Notes for Transaction Record Types; Line Limitations for Transactions (as above)",
        "Lines of any other transaction.",
    ),
    Setting(
        "timed_out_writes",
        "finished",
        ("finished", "undone"),
        "U",
        "Handling of Lengthy Requests: SOAP finishes the write of one record without an answer; of "
        "REST only the limit of 15 minutes is said",
        "What becomes of a write that takes 15 minutes or longer; its connection is closed.",
    ),
    Setting(
        "user_event_order",
        "listed",
        ("listed", "any"),
        "D",
        "Execution Order of Deployed Scripts (article_1029021012): as listed on the Scripted "
        "Records page, where any administrator may move a script",
        "Order of several user events of one entry point: that of the faults' list, or drawn for "
        "each request by their seed.",
    ),
    Setting(
        "async_pending_polls",
        0,
        (),
        "U",
        "Synchronous and Asynchronous Request Processing (how long a job takes is nowhere said)",
        "How many looks at an asynchronous job find it pending.",
    ),
    Setting(
        "absent_records",
        "",
        (),
        "D",
        "Working with Resource Metadata (it shows what features and role allow); the refusal is "
        "that of an unknown record",
        "Record types and SuiteQL tables that the account lacks, separated by commas, as with "
        "their feature switched off.",
    ),
    Setting(
        "concurrency_limit",
        5,
        (),
        "D",
        "Concurrency Governance",
        "Requests of one account that may be under way at once.",
    ),
    Setting(
        "integration_concurrency_limit",
        0,
        (),
        "D",
        "Concurrency Governance: account limit = sum of integration limits + unallocated",
        "Requests that the one integration may have under way; 0: it shares the account's limit.",
    ),
    Setting(
        "journal_void_property",
        "ignored",
        ("ignored", "voids"),
        "U",
        "REST API Browser lists `void` on journalEntry; what writing it does is not said",
        "Whether PATCH of a journal with void:true voids it.",
    ),
    Setting(
        "date_format",
        dates.DEFAULT,
        dates.FORMATS,
        "D",
        "Record Collection Filtering; date formats of Set Preferences as third parties list them",
        "The account's date format: of dates in answers of SuiteQL, in q filters, and of text that "
        "SuiteQL compares with a date.",
    ),
    Setting(
        "suiteql_listagg",
        "works",
        ("works", "refused"),
        "C",
        "Third-party queries use LISTAGG; SuiteQL Supported and Unsupported Functions "
        "(section_158513731864) lists it as unsupported",
        "Whether SuiteQL takes LISTAGG.",
    ),
    Setting(
        "journals_on_customer_deposits",
        "allowed",
        ("allowed", "refused"),
        "U",
        "Nothing is said of journals on the system account Customer Deposits",
        "Whether a journal may post to Customer Deposits; no deposit's balance moves with it.",
    ),
    Setting(
        "journal_receivable_lines",
        "any",
        ("any", "one"),
        "U",
        "Nothing is said of journals with several lines on receivables or payables",
        "How many lines of a journal may post to accounts receivable or payable.",
    ),
    Setting(
        "rownum_counts",
        "rows_read",
        ("rows_read", "rows_returned"),
        "C",
        "Issue 1168 of oracle/netsuite-suitecloud-sdk",
        "ROWNUM in a SuiteQL query with GROUP BY, aggregates, DISTINCT or ORDER BY caps the rows "
        "read (partial sums, unsorted), or the rows returned.",
    ),
    Setting(
        "token_lifetime_s",
        3600,
        (),
        "D",
        "OAuth 2.0 Client Credentials Flow",
        "Seconds an access token is valid.",
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
