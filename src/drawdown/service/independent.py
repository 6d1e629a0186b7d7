"""A second opinion on the books: hledger or beancount adds up the exported journal by itself.

The programs are run, never imported. Their exit status alone proves little, so the balances they
arrive at are compared with ours to the last minor unit.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from drawdown.core.money import to_decimal
from drawdown.reports.beancount import assertions, quoted
from drawdown.reports.journal import hledger_account
from drawdown.reports.positions import Expected

TIMEOUT_S = 300
AGREES = "agrees"
DIFFERS = "differs"
NOT_RUN = "not run"
_DETAIL_LINES_MAX = 20
_END_OF_TIME = date(2099, 12, 31)  # beancount reads years up to 2099


class Verdict(NamedTuple):
    """What an independent program says.

    Attributes:
        program: ``hledger`` or ``beancount``; empty if neither was found.
        result: ``agrees``, ``differs`` or ``not run``.
        detail: Why, in words; of a difference, which accounts.
    """

    program: str
    version: str
    result: str
    detail: str


def find_hledger() -> Path | None:
    """Find hledger on the search path or beside the running Python."""
    return _find("hledger")


def find_bean_check() -> Path | None:
    """Find beancount's checker on the search path or beside the running Python."""
    return _find("bean-check")


def _find(name: str) -> Path | None:
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name) or shutil.which(name, path=beside)
    return Path(found) if found else None


def second_opinion(hledger_file: Path, beancount_file: Path, expected: Expected) -> Verdict:
    """Let hledger, else beancount, add up an exported journal and compare its balances with ours.

    Args:
        hledger_file: Written by `reports.hledger`.
        beancount_file: Written by `reports.beancount`; need not exist when hledger is there.
        expected: Our balances of every account and currency.
    """
    hledger = find_hledger()
    if hledger is not None:
        return ask_hledger(hledger, hledger_file, expected)
    bean_check = find_bean_check()
    if bean_check is not None:
        return ask_beancount(bean_check, beancount_file, expected)
    return Verdict(
        "", "", NOT_RUN,
        "neither hledger nor beancount is installed; install one (apt install hledger, or "
        "pip install beancount) and run it again",
    )  # fmt: skip


def ask_hledger(program: Path, file: Path, expected: Expected) -> Verdict:
    """Check a journal strictly with hledger and compare every balance it prints with ours."""
    version = _version(program)
    checked = _run(program, "check", "--strict", "-f", str(file))
    if checked.returncode:
        return Verdict("hledger", version, DIFFERS, _shorten(checked.stderr or checked.stdout))
    printed = _run(
        program, "balance", "-f", str(file), "--flat", "--empty", "--no-total", "--layout=bare",
        "--output-format=csv",
    )  # fmt: skip
    if printed.returncode:
        return Verdict("hledger", version, DIFFERS, _shorten(printed.stderr or printed.stdout))
    theirs = _balances(printed.stdout)
    if theirs is None:
        return Verdict("hledger", version, DIFFERS, "its balances could not be read")
    ours = {
        (hledger_account(account), currency): to_decimal(amount, currency)
        for (account, currency), amount in expected.items()
    }
    return _compare("hledger", version, ours, theirs)


def _balances(text: str) -> dict[tuple[str, str], Decimal] | None:
    """Read ``account, commodity, balance`` rows; accounts without postings have no row."""
    try:
        rows = list(csv.DictReader(text.splitlines()))
        return {
            (row["account"], row["commodity"]): Decimal(row["balance"].replace(",", ""))
            for row in rows
            if row["commodity"] or Decimal(row["balance"])
        }
    except (KeyError, InvalidOperation, csv.Error):
        return None


def _compare(
    program: str,
    version: str,
    ours: dict[tuple[str, str], Decimal],
    theirs: dict[tuple[str, str], Decimal],
) -> Verdict:
    zero = Decimal(0)
    differences = [
        f"{account} {currency}: {program} has {theirs.get((account, currency), zero)}, "
        f"we have {ours.get((account, currency), zero)}"
        for account, currency in sorted({*ours, *theirs})
        if ours.get((account, currency), zero) != theirs.get((account, currency), zero)
    ]
    if differences:
        return Verdict(program, version, DIFFERS, _shorten("\n".join(differences)))
    return Verdict(program, version, AGREES, f"{len(ours)} balances compared")


def ask_beancount(program: Path, file: Path, expected: Expected) -> Verdict:
    """Check a journal with bean-check, our balances asserted once more outside the file.

    bean-check prints no balances, so ours are put to it as exact assertions of a file that
    includes the journal; a difference fails with both figures.
    """
    version = _version(program)
    with tempfile.TemporaryDirectory(prefix="drawdown-") as folder:
        question = Path(folder) / "balances.beancount"
        lines = [f'include "{quoted(str(file.resolve()))}"', *assertions(_END_OF_TIME, expected)]
        question.write_text("\n".join(lines) + "\n", encoding="utf-8")
        checked = _run(program, "--no-cache", str(question))
    if checked.returncode or checked.stderr.strip():
        return Verdict("beancount", version, DIFFERS, _shorten(checked.stderr or checked.stdout))
    return Verdict("beancount", version, AGREES, f"{len(expected)} balances compared")


def _version(program: Path) -> str:
    found = re.search(r"\d+(\.\d+)+", _run(program, "--version").stdout)
    return found.group() if found else ""


def _run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what cannot be run counts as having failed, with the reason."""
    command: Sequence[str] = (str(program), *arguments)
    # hledger reads files in the locale's encoding; ours are UTF-8.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    try:
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False,
            timeout=TIMEOUT_S, env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as fault:
        return subprocess.CompletedProcess(command, 1, "", f"{program.name}: {fault}")


def _shorten(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if len(lines) > _DETAIL_LINES_MAX:
        more = len(lines) - _DETAIL_LINES_MAX
        lines = [*lines[:_DETAIL_LINES_MAX], f"... and {more} lines more"]
    return "\n".join(lines)
