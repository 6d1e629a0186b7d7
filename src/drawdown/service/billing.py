"""The bill run: every period that has ended is billed, once, whoever runs it and how often.

Customers go by in order, a page to a transaction, so memory does not grow with their number and a
crash leaves whole pages done and the rest for the next run.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from drawdown.core.errors import MalformedEventError, SubscriptionError
from drawdown.core.policy import Policy
from drawdown.core.subscription.acts import Act, Bill, Ending, Notice, PlanBlock
from drawdown.core.subscription.running import Run
from drawdown.service.accounts import Desk
from drawdown.store.database import Session
from drawdown.store.ledger import lock_tenant
from drawdown.store.subscriptions import late_customers
from drawdown.store.usage import uses_of_many

PAGE_CUSTOMERS = 50
"""Customers that share a transaction."""


class BillReport(NamedTuple):
    """What a bill run did.

    Attributes:
        periods: Billing periods closed.
        invoices: Bills with lines; a period without usage has none.
        credit_memos: Credits on earlier bills.
        blocks: Blocks bought.
        endings: Remainders that ended, or parts of them.
        problems: Customers that could not be billed, each with why; nothing of theirs was kept.
    """

    customers: int = 0
    periods: int = 0
    invoices: int = 0
    credit_memos: int = 0
    blocks: int = 0
    endings: int = 0
    notices: int = 0
    problems: tuple[str, ...] = ()

    def plus(self, acts: tuple[Act, ...]) -> BillReport:
        """Count acts too."""
        bills = [act for act in acts if isinstance(act, Bill)]
        return self._replace(
            periods=self.periods + len(bills),
            invoices=self.invoices + sum(bool(bill.lines) for bill in bills),
            credit_memos=self.credit_memos
            + sum(len({part.invoice_id for part in bill.credits}) for bill in bills),
            blocks=self.blocks + sum(isinstance(act, PlanBlock) for act in acts),
            endings=self.endings + sum(isinstance(act, Ending) for act in acts),
            notices=self.notices + sum(isinstance(act, Notice) for act in acts),
        )


def bill(session: Session, through: datetime, policy: Policy, now: datetime) -> BillReport:
    """Bill every period that ends by an instant; what is billed is not billed again.

    Args:
        through: First instant after the last day that is billed.
        now: Instant recorded with what is written.

    Returns:
        What was done; a customer whose bill the core refuses is a problem and no more.

    Raises:
        StoreError: The database refused; the pages before are done.
    """
    report = BillReport()
    after = ""
    while True:
        rows = session.run(
            "accounts_due", {"through": through, "after": after, "limit": PAGE_CUSTOMERS}
        ).fetchall()
        due = [customer_id for (customer_id,) in rows]
        try:
            report = _bill_customers(session, due, through, policy, now, report)
        except (SubscriptionError, MalformedEventError):
            # One of them: the others must not wait for it.
            for customer_id in due:
                try:
                    report = _bill_customers(session, [customer_id], through, policy, now, report)
                except (SubscriptionError, MalformedEventError) as error:
                    problem = f"customer {customer_id}: {error}"
                    report = report._replace(problems=(*report.problems, problem))
        if len(due) < PAGE_CUSTOMERS:
            return report
        after = due[-1]


def _bill_customers(
    session: Session,
    customer_ids: list[str],
    through: datetime,
    policy: Policy,
    now: datetime,
    report: BillReport,
) -> BillReport:
    if not customer_ids:
        return report
    with session.pipelined_transaction():
        lock_tenant(session)
        return _bill_page(Desk(session, policy, now), customer_ids, through, report)


def _bill_page(
    desk: Desk, customer_ids: list[str], through: datetime, report: BillReport
) -> BillReport:
    desk.load(customer_ids)
    desk.load_closed_meters(late_customers(desk.session, customer_ids))
    desk.load_revived_blocks(customer_ids)
    timelines = desk.from_base(customer_ids)
    uses = uses_of_many(desk.session, {key: one.account.at for key, one in timelines.items()})
    for customer_id, timeline in timelines.items():
        run = Run(timeline, uses[customer_id])
        for acts in run.bill(through):
            report = report.plus(acts)
            desk.take(timeline, acts)
            desk.keep_base(timeline)
        acts = run.finish()
        timeline.advance(through)
        acts = (*acts, *timeline.acts)
        timeline.acts.clear()
        report = report.plus(acts)._replace(customers=report.customers + 1)
        desk.take(timeline, acts)
        desk.keep_head(timeline)
    desk.post()
    return report
