"""What NetSuite says of the account itself: how many calls it takes, and which books it is.

Sources: Oracle help, "REST Web Services and Other Oracle NetSuite Features" (governanceLimits,
2025.2), "Web Services and RESTlet Concurrency Governance".
"""

from __future__ import annotations

from drawdown.core.errors import ErpAccessError, ErpRefusedError
from drawdown.erp.netsuite import wire
from drawdown.erp.netsuite.transport import Transport
from drawdown.erp.netsuite.wire import RoleRefusedError

CONCURRENCY_FLOOR = 5
"""Calls that the smallest account takes at once; assumed where the account does not say."""


def concurrency_limit(transport: Transport) -> int:
    """Return how many calls may be under way at once: the integration's own share if it has one.

    Without a share of its own an integration shares what is not allocated with all others.

    Raises:
        ErpError: NetSuite could not be asked, for another reason than having no such service.
    """
    try:
        limits = transport.send(wire.get_system("governanceLimits")).data
    except ErpRefusedError as error:
        if isinstance(error, ErpAccessError) and not isinstance(error, RoleRefusedError):
            raise
        return CONCURRENCY_FLOOR  # an older release, or a role that may not ask
    for name in ("integrationConcurrencyLimit", "accountUnallocatedConcurrencyLimit"):
        found = limits.get(name)
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            return found
    return CONCURRENCY_FLOOR


def marks(transport: Transport) -> tuple[str, ...]:
    """Return what stays the same in an account for as long as its internal ids do.

    The base currency and NetSuite's own (oldest) receivable account with their ids: both come with
    the account, and another account or a copy has them under other ids.
    """
    return tuple(
        f"{row['id']} {row.get('mark', '')}" for sql in _MARKS for row in transport.rows(sql)
    )


_MARKS = (
    (
        "SELECT c.id AS id, c.symbol AS mark FROM currency c "
        "WHERE c.isbasecurrency = 'T' ORDER BY c.id"
    ),
    (
        "SELECT MIN(a.id) AS id, MIN(a.sspecacct) AS mark FROM account a "
        "WHERE a.sspecacct = 'AcctRec'"
    ),
)
