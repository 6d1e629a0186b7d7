"""`python -m netsuite_sandbox`."""

from __future__ import annotations

import sys

from netsuite_sandbox.cli import main

sys.exit(main())
