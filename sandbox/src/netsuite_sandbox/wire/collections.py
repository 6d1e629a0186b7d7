"""Record collections: ids and links, filtered by `q`, in pages.

Sources: "Record Collection Filtering", "Collection Paging".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from netsuite_sandbox import dates, groups
from netsuite_sandbox.errors import NetSuiteError
from netsuite_sandbox.records.fields import Definition, Field, definition
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.records.transactions import KINDS
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire import asyncapi
from netsuite_sandbox.wire.http import RESOURCE, Request, Response, answer

LIMIT_MAX = 1000
PAGES_MAX, ROWS_MAX = 1000, 100_000  # Source: "Collection Paging".
_TOKEN = re.compile(r'\s*(\(|\)|\[|\]|,|"[^"]*"|[^\s()\[\],"]+)')
_COLUMNS = {
    "id": "id", "externalid": "externalid", "tranid": "tranid", "trandate": "trandate",
    "memo": "memo", "entity": "entity", "customer": "entity", "subsidiary": "subsidiary",
    "currency": "currency", "postingperiod": "postingperiod", "status": "status",
    "createddate": "createddate", "lastmodifieddate": "lastmodifieddate",
    "createdfrom": "createdfrom", "exchangerate": "CAST(exchangerate AS REAL)",
    "total": "total / 10000.0", "payment": "total / 10000.0", "amountremaining": "open / 10000.0",
}  # fmt: skip


_MASTER_COLUMNS = {
    "externalid": "externalid", "createddate": "createddate", "datecreated": "createddate",
    "lastmodifieddate": "lastmodifieddate",
}  # fmt: skip
_MARKS = frozenset("()[],")
_NUMBERS = frozenset(
    {"ANY_OF", "BETWEEN", "EQUAL", "GREATER", "GREATER_OR_EQUAL", "LESS", "LESS_OR_EQUAL", "WITHIN"}
)
_DATES = frozenset({"AFTER", "BEFORE", "ON", "ON_OR_AFTER", "ON_OR_BEFORE"})
# Source: "Record Collection Filtering"; that IS is taken of references too is unsure.
_AS = {"integer": "number", "longtext": "text"}
_OPERATORS = {
    "number": _NUMBERS, "date": _DATES, "datetime": _DATES, "boolean": frozenset({"IS"}),
    "text": frozenset({"CONTAIN", "IS", "START_WITH", "END_WITH", "ANY_OF"}),
    "ref": frozenset({"ANY_OF", "IS", "EQUAL"}), "enum": frozenset({"ANY_OF", "IS"}),
}  # fmt: skip


def bad_query(why: str = "Provide a valid search query.") -> NetSuiteError:
    """The refusal of a bad filter, as seen by third parties."""
    return NetSuiteError(
        400, "INVALID_PARAMETER", f"Invalid search query. {why}", **{"o:errorQueryParam": "q"}
    )


def paging(request: Request) -> tuple[int, int]:
    """Return limit and offset of a request.

    Raises:
        NetSuiteError: INVALID_PARAMETER when limit is not 1 to 1000 or offset no multiple of it.
    """
    limit = whole(request.param("limit", str(LIMIT_MAX)))
    if limit is None or not 1 <= limit <= LIMIT_MAX:
        raise _bad_page("limit")
    offset = whole(request.param("offset", "0"))
    if offset is None or offset < 0:
        raise _bad_page("offset")
    if offset % limit or offset // limit >= PAGES_MAX or offset + limit > ROWS_MAX:
        raise _bad_page("offset")
    return limit, offset


def _bad_page(name: str) -> NetSuiteError:
    texts = {
        "ids": "Provide internal IDs, or external IDs as eid:X.",
        "limit": f"Provide a limit between 1 and {LIMIT_MAX}.",
        "offset": "Provide an offset divisible by the limit, among the first "
        f"{PAGES_MAX} pages and {ROWS_MAX} results.",
    }
    return NetSuiteError(
        400, "INVALID_PARAMETER", f"Invalid value of the query parameter '{name}'. {texts[name]}",
        **{"o:errorQueryParam": name},
    )  # fmt: skip


def page_links(
    url: str, query: list[tuple[str, str]], limit: int, offset: int, total: int
) -> list[dict[str, str]]:
    """Return the links next, last, prev, first and self of a page."""
    base = [(k, v) for k, v in query if k not in ("limit", "offset")]

    def link(rel: str, at: int) -> dict[str, str]:
        return {"rel": rel, "href": f"{url}?{urlencode([*base, ('limit', limit), ('offset', at)])}"}

    links: list[dict[str, str]] = []
    if offset + limit < total:
        links += [link("next", offset + limit), link("last", (total - 1) // limit * limit)]
    if offset:
        links += [link("first", 0), link("prev", max(offset - limit, 0))]
    return [*links, link("self", offset)]


Show = Callable[[int], dict[str, Any]]


def collection(books: Books, request: Request, record: str, root: str, show: Show) -> Response:
    """Answer GET on a collection.

    Args:
        show: Renders one record, for expandRecords=true. Source: REST API Browser 2026.1.
    """
    limit, offset = paging(request)
    args: list[Any]
    if record in KINDS:
        table, where, args = "tx", "type = ?", [KINDS[record].code]
        if KINDS[record].code == "Journal":  # One type in SuiteQL, three records.
            where += " AND COALESCE(json_extract(extra, '$.record'), 'journalEntry') = ?"
            args.append(record)
    else:
        table, where, args = "master", "grp = ? AND type = ?", [groups.group_of(record), record]
    expand = request.param("expandRecords").lower() == "true"
    if named := asyncapi.named(request.param("ids")):
        chosen = [_internal(books, record, part) for part in named]
        where = f"{where} AND id IN ({', '.join('?' * len(chosen))})"
        args = [*args, *chosen]
    text = request.param("q")
    if text:
        condition, more = Filter(books, definition(record), table).parse(text)
        where, args = f"{where} AND ({condition})", [*args, *more]
    db = books.company.db
    total = db.value(f"SELECT COUNT(*) FROM {table} WHERE {where}", args)
    rows = db.all(
        f"SELECT id FROM {table} WHERE {where} ORDER BY id LIMIT ? OFFSET ?", [*args, limit, offset]
    )
    url = f"{root}/{record}"
    items = [
        show(row["id"])
        if expand
        else {"links": [{"rel": "self", "href": f"{url}/{row['id']}"}], "id": str(row["id"])}
        for row in rows
    ]
    return answer(
        {
            "links": page_links(url, request.query, limit, offset, total),
            "count": len(items),
            "hasMore": offset + len(items) < total,
            "items": items,
            "offset": offset,
            "totalResults": total,
        },
        content_type=RESOURCE + "; type=collection",
    )


def _internal(books: Books, record: str, key: str) -> int:
    """The internal id behind one of `ids`; 0, which is nobody's, if there is none."""
    if key.startswith("eid:"):
        group = "transaction" if record in KINDS else groups.group_of(record)
        return books.company.by_external_id(group, key[4:]) or 0
    record_id = whole(key)
    if record_id is None or record_id < 0:
        raise _bad_page("ids")
    return record_id


class Filter:
    """Parses a `q` expression into a condition on the store."""

    def __init__(self, books: Books, record: Definition, table: str) -> None:
        self._books = books
        self._record = record
        self._table = table
        self._tokens: list[str] = []
        self._args: list[Any] = []

    def parse(self, text: str) -> tuple[str, list[Any]]:
        """Return an SQL condition and its arguments."""
        position = 0
        text = text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise bad_query()
            self._tokens.append(match[1])
            position = match.end()
        sql = self._either()
        if self._tokens:
            raise bad_query()
        return sql, self._args

    def _next(self) -> str:
        if not self._tokens:
            raise bad_query()
        return self._tokens.pop(0)

    def _either(self) -> str:
        parts = [self._both()]
        while self._tokens and self._tokens[0].upper() == "OR":
            self._tokens.pop(0)
            parts.append(self._both())
        return "(" + " OR ".join(parts) + ")"

    def _both(self) -> str:
        parts = [self._term()]
        while self._tokens and self._tokens[0].upper() == "AND":
            self._tokens.pop(0)
            parts.append(self._term())
        return " AND ".join(parts)

    def _term(self) -> str:
        if self._tokens and self._tokens[0] == "(":
            self._tokens.pop(0)
            inner = self._either()
            if self._next() != ")":
                raise bad_query()
            return inner
        name = self._next()
        column, kind = self._column(name)
        operator = self._next().upper()
        negative = operator.endswith("_NOT")
        operator = operator.removesuffix("_NOT")
        sql = self._compare(column, kind, operator)
        return f"NOT COALESCE({sql}, 0)" if negative else sql

    def _column(self, name: str) -> tuple[str, str]:
        lower = name.lower()
        custom = self._books.company.custom_fields.get(lower)
        if custom is not None:
            column = lower if self._table == "tx" else f"json_extract(body, '$.{lower}')"
            return column, _AS.get(custom[0], custom[0])
        found: Field | None = self._record.find(name)
        if found is None or found.kind in {"sublist", "any"}:
            raise bad_query()
        if lower == "id":
            return "id", "number"
        kind = _AS.get(found.kind, found.kind)
        if self._table == "master":
            return _MASTER_COLUMNS.get(lower, f"json_extract(body, '$.{found.name}')"), kind
        if lower in _COLUMNS:
            return _COLUMNS[lower], kind
        return f"json_extract(extra, '$.{found.name}')", kind

    def _compare(self, column: str, kind: str, operator: str) -> str:
        if operator == "EMPTY":
            return f"({column} IS NULL)"
        operator = "END_WITH" if operator == "ENDWITH" else operator  # So the page spells it.
        if operator not in _OPERATORS.get(kind, frozenset()):
            raise bad_query()
        if operator in {"BETWEEN", "WITHIN"}:
            bounds = self._list(kind)
            if len(bounds) != 2:
                raise bad_query()
            self._args += bounds
            return f"({column} BETWEEN ? AND ?)"
        if operator == "ANY_OF":
            values = self._list(kind)
            self._args += values
            return f"({column} IN ({', '.join('?' * len(values))}))"
        value = self._value(self._next(), kind)
        signs = {
            "IS": "=", "EQUAL": "=", "ON": "=", "GREATER": ">", "AFTER": ">", "LESS": "<",
            "BEFORE": "<", "GREATER_OR_EQUAL": ">=", "ON_OR_AFTER": ">=", "LESS_OR_EQUAL": "<=",
            "ON_OR_BEFORE": "<=",
        }  # fmt: skip
        if operator in signs:
            self._args.append(value)
            shown = f"SUBSTR({column}, 1, 10)" if kind in {"date", "datetime"} else column
            return f"({shown} {signs[operator]} ?)"
        like = {"CONTAIN": "%{}%", "START_WITH": "{}%", "END_WITH": "%{}"}.get(operator)
        if like is None:
            raise bad_query()
        plain = str(value).lower()
        for mark in ("\\", "%", "_"):
            plain = plain.replace(mark, "\\" + mark)
        self._args.append(like.format(plain))
        return f"(LOWER({column}) LIKE ? ESCAPE '\\')"

    def _list(self, kind: str) -> list[Any]:
        if self._next() != "[":
            raise bad_query()
        values: list[Any] = []
        while len(values) < LIMIT_MAX:
            values.append(self._value(self._next(), kind))
            mark = self._next()
            if mark == "]":
                return values
            if mark != ",":
                raise bad_query()
        raise bad_query()

    def _value(self, token: str, kind: str) -> Any:
        text = token.strip('"')
        if not token or token in _MARKS:
            raise bad_query()
        if kind == "boolean":
            return {"true": 1, "false": 0, "t": 1, "f": 0}.get(text.lower(), text)
        if kind in {"number", "ref"} and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
            number = whole(text)
            return float(text) if number is None else number
        if kind == "number":
            raise bad_query()
        if kind in {"date", "datetime"}:
            return self._day(text)
        return text

    def _day(self, text: str) -> str:
        """Dates of a filter are in the account's format: "1/31/2026", or "1/31/26"."""
        form = self._books.company.settings["date_format"]
        day = dates.read(text, form)
        if day is None:
            raise bad_query(
                f'Search error occurred: Parse of date/time "{text}" failed with date format '
                f'"{dates.pattern(form)}" in time zone UTC'
            )
        return day.isoformat()
