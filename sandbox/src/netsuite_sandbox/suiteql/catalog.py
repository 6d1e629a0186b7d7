"""The tables and columns of SuiteQL, and how each is read from the sandbox's store.

Column kinds: id (integer), text, longtext, number, date, datetime, bool ('T'/'F'). `ref` names the
record group that BUILTIN.DF shows a column by. Sources: columns from third-party queries against
live accounts, amounts in transaction or base currency from "Transaction Line" and "Transaction
Accounting Line" (section_1548805090).
"""

from __future__ import annotations

from netsuite_sandbox.company import Company
from netsuite_sandbox.suiteql.columns import Column, Table, master as _master, table as _table
from netsuite_sandbox.suiteql.revenue import REVENUE_TABLES

__all__ = ["TABLES", "Column", "Table", "columns_of"]

_TRAN_NAMES = """CASE t.type WHEN 'CustInvc' THEN 'invoice' WHEN 'CustDep' THEN 'customerdeposit'
 WHEN 'DepAppl' THEN 'depositapplication' WHEN 'Journal' THEN
 LOWER(COALESCE(json_extract(t.extra, '$.record'), 'journalentry'))
 WHEN 'CustCred' THEN 'creditmemo' WHEN 'CustPymt' THEN 'customerpayment'
 WHEN 'CustRfnd' THEN 'customerrefund' WHEN 'SalesOrd' THEN 'salesorder'
 WHEN 'CashSale' THEN 'cashsale' WHEN 'CashRfnd' THEN 'cashrefund'
 WHEN 'Estimate' THEN 'estimate' WHEN 'RtnAuth' THEN 'returnauthorization'
 WHEN 'ItemShip' THEN 'itemfulfillment' WHEN 'FftReq' THEN 'fulfillmentrequest'
 WHEN 'RevArrng' THEN 'revenuearrangement' WHEN 'FxReval' THEN 'fxreval' END""".replace("\n", "")
_SIGN = (
    "CASE t.type WHEN 'CustCred' THEN -1 WHEN 'DepAppl' THEN -1 WHEN 'CashRfnd' THEN -1"
    " WHEN 'RtnAuth' THEN -1 ELSE 1 END"
)
# The lines of an intercompany journal have the rate of their subsidiary.
_LINE_RATE = "IIF(l.subsidiary IS NULL OR l.amount = 0, t.exchangerate, 1.0 * l.base / l.amount)"
_PAYER = "t.type IN ('CustDep', 'CustPymt', 'CustCred')"
_LINK = "link k JOIN tx a ON a.id = k.previousdoc JOIN tx b ON b.id = k.nextdoc"
_LINK_COLUMNS = """
previousdoc id transaction = k.previousdoc
previousline id = k.previousline
previoustype text trantype = a.type
previousdate date = a.trandate
nextdoc id transaction = k.nextdoc
nextline id = k.nextline
nexttype text trantype = b.type
nextdate date = b.trandate
linktype text = k.linktype
"""
_SUBSIDIARIES = (
    "(SELECT GROUP_CONCAT(COALESCE(json_extract(x.value, '$.id'), x.value), ', ')"
    " FROM json_each(m.body, '$.subsidiary') x)"
)
_BASE = "(SELECT ABS(m.base) FROM line m WHERE m.tx = t.id AND m.id = 0)"


def _on_main_line(condition: str, value: str) -> str:
    return f"CASE WHEN l.id = 0 AND {condition} THEN {value} END"


def _full_name(group: str, member: str) -> str:
    """A name with those of the parents, which most records do not have."""
    parents = f"ns_full_name('{group}', m.id)"
    return (f"(CASE WHEN json_extract(m.body, '$.parent') IS NULL"
            f" THEN json_extract(m.body, '$.{member}') ELSE {parents} END)")  # fmt: skip


def _open_part(base: str) -> str:
    """Return the part of an amount in base currency that is open, in the proportion of totals."""
    return f"CASE WHEN t.total = 0 THEN 0 ELSE ROUND(1.0 * {base} * t.open / t.total) END"


_INVOICE = "t.type = 'CustInvc'"
_UNPAID = "IIF(t.posting = 'T', t.open, t.total)"  # One that waits for approval is due as a whole.
_APPROVAL = (
    "CASE t.type WHEN 'Journal' THEN CASE t.status WHEN 'B' THEN 2 ELSE 1 END"
    " WHEN 'CustInvc' THEN CAST(json_extract(t.extra, '$.approvalStatus') AS INTEGER) END"
)
_DUE = _open_part("l.base")
_UNUSED = _open_part("ABS(l.base)")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "transaction",
            "tx t",
            f"""
id id = t.id
tranid text = t.tranid
transactionnumber text = t.tranid
type text trantype = t.type
abbrevtype text = t.type
recordtype text = {_TRAN_NAMES}
externalid text = t.externalid
trandate date = t.trandate
postingperiod id accountingPeriod = t.postingperiod
entity id entity = t.entity
currency id currency = t.currency
exchangerate real = t.exchangerate
foreigntotal money = t.total * {_SIGN}
total money = {_BASE} * {_SIGN}
foreignamountunpaid money = CASE WHEN t.type = 'CustInvc' THEN {_UNPAID} END
foreignamountpaid money = CASE WHEN t.type = 'CustInvc' THEN t.total - {_UNPAID} END
foreignpaymentamountunused money = CASE WHEN {_PAYER} THEN t.open END
foreignpaymentamountused money = CASE WHEN {_PAYER} THEN t.total - t.open END
status text status = t.status
approvalstatus id = {_APPROVAL}
posting bool = t.posting
voided bool = CASE WHEN json_extract(t.extra, '$.voided') THEN 'T' ELSE 'F' END
void bool = 'F'
memo text = t.memo
createddate datetime = t.createddate
lastmodifieddate datetime = t.lastmodifieddate
reversal id transaction = CAST(json_extract(t.extra, '$.reversalEntry') AS INTEGER)
reversaldate date = json_extract(t.extra, '$.reversalDate')
""",
            "body",
        ),
        _table(
            "transactionline",
            "line l JOIN tx t ON t.id = l.tx",
            """
id id = l.id
transaction id transaction = l.tx
uniquekey id = l.tx * 100000 + l.id
linesequencenumber id = l.seq
mainline bool = l.mainline
taxline bool = l.taxline
item id item = l.item
itemtype text = CASE WHEN l.item IS NOT NULL THEN 'Service' END
quantity real = l.quantity
rate real = l.rate
foreignamount money = l.amount
netamount money = l.amount
createdfrom id transaction = COALESCE(l.orderdoc, t.createdfrom)
subsidiary id subsidiary = COALESCE(l.subsidiary, t.subsidiary)
department id = l.department
class id = l.class
location id = l.location
entity id entity = l.entity
memo text = l.memo
expenseaccount id account = l.account
accountinglinetype text = CASE WHEN l.taxline = 'T' THEN 'TAX' ELSE 'INCOME' END
isclosed bool = 'F'
donotdisplayline bool = 'F'
""",
            "column",
        ),
        _table(
            "transactionaccountingline",
            "line l JOIN tx t ON t.id = l.tx",
            f"""
transaction id transaction = l.tx
transactionline id = l.id
accountingbook id = 1
account id account = l.account
amount money = l.base
debit money = CASE WHEN l.base > 0 THEN l.base END
credit money = CASE WHEN l.base < 0 THEN -l.base END
netamount money = l.base
posting bool = t.posting
exchangerate real = {_LINE_RATE}
amountunpaid money = {_on_main_line(_INVOICE, _DUE)}
amountpaid money = {_on_main_line(_INVOICE, f"l.base - {_DUE}")}
paymentamountunused money = {_on_main_line(_PAYER, _UNUSED)}
paymentamountused money = {_on_main_line(_PAYER, f"ABS(l.base) - {_UNUSED}")}
""",
        ),
        *(
            _table(name, link, f"{_LINK_COLUMNS}foreignamount money = k.amount")
            for name, link in (
                ("nexttransactionlinelink", _LINK),
                ("previoustransactionlinelink", _LINK),
                # Third parties name the table; what is in it is inferred from its name.
                ("appliedcredittransactionlinelink", f"{_LINK} AND k.linktype = 'Payment'"),
            )
        ),
        # Amounts of the accounting lines: base currency. Source: third-party queries.
        *(
            _table(name, _LINK, f"{_LINK_COLUMNS}accountingbook id = 1\namount money = k.nextbase")
            for name in (
                "nexttransactionaccountinglinelink",
                "previoustransactionaccountinglinelink",
            )
        ),
        _master(
            "accountingbook",
            "m.grp = 'accountingBook'",
            """
            name text = name
            isprimary bool = isPrimary
            isinactive bool = isInactive
            """,
        ),
        _master(
            "account",
            "m.grp = 'account'",
            f"""
            acctnumber text = acctNumber
            accountsearchdisplayname text = acctName
            fullname text = {_full_name("account", "acctName")}
            displaynamewithhierarchy text = {_full_name("account", "acctName")}
            accttype text = acctType
            sspecacct text = sSpecAcct
            isinactive bool = isInactive
            issummary bool = isSummary
            eliminate bool = eliminate
            currency id currency = currency
            deferralacct id account = deferralAcct
            parent id account = parent
            description text = description
            subsidiary many subsidiary = {_SUBSIDIARIES}
            includechildren bool = includeChildren
            """,
        ),
        _master(
            "accountingperiod",
            "m.grp = 'accountingPeriod'",
            """
            periodname text = periodName
            startdate date = startDate
            enddate date = endDate
            closed bool = closed
            closedondate datetime = closedOnDate
            alllocked bool = allLocked
            arlocked bool = arLocked
            aplocked bool = apLocked
            isquarter bool = isQuarter
            isyear bool = isYear
            isadjust bool = isAdjust
            isposting bool = isPosting
            isinactive bool = isInactive
            allownonglchanges bool = allowNonGLChanges
            parent id accountingPeriod = parent
            """,
        ),
        _master(
            "customer",
            "m.grp = 'entity' AND m.type = 'customer'",
            """
            entityid text = entityId
            companyname text = companyName
            isperson bool = isPerson
            firstname text = firstName
            lastname text = lastName
            email text = email
            currency id currency = currency
            receivablesaccount id account = receivablesAccount
            parent id entity = parent
            datecreated datetime = (m.createddate)
            lastmodifieddate datetime = (m.lastmodifieddate)
            isinactive bool = isInactive
            """,
        ),
        _master(
            "entity",
            "m.grp = 'entity'",
            """
            entityid text = entityId
            type text = ('CustJob')
            isinactive bool = isInactive
            """,
        ),
        _master(
            "subsidiary",
            "m.grp = 'subsidiary'",
            f"""
            name text = name
            fullname text = {_full_name("subsidiary", "name")}
            legalname text = legalName
            currency id currency = currency
            country text = country
            parent id subsidiary = parent
            iselimination bool = isElimination
            isinactive bool = isInactive
            """,
        ),
        _master(
            "currency",
            "m.grp = 'currency'",
            """
            name text = name
            symbol text = symbol
            currencyprecision id = currencyPrecision
            exchangerate number = exchangeRate
            isbasecurrency bool = isBaseCurrency
            isinactive bool = isInactive
            """,
        ),
        _master(
            "currencyrate",
            "m.grp = 'currencyRate'",
            """
            basecurrency id currency = baseCurrency
            transactioncurrency id currency = transactionCurrency
            effectivedate date = effectiveDate
            exchangerate number = exchangeRate
            """,
        ),
        _master(
            "item",
            "m.grp = 'item'",
            f"""
            itemid text = itemId
            fullname text = itemId
            displayname text = displayName
            itemtype text = ('Service')
            incomeaccount id account = incomeAccount
            deferredrevenueaccount id account = deferredRevenueAccount
            directrevenueposting bool = directRevenuePosting
            createrevenueplanson id revPlansOn = createRevenuePlansOn
            revenuerecognitionrule id revRecRule = revenueRecognitionRule
            isinactive bool = isInactive
            description text = description
            featureddescription longtext = featuredDescription
            storedetaileddescription longtext = storeDetailedDescription
            metataghtml longtext = metaTagHtml
            subsidiary many subsidiary = {_SUBSIDIARIES}
            includechildren bool = includeChildren
            """,
        ),
        _table(
            "transactionstatus",
            "transactionstatus s",
            """
id text = s.id
trantype text trantype = s.trantype
name text = s.name
fullname text = s.fullname
trancustomtype id = NULL
""",
        ),
        *REVENUE_TABLES,
    )
}
_KINDS = {"integer": "id", "boolean": "bool"}


def columns_of(company: Company, table: Table) -> dict[str, Column]:
    """Return the columns of a table, custom fields included."""
    if not table.custom:
        return table.columns
    alias = "t" if table.custom == "body" else "l"
    columns = dict(table.columns)
    for name, (kind, applies) in company.custom_fields.items():
        if applies == table.custom:
            columns[name] = Column(name, _KINDS.get(kind, kind), f"{alias}.{name}")
    return columns
