"""Writing to NetSuite: delivers intents exactly once, and reads back what it holds.

The delivery rule: POST with a derived, unique external id; on a refusal or an unknown outcome look
that id up, compare, adopt. A posting is never PUT (that would edit it) and a POST is never repeated
blindly. Any refusal is looked up, not only "already exists": NetSuite may find another fault with a
repeated record first (a deposit applied twice has nothing left), and its words for a taken external
id are not documented for every record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from drawdown.core.errors import (
    ConfigurationError,
    ErpAccessError,
    ErpError,
    ErpRefusedError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.core.money import to_decimal
from drawdown.core.observed import Inspection, Posted
from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.rules import Record
from drawdown.erp.netsuite import encode, read_back, wire
from drawdown.erp.netsuite.bodies import text_literal
from drawdown.erp.netsuite.compare import applied, customers, differences, total
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.transport import Transport
from drawdown.erp.netsuite.wire import RecordMissingError, RoleRefusedError, TargetMissingError

Body = dict[str, Any]


class Writer:
    """The half of the port that writes records, and compares what was written."""

    def __init__(self, transport: Transport, directory: Directory) -> None:
        self.transport = transport
        self.directory = directory

    # -- delivering -----------------------------------------------------------------------------

    def deliver(self, intent: RecordIntent) -> Posted:
        """Make the intent true in NetSuite exactly once, and read back what it holds."""
        posted = self.post(intent)
        if posted.is_verified:
            return posted
        found = self._read_back(intent)
        if isinstance(found, ErpError):
            raise found
        return found

    def post(self, intent: RecordIntent) -> Posted:
        """Make the intent true in NetSuite; a plain success is not read back yet."""
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
        if answer.internal_id:
            self.directory.learn(intent.external_id, answer.internal_id)
        return Posted(intent.external_id, answer.internal_id, "", "", is_adopted=False)

    def _create(self, intent: RecordIntent) -> Posted:
        request = encode.create(intent, self.directory)
        try:
            answer = self.transport.send(request)
        except ErpAccessError:
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
        return Posted(
            intent.external_id, answer.internal_id, "", "", is_adopted=False, is_verified=False
        )

    def _adopt(self, intent: RecordIntent, data: Body) -> Posted:
        self.directory.customers([intent.customer])
        self._check(intent, data, "NetSuite already holds")
        self.directory.learn(intent.external_id, str(data["id"]))
        return _posted(intent, data, is_adopted=True)

    def _check(self, intent: RecordIntent, data: Body, what: str) -> None:
        """Refuse a record that says something else than the intent, naming both."""
        base = self.directory.chart().base_currency
        found = differences(intent, data, self.directory, base)
        customer = self.directory.known(intent.customer)
        others = customers(intent.record, data) - {customer}
        if customer and others:
            found.append(f"customer {', '.join(sorted(others))} instead of {customer}")
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
        try:
            self.transport.send(encode.set_amount(intent, self.directory))
        except RecordMissingError as error:
            raise _gone(intent, error.code) from error
        except ErpUnknownError as lost:
            data = self._find_after(lost, intent)
            if data is None:
                raise _gone(intent, "") from lost
            if self._falls_short(intent, data) is not None:
                raise
            return _posted(intent, data, is_adopted=True)
        return Posted(intent.external_id, "", "", "", is_adopted=False, is_verified=False)

    def _falls_short(self, intent: RecordIntent, data: Body) -> tuple[Decimal, Decimal] | None:
        """Return (what a change sets, what NetSuite holds) if they differ, else None.

        The total is compared, and what is applied to the target: an application may have more.
        """
        pairs = [(intent.amount_minor, total(intent.record, data))]
        if intent.target and intent.record is Record.DEPOSIT_APPLICATION:
            try:
                target = self.directory.transaction(Record.INVOICE, intent.target)
                pairs.append((intent.applied_minor, applied(data, target)))
            except TargetMissingError:
                if intent.applied_minor:
                    raise
        for minor, holds in pairs:
            wanted = to_decimal(minor, intent.currency)
            if holds != wanted:
                return wanted, holds
        return None

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
        except ErpAccessError:
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

    # -- reading back ---------------------------------------------------------------------------

    def read_back(self, intents: Sequence[RecordIntent]) -> tuple[Posted | ErpError, ...]:
        """Read what NetSuite holds for intents that were posted, and compare.

        One or two queries for `IDS_MAX` records. A record that the query does not show as the
        intent has it is read by itself before anything is said against it.
        """
        found: list[Posted | ErpError] = []
        for start in range(0, len(intents), read_back.IDS_MAX):
            some = intents[start : start + read_back.IDS_MAX]
            shown = self._read_many(some)
            found.extend(
                self._agreed(intent, shown.get(intent.external_id)) or self._read_back(intent)
                for intent in some
            )
        return tuple(found)

    def _read_many(self, intents: Sequence[RecordIntent]) -> dict[str, Body]:
        wanted = [(intent.record, intent.external_id) for intent in intents]
        try:
            shown = read_back.read_many(self.transport, self.directory, wanted)
            self.directory.customers(intent.customer for intent in intents if intent.customer)
        except ErpRefusedError as error:
            if isinstance(error, ErpAccessError) and not isinstance(error, RoleRefusedError):
                raise
            return {}  # a role without SuiteQL, or a column that it does not show: one by one
        return shown

    def _agreed(self, intent: RecordIntent, data: Body | None) -> Posted | None:
        """Return the record if a query shows it as the intent has it."""
        try:
            with configured():
                return None if data is None else self._verified(intent, data)
        except ErpRefusedError:
            return None

    def _read_back(self, intent: RecordIntent) -> Posted | ErpError:
        try:
            with configured():
                data = self._find(intent)
                return self._verified(intent, data)
        except ErpError as error:
            return error

    def _verified(self, intent: RecordIntent, data: Body | None) -> Posted:
        is_change = intent.operation is Operation.SET_AMOUNT
        if data is None:
            if is_change:
                raise _gone(intent, "")
            raise ErpUnavailableError(
                f"NetSuite has taken {intent.record} {intent.external_id} but does not show it "
                "yet; it is looked up again",
                external_id=intent.external_id,
            )
        if is_change:
            short = self._falls_short(intent, data)
            if short is not None:
                raise ErpRefusedError(
                    f"{intent.record} {intent.external_id} was set to {short[0]} {intent.currency} "
                    f"but NetSuite holds {short[1]}; see in its system notes what changed it, then "
                    "deliver again",
                    external_id=intent.external_id,
                    code="CONTENT_DIFFERS",
                )
        else:
            self._check(intent, data, "NetSuite saved")
        return _posted(intent, data, is_adopted=False)

    # -- by a person's choice -------------------------------------------------------------------

    def inspect(self, intent: RecordIntent, internal_id: str = "") -> Inspection | None:
        """Look at the record that a person says is the intent's; None if there is none."""
        if internal_id:
            request = wire.get_record_by_id(intent.record, internal_id)
        else:
            request = wire.get_record(intent.record, intent.external_id)
        try:
            data = self.transport.send(request).data
        except RecordMissingError:
            return None
        with configured():
            found = differences(intent, data, self.directory, self.directory.chart().base_currency)
        posted = _posted(intent, data, is_adopted=True)
        return Inspection(posted.internal_id, posted.number, posted.posting_period, tuple(found))

    def relink(self, intent: RecordIntent, internal_id: str) -> None:
        """Give a record our external id; nothing else is changed."""
        self.transport.send(wire.link_record(intent.record, internal_id, intent.external_id))
        self.directory.learn(intent.external_id, internal_id)

    def relabel(self, record: str, internal_id: str, external_id: str) -> None:
        """Give a record another external id."""
        self.transport.send(wire.relabel_record(record, internal_id, external_id))
        self.directory.unlearn(external_id)

    def set_back(self, intent: RecordIntent) -> None:
        """Set a record back to what an intent says, and compare what NetSuite holds then."""
        with configured():
            self.transport.send(encode.set_back(intent, self.directory))
            data = self._find(intent)
            if data is None:
                raise _gone(intent, "")
            self._check(intent, data, "NetSuite keeps")


@contextmanager
def configured() -> Iterator[None]:
    """Turn a gap of the mapping, or of NetSuite's answer, into the refusal the port promises."""
    try:
        yield
    except ConfigurationError as error:
        raise ErpRefusedError(str(error), code="MISSING_MAPPING") from error
    except (ValueError, ArithmeticError, KeyError) as error:
        raise ErpRefusedError(
            f"NetSuite's answer is not of the shape that is known ({error}); run `drawdown "
            "doctor`, and report this if it finds nothing",
            code="UNEXPECTED_ANSWER",
        ) from error


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
