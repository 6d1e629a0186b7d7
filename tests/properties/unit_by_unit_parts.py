"""What the unit-by-unit model of prepay with drawdown is made of: lines, prices, blocks, usage."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

OVERAGE = ""
NEVER = 10**6
DAWN = -100
"""Place in a day of what midnight brings; a bill then, and after it bills of what came late."""

Instant = tuple[int, int]
"""Day and place in the day."""


@dataclass
class Line:
    """A prepay line.

    Attributes:
        charge: one_time, auto_refill or recurring.
        price: Cents.
        validity, every: Days; 0: none.
        rolls: How often a recurring allocation rolls over; 0: it does not. Once, with a life.
        share: Per cent of what is left.
        life: Days that rolled credits live, if they have a life of their own.
    """

    name: str
    charge: str
    amount: int
    price: int
    priority: int = 0
    minimum: int = 0
    refills_max: int = 0
    validity: int = 0
    every: int = 0
    rolls: int = 0
    share: int = 100
    cap: int | None = None
    life: int = 0
    is_last: bool = False
    is_shared: bool = False


@dataclass
class Price:
    """What the usage of a month comes to.

    Attributes:
        model: per_unit, tiered, volume or package.
        tiers: Last unit of the tier, half units of credit for each, and once: ascending.
        package: Units in one.
        free: Units of a month that cost nothing.
    """

    model: str = "per_unit"
    tiers: tuple[tuple[int, int, int], ...] = ((NEVER, 2, 0),)
    package: int = 1
    free: int = 0

    def charge(self, used: int) -> int:
        """Half a unit counts as one."""
        halves = 0
        counted = max(used - self.free, 0)
        for unit in range(1, counted + 1):
            _ends, rate, once = next(one for one in self.tiers if unit <= one[0])
            if self.model == "package":
                halves += rate if unit % self.package == 1 % self.package else 0
            elif self.model == "volume":
                halves = unit * rate + once
            else:
                is_first = unit == 1 or any(unit == one[0] + 1 for one in self.tiers)
                halves += rate + (once if is_first else 0)
        return (halves + 1) // 2


@dataclass
class Block:
    """A block; days are half open.

    Attributes:
        enters: From when it counts.
        rolls_on: Days at which it rolls over.
        is_void: Another source voided it.
    """

    name: str
    subscription: str
    line: str
    amount: int
    price: int
    priority: int
    starts: Instant
    ends: int
    enters: Instant
    rolls_on: tuple[int, ...] = ()
    left: int = 0
    rolled: int = 0
    is_over: bool = False
    is_void: bool = False
    is_grant: bool = False
    is_refill: bool = False

    @property
    def is_alive(self) -> bool:
        return not (self.is_over or self.is_void)


@dataclass
class Other:
    """What another source did to a block: units it drew, or gave back; None: it voided it."""

    block: str
    at: Instant
    units: int | None


@dataclass
class Use:
    """Usage; it draws at the instant `counts`."""

    name: str
    subscription: str
    used: Instant
    counts: Instant
    quantity: int


@dataclass
class Meter:
    """A month of a subscription: who paid each unit, billed (by invoice) or not."""

    used: int = 0
    open: list[str] = field(default_factory=list)
    billed: list[list[str]] = field(default_factory=list)


@dataclass
class Position:
    """All that is so at an instant.

    Attributes:
        others: Places of what others did that counts.
    """

    at: Instant = (-1, DAWN)
    blocks: dict[str, Block] = field(default_factory=dict)
    meters: dict[tuple[str, int], Meter] = field(default_factory=dict)
    bought: Counter[str] = field(default_factory=Counter)
    refills: Counter[str] = field(default_factory=Counter)
    refills_in: Counter[tuple[str, int]] = field(default_factory=Counter)
    given_back: list[tuple[str, str]] = field(default_factory=list)
    others: set[int] = field(default_factory=set)
