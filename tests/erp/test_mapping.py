"""Accounts and items of the tenant's chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from drawdown.core.accounts import REVENUES, Account, Observed, Role
from drawdown.core.errors import ConfigurationError, MissingMappingError
from drawdown.core.events import LineKind
from drawdown.core.plan import BREAKAGE_ITEM, PREPAID_ITEM, IntentLine
from drawdown.erp.netsuite import (
    Item,
    KeyPair,
    Mapping,
    NetSuite,
    UsageItem,
    standard_mapping,
)
from drawdown.erp.netsuite.connect import connect, mapping_table
from tests.erp.conftest import URL, USAGE_ITEMS

MAPPING = standard_mapping(USAGE_ITEMS)


def test_a_role_without_account_is_named_with_its_setting() -> None:
    mapping = Mapping("1", {}, {})

    with pytest.raises(MissingMappingError, match=r"accounts\.prepayment_clearing"):
        mapping.number(Role.PREPAYMENT_CLEARING)


def test_netsuites_own_accounts_need_no_number() -> None:
    assert Mapping("1", {}, {}).number(Role.CUSTOMER_DEPOSITS) == ""


def test_two_roles_cannot_share_an_account() -> None:
    accounts: dict[Account, str] = {
        Role.PREPAYMENT_CLEARING: "1290",
        Role.PREPAID_CREDITS_LIABILITY: "1290",
    }

    with pytest.raises(ConfigurationError, match="1290"):
        Mapping("1", accounts, {})


def test_items_of_one_role_may_share_an_account() -> None:
    items = {"a": Item("A", "2331", "4311"), "b": Item("B", "2331", "4311")}

    assert len(list(Mapping("1", {}, items).posting_accounts())) == 7


ITEMS: list[tuple[IntentLine, str]] = [
    (IntentLine(1, item="input_tokens"), "Input Tokens"),
    (IntentLine(1, item=PREPAID_ITEM), "Prepaid Credits"),
    (IntentLine(1, item=BREAKAGE_ITEM), "Credit Breakage"),
    (IntentLine(1, item="new"), "Credit Usage"),
    (IntentLine(1, item="vat", kind=LineKind.TAX), "Tax"),
    (IntentLine(1, item="", kind=LineKind.SHIPPING), "Shipping"),
    (IntentLine(1, item="", kind=LineKind.OTHER), "Other Charges"),
    (IntentLine(1, item="plan", kind=LineKind.SUBSCRIPTION), "Subscription"),
    (IntentLine(1, item="input_tokens", kind=LineKind.TAX), "Input Tokens"),
]


@pytest.mark.parametrize(("line", "name"), ITEMS)
def test_a_line_finds_its_item_by_id_and_else_by_kind(line: IntentLine, name: str) -> None:
    assert MAPPING.item(line).name == name


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        (IntentLine(1, item=PREPAID_ITEM), "items.@prepaid"),
        (IntentLine(1, item="x"), "default_items.usage"),
        (IntentLine(1, item="vat", kind=LineKind.TAX), "default_items.tax"),
    ],
)
def test_an_item_without_counterpart_is_named_with_its_setting(
    line: IntentLine, setting: str
) -> None:
    with pytest.raises(MissingMappingError, match=setting):
        Mapping("1", {}, {}).item(line)


def test_the_standard_mapping_gives_each_usage_item_accounts_of_its_own() -> None:
    numbers = [item.deferred for item in (MAPPING.items["input_tokens"],
                                          MAPPING.items["output_tokens"])]  # fmt: skip

    assert numbers == ["2331", "2332"]
    assert set(Role) - set(MAPPING.accounts) == {
        Role.ACCOUNTS_RECEIVABLE,
        Role.UNDEPOSITED_FUNDS,
        Role.CUSTOMER_DEPOSITS,
        Role.FORMER_DEFERRED_REVENUE,  # only where balances are taken over
    }
    assert set(REVENUES) <= set(MAPPING.accounts)


def test_many_usage_items_share_the_accounts_of_the_role() -> None:
    items = [UsageItem(f"i{n}", f"Item {n}") for n in range(100)]

    mapping = standard_mapping(items)

    assert mapping.items["i99"].deferred == ""
    numbers = [one.number for one in mapping.posting_accounts() if one.number]
    assert len(numbers) == len(set(numbers))


def test_a_usage_item_may_use_the_accounts_of_the_role() -> None:
    mapping = standard_mapping([UsageItem("a", "A", has_own_accounts=False)])

    assert mapping.items["a"] == Item("A")


# -- the table of the configuration -------------------------------------------------------------


def table(tmp_path: Path, keys: KeyPair, **more: Any) -> dict[str, Any]:
    (tmp_path / "key.pem").write_text(keys.private_key_pem)
    return {
        "account": "TSTDRV1234567",
        "client_id": "c",
        "certificate_id": "k",
        "private_key_file": "key.pem",
        "sandbox_url": URL,
        "mapping": msgspec.to_builtins(mapping_table(MAPPING)),
        **more,
    }


def test_a_mapping_survives_the_configuration(tmp_path: Path, keys: KeyPair) -> None:
    with connect(table(tmp_path, keys), tmp_path) as netsuite:
        assert isinstance(netsuite, NetSuite)
        assert netsuite.directory.mapping == MAPPING


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"acount": "1"}, "acount"),
        ({"account": "nonsense"}, "account id"),
        ({"private_key_file": "elsewhere.pem"}, "private_key_file"),
        ({"sandbox_url": "http://example.com"}, "sandbox on this machine"),
        ({"mapping": {"accounts": {"revenue": "4000"}, "items": {}}}, "no account role"),
        ({"mapping": {"accounts": {}, "items": {"a": {"nam": "A"}}}}, "nam"),
        (
            {"mapping": {"accounts": {}, "items": {}, "default_items": {"taxes": {"name": "A"}}}},
            "taxes",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_in_words(
    tmp_path: Path, keys: KeyPair, change: dict[str, Any], words: str
) -> None:
    wrong = table(tmp_path, keys, **change)

    with pytest.raises(ConfigurationError, match=words), connect(wrong, tmp_path):
        pass


def test_opening_balances_have_no_account() -> None:
    """What stood in the books before us is noted only; its account is the former one."""
    with pytest.raises(ConfigurationError, match="former_deferred_revenue"):
        Mapping("", {Observed.OPENING_BALANCE: "3000"}, {})
