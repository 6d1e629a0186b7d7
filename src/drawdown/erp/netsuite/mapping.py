"""Which accounts and items of the tenant's chart our roles and items are.

Accounts are named by number, items by name, the subsidiary by name: these survive a sandbox refresh
or a migration, NetSuite's internal ids do not. `directory` resolves them when they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping as Map, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from drawdown.core.accounts import Account, Observed, Role
from drawdown.core.errors import ConfigurationError, MissingMappingError
from drawdown.core.events import LineKind
from drawdown.core.plan import BREAKAGE_ITEM, PREPAID_ITEM, IntentLine

SYSTEM_ACCOUNTS: dict[Role, str] = {
    Role.ACCOUNTS_RECEIVABLE: "AcctRec",
    Role.UNDEPOSITED_FUNDS: "UndepFunds",
    Role.CUSTOMER_DEPOSITS: "CustDep",
}
"""Roles that need no number: NetSuite marks its own account by sSpecAcct.

Source: REST API Browser 2026.1, account (sSpecAcct).
"""

# Where a line of this kind is configured, in words.
_KIND_SETTINGS = {
    LineKind.USAGE: "default_items.usage",
    LineKind.SUBSCRIPTION: "default_items.subscription",
    LineKind.TAX: "default_items.tax",
    LineKind.SHIPPING: "default_items.shipping",
    LineKind.OTHER: "default_items.other",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A NetSuite item.

    Attributes:
        name: Item name/number in NetSuite; ``eid:X`` for the item with external id X.
        deferred: Number of its own deferred revenue account; empty: the role's.
        revenue: Number of its own revenue account; empty: the observed account's.
    """

    name: str
    deferred: str = ""
    revenue: str = ""


class PostingAccount(NamedTuple):
    """An account that a role (or observed account) is mapped to, item by item if need be.

    Attributes:
        item_id: Billing item id if the account is that item's own; otherwise empty.
        number: Account number; empty: NetSuite's own account of the role.
    """

    account: Account
    item_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A tenant's choice of accounts and items for one subsidiary.

    Attributes:
        subsidiary: Name (or internal id) of the subsidiary; empty in an account that has none.
        accounts: Account number by role; the roles of `SYSTEM_ACCOUNTS` may be left out.
        items: NetSuite item by billing item id, `PREPAID_ITEM` and `BREAKAGE_ITEM` among them.
        default_items: Item of lines whose billing item is not mapped, by kind of line.
        revenue_rule: Name (or internal id) of the revenue recognition rule of usage and breakage.
        plans_on: Name (or internal id) of *Create Revenue Plans On* of the same items.
    """

    subsidiary: str
    accounts: Map[Account, str]
    items: Map[str, Item]
    default_items: Map[LineKind, Item] = field(default_factory=dict)
    revenue_rule: str = ""
    plans_on: str = ""

    def __post_init__(self) -> None:
        for noted in (Observed.OPENING_BALANCE, Observed.CLOSING_BALANCE):
            if noted in self.accounts:
                raise ConfigurationError(
                    f"{noted} is no account of NetSuite; leave it out of accounts, and map "
                    "former_deferred_revenue to where balances from before stand"
                )
        seen: dict[str, Account] = {}
        for account, _, number in self.posting_accounts():
            first = seen.setdefault(number, account)
            if number and first is not account:
                raise ConfigurationError(
                    f"account {number} is mapped to {first} and to {account}; give each role an "
                    "account of its own, so that both can be reconciled"
                )

    def number(self, account: Account) -> str:
        """Return the account number of a role; empty for NetSuite's own account of the role.

        Raises:
            MissingMappingError: The role has no account.
        """
        number = self.accounts.get(account, "")
        if not number and account not in SYSTEM_ACCOUNTS:
            raise MissingMappingError(
                f"account role {account} has no account in NetSuite; set its account number under "
                f"accounts.{account} of the connection's mapping"
            )
        return number

    def item(self, line: IntentLine) -> Item:
        """Return the NetSuite item of an item line: by billing item, else by kind of line.

        Raises:
            MissingMappingError: Neither is mapped.
        """
        found = self.items.get(line.item)
        if found is not None:
            return found
        if line.item in (PREPAID_ITEM, BREAKAGE_ITEM):
            raise MissingMappingError(
                f"the item {line.item} has no item in NetSuite; set it under items.{line.item} of "
                "the connection's mapping"
            )
        default = self.default_items.get(line.kind)
        if default is None:
            raise MissingMappingError(
                f"billing item {line.item!r} ({line.kind} line) has no item in NetSuite; set "
                f"items.{line.item} or {_KIND_SETTINGS[line.kind]} of the connection's mapping"
            )
        return default

    def all_items(self) -> Iterator[tuple[str, Item]]:
        """Yield each mapped item with its billing item id; defaults have none."""
        yield from self.items.items()
        for item in self.default_items.values():
            yield "", item

    def posting_accounts(self) -> Iterator[PostingAccount]:
        """Yield every account that ours is mapped to, roles without a number included."""
        for account in (*Role, *Observed):
            if account in self.accounts or account in SYSTEM_ACCOUNTS:
                yield PostingAccount(account, "", self.accounts.get(account, ""))
        usage = [(item_id, item) for item_id, item in self.items.items() if item_id[:1] != "@"]
        usage += [("", item) for item in self._usage_defaults()]
        for item_id, item in usage:
            if item.deferred and item.deferred != self.accounts.get(Role.DEFERRED_REVENUE_USAGE):
                yield PostingAccount(Role.DEFERRED_REVENUE_USAGE, item_id, item.deferred)
            if item.revenue and item.revenue != self.accounts.get(Observed.REVENUE_USAGE):
                yield PostingAccount(Observed.REVENUE_USAGE, item_id, item.revenue)

    def _usage_defaults(self) -> list[Item]:
        item = self.default_items.get(LineKind.USAGE)
        return [] if item is None else [item]


class UsageItem(NamedTuple):
    """An item that customers pay for with credits.

    Attributes:
        has_own_accounts: It gets a deferred and a revenue account of its own.
    """

    item_id: str
    name: str
    has_own_accounts: bool = True


# Numbers of the chart that `standard_mapping` proposes.
_STANDARD: dict[Account, str] = {
    Role.CASH: "1000",
    Role.PREPAYMENT_CLEARING: "1290",
    Role.PREPAID_CREDITS_LIABILITY: "2310",
    Role.DEFERRED_REVENUE_PREPAID: "2320",
    Role.DEFERRED_REVENUE_USAGE: "2330",
    Role.DEFERRED_REVENUE_BREAKAGE: "2390",
    Observed.REVENUE_USAGE: "4310",
    Observed.REVENUE_BREAKAGE: "4390",
}
_FIRST_OWN_DEFERRED = 2331
_FIRST_OWN_REVENUE = 4311
_OWN_ACCOUNTS_MAX = 59  # as many as fit before the accounts of breakage


def standard_mapping(
    usage_items: Sequence[UsageItem], *, subsidiary: str = "1", plain_revenue: str = "4300"
) -> Mapping:
    """Propose a mapping for an account that has nothing of this yet; `setup` creates what it names.

    Args:
        usage_items: In the order of their account numbers.
        subsidiary: Name or internal id.
        plain_revenue: Account of what is billed beside the credits (subscription, shipping, tax).
    """
    items = {PREPAID_ITEM: Item("Prepaid Credits"), BREAKAGE_ITEM: Item("Credit Breakage")}
    own = 0
    for usage in usage_items:
        if usage.has_own_accounts and own < _OWN_ACCOUNTS_MAX:
            items[usage.item_id] = Item(
                usage.name, str(_FIRST_OWN_DEFERRED + own), str(_FIRST_OWN_REVENUE + own)
            )
            own += 1
        else:
            items[usage.item_id] = Item(usage.name)
    return Mapping(
        subsidiary,
        _STANDARD,
        items,
        {
            LineKind.USAGE: Item("Credit Usage"),
            LineKind.SUBSCRIPTION: Item("Subscription", revenue=plain_revenue),
            LineKind.TAX: Item("Tax", revenue=plain_revenue),
            LineKind.SHIPPING: Item("Shipping", revenue=plain_revenue),
            LineKind.OTHER: Item("Other Charges", revenue=plain_revenue),
        },
        revenue_rule="Default Usage",
        plans_on="Revenue Arrangement Creation",
    )
