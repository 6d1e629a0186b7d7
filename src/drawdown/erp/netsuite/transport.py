"""Sends what `wire` renders through an `Outside`. Everything that means something is in `wire`.

Reads are repeated a few times when NetSuite is busy or away. A write is sent once: what became of
it is for the gateway to find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from drawdown.core.errors import ErpRefusedError, ErpUnavailableError
from drawdown.erp.netsuite import wire
from drawdown.erp.netsuite.auth import Connection, Tokens
from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError, Outside
from drawdown.erp.netsuite.wire import Answer, Request, Response

READ_ATTEMPTS_MAX = 4
BACKOFF_FIRST_S = 0.25
QUERY_ROWS_MAX = 100_000
"""Rows of one SuiteQL query. Source: Oracle help, "Executing SuiteQL Queries Through REST"."""

Row = dict[str, str]


class TooManyRowsError(ErpRefusedError):
    """A query has more rows than SuiteQL gives out; ask for less at once."""


class Transport:
    """Sends requests of one connection, with its token. Safe for several threads."""

    def __init__(self, connection: Connection, outside: Outside) -> None:
        self.outside = outside
        self._base_url = connection.base_url
        self._tokens = Tokens(connection, self._exchange, outside)

    def send(self, request: Request) -> Answer:
        """Send one request; a read is repeated while NetSuite is busy or away.

        Raises:
            ErpUnavailableError: Nothing happened; try again.
            ErpUnknownError: A write was sent and no proper answer came.
            ErpRefusedError: NetSuite refused it.
        """
        for attempt in range(READ_ATTEMPTS_MAX if request.is_read else 1):
            if attempt:
                # Unsynchronised, as Oracle help, "Concurrency Governance", asks for.
                spread = 0.5 + self.outside.chance() / 2
                self.outside.sleep(BACKOFF_FIRST_S * 2**attempt * spread)
            try:
                return self._authorised(request)
            except ErpUnavailableError as error:
                busy = error
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
            if int(page.get("totalResults") or 0) > QUERY_ROWS_MAX:
                raise TooManyRowsError(
                    f"a query on NetSuite has {page['totalResults']} rows, more than the "
                    f"{QUERY_ROWS_MAX} it gives out"
                )
            yield from page["items"]
            if not page.get("hasMore"):
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
            yield from page["items"]
            if not page.get("hasMore") or not page["items"]:
                return
            last = int(page["items"][-1][name])

    def page(self, sql: str, offset: int) -> dict[str, Any]:
        """Read one page of a query."""
        request = wire.suiteql(sql, offset)
        page = self.send(request).data
        if not isinstance(page.get("items"), list):
            raise wire.lost(request, "NetSuite's answer to a query has no items")
        return page

    def _authorised(self, request: Request) -> Answer:
        token = self._tokens.get()
        response = self._talk(request, token)
        if response.status == 401:
            # Refused before anything was done, so this may be sent again, once.
            response = self._talk(request, self._tokens.renew(token))
        return wire.decipher(request, response)

    def _exchange(self, request: Request) -> dict[str, object]:
        return wire.decipher(request, self._talk(request, "")).data

    def _talk(self, request: Request, token: str) -> Response:
        headers = dict(request.headers)
        if token:
            headers["Authorization"] = f"Bearer {token}"
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
