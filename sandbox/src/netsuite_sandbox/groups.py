"""Record groups: which record types share one space of internal and external ids.

Source: "Shared Internal and External IDs": all transactions share one, all entities one, all items
one; every other type has its own.
"""

from __future__ import annotations

ENTITIES = frozenset({"customer", "vendor", "employee", "partner", "job", "contact"})
ITEMS = frozenset(
    {
        "serviceSaleItem", "serviceResaleItem", "servicePurchaseItem", "nonInventorySaleItem",
        "nonInventoryResaleItem", "nonInventoryPurchaseItem", "inventoryItem",
        "otherChargeSaleItem", "discountItem", "subscriptionPlan", "item",
    }
)  # fmt: skip


def group_of(record_type: str) -> str:
    """Return the group of a master record type (REST spelling)."""
    if record_type in ENTITIES or record_type == "entity":
        return "entity"
    if record_type in ITEMS:
        return "item"
    return record_type
