"""Sends what `wire` renders through an `Outside`. Everything that means something is in `wire`.

Reads are repeated a few times when NetSuite is busy or away. A write is sent once: what became of
it is for the gateway to find out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from drawdown.core.errors import ErpRefusedError, ErpUnavailableError
from drawdown.erp.netsuite import wire
from drawdown.erp.netsuite.auth import Clock, access_of
from drawdown.erp.netsuite.connection import Connection
from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError, Outside
from drawdown.erp.netsuite.wire import Answer, Request, Response

READ_ATTEMPTS_MAX = 4
BACKOFF_FIRST_S = 0.25
REQUEST_BYTES_MAX = 16 * 1024 * 1024
"""NetSuite takes 104 MB; a journal of 10,000 lines, its limit on lines, has about 4."""
QUERY_ROWS_MAX = 100_000
"""Rows of one SuiteQL query. Source: Oracle help, "Executing SuiteQL Queries Through REST"."""


class TooManyRowsError(ErpRefusedError):
    """A query has more rows than SuiteQL gives out; ask for less at once."""


class Row(dict[str, str]):
    """One row of a query: text by column; what is NULL is not there, use `get`."""

    def __missing__(self, column: str) -> str:
        raise ErpRefusedError(
            f"NetSuite left out column {column} of a query, which cannot be empty there; let the "
            "role see it, and run `drawdown doctor`",
            code="UNEXPECTED_ANSWER",
        )


class Transport:
    """Sends requests of one connection, signed. Safe for several threads.

    Attributes:
        calls: HTTP calls so far, by what they were: token, query, system, read, write.
    """

    def __init__(self, connection: Connection, outside: Outside) -> None:
        self.outside = outside
        self.calls: Counter[str] = Counter()
        self._base_url = connection.base_url
        self._clock = Clock(outside)
        self._access = access_of(connection, self._exchange, outside, self._clock)

    def send(self, request: Request) -> Answer:
        """Send one request; a read is repeated while NetSuite is busy or away.

        Raises:
            ErpUnavailableError: Nothing happened; try again.
            ErpUnknownError: A write was sent and no proper answer came.
            ErpRefusedError: NetSuite refused it.
        """
        if len(request.body) > REQUEST_BYTES_MAX:
            raise ErpRefusedError(
                f"a request of {len(request.body)} bytes is larger than the {REQUEST_BYTES_MAX} "
                "that are sent to NetSuite; split the record into several",
                external_id=request.subject,
                code="REQUEST_TOO_LARGE",
            )
        for attempt in range(READ_ATTEMPTS_MAX if request.is_read else 1):
            if attempt:
                # Unsynchronised, as Oracle help, "Concurrency Governance", asks for.
                spread = 0.5 + self.outside.chance() / 2
                self.outside.sleep(BACKOFF_FIRST_S * 2**attempt * spread)
            try:
                return self._authorised(request)
            except ErpUnavailableError as error:
                busy = error
                if error.concerns_connection:
                    break
        raise busy

    def rows(self, sql: str) -> Iterator[Row]:
        """Read all rows of a query, page by page; its ORDER BY must be unique.

        Values are strings, columns that are NULL are left out.

        Raises:
            TooManyRowsError: Before the first row, if there are more than SuiteQL gives out.
        """
        offset = 0
        while True:
            page = self.page(sql, offset)
            if page.total > QUERY_ROWS_MAX or offset >= QUERY_ROWS_MAX:
                raise TooManyRowsError(
                    f"a query on NetSuite has {page.total} rows, more than the {QUERY_ROWS_MAX} it "
                    "gives out"
                )
            yield from page.rows
            if not page.has_more:
                return
            offset += wire.PAGE_ROWS_MAX

    def rows_by_key(self, sql: str, key: str) -> Iterator[Row]:
        """Read all rows of a query of any length, by a unique positive integer column.

        Args:
            sql: Without ORDER BY, its WHERE clause ending in ``{after}``, which becomes the
                condition on the key.
            key: The column as ``alias.column``; the result must contain it under ``column``.
        """
        name = key.rpartition(".")[2]
        last = 0
        while True:
            page = self.page(sql.format(after=f"AND {key} > {last}") + f" ORDER BY {key}", 0)
            yield from page.rows
            if not page.has_more or not page.rows:
                return
            before, last = last, int(page.rows[-1][name])
            if last <= before:
                raise ErpRefusedError(
                    f"NetSuite's pages of a query do not go on after {name} {before}; try again, "
                    "and run `drawdown doctor`",
                    code="UNEXPECTED_ANSWER",
                )

    def page(self, sql: str, offset: int) -> Page:
        """Read one page of a query."""
        request = wire.suiteql(sql, offset)
        data = self.send(request).data
        try:
            return _page(data)
        except ValueError as error:
            raise wire.lost(request, f"NetSuite's answer to a query has {error}") from error

    @property
    def skew_s(self) -> int:
        """Seconds that NetSuite's clock is ahead of ours, as far as it was noticed."""
        return self._clock.skew_s

    def say_hello(self) -> None:
        """Prove who we are by a call that changes nothing.

        Raises:
            ErpError: We are not let in.
        """
        self.send(wire.get_system("serverTime"))

    def _authorised(self, request: Request) -> Answer:
        header = self._access.header(request)
        response = self._talk(request, header)
        if response.status == 401:
            # Refused before anything was done, so this may be sent again, once.
            self._clock.learn(response.headers.get("date", ""))
            self._access.refused(header)
            response = self._talk(request, self._access.header(request))
        return wire.decipher(request, response)

    def _exchange(self, request: Request) -> dict[str, object]:
        response = self._talk(request, "")
        if response.status in {400, 401}:
            self._clock.learn(response.headers.get("date", ""))
        return wire.decipher(request, response).data

    def _talk(self, request: Request, authorization: str) -> Response:
        self.calls[_purpose(request)] += 1
        headers = dict(request.headers)
        if authorization:
            headers["Authorization"] = authorization
        url = self._base_url + request.path
        if request.query:
            url += "?" + urlencode(request.query, quote_via=quote)
        try:
            return self.outside.exchange(
                Call(request.method, url, headers, request.body), wire.RESPONSE_BYTES_MAX
            )
        except NotSentError as error:
            raise ErpUnavailableError(
                f"NetSuite cannot be reached ({error}); check the network",
                external_id=request.subject,
            ) from error
        except NoAnswerError as error:
            raise wire.lost(request, str(error)) from error


class Page(NamedTuple):
    """One page of a query.

    Attributes:
        total: Rows of the whole query, as NetSuite says.
    """

    rows: list[Row]
    has_more: bool
    total: int


def _page(data: dict[str, Any]) -> Page:
    """Take a page for no more than it shows.

    Raises:
        ValueError: With what is wrong, in words.
    """
    items = data.get("items")
    if not isinstance(items, list) or len(items) > wire.PAGE_ROWS_MAX:
        raise ValueError("no items, or too many")
    total = data.get("totalResults") or 0
    if not isinstance(total, int) or total < 0:
        raise ValueError("a total that is no number")
    return Page([_row(item) for item in items], data.get("hasMore") is True, total)


def _row(item: object) -> Row:
    if not isinstance(item, dict):
        raise ValueError("a row that is no object")  # noqa: TRY004 - of the answer, not of ours
    row = Row()
    for column, value in item.items():
        if isinstance(value, str):
            row[column] = value
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            row[column] = str(value)
        # Anything else is the row's links, NULL, or nothing we asked for.
    return row


def _purpose(request: Request) -> str:
    for name, start in (
        ("token", wire.TOKEN_PATH),
        ("query", wire.SUITEQL_PATH),
        ("system", wire.SYSTEM_ROOT),
    ):
        if request.path.startswith(start):
            return name
    return "read" if request.is_read else "write"
