"""The SuiteQL tables of revenue management and of subscription billing.

Revenue arrangements are rows of `transaction` (type RevArrng); elements, plans and planned revenue
have tables here and no REST record. Sources: reference of what revenue management exposes where;
columns from third-party queries and "Revenue Element Field Reference" (section_4370935868), their
names in SuiteQL partly unsure. Subscription records have the columns of their search
(suitescript records: subscription, usage) and of the REST API Browser.
"""

from __future__ import annotations

from netsuite_sandbox.suiteql.columns import Table, master, table

_DONE = (
    "(SELECT COALESCE(SUM(p.amount), 0) FROM planned p"
    " WHERE p.plan = n.id AND p.journal IS NOT NULL)"
)

REVENUE_TABLES: tuple[Table, ...] = (
    table(
        "revenueelement",
        "element e",
        """
id id = e.id
recordnumber text = CAST(e.id AS TEXT)
revenuearrangement id transaction = e.arrangement
source id transaction = e.source
sourceline id = e.sourceline
subscriptionline id subscriptionLine = e.subscriptionline
sourcetype text = CASE WHEN e.projectrule IS NOT NULL THEN 'Project Revenue Rule' WHEN e.subscriptionline IS NULL THEN 'Transaction Line' ELSE 'Subscription Line' END
item id item = e.item
entity id entity = e.entity
subsidiary id subsidiary = e.subsidiary
currency id currency = e.currency
exchangerate real = e.exchangerate
elementdate date = e.elementdate
revrecstartdate date = e.startdate
revrecenddate date = e.enddate
quantity real = e.quantity
salesamount money = e.amount
discountedsalesamount money = e.amount
allocationamount money = e.revenue
revenueamount money = e.revenue
calculatedamount money = e.calculatedfairvalue
allocationerror text = e.allocationerror
allocationtype text = e.allocationtype
deferralaccount id account = e.deferralaccount
recognitionaccount id account = e.recognitionaccount
revenuerecognitionrule id revRecRule = e.rule
createrevenueplanson id revPlansOn = e.planson
""",  # noqa: E501
    ),
    table(
        "revenueplan",
        "plan n JOIN element e ON e.id = n.element",
        f"""
id id = n.id
recordnumber text = n.id
createdfrom id = n.element
item id item = e.item
revenueplantype text = 'ACTUAL'
revenueplancurrency id currency = e.currency
amount money = n.amount
totalrecognized money = {_DONE}
remainingdeferredbalance money = n.amount - {_DONE}
holdrevenuerecognition bool = CASE WHEN n.held THEN 'T' ELSE 'F' END
status text = CASE WHEN n.held THEN 'ONHOLD' WHEN {_DONE} = n.amount THEN 'COMPLETED' WHEN {_DONE} = 0 THEN 'NOTSTARTED' ELSE 'INPROGRESS' END
createddate datetime = n.createddate
revenuerecognitionrule id revRecRule = e.rule
""",  # noqa: E501
    ),
    table(
        "revenueplanplannedrevenue",
        "planned p",
        """
id id = p.id
revenueplan id = p.plan
amount money = p.amount
plannedperiod id accountingPeriod = p.plannedperiod
postingperiod id accountingPeriod = p.postingperiod
dateexecuted date = p.dateexecuted
journal id transaction = p.journal
isrecognized bool = CASE WHEN p.journal IS NULL THEN 'F' ELSE 'T' END
""",
    ),
    master(
        "billingrevenueevent",
        "m.grp = 'billingRevenueEvent'",
        """
        eventtype id revPlansOn = eventType
        eventpurpose text = eventPurpose
        eventdate date = eventDate
        startdate date = startDate
        enddate date = endDate
        amount number = amount
        quantity number = quantity
        cumulativepercentcomplete number = cumulativePercentComplete
        transactionline text = transactionLine
        subscriptionline id subscriptionLine = subscriptionLine
        """,
    ),
    master(
        "subscription",
        "m.grp = 'subscription'",
        """
        name text = name
        idnumber text = idNumber
        customer id entity = customer
        billingaccount id billingAccount = billingAccount
        subscriptionplan id item = subscriptionPlan
        pricebook id priceBook = priceBook
        startdate date = startDate
        enddate date = endDate
        currency id currency = currency
        subsidiary id subsidiary = subsidiary
        billingsubscriptionstatus text = billingSubscriptionStatus
        datecreated datetime = createdDate
        """,
    ),
    master(
        "subscriptionline",
        "m.grp = 'subscriptionLine'",
        """
        subscription id subscription = subscription
        linenumber id = lineNumber
        item id item = item
        subscriptionlinetype text = subscriptionLineType
        subscriptionlinestatus text = subscriptionLineStatus
        billingmode text = billingMode
        startdate date = startDate
        enddate date = endDate
        prepaymentremaining number = prepaymentRemaining
        prepaymentusage number = prepaymentUsage
        """,
    ),
    master(
        "usage",
        "m.grp = 'usage'",
        """
        customer id entity = customer
        date date = usageDate
        usagedate date = usageDate
        item id item = item
        memo text = memo
        quantity number = usageQuantity
        usagequantity number = usageQuantity
        status text = status
        subscription id subscription = usageSubscription
        usagesubscription id subscription = usageSubscription
        subscriptionline id subscriptionLine = usageSubscriptionLine
        usagesubscriptionline id subscriptionLine = usageSubscriptionLine
        subscriptionplan id item = subscriptionPlan
        """,
    ),
    master(
        "job",
        "m.grp = 'entity' AND m.type = 'job'",
        """
        entityid text = entityId
        companyname text = companyName
        parent id entity = parent
        subsidiary id subsidiary = subsidiary
        currency id currency = currency
        startdate date = startDate
        projectedenddate date = projectedEndDate
        isinactive bool = isInactive
        """,
    ),
    master(
        "timebill",
        "m.grp = 'timeBill'",
        """
        customer id entity = customer
        trandate date = tranDate
        hours text = hours
        timetype text = timeType
        approvalstatus text = approvalStatus
        memo text = memo
        """,
    ),
    master(
        "charge",
        "m.grp = 'charge'",
        """
        billto id entity = billTo
        billingaccount id billingAccount = billingAccount
        billingitem id item = billingItem
        chargedate date = chargeDate
        billdate date = billDate
        servicestartdate date = serviceStartDate
        serviceenddate date = serviceEndDate
        chargetype text = chargeType
        stage text = stage
        use text = use
        runid text = runId
        currency id currency = currency
        subscriptionline id subscriptionLine = subscriptionLine
        quantity number = quantity
        rate number = rate
        amount number = amount
        invoice id transaction = invoice
        invoiceline id = invoiceLine
        creditmemo id transaction = creditMemo
        creditmemoline id = creditMemoLine
        """,
    ),
    master(
        "billingaccount",
        "m.grp = 'billingAccount'",
        """
        name text = name
        customer id entity = customer
        currency id currency = currency
        startdate date = startDate
        """,
    ),
)
