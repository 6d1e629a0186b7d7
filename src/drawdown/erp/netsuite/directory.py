"""NetSuite's internal ids of accounts, items, currencies and earlier records.

They are a cache in memory and nothing else: copies, migrations and sandbox refreshes change them,
and after `forget` everything is found again by number, name or external id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from drawdown.core.accounts import Account, Observed, Role
from drawdown.core.errors import ErpRefusedError, ErpUnavailableError, MissingMappingError
from drawdown.core.ids import split_native
from drawdown.core.plan import BREAKAGE_ITEM, PREPAID_ITEM, IntentLine
from drawdown.core.rules import Record
from drawdown.erp.netsuite import fields, wire
from drawdown.erp.netsuite.bodies import sublist, text_literal
from drawdown.erp.netsuite.chart import Chart, ItemRow
from drawdown.erp.netsuite.mapping import SYSTEM_ACCOUNTS, Item, Mapping
from drawdown.erp.netsuite.transport import Transport
from drawdown.erp.netsuite.wire import RecordMissingError, TargetMissingError

TRANSACTIONS_MAX = 100_000
"""Ids of earlier records that are kept; then the cache starts anew."""


class Posted(NamedTuple):
    """What an account is to us.

    Attributes:
        item_id: Billing item id where the account is that item's own.
    """

    account: Account
    item_id: str


class Directory:
    """Resolves what a mapping names, and earlier records of ours. Safe for several threads."""

    def __init__(self, transport: Transport, mapping: Mapping) -> None:
        self._transport = transport
        self.mapping = mapping
        self._lock = transport.outside.lock()
        self._chart = Chart(transport, mapping)
        self._roles: dict[Role, str] = {}
        self._transactions: dict[str, str] = {}

    def forget(self) -> None:
        """Drop every id; the next use reads them again."""
        with self._lock:
            self.refresh()
            self._transactions.clear()

    def refresh(self) -> None:
        """Drop what is known of accounts, items and currencies."""
        with self._lock:
            self._chart = Chart(self._transport, self.mapping)
            self._roles.clear()

    def chart(self) -> Chart:
        """Return accounts, items, currencies and the subsidiary, each list read at first use."""
        return self._chart

    # -- References, as `encode` needs them -----------------------------------------------------

    def account(self, role: Role) -> str:
        """Return the id of the account a role is mapped to.

        Raises:
            MissingMappingError: It is not mapped, or NetSuite has no such account.
        """
        known = self._roles.get(role)
        if known is None:
            number = self.mapping.number(role)
            known = self.find_account(role, number)
            if known is None:
                self.refresh()
                named = f"number {number}" if number else f"special type {SYSTEM_ACCOUNTS[role]}"
                raise MissingMappingError(
                    f"account role {role}: NetSuite has no active account of {named}; create it "
                    f"(setup does), or set accounts.{role} of the connection's mapping"
                )
            self._roles[role] = known
        return known

    def find_account(self, account: Account, number: str) -> str | None:
        """Return the id of an account by number, else NetSuite's own of the role, if there."""
        for row in self.chart().accounts.values():
            if number:
                if row.number == number:
                    return row.internal_id
            elif isinstance(account, Role) and row.special == SYSTEM_ACCOUNTS.get(account):
                return row.internal_id
        return None

    def item(self, line: IntentLine) -> str:
        """Return the id of the item of a line.

        Raises:
            MissingMappingError: It is not mapped, or NetSuite has no such item.
        """
        item = self.mapping.item(line)
        found = self.find_item(item)
        if found is None:
            self.refresh()
            raise MissingMappingError(
                f"item {line.item or line.kind.value}: NetSuite has no active item {item.name!r}; "
                f"create it (setup does), or set items.{line.item} of the connection's mapping"
            )
        return found.internal_id

    def find_item(self, item: Item) -> ItemRow | None:
        """Return an item by name, or by external id where the mapping says ``eid:``."""
        wanted = item.name.removeprefix("eid:")
        is_external = wanted != item.name
        for row in self.chart().items.values():
            if wanted == (row.external_id if is_external else row.name):
                return row
        return None

    def currency(self, code: str) -> str:
        """Return the id of a currency.

        Raises:
            MissingMappingError: NetSuite does not have it.
        """
        for internal_id, symbol in self.chart().currencies.items():
            if symbol == code:
                return internal_id
        self.refresh()
        raise MissingMappingError(
            f"currency {code} is not in NetSuite; add it under Lists > Accounting > Currencies and "
            "to the customer"
        )

    def subsidiary(self) -> str:
        """Return the id of the subsidiary; empty where the account has none."""
        return self.chart().subsidiary

    def transaction(self, record: Record, external_id: str) -> str:
        """Return the id of an earlier record of ours, or of one that is native.

        Raises:
            ErpRefusedError: It is not in NetSuite, or several bear the number.
        """
        known = self._transactions.get(external_id)
        native = split_native(external_id)
        if known is None and native is not None:
            known = self._find_native(*native)
            self.learn(external_id, known)
        if known is None:
            data = self._read(record, external_id)
            known = str(data["id"])
            self.learn(external_id, known)
        return known

    def customer(self, reference: str) -> str:
        """Return the id of a customer that is not ours.

        Raises:
            ErpRefusedError: It is not in NetSuite, or several bear the name.
        """
        known = self._transactions.get(reference)
        if known is None:
            native = split_native(reference)
            assert native is not None
            known = self._find_native(*native)
            self.learn(reference, known)
        return known

    def _find_native(self, record: str, number: str) -> str:
        """Look up a record that is not ours by its number (customers: external id or entity id)."""
        if record == Record.CUSTOMER:
            external = number.removeprefix("eid:")
            column = "externalid" if external != number else "entityid"
            sql = (
                f"SELECT c.id AS id FROM customer c WHERE c.{column} = {text_literal(external)} "
                "ORDER BY c.id"
            )
        else:
            sql = (
                f"SELECT t.id AS id FROM transaction t WHERE t.tranid = {text_literal(number)} "
                f"AND t.recordtype = {text_literal(record.lower())} ORDER BY t.id"
            )
        found = [row["id"] for row in self._transport.rows(sql)]
        if len(found) != 1:
            how_many = f"{len(found)} records bear" if found else "no record bears"
            kind = ErpRefusedError if found else TargetMissingError
            raise kind(
                f"{record} {number} is not one of ours, and in NetSuite {how_many} that number; "
                "see who renumbered or deleted it, then deliver again"
            )
        return found[0]

    def order_lines(self, external_id: str) -> dict[str, int]:
        """Return the line numbers of a sales order by block id."""
        data = self._read(Record.SALES_ORDER, external_id)
        found: dict[str, int] = {}
        for line in sublist(data, "item"):
            block_id, number = line.get(fields.LINE_BLOCK_ID), line.get("line")
            if block_id and isinstance(number, int):
                found[str(block_id)] = number
        return found

    def _read(self, record: Record, external_id: str) -> dict[str, Any]:
        try:
            data = self._transport.send(wire.get_record(record, external_id)).data
        except RecordMissingError as error:
            raise ErpRefusedError(
                f"{record} {external_id}, which this record is made from or applied to, is not in "
                "NetSuite (any more); see who deleted it, or deliver it first",
                external_id=external_id,
                code=error.code,
            ) from error
        if not data.get("id"):
            raise ErpUnavailableError(
                f"NetSuite showed {record} {external_id} without an id; try again",
                external_id=external_id,
            )
        return data

    def customers(self, external_ids: Iterable[str]) -> dict[str, str]:
        """Return the ids of customers by external id, asking once for all that are not known yet.

        Those that NetSuite does not show are left out.
        """
        wanted = set(external_ids)
        unknown = sorted(wanted - self._transactions.keys())
        if unknown:
            names = ", ".join(text_literal(name) for name in unknown)
            sql = (
                "SELECT c.id AS id, c.externalid AS externalid FROM customer c "
                f"WHERE c.externalid IN ({names}) ORDER BY c.id"
            )
            for row in self._transport.rows(sql):
                self.learn(row["externalid"], row["id"])
        known = {name: self._transactions.get(name, "") for name in wanted}
        return {name: internal_id for name, internal_id in known.items() if internal_id}

    def known(self, external_id: str) -> str:
        """Return the id of a record if it is known without asking; else empty."""
        return self._transactions.get(external_id, "")

    # -- earlier records ------------------------------------------------------------------------

    def learn(self, external_id: str, internal_id: str) -> None:
        """Remember the id of a record."""
        if len(self._transactions) >= TRANSACTIONS_MAX:
            self._transactions.clear()
        self._transactions[external_id] = internal_id

    def unlearn(self, external_id: str) -> bool:
        """Forget the id of a record; whether it was known."""
        return self._transactions.pop(external_id, None) is not None

    # -- the way back ---------------------------------------------------------------------------

    def code(self, currency_id: str) -> str:
        """Return the ISO code of a currency id."""
        code = self.chart().currencies.get(currency_id)
        if code is None:
            raise ErpRefusedError(
                f"NetSuite names currency {currency_id}, which its list of currencies does not "
                "have; let the role see all currencies"
            )
        return code

    def account_name(self, internal_id: str) -> str:
        """Return an account as people see it: number and name."""
        row = self.chart().accounts.get(internal_id)
        return f"account {row.number or row.name}" if row else f"account #{internal_id}"

    def item_name(self, internal_id: str) -> str:
        """Return an item as people see it."""
        row = self.chart().items.get(internal_id)
        return f"item {row.name}" if row else f"item #{internal_id}"

    def posted_accounts(self) -> dict[str, Posted]:
        """Return what each of our accounts is to us, by internal id.

        Accounts of mapped items count as well: what an item posts to is said by NetSuite.
        """
        found: dict[str, Posted] = {}
        for account, item_id, number in self.mapping.posting_accounts():
            internal_id = self.find_account(account, number)
            if internal_id is not None:
                found[internal_id] = Posted(account, item_id)
        for item_id, item in self.mapping.all_items():
            row = self.find_item(item)
            if row is None or not row.deferred:
                continue
            deferred, credited = _accounts_of(item_id)
            found.setdefault(row.deferred, Posted(deferred, item_id))
            found.setdefault(row.income, Posted(credited, item_id))
        return found

    def billing_items(self) -> dict[str, str]:
        """Return billing item ids by item id; the item's own name where several share one."""
        found: dict[str, str] = {}
        for item_id, item in self.mapping.all_items():
            row = self.find_item(item)
            if row is None:
                continue
            is_shared = not item_id or found.get(row.internal_id, item_id) != item_id
            found[row.internal_id] = row.name if is_shared else item_id
        return found


def _accounts_of(item_id: str) -> tuple[Role, Account]:
    """Return the roles of an item's deferred and income account."""
    if item_id == PREPAID_ITEM:
        return Role.DEFERRED_REVENUE_PREPAID, Role.PREPAID_CREDITS_LIABILITY
    if item_id == BREAKAGE_ITEM:
        return Role.DEFERRED_REVENUE_BREAKAGE, Observed.REVENUE_BREAKAGE
    return Role.DEFERRED_REVENUE_USAGE, Observed.REVENUE_USAGE
