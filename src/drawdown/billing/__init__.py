"""Billing sources: where billing facts come from. One folder each.

A source turns what its platform sends into events of `drawdown.core.events`, and does nothing else:
it reads no database, posts nothing and knows no other source. To add one:

1. Make the folder `drawdown/billing/<source>/` with a function `source_for(name, time_zone)`,
   which returns a `drawdown.core.ports.BillingSource` for a file of that name. `ingest --source
   <source>` finds it by the folder. Its `decode` takes a file's lines and yields an event or a
   problem for each fact, in the file's order, without ever holding the whole file.
2. Take over the source's own ids unchanged. They are the link between billing platform, subledger
   and ERP, and what makes a fact that is sent twice count once.
3. Turn dates at the edge ("expires 31 December") into instants there, in the tenant's posting time
   zone. Nothing after the source guesses.
4. Put samples beside the tests, as the platform documents or sends them, each with its origin.

`native` is our own format, documented in `docs/formats.md`: JSON Lines and CSV.
"""
