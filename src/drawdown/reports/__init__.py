"""Reports: ledger values in, text and tables out. Pure; one file a report."""
