"""Who may call: OAuth 2.0 client credentials, tokens, roles."""

from __future__ import annotations
