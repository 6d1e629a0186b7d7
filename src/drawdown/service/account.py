"""Whether the right books answer: an account that was refreshed, or another one, is refused.

What a wrong account answers would be taken for changes that people made, and what is delivered to
it would be missing in the right one.
"""

from __future__ import annotations

from drawdown.core.errors import ErpError, OtherAccountError
from drawdown.core.ports import Erp
from drawdown.store import accounts
from drawdown.store.database import Session


def ensure_account(session: Session, erp: Erp) -> None:
    """Compare the account with the one remembered; the first one is remembered.

    An account that cannot be asked now is not judged: whatever is asked next says why.

    Raises:
        OtherAccountError: Other books answer; nothing was read or written.
    """
    try:
        identity = erp.identity()
    except ErpError:
        return
    before = accounts.remembered(session)
    if before is None:
        with session.transaction():
            accounts.remember(session, identity)
    elif before.account != identity.account:
        raise OtherAccountError(
            f"the books of tenant {session.tenant_id} belong to account {before.account} "
            f"({before.kind}), but the connection leads to {identity.account} ({identity.kind}); "
            "correct the connection, or, if they moved there, run "
            f"`drawdown relink --account {identity.account}`"
        )
    elif before.fingerprint != identity.fingerprint:
        raise OtherAccountError(
            f"account {identity.account} ({identity.kind}) has other internal ids than before: it "
            "was refreshed or restored; run `drawdown relink`, which finds every record again by "
            "external id and block id"
        )
