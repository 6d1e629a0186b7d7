"""Runs the checks: access first, then what can be read, each by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drawdown.core.errors import ConfigurationError, ErpAccessError, ErpError, ErpRefusedError
from drawdown.core.observed import Finding, Severity
from drawdown.core.policy import Policy
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.doctor import accounts, hand, items, periods, role, transactions
from drawdown.erp.netsuite.doctor.look import Access, Look, error, note, warning
from drawdown.erp.netsuite.transport import Transport

_ORDER = list(Severity)

Check = Callable[[Look], Iterator[Finding]]

# In the order in which a person would mend what they find.
_BY_RECORD_SERVICE: tuple[Check, ...] = (role.limits, role.records)
_BY_QUERY: tuple[Check, ...] = (
    role.fields,
    role.features,
    accounts.books,
    accounts.currencies,
    accounts.mapped,
    items.planned,
    items.mapped,
    periods.state,
    periods.coming,
    transactions.linked_deposits,
    transactions.moved_postings,
    transactions.unapproved_journals,
    transactions.scripts,
)


def examine(
    transport: Transport, directory: Directory, policy: Policy, access: Access
) -> tuple[Finding, ...]:
    """Look an account over.

    Returns:
        Findings, worst first.
    """
    directory.forget()
    look = Look(transport, directory, policy, access)
    found = list(_access(look))
    if not any(one.severity is Severity.ERROR for one in found):
        for check in _BY_RECORD_SERVICE:
            found += _run(look, check)
        found += _queries(look)
        found += hand.listed(look)
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.severity)))


def _access(look: Look) -> Iterator[Finding]:
    """Whether we are let in, and for how long."""
    access = look.access
    yield note("account", f"account {access.account_id} ({access.kind})")
    try:
        look.transport.say_hello()
    except ErpAccessError as refused:
        yield error(
            "login_refused",
            str(refused),
            "Setup > Integration > OAuth 2.0 Client Credentials (M2M) Setup; Setup > Users/Roles > "
            "View Login Audit Trail says why",
            "nothing is delivered or read",
        )
        return
    except ErpError as failed:
        yield error("unreachable", str(failed), "the network, or NetSuite's status page",
                    "nothing is delivered or read")  # fmt: skip
        return
    for notice in access.notices:
        code = "legacy_authentication" if access.is_legacy else "certificate_ends"
        yield warning(code, notice, "Setup > Integration > OAuth 2.0 Client Credentials (M2M) "
                      "Setup", "from that day on nothing is delivered or read")  # fmt: skip
    skew_s = look.transport.skew_s
    if skew_s:
        yield warning(
            "clock_differs",
            f"this machine's clock differs from NetSuite's by {skew_s} s",
            "the clock of this machine (NTP)",
            "logins are refused now and then",
        )
    if not access.is_legacy and access.ends_at is None:
        yield warning(
            "certificate_end_unknown",
            "the certificate is not beside the private key, so its end is not watched",
            "certificate_file of the connection: the PEM file that was uploaded",
            "one day logins are refused without notice",
        )


def _queries(look: Look) -> Iterator[Finding]:
    try:
        look.transport.page("SELECT c.id AS id FROM currency c ORDER BY c.id", 0)
    except ErpAccessError as refused:
        yield error(
            "no_suiteql",
            f"the role may not run SuiteQL: {refused}",
            "Setup > Users/Roles > Manage Roles: permission Reports > SuiteAnalytics Workbook "
            "(REPO_ANALYTICS); Setup > Company > Enable Features > Analytics",
            "accounts and items cannot be resolved, so nothing can be delivered or reconciled",
        )
        return
    except ErpRefusedError:
        yield error(
            "feature_off",
            "Multiple Currencies is off, or the role may not see currencies",
            f"{role.FEATURES} > Company > Multiple Currencies; {role.ROLES}: Lists > Currency",
            "currencies cannot be resolved, so nothing can be delivered or reconciled",
        )
        return
    for check in _BY_QUERY:
        yield from _run(look, check)


def _run(look: Look, check: Check) -> Iterator[Finding]:
    """Run one check; a refusal ends it and is told, and the others go on."""
    found: list[Finding] = []
    try:
        found.extend(check(look))
    except ConfigurationError as gap:
        found.append(
            error(
                "mapping_gap",
                str(gap),
                "the mapping of the connection in drawdown.toml",
                "records that need it are parked",
            )
        )
    except (ErpError, ValueError) as refused:
        found.append(
            error(
                "not_readable",
                f"{(check.__doc__ or '').partition('.')[0].lower()}: not readable: {refused}",
                "Setup > Users/Roles > Manage Roles: let the role see it; Setup > Company > Enable "
                "Features",
                "this is read when records are delivered or reconciled, too",
            )
        )
    yield from found
