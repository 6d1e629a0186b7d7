"""Notices: what people or another system are told, each cause once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from drawdown.core.money import ZERO, credits_text, minus, plus
from drawdown.core.subscription.account import Account
from drawdown.core.subscription.acts import Act, Notice, NoticeKind
from drawdown.core.subscription.plan import Frequency, Measure, PrepayLine
from drawdown.core.subscription.terms import Subscription

_DAY = timedelta(days=1)


def tell(
    acts: list[Act],
    account: Account,
    kind: NoticeKind,
    subject: tuple[str, str],
    cause: str,
    at: datetime,
    text: str,
) -> None:
    """Add a notice unless the same cause was told.

    Args:
        subject: Subscription and line.
        cause: What tells it from another of its kind.
    """
    notice_id = f"{kind.value}:{subject[0]}:{subject[1]}:{cause}"
    if notice_id not in account.told:
        account.told.append(notice_id)
        acts.append(Notice(notice_id, kind, account.customer_id, *subject, at, text))


def balance_of(account: Account, subscription_id: str, line_id: str) -> Decimal:
    """Return the credits left on a prepay line: bought, granted and carried over to it."""
    total = ZERO
    for holding in account.holdings.values():
        block = holding.block
        if (
            not holding.is_ended
            and block.line_id == line_id
            and block.subscription_id == subscription_id
        ):
            total = plus(total, holding.left)
    return total


def tell_balance(
    acts: list[Act],
    account: Account,
    subscription: Subscription,
    line: PrepayLine,
    balance: Decimal,
    at: datetime,
) -> None:
    """Tell the thresholds that a balance has reached; once for each time the line is filled."""
    fills = account.course(subscription.subscription_id).fills.get(line.line_id, 0)
    subject = (subscription.subscription_id, line.line_id)
    unit = subscription.plan.unit
    for one in line.thresholds:
        cause = f"{credits_text(one.value)}:{fills}"
        if one.measure is Measure.BALANCE and balance <= one.value:
            text = (
                f"{credits_text(balance)} {unit} are left on {line.line_id} of "
                f"{subject[0]}, at or below {credits_text(one.value)}"
            )
            tell(acts, account, NoticeKind.BALANCE_BELOW, subject, cause, at, text)
        elif one.measure is Measure.SHARE:
            whole = _size(account, *subject)
            if balance <= whole * one.value:
                text = (
                    f"{credits_text(balance)} of {credits_text(whole)} {unit} are left on "
                    f"{line.line_id} of {subject[0]}"
                )
                tell(acts, account, NoticeKind.SHARE_BELOW, subject, cause, at, text)


def _size(account: Account, subscription_id: str, line_id: str) -> Decimal:
    total = ZERO
    for holding in account.holdings.values():
        block = holding.block
        if (
            holding.left
            and not holding.is_ended
            and block.line_id == line_id
            and block.subscription_id == subscription_id
        ):
            total = plus(total, block.credits)
    return total


def tell_expected_refills(
    acts: list[Act], account: Account, subscriptions: Iterable[Subscription]
) -> None:
    """Tell which refills will be needed soon if usage goes on as it has since the last bill."""
    since = account.at - account.closed_at
    if since < _DAY:
        return
    seconds = Decimal(since // timedelta(seconds=1))
    for subscription in subscriptions:
        plan = subscription.plan
        if not plan.warn_days:
            continue
        for line in plan.prepay:
            subject = (subscription.subscription_id, line.line_id)
            drawn = _reserved(account, *subject)
            if line.frequency is not Frequency.AUTO_REFILL or not drawn:
                continue
            balance = balance_of(account, *subject)
            # Enough for so long: (balance - minimum) / (drawn / seconds), without a division.
            enough = drawn * plan.warn_days * (_DAY // timedelta(seconds=1))
            if minus(balance, line.minimum) * seconds > enough:
                continue
            fills = account.course(subscription.subscription_id).fills.get(line.line_id, 0)
            text = (
                f"{credits_text(balance)} {plan.unit} are left on {line.line_id} of {subject[0]}; "
                f"at {credits_text(drawn)} in {since // _DAY} days it is refilled, at "
                f"{credits_text(line.minimum)}, within {plan.warn_days} days"
            )
            tell(acts, account, NoticeKind.REFILL_EXPECTED, subject, str(fills), account.at, text)


def _reserved(account: Account, subscription_id: str, line_id: str) -> Decimal:
    total = ZERO
    for holding in account.holdings.values():
        if (holding.block.subscription_id, holding.block.line_id) == (subscription_id, line_id):
            total = plus(total, holding.reserved)
    return total
