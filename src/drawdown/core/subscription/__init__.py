"""Subscriptions: prepayments that usage draws down, over time. Pure.

`timeline` folds what is known of one customer (subscriptions, blocks bought, usage) in the order in
which it happened into balances and acts; `bills` turns acts into the billing facts that the core
posts. The same facts give the same balances, whatever the order in which they arrived.
"""
