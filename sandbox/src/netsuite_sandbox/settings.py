"""The settings of one account: their values, kept in its store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netsuite_sandbox.errors import invalid_request
from netsuite_sandbox.setting import Setting, Value
from netsuite_sandbox.setting_table import BY_NAME, SETTINGS
from netsuite_sandbox.store.database import Database
from netsuite_sandbox.wire import jsontext

# Records of Advanced Revenue Management (Revenue Allocation). Source: article_0305065341.
_ALLOCATION = frozenset({"fairvalueprice", "fairvalueformula"})


class Settings:
    """The settings of one account, kept in its store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._values: dict[str, Any] = {}
        self.listeners: list[Callable[[str], None]] = []
        self.load()

    def load(self) -> None:
        """Read the stored values; unset ones have their default."""
        self._values = {setting.name: setting.default for setting in SETTINGS}
        for row in self._database.all("SELECT name, value FROM setting"):
            if row["name"] in self._values:
                self._values[row["name"]] = jsontext.loads(row["value"])

    @property
    def values(self) -> Mapping[str, Any]:
        """All settings by name."""
        return self._values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def lacks(self, name: str) -> bool:
        """Whether the account has no such record type or table."""
        if name.lower() in _ALLOCATION and not self._values["revenue_allocation"]:
            return True
        absent = str(self._values["absent_records"]).lower()
        return bool(absent) and name.lower() in {one.strip() for one in absent.split(",")}

    def set(self, name: str, value: Any) -> None:
        """Set one setting.

        Raises:
            NetSuiteError: INVALID_REQUEST if the name or the value is unknown.
        """
        setting = BY_NAME.get(name)
        if setting is None:
            raise invalid_request(f"No setting '{name}'. Known: {', '.join(sorted(BY_NAME))}.")
        if setting.choices and value not in setting.choices:
            raise invalid_request(f"Setting '{name}' takes one of {list(setting.choices)}.")
        if type(value) is not type(setting.default):
            raise invalid_request(f"Setting '{name}' takes a {type(setting.default).__name__}.")
        if name == "unbilled_receivable_grouping":
            self._check_wider(setting, value)
        with self._database.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, jsontext.dumps(value))
            )
        self._values[name] = value
        for listener in self.listeners:
            listener(name)

    def _check_wider(self, setting: Setting, value: Value) -> None:
        """Refuse a smaller grouping than before. Source: section_4527937535."""
        if setting.choices.index(value) < setting.choices.index(self._values[setting.name]):
            raise invalid_request(
                f"{setting.name} cannot be changed from {self._values[setting.name]} to {value}: "
                "from a smaller grouping to a larger one only."
            )

    def describe(self) -> list[dict[str, Any]]:
        """All settings with value, default and source."""
        return [
            {
                "name": setting.name,
                "value": self._values[setting.name],
                "default": setting.default,
                "choices": list(setting.choices),
                "mark": setting.mark,
                "source": setting.source,
                "about": setting.about,
            }
            for setting in SETTINGS
        ]
