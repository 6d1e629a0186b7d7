"""The account's clock: real time, or whatever the control interface has set."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from netsuite_sandbox.store.database import Database


class Clock:
    """Tells the time of one account.

    A clock that was set goes on from there (it is an offset to real time, kept in the store);
    `freeze` stops it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._offset = timedelta()
        self._frozen: datetime | None = None
        self.load()

    def load(self) -> None:
        """Read the stored state."""
        self._offset, self._frozen = timedelta(), None
        value = self._database.value("SELECT value FROM meta WHERE key = 'clock'")
        if not value:
            return
        kind, _, text = str(value).partition(" ")
        if kind == "frozen":
            self._frozen = datetime.fromisoformat(text)
        else:
            self._offset = timedelta(seconds=int(text))

    def now(self) -> datetime:
        """The present instant, aware UTC."""
        if self._frozen is not None:
            return self._frozen
        return datetime.now(UTC) + self._offset

    def today(self) -> date:
        """The present date in UTC."""
        return self.now().date()

    def stamp(self, seconds: int = 0) -> str:
        """The present instant, or one so many seconds later, as NetSuite writes it."""
        moment = self.now() + timedelta(seconds=seconds) if seconds else self.now()
        return moment.isoformat()[:19] + "Z"

    def advance(self, duration: timedelta) -> None:
        """Let time pass at once."""
        self.set(self.now() + duration, frozen=self._frozen is not None)

    def set(self, now: datetime | None, *, frozen: bool = False) -> None:
        """Set the clock; None goes back to real time."""
        if now is None:
            state = "offset 0"
        else:
            aware = now if now.tzinfo else now.replace(tzinfo=UTC)
            aware = aware.astimezone(UTC)
            if frozen:
                state = f"frozen {aware.isoformat()}"
            else:
                state = f"offset {round((aware - datetime.now(UTC)).total_seconds())}"
        with self._database.transaction():
            self._database.execute("INSERT OR REPLACE INTO meta VALUES ('clock', ?)", (state,))
        self.load()
