"""NetSuite as `core.ports.Erp`: delivers intents exactly once and reads the books back.

The delivery rule: POST with a derived, unique external id; on a refusal or an unknown outcome look
that id up, compare, adopt. A posting is never PUT (that would edit it) and a POST is never repeated
blindly. Any refusal is looked up, not only "already exists": NetSuite may find another fault with a
repeated record first (a deposit applied twice has nothing left), and its words for a taken external
id are not documented for every record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import httpx2

from drawdown.core.errors import (
    ConfigurationError,
    ErpError,
    ErpRefusedError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.core.money import to_decimal
from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.ports import (
    AccountBalance,
    ErpRecord,
    Posted,
    Recognised,
    TaggedBalance,
    Untagged,
)
from drawdown.core.rules import Record
from drawdown.erp.netsuite import encode, readings, wire
from drawdown.erp.netsuite.auth import Connection
from drawdown.erp.netsuite.compare import applied, differences, total
from drawdown.erp.netsuite.directory import Directory, text_literal
from drawdown.erp.netsuite.mapping import Mapping
from drawdown.erp.netsuite.transport import Transport
from drawdown.erp.netsuite.wire import AccessRefusedError, RecordMissingError

Body = dict[str, Any]


class NetSuite:
    """One NetSuite account (and subsidiary), for use by several threads.

    Args:
        client: From `transport.new_client`; its owner closes it.
        clock: Seconds since the epoch.
        sleep: Waits that many seconds.
    """

    def __init__(
        self,
        connection: Connection,
        mapping: Mapping,
        client: httpx2.Client,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.transport = Transport(connection, client, clock=clock, sleep=sleep)
        self.directory = Directory(self.transport, mapping)

    # -- writing --------------------------------------------------------------------------------

    def deliver(self, intent: RecordIntent) -> Posted:
        """Make the intent true in NetSuite exactly once, and read back what it holds."""
        try:
            match intent.operation:
                case Operation.UPSERT:
                    return self._upsert(intent)
                case Operation.CREATE:
                    return self._create(intent)
                case Operation.SET_AMOUNT:
                    return self._set_amount(intent)
                case Operation.DELETE:
                    return self._delete(intent)
        except ConfigurationError as error:
            raise ErpRefusedError(
                str(error), external_id=intent.external_id, code="MISSING_MAPPING"
            ) from error

    def _upsert(self, intent: RecordIntent) -> Posted:
        answer = self.transport.send(encode.upsert(intent, self.directory))
        return Posted(intent.external_id, answer.internal_id, "", "", is_adopted=False)

    def _create(self, intent: RecordIntent) -> Posted:
        request = encode.create(intent, self.directory)
        try:
            answer = self.transport.send(request)
        except AccessRefusedError:
            raise
        except ErpRefusedError:
            found = self._find(intent)
            if found is not None:
                return self._adopt(intent, found)
            if not self._is_stale(intent):
                raise
            # A cached internal id may be what was refused; with fresh ids it is another request.
            again = encode.create(intent, self.directory)
            if again == request:
                raise
            answer = self.transport.send(again)
        except ErpUnknownError as lost:
            found = self._find_after(lost, intent)
            if found is None:
                # It may still be carried out; the next try meets it under the same external id.
                raise
            return self._adopt(intent, found)
        if answer.internal_id:
            self.directory.learn(intent.external_id, answer.internal_id)
        data = self._find(intent)
        if data is None:
            raise ErpUnavailableError(
                f"NetSuite has taken {intent.record} {intent.external_id} but does not show it "
                "yet; it is looked up again",
                external_id=intent.external_id,
            )
        self._check(intent, data, "NetSuite saved")
        return _posted(intent, data, is_adopted=False)

    def _adopt(self, intent: RecordIntent, data: Body) -> Posted:
        self._check(intent, data, "NetSuite already holds")
        self.directory.learn(intent.external_id, str(data["id"]))
        return _posted(intent, data, is_adopted=True)

    def _check(self, intent: RecordIntent, data: Body, what: str) -> None:
        """Refuse a record that says something else than the intent, naming both."""
        base = self.directory.chart().base_currency
        found = differences(intent, data, self.directory, base)
        if found:
            raise ErpRefusedError(
                f"{what} {intent.record} {data.get('tranId') or data.get('id')} under our external "
                f"id {intent.external_id}, but with other content: {'; '.join(found)}. See in its "
                "system notes who or what (a script, a tax setting) made it so; correct or delete "
                "it, then deliver again",
                external_id=intent.external_id,
                code="CONTENT_DIFFERS",
            )

    def _set_amount(self, intent: RecordIntent) -> Posted:
        """Set an absolute amount; repeating it changes nothing, so a lost answer is looked up."""
        failed: ErpUnknownError | None = None
        try:
            self.transport.send(encode.set_amount(intent, self.directory))
        except RecordMissingError as error:
            raise _gone(intent, error.code) from error
        except ErpUnknownError as lost:
            failed = lost
        data = self._find(intent) if failed is None else self._find_after(failed, intent)
        if data is None:
            raise _gone(intent, "")
        wanted = to_decimal(intent.amount_minor, intent.currency)
        holds = total(intent.record, data)
        if intent.target:
            target = self.directory.transaction(Record.INVOICE, intent.target)
            holds = applied(data, target)
        if holds == wanted:
            return _posted(intent, data, is_adopted=failed is not None)
        if failed is not None:
            raise failed
        raise ErpRefusedError(
            f"{intent.record} {intent.external_id} was set to {wanted} {intent.currency} but "
            f"NetSuite holds {holds}; see in its system notes what changed it, then deliver again",
            external_id=intent.external_id,
            code="CONTENT_DIFFERS",
        )

    def _delete(self, intent: RecordIntent) -> Posted:
        """Delete; a repeated deletion succeeds only if the record is really gone."""
        is_repeated = False
        failed: ErpError | None = None
        try:
            self.transport.send(wire.delete_record(intent.record, intent.external_id))
        except (RecordMissingError, ErpUnknownError) as error:
            is_repeated, failed = True, error
        if failed is not None and self._exists(failed, intent):
            raise failed
        self.directory.unlearn(intent.external_id)
        return Posted(intent.external_id, "", "", "", is_adopted=is_repeated)

    def _exists(self, failed: ErpError, intent: RecordIntent) -> bool:
        """Whether any transaction bears the external id: a 404 may mean a wrong record type."""
        sql = (
            "SELECT t.id AS id FROM transaction t "
            f"WHERE t.externalid = {text_literal(intent.external_id)} ORDER BY t.id"
        )
        try:
            return next(self.transport.rows(sql), None) is not None
        except ErpError:
            if isinstance(failed, ErpUnknownError):
                raise failed from None
            raise

    def _find(self, intent: RecordIntent) -> Body | None:
        """Return the record with the intent's external id, or None."""
        try:
            data = self.transport.send(wire.get_record(intent.record, intent.external_id)).data
        except RecordMissingError:
            return None
        except AccessRefusedError:
            raise
        except ErpRefusedError as error:
            # An id of another transaction type is refused with 400, not 404 (third parties).
            raise ErpRefusedError(
                f"the external id {intent.external_id} of our {intent.record} cannot be read as "
                f"one; if another record bears it, rename or delete that one. {error}",
                external_id=intent.external_id,
                code=error.code,
                path=error.path,
            ) from error
        if not data.get("id"):
            raise ErpUnavailableError(
                f"NetSuite showed {intent.record} {intent.external_id} without an id; try again",
                external_id=intent.external_id,
            )
        return data

    def _find_after(self, lost: ErpUnknownError, intent: RecordIntent) -> Body | None:
        """Look up after a lost answer; if that fails too, the outcome stays unknown."""
        try:
            return self._find(intent)
        except ErpUnavailableError:
            raise lost from None

    def _is_stale(self, intent: RecordIntent) -> bool:
        """Forget the cached ids that a refused request named; whether there were any."""
        known = [self.directory.unlearn(name) for name in (intent.target, intent.source) if name]
        return True in known

    # -- reading --------------------------------------------------------------------------------

    def books_open_from(self) -> date | None:
        """Return the first day of the first period that takes postings; None if all do."""
        with _configured():
            return readings.books_open_from(self.transport)

    def tagged_balances(self) -> Iterator[TaggedBalance]:
        """Read every block's balance per role, in any order."""
        with _configured():
            yield from readings.tagged_balances(self.transport, self.directory)

    def recognised(self) -> Iterator[Recognised]:
        """Read all recognition of blocks, oldest first."""
        with _configured():
            yield from readings.recognised(self.transport, self.directory)

    def untagged(self) -> Iterator[Untagged]:
        """Read ledger lines on our exclusive accounts that no block explains."""
        with _configured():
            yield from readings.untagged(self.transport, self.directory)

    def records(self) -> Iterator[ErpRecord]:
        """Read all transactions that bear an external id of ours."""
        with _configured():
            yield from readings.records(self.transport, self.directory)

    def account_balances(self) -> Iterator[AccountBalance]:
        """Read the balance of every account that a role or observed account is mapped to."""
        with _configured():
            yield from readings.account_balances(self.transport, self.directory)


@contextmanager
def _configured() -> Iterator[None]:
    """Turn a gap of the mapping into the refusal that the port promises."""
    try:
        yield
    except ConfigurationError as error:
        raise ErpRefusedError(str(error), code="MISSING_MAPPING") from error


def _posted(intent: RecordIntent, data: Body, *, is_adopted: bool) -> Posted:
    period = data.get("postingPeriod")
    name = str(period.get("refName") or "") if isinstance(period, dict) else ""
    return Posted(
        intent.external_id, str(data["id"]), str(data.get("tranId") or ""), name, is_adopted
    )


def _gone(intent: RecordIntent, code: str) -> ErpRefusedError:
    return ErpRefusedError(
        f"{intent.record} {intent.external_id} is to be set to "
        f"{to_decimal(intent.amount_minor, intent.currency)} {intent.currency} but is not in "
        "NetSuite (any more); see who deleted it, and restore it or write the change off here",
        external_id=intent.external_id,
        code=code,
    )
