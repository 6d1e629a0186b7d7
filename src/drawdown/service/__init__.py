"""Use cases: take facts in, deliver records, expire blocks, reconcile. They see ports only."""
