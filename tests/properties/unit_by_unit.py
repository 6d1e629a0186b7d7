"""A second model of prepay with drawdown, as simple as it can be: unit by unit, day by day.

Nothing of the engine is used. Days are counted from the first day of the term, usage is in whole
units, each credit that a month's usage comes to is a unit too, and every one of those looks by
itself for the block that pays for it.
After each bill the position is kept as the base; whatever becomes known later is played again from
there.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from fractions import Fraction

from tests.properties.unit_by_unit_parts import (
    DAWN,
    NEVER,
    OVERAGE,
    Block,
    Instant,
    Line,
    Meter,
    Other,
    Position,
    Price,
    Use,
)


def _after(at: Instant) -> Instant:
    return at[0], at[1] + 1


class World:
    """One customer: what was agreed, what was used, and what follows from it.

    Attributes:
        terms: By subscription: ends of the terms agreed so far, ascending.
        months: First days of billing months.
        effective: From when refills are effective: the bill that is played from.
        terms_of: Terms of blocks bought or granted; they never change.
        base: The position after the last bill.
        bases: After each bill, with its instant; before the first, that at the beginning.
        others: What others did, as it became known.
        head: As far as time is known to have come.
        drawn, given_back: Units billed, and credited, by subscription and payer.
    """

    def __init__(
        self, lines: dict[str, list[Line]], terms: list[int], months: list[int], *,
        is_carried: bool, is_refund: bool, price: Price,
    ) -> None:  # fmt: skip
        self.lines = lines
        self.price = price
        self.terms = {name: list(terms) for name in lines}
        self.months = months
        self.is_carried = is_carried
        self.is_refund = is_refund
        self.terms_of: dict[str, Block] = {}
        self.uses: dict[str, Use] = {}
        self.totals: dict[str, int] = {}
        self.others: list[Other] = []
        self.base = Position()
        self.closed: Instant = (0, DAWN)
        self.bases = [(self.closed, self.base)]
        self.effective = self.closed
        self.head: Instant = (0, DAWN)
        self.billed_to = dict.fromkeys(lines, 0)
        self.drawn: Counter[tuple[str, str]] = Counter()
        self.given_back: Counter[tuple[str, str]] = Counter()
        self.settle()

    # -- what is told -----------------------------------------------------------------------------

    def end(self, name: str) -> int:
        return self.terms[name][-1]

    def use(self, name: str, subscription: str, used: Instant, quantity: int) -> None:
        self.uses[name] = Use(name, subscription, used, max(used, self.closed), quantity)
        self.totals[name] = quantity
        self.settle()

    def correct(self, name: str, correction: str, quantity: int) -> None:
        was = self.uses[name]
        change = quantity - self.totals[name]
        if was.counts >= self.closed:
            was.quantity += change
        elif change:
            self.uses[correction] = Use(correction, was.subscription, was.used, self.closed, change)
        self.totals[name] = quantity
        self.settle()

    def grant(self, block: Block) -> None:
        block.enters = max(block.starts, self.closed)
        self.enter(block)

    def enter(self, block: Block) -> None:
        self.terms_of[block.name] = block
        self.settle()

    def other(self, block: str, at: Instant, units: int | None) -> None:
        """What is not billed gives way; refills that it then needs are bought at the next step."""
        self.others.append(Other(block, at, units))

    def terminate(self, name: str, day: int) -> None:
        self.terms[name] = [one for one in self.terms[name] if one < day] + [day]
        self.settle()

    def renew(self, name: str, day: int) -> None:
        self.terms[name].append(day)
        self.settle()

    def settle(self) -> None:
        """Play everything that is known, so that what it brings is bought."""
        last = max((one.counts for one in self.uses.values()), default=self.head)
        self.head = max(self.head, _after(last))
        self.play(self.head, buys=True)

    def is_due(self, through: int) -> bool:
        """Whether a month ends by the end of a day that is not billed."""
        return any(self._period_end(name) <= through + 1 for name in self.lines)

    def bill(self, through: int) -> None:
        """Bill what ends by the end of a day."""
        while ends := [
            day for name in self.lines if (day := self._period_end(name)) <= through + 1
        ]:
            day = min(ends)
            self._close(max((day, DAWN), _after(self.closed)))
            for name in sorted(self.lines):
                if self._period_end(name) == day:
                    self._invoice(name)
                    self.billed_to[name] = day
        after = _after(self.closed)
        ended = [name for name in sorted(self.lines) if self._period_end(name) == NEVER]
        late = self.play(after, buys=True)
        waits = {name for (name, _month), meter in late.meters.items() if meter.open}
        waits |= {name for name, _payer in late.given_back}
        if waits & set(ended):
            self._close(after)
            for name in ended:
                self._invoice(name)
        if len(ended) == len(self.lines) and self.closed < (through + 1, DAWN):
            self._close((through + 1, DAWN))
        self.head = max(self.head, (through + 1, DAWN))
        self.settle()

    # -- what follows -----------------------------------------------------------------------------

    def _period_end(self, name: str) -> int:
        """First day after the first period not billed; NEVER: all are."""
        begins = self.billed_to[name]
        if begins >= self.end(name):
            return NEVER
        return min(day for day in [*self.months, *self.terms[name]] if day > begins)

    def _month(self, name: str, day: int) -> int:
        return max(one for one in [0, *self.months, *self.terms[name]] if one <= day)

    def _close(self, at: Instant) -> None:
        self.base = self.play(at, buys=True)
        self.closed = at
        self.bases.append((at, self.base))

    def _invoice(self, name: str) -> None:
        for (owner, _month), meter in self.base.meters.items():
            if owner == name and meter.open:
                self.drawn.update((name, one) for one in meter.open)
                meter.billed.append(meter.open)
                meter.open = []
        mine = [one for one in self.base.given_back if one[0] == name]
        self.given_back.update(mine)
        self.base.given_back = [one for one in self.base.given_back if one[0] != name]

    def as_of(self, until: Instant) -> Position:
        """Look at an instant: from the bill before it, with what others had done by then."""
        closed, base = next(one for one in reversed(self.bases) if one[0] <= until)
        now = copy.deepcopy(base)
        for place, other in enumerate(self.others):
            if (other.at <= until) != (place in now.others):
                now.others ^= {place}
                self._count(now, other, 1 if other.at <= until else -1)
        for block in now.blocks.values():
            block.left = max(block.left, 0)  # drawn before something was given back: by its dates
        return self._play(now, closed, until, buys=False)

    def play(self, until: Instant, *, buys: bool) -> Position:
        """Play from the last bill up to an instant, with usage of before it.

        Args:
            buys: What is not bought yet is bought; otherwise it is only looked at.
        """
        now = copy.deepcopy(self.base)
        for place, other in enumerate(self.others):
            if place not in now.others:
                now.others.add(place)
                self._count(now, other, 1)
        return self._play(now, self.closed, until, buys=buys)

    def _count(self, now: Position, other: Other, sign: int) -> None:
        """Let what another did count, or count no more; what is not billed gives way."""
        block = now.blocks.get(other.block)
        if block is None:
            return
        if other.units is None:
            block.is_void = sign > 0
        else:
            block.left -= other.units * sign
        for meter in reversed(now.meters.values()):
            while (block.left < 0 or block.is_void) and block.name in meter.open:
                last = len(meter.open) - 1 - meter.open[::-1].index(block.name)
                meter.open[last] = OVERAGE
                block.left += 1

    def _play(self, now: Position, closed: Instant, until: Instant, *, buys: bool) -> Position:
        uses = sorted(
            (one for one in self.uses.values() if closed <= one.counts),
            key=lambda one: (one.counts, one.used, one.name),
        )
        self.effective = closed
        for day in range(max(now.at[0], 0), until[0] + 1):
            if day > now.at[0]:
                now.at = (day, DAWN)
                self._dawn(now, buys=buys)
            for use in uses:
                if use.counts[0] == day and use.counts < until:
                    now.at = use.counts
                    self._enter_what_is_there(now, use.counts)
                    self._use(now, use, buys=buys)
            self._enter_what_is_there(now, min(until, (day, NEVER)))
        now.at = until
        return now

    def _dawn(self, now: Position, *, buys: bool) -> None:
        """Midnight: rollover, expiry, ends of terms, purchases."""
        day = now.at[0]
        for subscription, lines in self.lines.items():
            for line in lines:
                self._roll(now, subscription, line)
        for block in now.blocks.values():
            block.is_over |= block.ends <= day
        for subscription in self.lines:
            if day in self.terms[subscription]:
                is_last = day == self.end(subscription)
                for block in now.blocks.values():
                    if block.subscription == subscription and block.enters < now.at:
                        block.is_over |= is_last or not self.is_carried
        for subscription, lines in self.lines.items():
            begins = max(one for one in [0, *self.terms[subscription]] if one <= day)
            for line in lines:
                every = line.every or NEVER
                if begins < self.end(subscription) and (day - begins) % every == 0:
                    self._buy(now, subscription, line, buys=buys)

    def limit(self, subscription: str, day: int, ends: int) -> int:
        """A block ends with its term, unless the term's end refunds or carries it."""
        if self.is_carried or self.is_refund:
            return ends
        return min(ends, *(one for one in self.terms[subscription] if one > day))

    def _buy(self, now: Position, subscription: str, line: Line, *, buys: bool) -> None:
        key, day = f"{subscription}/{line.name}", now.at[0]
        now.bought[key] += 1
        ends = day + (line.validity or line.every or NEVER)
        rolls = tuple(day + line.every * (n + 1) for n in range(line.rolls))
        if rolls:
            ends = rolls[-1] + (line.life or line.every)
        self._enter(
            now,
            self._terms(
                Block(
                    f"{key}/{now.bought[key]}", subscription, line.name, line.amount, line.price,
                    line.priority, (day, DAWN), self.limit(subscription, day, ends), (day, DAWN),
                    rolls,
                ),
                buys=buys,
            ),
        )  # fmt: skip

    def _terms(self, block: Block, *, buys: bool) -> Block:
        return self.terms_of.setdefault(block.name, block) if buys else (
            self.terms_of.get(block.name, block)
        )  # fmt: skip

    def _enter(self, now: Position, block: Block) -> None:
        if block.name not in now.blocks:
            now.blocks[block.name] = dataclasses.replace(block, left=block.amount)
            for place in now.others:
                if self.others[place].block == block.name:
                    self._count(now, self.others[place], 1)
            now.blocks[block.name].left = max(now.blocks[block.name].left, 0)

    def _enter_what_is_there(self, now: Position, at: Instant) -> None:
        """Grants, and refills that were bought for usage that needs them no more."""
        for block in self.terms_of.values():
            if block.is_refill and block.enters < at and block.name not in now.blocks:
                self._count_refill(now, block.subscription, block.line)
                self._enter(now, block)
            elif block.is_grant and block.enters <= at:
                self._enter(now, block)

    def _count_refill(self, now: Position, subscription: str, line: str) -> None:
        now.refills[f"{subscription}/{line}"] += 1
        now.refills_in[f"{subscription}/{line}", self._month(subscription, now.at[0])] += 1

    def _roll(self, now: Position, subscription: str, line: Line) -> None:
        day = now.at[0]
        mine = [
            one
            for one in now.blocks.values()
            if (one.subscription, one.line) == (subscription, line.name) and one.is_alive
        ]
        rolling = [one for one in mine if day in one.rolls_on]
        room = NEVER if line.cap is None else line.cap
        for one in sorted(mine, key=lambda one: (one.ends, one.name), reverse=True):
            if one in rolling or (rolling and one.rolled and one.ends > day):
                keeps = min(one.left * line.share // 100 if one in rolling else one.left, room)
                one.is_over = one.left > 0 and not keeps
                one.rolled += one in rolling
                one.left = keeps
                room -= keeps

    # -- usage ------------------------------------------------------------------------------------

    def _payers(self, now: Position, subscription: str) -> list[Block]:
        lines = {(name, one.name): one for name, of in self.lines.items() for one in of}

        def key(block: Block) -> tuple[object, ...]:
            line = lines.get((block.subscription, block.line))
            rolled = 0
            if line and block.rolled:
                rolled = 1 if line.is_last else -1
            return (
                block.subscription not in ("", subscription), rolled, block.priority, block.ends,
                Fraction(block.price, block.amount), block.starts, block.name,
            )  # fmt: skip

        def pays(block: Block) -> bool:
            if not block.is_alive or not block.left:
                return False
            if block.subscription in ("", subscription):
                return True
            line = lines.get((block.subscription, block.line))
            return line is not None and line.is_shared

        return sorted((one for one in now.blocks.values() if pays(one)), key=key)

    def _use(self, now: Position, use: Use, *, buys: bool) -> None:
        name = use.subscription
        meter = now.meters.setdefault((name, self._month(name, use.used[0])), Meter())
        before = self.price.charge(meter.used)
        meter.used += use.quantity
        change = self.price.charge(meter.used) - before
        for _unit in range(change):
            payers = self._payers(now, name)
            while not payers and any(
                self._refill(now, *one, use, buys=buys) for one in self._refilled(name)
            ):
                payers = self._payers(now, name)
            if payers:
                payers[0].left -= 1
            meter.open.append(payers[0].name if payers else OVERAGE)
        for _unit in range(-change):
            self._give_back(now, name, meter)
        if change > 0:
            for one in self._refilled(name):
                while self._balance(now, one[0], one[1].name) <= one[1].minimum:
                    if not self._refill(now, *one, use, buys=buys):
                        break

    def _give_back(self, now: Position, name: str, meter: Meter) -> None:
        """One unit: pay as you go before blocks, the last before the first."""
        for units in (meter.open, *reversed(meter.billed)):
            if not units:
                continue
            payer = OVERAGE if OVERAGE in units else list(dict.fromkeys(units))[-1]
            units.remove(payer)
            if units is not meter.open:
                now.given_back.append((name, payer))
            if payer:
                now.blocks[payer].left += 1
            return

    def _refilled(self, name: str) -> list[tuple[str, Line]]:
        own = [(name, one) for one in self.lines[name] if one.charge == "auto_refill"]
        return own or [
            (other, one)
            for other, lines in self.lines.items()
            for one in lines
            if other != name and one.is_shared and one.charge == "auto_refill"
        ]

    def _balance(self, now: Position, subscription: str, line: str) -> int:
        return sum(
            one.left
            for one in now.blocks.values()
            if (one.subscription, one.line) == (subscription, line) and one.is_alive
        )

    def _refill(self, now: Position, owner: str, line: Line, use: Use, *, buys: bool) -> bool:
        key, day = f"{owner}/{line.name}", now.at[0]
        if day >= self.end(owner):
            return False
        if line.refills_max and now.refills_in[key, self._month(owner, day)] >= line.refills_max:
            return False
        block = Block(
            f"{key}/r{now.refills[key] + 1}", owner, line.name, line.amount, line.price,
            line.priority, self.effective, self.limit(owner, day, day + (line.validity or NEVER)),
            use.counts, is_refill=True,
        )  # fmt: skip
        self._count_refill(now, owner, line.name)
        self._enter(now, self._terms(block, buys=buys))
        return True
