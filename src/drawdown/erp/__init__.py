"""ERP adapters, one folder each. Services see them only through `core.ports.Erp`."""

from __future__ import annotations
