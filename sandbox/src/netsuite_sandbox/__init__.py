"""A NetSuite that runs on a laptop: REST record API, SuiteQL, general ledger, revenue recognition.

app = create_app(db_path=":memory:", account="TSTDRV1234567")   # a Starlette application
"""

from __future__ import annotations

from netsuite_sandbox.app import create_app
from netsuite_sandbox.sandbox import RealAccountError, Sandbox

__all__ = ["RealAccountError", "Sandbox", "create_app"]
