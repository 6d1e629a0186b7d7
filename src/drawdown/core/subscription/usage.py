"""Metered usage as it comes in: records, and corrections of records."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class UsageRecord(NamedTuple):
    """Something was used.

    Attributes:
        usage_id: The source's id; the same id with the same content is one record.
        subscription_id: Empty only where a single subscription is meant (preview).
        line: Id of the usage line, or its item where only one line has it.
        used_at: UTC.
        quantity: Not negative.
        corrects: Id of the record that this one corrects: `quantity` stands in its place, and
            `used_at` is the instant of the correction. Zero deletes it. Empty: none.
    """

    usage_id: str
    subscription_id: str
    line: str
    used_at: datetime
    quantity: Decimal
    corrects: str = ""


class LocatedUsage(NamedTuple):
    """A record and the line of the file it came from."""

    line: int
    record: UsageRecord
