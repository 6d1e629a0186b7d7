"""What a named setting is."""

from __future__ import annotations

from dataclasses import dataclass

Value = str | bool | int


@dataclass(frozen=True, slots=True)
class Setting:
    """One named setting.

    Attributes:
        choices: Allowed values; empty means any value of the default's type.
    """

    name: str
    default: Value
    choices: tuple[Value, ...]
    mark: str
    source: str
    about: str
