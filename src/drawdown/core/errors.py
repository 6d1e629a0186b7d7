"""Faults, as one tree. Refusals by our rules are values (`plan.Rejection`), not exceptions.

Every message says what happened, on which record or block, and what to do.

    DrawdownError
    +-- MalformedEventError          the fact cannot be read
    +-- ConfigurationError
    |   +-- MissingMappingError      a role or item has no account or item in the ERP
    |   +-- OtherAccountError        the ERP connection answers with other books than before
    +-- SubscriptionError            a subscription cannot do what is asked
    +-- UnknownBlockError            no such block in the books of the tenant
    +-- ChoiceError                  what a person chose about a change cannot be done
    +-- StoreError
    +-- ErpError
    |   +-- ErpUnavailableError      try again (5xx, no connection)
    |   |   +-- ErpThrottledError    too many calls at once (429): fewer, then again
    |   +-- ErpRefusedError          a person must act (4xx)
    |   |   +-- ErpAccessError       credentials, certificate or role: no call will do
    |   +-- ErpUnknownError          sent, no answer: look up before resending
"""

from __future__ import annotations


class DrawdownError(Exception):
    """Drawdown could not do what was asked."""


class MalformedEventError(DrawdownError):
    """A billing fact cannot be read: a field is missing, of the wrong type or out of range."""


class ConfigurationError(DrawdownError):
    """The configuration lacks something or contradicts itself."""


class MissingMappingError(ConfigurationError):
    """An account role or item has no counterpart in the ERP."""


class OtherAccountError(ConfigurationError):
    """The connection answers with other books than before."""


class SubscriptionError(DrawdownError):
    """A subscription cannot do what is asked of it, or what it leads to was refused."""


class UnknownBlockError(DrawdownError):
    """No block of that id is in the books of this tenant."""


class ChoiceError(DrawdownError):
    """The choice is not possible; nothing was done."""


class StoreError(DrawdownError):
    """The database could not be reached or refused a write."""


class ErpError(DrawdownError):
    """A call to the ERP did not succeed.

    Attributes:
        external_id: Our id of the record concerned, or an empty string.
        code: The ERP's own error code, or an empty string.
        path: The field the ERP points at, or an empty string.
        concerns_connection: Every other call of this connection would meet the same (access
            refused, ERP down for maintenance), so a circuit breaker opens at once.
    """

    concerns_connection = False

    def __init__(
        self, message: str, *, external_id: str = "", code: str = "", path: str = ""
    ) -> None:
        super().__init__(_printable(message))
        self.external_id = external_id
        self.code = code
        self.path = path


class ErpUnavailableError(ErpError):
    """The ERP did not take the call (5xx before commit, no connection); try again."""


class ErpThrottledError(ErpUnavailableError):
    """Too many calls were under way at once and nothing was done; send fewer, then try again.

    Attributes:
        retry_after_s: Seconds the ERP asks to wait; 0 where it does not say.
    """

    retry_after_s = 0


class ErpRefusedError(ErpError):
    """The ERP refused the call; a person must act."""


class ErpAccessError(ErpRefusedError):
    """The ERP refuses who we are or what our role may do; no call will do until a person acts."""

    concerns_connection = True


class ErpUnknownError(ErpError):
    """The call was sent and no answer came: look the record up before sending again."""


def _printable(text: str) -> str:
    """Return text without control characters: it may quote what came from outside."""
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)
