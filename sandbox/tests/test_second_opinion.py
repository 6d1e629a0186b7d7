"""The second opinion on the books: another program adds them up, and nobody passes without it."""

from __future__ import annotations

import pytest
import second_opinion
from sandbox_client import Client

PROGRAMS = {"hledger": second_opinion.HLEDGER, "beancount": second_opinion.BEAN_QUERY}


@pytest.mark.parametrize("program", list(PROGRAMS))
def test_each_program_agrees_and_finds_a_wrong_ledger(
    ns: Client, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hledger and beancount both read the journal; a changed amount does not get past them."""
    if PROGRAMS[program] is None:
        pytest.skip(f"{program} is not installed; the other program is asked instead")
    if program == "beancount":
        monkeypatch.setattr(second_opinion, "HLEDGER", None)
    ns.deposit(100, "D1")
    journal = ns.http.get("/_sandbox/journal.hledger").text
    ledger = ns.http.get("/_sandbox/ledger").json()
    assert second_opinion.agree(journal, ledger) == program
    wrong = journal.replace("100.00 USD", "100.01 USD", 1)
    assert wrong != journal
    with pytest.raises(AssertionError):
        second_opinion.agree(wrong, ledger)


@pytest.mark.skipif(PROGRAMS["hledger"] is None, reason="hledger is not installed")
@pytest.mark.parametrize("symbol", ["C$", "A1 B", 'Q"2', "1EUR"])
def test_hledger_reads_any_currency_symbol(ns: Client, symbol: str) -> None:
    """Symbols with digits, spaces and signs stand in quotes."""
    ns.make("/currency", {"name": "Odd", "symbol": symbol, "exchangeRate": 2})
    ns.deposit(100, "D1", currency={"refName": "Odd"}, exchangeRate=2)
    journal = ns.http.get("/_sandbox/journal.hledger").text
    ledger = ns.http.get("/_sandbox/ledger").json()
    assert second_opinion.agree(journal, ledger) == "hledger"


@pytest.mark.parametrize(("ci", "outcome"), [("", "skip"), ("true", "fail")])
def test_a_missing_program_is_said(ci: str, outcome: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without either the check is skipped in words, and in continuous integration it fails."""
    monkeypatch.setattr(second_opinion, "HLEDGER", None)
    monkeypatch.setattr(second_opinion, "BEAN_QUERY", None)
    monkeypatch.setenv("CI", ci)
    assert not second_opinion.installed()
    raised = pytest.skip.Exception if outcome == "skip" else pytest.fail.Exception
    with pytest.raises(raised, match="neither hledger nor beancount is installed"):
        second_opinion.say_it_is_missing()
