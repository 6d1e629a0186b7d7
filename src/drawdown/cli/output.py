"""How commands speak: for people by default, JSON with ``--json``; problems on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

DONE = 0
"""Exit status: everything asked for was done."""
REFUSED = 1
"""Exit status: something was refused, is held, or differs."""
WRONG_USAGE = 2
"""Exit status: the command or the configuration is wrong."""

PIPE_COLUMNS = 120
"""Width of tables where there is no terminal, unless COLUMNS says otherwise."""

_width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_COLUMNS
console = Console(width=_width)
errors = Console(stderr=True)


def print_json(value: Any) -> None:
    """Print one JSON value to standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value, enc_hook=str)).decode() + "\n")


def say(text: str, style: str = "") -> None:
    """Print a line for people; block ids with brackets are not mistaken for markup."""
    console.print(Text(text, style=style), soft_wrap=True)


def say_aside(text: str) -> None:
    """Print a line for people to standard error, beside what programs read."""
    errors.print(Text(text, style="dim"), soft_wrap=True)


def warn(text: str) -> None:
    """Print a problem to standard error."""
    errors.print(Text(text, style="red"), soft_wrap=True)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Iterable[str] = (),
) -> None:
    """Print a table; the columns named in `numbers` are aligned right."""
    right = set(numbers)
    table = Table(header_style="bold dim", box=None, pad_edge=False)
    for column in columns:
        is_number = column in right
        table.add_column(
            column, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if title:
        console.print(Text(title, style="bold"))
    console.print(table)


def progress_bar(*, is_quiet: bool) -> Progress:
    """Return a progress bar on standard error; quiet when the output is for a program."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=is_quiet or not errors.is_terminal,
    )
