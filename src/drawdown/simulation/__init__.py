"""Deterministic simulation: the real services and SQL, a virtual clock, and every fault by name.

A seed decides everything: the facts that come in, which simulated process goes on when, where one
crashes, what the network and NetSuite do, what people change. The same seed gives the same run, so
whatever a seed finds is replayed by one command. Afterwards a checker that knows nothing of the
product's inner workings compares our database, the sandbox's own store and the list of what was
acknowledged.

`scenario` makes the facts; `world` is time, scheduling and crashes; `connections` (database) and
`network` (HTTP) are where faults strike; `threads` is what workers run by; `processes` are the
simulated processes, `people` what people do in NetSuite, `others` what they enter there; `checker`
judges, by `checks_of_books` and `checks_of_netsuite`, what `evidence` gathers; `run` puts one seed
together, `report` many.
"""
