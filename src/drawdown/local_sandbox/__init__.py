"""The NetSuite sandbox on this machine: running it, and making its company ready for drawdown."""
