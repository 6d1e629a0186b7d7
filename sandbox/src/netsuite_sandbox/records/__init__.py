"""Record types: fields, validation and the general-ledger impact of each."""

from __future__ import annotations
