"""Rating: what a quantity of usage comes to, exactly, as a function of the period's total.

The price of a period is a function of how much was used in it, never a sum of rounded records: a
record's share is the difference that it makes. So rounding cannot drift, whatever the order.
"""
