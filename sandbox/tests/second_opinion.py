"""A second opinion on the books: hledger, or beancount, adds the sandbox's ledger up by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import pytest

HLEDGER = shutil.which("hledger")
BEAN_QUERY = shutil.which("bean-check") or shutil.which("bean-check", path=str(
    Path(sys.executable).parent))  # fmt: skip
MISSING = (
    "neither hledger nor beancount is installed (apt-get install hledger, or pip install beancount)"
)

_LINE = re.compile(
    r"^    (?P<account>\S.*?)  (?P<value>-?[\d.]+ [A-Z]{3})(?: @@ (?P<cost>[\d.]+ [A-Z]{3}))?"
)
_HEAD = re.compile(r"^(?P<day>\d{4}-\d\d-\d\d) (?P<text>.*)$")
_BEAN_TOP = {"Assets": "Assets", "Liabilities": "Liabilities", "Equity": "Equity",
             "Revenues": "Income", "Expenses": "Expenses"}  # fmt: skip


def installed() -> bool:
    """Whether there is a program to ask."""
    return HLEDGER is not None or BEAN_QUERY is not None


def say_it_is_missing() -> NoReturn:
    """Let no test pass as if its books had been added up twice.

    On a developer's machine the check after the test is skipped, with the reason in the summary;
    in continuous integration it fails.
    """
    if os.environ.get("CI"):
        pytest.fail(MISSING, pytrace=False)
    pytest.skip(f"no second opinion on the ledger: {MISSING}")


def agree(journal: str, ledger: list[dict[str, Any]]) -> str:
    """Check that another program reads the journal and gets the sandbox's balances.

    Args:
        journal: What /_sandbox/journal.hledger says.
        ledger: What /_sandbox/ledger says.

    Returns:
        The program that agreed.

    Raises:
        AssertionError: It found something else.
    """
    if HLEDGER is not None:
        found = _by_hledger(HLEDGER, journal)
        assert found == {_name(row): Decimal(row["base"]) for row in ledger if Decimal(row["base"])}
        return "hledger"
    assert BEAN_QUERY is not None, MISSING
    _by_beancount(BEAN_QUERY, journal)
    return "beancount"


def _name(row: dict[str, Any]) -> str:
    name = f"{row['number']} {row['name']}" if row["number"] else str(row["name"])
    return re.sub(r"\s+", " ", re.sub(r"[;:,\n|]", " ", name)).strip()


def _by_hledger(program: str, journal: str) -> dict[str, Decimal]:
    """Check strictly, then add up by account in base currency."""
    shown = subprocess.run(
        [program, "-f", "-", "-s", "balance", "--flat", "--no-total", "--empty", "--cost", "-O",
         "csv", "--layout=bare"],
        input=journal, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    out: dict[str, Decimal] = {}
    for line in shown.stdout.splitlines()[1:]:
        account, _, amount = line[1:-1].split('","')
        if Decimal(amount):
            name = account.partition(":")[2]
            out[name] = out.get(name, Decimal(0)) + Decimal(amount)
    return out


def _by_beancount(program: str, journal: str) -> None:
    """Rewrite the journal for beancount; it balances every transaction by itself."""
    accounts: set[str] = set()
    out: list[str] = []
    for line in journal.splitlines():
        head, posting = _HEAD.match(line), _LINE.match(line)
        if head is not None:
            text = head["text"].replace('"', "'")
            out += ["", f'{head["day"]} * "{text}"']
        elif posting is not None and out:
            account = _bean_account(posting["account"])
            accounts.add(account)
            cost = f" @@ {posting['cost']}" if posting["cost"] else ""
            out.append(f"  {account}  {posting['value']}{cost}")
    # Beancount divides total prices by units; what that leaves in the last digit is no difference.
    out.insert(0, 'option "inferred_tolerance_default" "*:0.000001"')
    opened = [f"1900-01-01 open {account}" for account in sorted(accounts)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.beancount"
        path.write_text("\n".join([*opened, *out]) + "\n", encoding="utf-8")
        result = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def _bean_account(name: str) -> str:
    top, _, rest = name.partition(":")
    part = re.sub(r"[^A-Za-z0-9]+", "-", rest).strip("-") or "X"
    return f"{_BEAN_TOP[top]}:{part[0].upper()}{part[1:]}"
