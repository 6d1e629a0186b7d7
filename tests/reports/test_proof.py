from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from drawdown.reports.journal import Life
from drawdown.reports.proof import file_stem, proof
from drawdown.service.independent import find_bean_check, find_hledger


def test_the_proof_of_an_ended_block(odd: Life) -> None:
    proven = proof(odd, {})
    assert proven.is_proven
    assert "**Proven**: the block has ended" in proven.markdown
    assert "| yes   | Every control account is at zero." in proven.markdown
    for text in (proven.hledger, proven.beancount):
        assert hashlib.sha256(text.encode()).hexdigest() in proven.markdown
    assert proof(odd, {}) == proven


def test_the_proof_of_an_open_block_claims_no_more_than_it_shows(lives: dict[str, Life]) -> None:
    shown = proof(lives["open"], {})
    assert "**Holds so far**" in shown.markdown
    assert "4884 JPY" in shown.markdown
    assert "every control account is at zero" not in shown.markdown


def test_a_tampered_block_is_not_proven(odd: Life) -> None:
    """What revenue management has yet to post is told apart from what is missing."""
    early = proof(odd._replace(entries=odd.entries[:-2]), {})
    assert (early.is_proven, early.is_sound) == (False, True)
    assert "**Not proven yet**" in early.markdown
    shown = proof(odd._replace(entries=odd.entries[1:]), {})
    assert (shown.is_proven, shown.is_sound) == (False, False)
    assert "**Broken**: " in shown.markdown


def test_tables_stay_tables_whatever_the_block_is_called(odd: Life) -> None:
    evil = odd._replace(block=odd.block._replace(block_id="a|b\n<script>`*", customer_id="c|d"))
    shown = proof(evil, {}).markdown
    assert "<script>" not in shown.replace("\\<script\\>", "")
    assert "c\\|d" in shown
    assert "# Zero proof of block a\\|b \\<script\\>\\`\\*\n" in shown


@pytest.mark.skipif(find_hledger() is None or find_bean_check() is None, reason="not installed")
def test_the_commands_of_the_proof_work(tmp_path: Path, lives: dict[str, Life]) -> None:
    for life in lives.values():
        shown = proof(life, {})
        (tmp_path / f"{shown.stem}.journal").write_text(shown.hledger, encoding="utf-8")
        (tmp_path / f"{shown.stem}.beancount").write_text(shown.beancount, encoding="utf-8")
        commands = [
            line.removeprefix("$ ").split()
            for line in shown.markdown.splitlines()
            if line.startswith("$ ")
        ]
        programs = {"hledger": find_hledger(), "bean-check": find_bean_check()}
        said = [
            subprocess.run(
                [str(programs.get(name) or name), *arguments], cwd=tmp_path, check=True,
                capture_output=True, encoding="utf-8",
                env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            ).stdout
            for name, *arguments in commands
        ]  # fmt: skip
        assert said[0] in shown.markdown
        assert said[1] == said[2] == ""


@pytest.mark.parametrize(
    ("block_id", "stem"),
    [
        ("blk-01_A", "proof-blk-01_A"),
        ("../../etc", "proof-______etc-65d1f2a9"),
        ("-rf", "proof--rf-"),
        ("a b", "proof-a_b-"),
    ],
)
def test_file_names_are_safe_and_stay_apart(block_id: str, stem: str) -> None:
    assert file_stem(block_id).startswith(stem[:12])
    assert "/" not in file_stem(block_id)
    assert file_stem("a b") != file_stem("a_b")
    assert len(file_stem("x" * 500)) < 80
    assert file_stem("x" * 500) != file_stem("x" * 501)
