"""SuiteBilling: subscriptions with prepaid lines that usage draws down, charges and their invoices.

As in the real thing nothing is rated or billed while a usage or a subscription is saved: rating and
billing are runs of their own, here on the control interface, since REST has no trigger for them.

Sources: "Prepaid Usage with Drawdown" (section_0903123502), "Revenue Recognition and Prepay with
Drawdown" (section_0919040318) and its worked example (section_0919041722).
"""

from __future__ import annotations
