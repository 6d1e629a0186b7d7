"""The account check: a sandbox with exactly one defect, and exactly that is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drawdown.core.accounts import Role
from drawdown.core.events import LineKind
from drawdown.core.observed import Finding, Severity
from drawdown.core.policy import DepositAccount, Policy, PrepaidItem
from drawdown.erp.netsuite import (
    Certificate,
    ClientCredentials,
    Connection,
    Item,
    KeyPair,
    NetSuite,
    Threads,
    TokenCredentials,
    standard_mapping,
)
from tests.erp.conftest import (
    URL,
    USAGE_ITEMS,
    Books,
    connect,
    customer,
    deposit,
    journal,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ENDS = NOW + timedelta(days=4000)
MAPPING = standard_mapping(USAGE_ITEMS)


@dataclass
class Account:
    """An account and what is known of our side of it."""

    books: Books
    policy: Policy
    mapping: Any
    connection: Connection
    now: datetime = NOW

    def examine(self) -> tuple[Finding, ...]:
        self.books.put("/clock", {"now": self.now.isoformat(), "frozen": True})
        outside = Threads(self.books.line.exchange, clock=self.now.timestamp, sleep=lambda _: None)
        return NetSuite(self.connection, self.mapping, outside).examine(self.policy)

    def found(self) -> list[str]:
        """Return the codes of what is wrong: errors and warnings."""
        return [
            one.code for one in self.examine() if one.severity in (Severity.ERROR, Severity.WARNING)
        ]

    def item(self, name: str, **fields: Any) -> None:
        """Change an item, as a person would."""
        row = self.books.netsuite.directory.find_item(Item(name))
        assert row is not None
        self.books.api("PATCH", f"/serviceSaleItem/{row.internal_id}", fields)

    def account_id(self, number: str) -> str:
        """Return the internal id of an account by number."""
        chart = self.books.netsuite.directory.chart().accounts
        return next(row.internal_id for row in chart.values() if row.number == number)

    def master(self, kind: str, where: str, **fields: Any) -> None:
        """Change master data that NetSuite's own interface would not let be changed."""
        store = self.books.control.sandbox.db
        with store.transaction():
            for name, value in fields.items():
                store.execute(
                    f"UPDATE master SET body = json_set(body, '$.{name}', ?) "
                    f"WHERE grp = ? AND {where}",
                    (value, kind),
                )


@pytest.fixture
def account(books: Books) -> Account:
    credentials = books.connection.credentials
    assert isinstance(credentials, ClientCredentials)
    (one,) = credentials.certificates
    watched = replace(credentials, certificates=(replace(one, ends_at=ENDS),))
    connection = replace(books.connection, credentials=watched)
    return Account(books, Policy(), MAPPING, connection)


def test_an_account_in_order_has_nothing_but_notes_and_a_list_for_a_person(
    account: Account,
) -> None:
    findings = account.examine()

    assert account.found() == []
    notes = {one.code for one in findings if one.severity is Severity.NOTE}
    assert notes == {"account", "concurrency", "books", "first_open_period"}
    by_hand = {one.code for one in findings if one.severity is Severity.BY_HAND}
    assert by_hand == {
        "permission_levels", "posting_period_preferences", "void_preference", "journal_approval",
        "time_zone", "numbering", "scripts",
    }  # fmt: skip
    assert all(one.where and one.otherwise for one in findings if one.severity is not Severity.NOTE)


def test_it_only_reads(account: Account) -> None:
    account.examine()

    writes = [path for method, path in account.books.line.seen if method not in ("GET", "POST")]
    posts = {path for method, path in account.books.line.seen if method == "POST"}
    assert writes == []
    assert posts == {
        "/services/rest/query/v1/suiteql", "/services/rest/auth/oauth2/v1/token"
    }  # fmt: skip


@pytest.mark.parametrize(
    "policy",
    [
        Policy(prepaid_item=PrepaidItem.DIRECT),
        Policy(prepaid_item=PrepaidItem.RECOGNISED),
        Policy(deposit_account=DepositAccount.CLEARING),
    ],
)
def test_each_policys_own_set_up_is_in_order(keys: KeyPair, policy: Policy) -> None:
    books = connect(keys, policy, MAPPING, {"expand_account_lists": True})
    credentials = books.connection.credentials
    assert isinstance(credentials, ClientCredentials)
    watched = replace(
        credentials, certificates=(replace(credentials.certificates[0], ends_at=ENDS),)
    )
    account = Account(books, policy, MAPPING, replace(books.connection, credentials=watched))

    assert account.found() == []


# -- one defect each ----------------------------------------------------------------------------


def settings(**values: Any) -> Callable[[Account], None]:
    def make(account: Account) -> None:
        account.books.put("/settings", values)

    return make


def field_gone(script_id: str) -> Callable[[Account], None]:
    def make(account: Account) -> None:
        sandbox = account.books.control.sandbox
        with sandbox.db.transaction():
            sandbox.db.execute("DELETE FROM customfield WHERE scriptid = ?", (script_id,))
        del sandbox.company.custom_fields[script_id]
        sandbox.company.schema_version += 1

    return make


def mapped(**change: Any) -> Callable[[Account], None]:
    def make(account: Account) -> None:
        account.mapping = replace(account.mapping, **change)

    return make


def without(role: Role) -> dict[Any, str]:
    return {key: number for key, number in MAPPING.accounts.items() if key is not role}


def certificates(*ends: datetime | None) -> Callable[[Account], None]:
    def make(account: Account) -> None:
        credentials = account.connection.credentials
        assert isinstance(credentials, ClientCredentials)
        (one,) = credentials.certificates
        made = tuple(replace(one, ends_at=end) for end in ends)
        account.connection = replace(
            account.connection, credentials=replace(credentials, certificates=made)
        )

    return make


def wrong_key(account: Account) -> None:
    credentials = account.connection.credentials
    assert isinstance(credentials, ClientCredentials)
    wrong = Certificate("nobody's", credentials.certificates[0].private_key_pem, ENDS)
    account.connection = replace(
        account.connection, credentials=replace(credentials, certificates=(wrong,))
    )


def legacy(account: Account) -> None:
    made = account.books.post("/tba")
    account.connection = Connection(
        "TSTDRV1234567",
        TokenCredentials(
            made["consumer_key"], made["consumer_secret"], made["token_id"], made["token_secret"]
        ),
        URL,
    )


def role_without(*keys: str) -> Callable[[Account], None]:
    everything = {
        "ADMI_RESTWEBSERVICES": "FULL", "REPO_ANALYTICS": "FULL", "TRAN_CUSTDEP": "FULL",
        "TRAN_DEPAPPL": "FULL", "TRAN_JOURNAL": "FULL", "TRAN_CUSTINVC": "FULL",
        "TRAN_CUSTCRED": "FULL", "TRAN_CUSTPYMT": "FULL", "TRAN_CUSTRFND": "FULL",
        "TRAN_SALESORD": "FULL", "LIST_CUSTJOB": "FULL", "LIST_ACCOUNT": "FULL",
        "LIST_SUBSIDIARY": "FULL", "LIST_CURRENCY": "FULL", "LIST_ITEM": "FULL",
        "ADMI_ACCTPERIODS": "FULL",
    }  # fmt: skip

    def make(account: Account) -> None:
        granted = {key: level for key, level in everything.items() if key not in keys}
        account.books.post("/roles", {"name": "drawdown", "permissions": granted})
        sandbox = account.books.control.sandbox
        with sandbox.db.transaction():
            sandbox.db.execute("UPDATE integration SET role = 'drawdown'")
        sandbox.tokens.forget()

    return make


def item(name: str, **fields: Any) -> Callable[[Account], None]:
    return lambda account: account.item(name, **fields)


def item_account(name: str, field: str, number: str) -> Callable[[Account], None]:
    return lambda account: account.item(name, **{field: {"id": account.account_id(number)}})


def account_of_type(number: str, kind: str) -> Callable[[Account], None]:
    return lambda account: account.master(
        "account", f"json_extract(body, '$.acctNumber') = '{number}'", acctType=kind
    )


def subsidiary(**fields: Any) -> Callable[[Account], None]:
    return lambda account: account.master("subsidiary", "id = 1", **fields)


def two_subsidiaries(account: Account) -> None:
    body = {"name": "Second", "country": "US", "currency": {"id": "1"}, "parent": {"id": "1"}}
    account.books.api("POST", "/subsidiary", body)
    account.mapping = replace(account.mapping, subsidiary="")


def currency(code: str, **fields: Any) -> Callable[[Account], None]:
    return lambda account: account.master(
        "currency", f"json_extract(body, '$.symbol') = '{code}'", **fields
    )


def period(name: str, state: str) -> Callable[[Account], None]:
    def make(account: Account) -> None:
        account.books.post(f"/periods/{name}/{state}")

    return make


def all_closed(account: Account) -> None:
    account.master("accountingPeriod", "1 = 1", closed=True)
    store = account.books.control.sandbox.db
    with store.transaction():
        store.execute(
            "UPDATE master SET body = json_set(body, '$.closed', json('true')) "
            "WHERE grp = 'accountingPeriod'"
        )


def linked_deposit(account: Account) -> None:
    books = account.books
    books.netsuite.deliver(customer())
    books.netsuite.deliver(deposit())
    item_id = books.netsuite.directory.find_item(Item("Prepaid Credits"))
    assert item_id is not None
    line = {"item": {"id": item_id.internal_id}, "quantity": 1, "rate": 100}
    books.api(
        "POST", "/salesOrder",
        {"externalId": "so", "entity": {"externalId": "dd_cus_acme"}, "item": {"items": [line]}},
    )  # fmt: skip
    books.api("PATCH", "/customerDeposit/eid:dd_dep_b1", {"salesOrder": {"externalId": "so"}})


def moved_posting(account: Account) -> None:
    books = account.books
    books.netsuite.deliver(customer())
    books.netsuite.deliver(deposit())
    store = books.control.sandbox.db
    with store.transaction():
        store.execute("UPDATE tx SET postingperiod = postingperiod + 1 WHERE type = 'CustDep'")


def unapproved_journal(account: Account) -> None:
    books = account.books
    books.put("/settings", {"require_journal_approval": True})
    books.netsuite.deliver(customer())
    books.netsuite.deliver(journal("dd_j", 100, "prepayment_clearing", "cash"))


def renamed(name: str) -> Callable[[Account], None]:
    return lambda account: account.item(name, itemId=f"{name} (old)")


DEFECTS: list[tuple[str, str, Callable[[Account], None]]] = [
    # what is found, words of it, how it is made
    ("login_refused", "certificate id", wrong_key),
    ("login_refused", "ended on", certificates(NOW - timedelta(days=1))),
    ("certificate_ends", "ends in 30 days", certificates(NOW + timedelta(days=30))),
    ("certificate_end_unknown", "not watched", certificates(None)),
    ("legacy_authentication", "token-based", legacy),
    ("concurrency_short", "only 4 calls",
     settings(concurrency_limit=4, integration_concurrency_limit=0)),
    ("permission_missing", "may not see depositApplication", role_without("TRAN_DEPAPPL")),
    ("permission_missing", "may not see journalEntry", role_without("TRAN_JOURNAL")),
    ("permission_missing", "may not see account", role_without("LIST_ACCOUNT")),
    ("no_suiteql", "REPO_ANALYTICS", role_without("REPO_ANALYTICS")),
    ("login_refused", "REST Web Services", role_without("ADMI_RESTWEBSERVICES")),
    ("feature_off", "no depositApplication", settings(absent_records="depositApplication")),
    ("feature_off", "no customerRefund", settings(absent_records="customerRefund")),
    ("feature_off", "Advanced Revenue Management", settings(absent_records="revenueelement")),
    ("feature_off", "Accounting Periods", settings(absent_records="accountingperiod")),
    ("feature_off", "Multiple Currencies", settings(absent_records="currency")),
    ("not_readable", "Record 'item' was not found", settings(absent_records="item")),
    ("field_missing", "custbody_dd_event_id", field_gone("custbody_dd_event_id")),
    ("field_missing", "custcol_dd_block_id", field_gone("custcol_dd_block_id")),
    ("subsidiary_unmapped", "Parent Company", two_subsidiaries),
    ("subsidiary_unfit", "elimination", subsidiary(isElimination=1)),
    ("currency_precision", "JPY has 2 decimals", currency("JPY", currencyPrecision=2)),
    ("mapping_gap", "prepayment_clearing has no account",
     mapped(accounts=without(Role.PREPAYMENT_CLEARING))),
    ("mapping_gap", "usage lines", mapped(default_items={
        kind: one for kind, one in MAPPING.default_items.items() if kind is not LineKind.USAGE})),
    ("mapping_gap", "no plans_on", mapped(plans_on="")),
    ("account_missing", "account 9999",
     mapped(accounts={**MAPPING.accounts, Role.CASH: "9999"})),
    ("account_type", "is of type Expense", account_of_type("1290", "Expense")),
    ("account_type", "not OthCurrLiab", account_of_type("2310", "Income")),
    ("item_missing", "'Credit Breakage'", renamed("Credit Breakage")),
    ("item_direct_posting", "needs it off",
     item("Prepaid Credits", directRevenuePosting=True)),
    ("item_deferral_account", "the mapping has 2320",
     item_account("Prepaid Credits", "deferredRevenueAccount", "2390")),
    ("item_deferral_account", "the mapping has 2390",
     item_account("Credit Breakage", "deferredRevenueAccount", "2320")),
    ("item_income_account", "the mapping has 4390",
     item_account("Credit Breakage", "incomeAccount", "4310")),
    ("item_revenue_rule", "already takes it out",
     item("Prepaid Credits", revenueRecognitionRule={"id": "2"})),
    ("item_revenue_rule", "Default Standard",
     item("Credit Breakage", revenueRecognitionRule={"id": "1"})),
    ("item_plans_on", "is Billing", item("Input Tokens", createRevenuePlansOn={"id": "-2"})),
    ("no_open_period", "no accounting period", all_closed),
    ("period_locked", "Jun 2026 is locked for all", period("2026-06", "lock")),
    ("period_locked", "Apr 2026 is locked for receivables", period("2026-04", "lock-ar")),
    ("period_closed_today", "first open day", period("2026-06", "close")),
    ("periods_end", "2030-12-31", lambda account: setattr(
        account, "now", datetime(2030, 11, 15, tzinfo=UTC))),
    ("deposit_linked", "1 deposits", linked_deposit),
    ("posting_moved", "1 records", moved_posting),
    ("journals_unapproved", "1 journals", unapproved_journal),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "words", "make"), DEFECTS, ids=[f"{code}: {words}" for code, words, _ in DEFECTS]
)
def test_exactly_the_defect_is_found(
    account: Account, code: str, words: str, make: Callable[[Account], None]
) -> None:
    make(account)

    findings = account.examine()

    wrong = [one for one in findings if one.severity in (Severity.ERROR, Severity.WARNING)]
    assert {one.code for one in wrong} == {code}, wrong
    assert any(words in f"{one.what} {one.where} {one.otherwise}" for one in wrong), wrong
    assert list(findings) == sorted(findings, key=lambda one: list(Severity).index(one.severity))
