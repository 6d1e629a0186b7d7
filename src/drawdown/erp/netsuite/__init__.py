"""Oracle NetSuite over its REST web services: records, SuiteQL, OAuth 2.0 client credentials.

    certificate = Certificate(certificate_id, private_key_pem)
    connection = Connection("1234567", ClientCredentials(client_id, (certificate,)))
    with Client() as client:
        netsuite = NetSuite(connection, mapping, Threads(client.exchange))
        netsuite.deliver(intent)

Names as NetSuite spells them stay inside this package.
"""

from __future__ import annotations

from drawdown.erp.netsuite.client import Client
from drawdown.erp.netsuite.connection import (
    Certificate,
    ClientCredentials,
    Connection,
    TokenCredentials,
)
from drawdown.erp.netsuite.fields import CUSTOM_FIELDS, CustomField
from drawdown.erp.netsuite.gateway import NetSuite
from drawdown.erp.netsuite.keys import KeyPair, generate_key_pair
from drawdown.erp.netsuite.mapping import Item, Mapping, UsageItem, standard_mapping
from drawdown.erp.netsuite.outside import Outside, Threads
from drawdown.erp.netsuite.setup import missing_fields, missing_fields_text, set_up

__all__ = [
    "CUSTOM_FIELDS",
    "Certificate",
    "Client",
    "ClientCredentials",
    "Connection",
    "CustomField",
    "Item",
    "KeyPair",
    "Mapping",
    "NetSuite",
    "Outside",
    "Threads",
    "TokenCredentials",
    "UsageItem",
    "generate_key_pair",
    "missing_fields",
    "missing_fields_text",
    "set_up",
    "standard_mapping",
]
