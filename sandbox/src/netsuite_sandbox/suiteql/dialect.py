"""The SQL that SuiteQL takes: Oracle's, with the functions that its documentation lists.

Sources: "SuiteQL Supported and Unsupported Functions" (section_158513731864), "SuiteQL Performance
and Best Practices" (article_0824094533), "SuiteQL Limitations and Exceptions"
(section_156257796125). Functions are checked by the name that was written, before the parser makes
one of several names. Those of _SEEN are in neither list and used by third parties.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import TokenType, exp, tokenize
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import SqlglotError

from netsuite_sandbox.suiteql.errors import refused, unsupported


def names_of(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


# Computed here and not by SQLite: oracle.py has one for each.
SCALARS = names_of(
    """ASCII ASCIISTR BITAND COMPOSE DECOMPOSE FROM_TZ INITCAP INSTR LENGTH2 LENGTH4 LENGTHB
    LENGTHC LPAD MONTHS_BETWEEN NANVL NEXT_DAY NLS_INITCAP NLS_LOWER NLS_UPPER REGEXP_INSTR
    REGEXP_REPLACE REGEXP_SUBSTR REMAINDER RPAD SOUNDEX SYS_EXTRACT_UTC TO_BINARY_DOUBLE
    TO_BINARY_FLOAT TO_CLOB TO_MULTI_BYTE TO_NCHAR TO_NCLOB TO_NUMBER TO_SINGLE_BYTE TRANSLATE
    TZ_OFFSET UNISTR VSIZE WIDTH_BUCKET"""
)
AGGREGATES = frozenset({"APPROX_COUNT_DISTINCT", "CORR", "COVAR_POP", "COVAR_SAMP", "MEDIAN"})
_BY_SQLITE = names_of(
    """ABS ACOS ADD_MONTHS ASIN ATAN ATAN2 AVG CEIL CHR COALESCE CONCAT COS COSH COUNT DECODE
    DENSE_RANK EXP FLOOR GREATEST LAST_DAY LEAST LENGTH LN LOG LOWER LTRIM MAX MIN MOD NULLIF
    NVL NVL2 POWER RANK REPLACE ROUND ROW_NUMBER RTRIM SIGN SIN SINH SQRT SUBSTR SUM TAN TANH
    TO_CHAR TO_DATE TO_TIMESTAMP TO_TIMESTAMP_TZ TRUNC UPPER"""
)
_SEEN = names_of("""CAST EXTRACT FIRST_VALUE LAG LAST_VALUE LEAD LISTAGG NTILE TRIM""")
SUPPORTED = SCALARS | AGGREGATES | _BY_SQLITE | _SEEN
# Documented and refused here: what they give back depends on the database behind NetSuite.
NOT_HERE = names_of(
    """BFILENAME CHARTOROWID CORR_K CORR_S EMPTY_BLOB EMPTY_CLOB NEW_TIME NLSSORT ORA_HASH"""
)
_WORDS = names_of(
    """ALL AND ANY AS ASC BETWEEN BY CASE DESC DISTINCT ELSE EXCEPT EXISTS FROM GROUP HAVING IN
    INNER INTERSECT IS JOIN LIKE MINUS NOT ON OR ORDER OVER PARTITION SELECT SOME THEN UNION
    UNIQUE USING WHEN WHERE WITHIN"""
)
_DATE_WORDS = frozenset({"DATE", "TIMESTAMP", "INTERVAL"})
_SKIPPED = (TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER)


def _aggregate(name: str) -> Callable[[list[exp.Expr]], exp.Expr]:
    return lambda args: exp.AnonymousAggFunc(this=name, expressions=args)


_Parser: Any = Oracle.Parser


class SuiteQL(Oracle):
    """Oracle's dialect, in which functions of ours keep their names."""

    class Parser(_Parser):  # type: ignore[misc]
        """Leaves the functions of SCALARS and AGGREGATES as they are written."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {
            **{name: build for name, build in _Parser.FUNCTIONS.items()
               if name not in SCALARS},
            **{name: _aggregate(name) for name in AGGREGATES},
            "TO_TIMESTAMP_TZ": _Parser.FUNCTIONS["TO_TIMESTAMP"],
        }  # fmt: skip
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parse for name, parse in _Parser.FUNCTION_PARSERS.items()
            if name not in SCALARS
        }  # fmt: skip


def check_words(text: str, *, list_agg: bool) -> None:
    """Refuse what the documentation says SuiteQL does not take.

    Args:
        list_agg: Whether LISTAGG, documented as unsupported, is taken all the same.

    Raises:
        NetSuiteError: INVALID_PARAMETER for an unsupported function, a date literal, LIMIT or
            square brackets.
    """
    try:
        tokens = tokenize(text, read="oracle")
    except SqlglotError:
        raise unsupported() from None
    before: list[Any] = [None, *tokens]
    for index, token in enumerate(tokens):
        if token.token_type in {TokenType.LIMIT, TokenType.L_BRACKET, TokenType.R_BRACKET}:
            raise unsupported()
        following = tokens[index + 1].token_type if index + 1 < len(tokens) else None
        word = token.text.upper()
        if following == TokenType.STRING and word in _DATE_WORDS:
            raise refused("Search error occurred: Date literals are not supported. Use TO_DATE().")
        if following == TokenType.L_PAREN and token.token_type not in _SKIPPED:
            _check_function(word, before[index], list_agg=list_agg)


def _check_function(word: str, previous: Any, *, list_agg: bool) -> None:
    """Check a word in front of a parenthesis."""
    kind = previous.token_type if previous is not None else None
    if not word.replace("_", "").isalnum() or word in _WORDS or word.endswith(" BY"):
        return
    if kind in {TokenType.DOT, TokenType.ALIAS}:
        return  # BUILTIN.X(...) is checked by itself; CAST(x AS CHAR(10)) names a type.
    if word not in SUPPORTED or (word == "LISTAGG" and not list_agg):
        raise unsupported()


def check_joins(tree: Any) -> None:
    """Refuse Oracle's outer joins beside ANSI joins, and right outer joins by the (+) sign.

    Source: "SuiteQL Performance and Best Practices", Syntax Requirements.

    Raises:
        NetSuiteError: INVALID_PARAMETER.
    """
    marked = [c for c in tree.find_all(exp.Column) if c.args.get("join_mark")]
    if not marked:
        return
    if any(join.args.get("on") or join.args.get("using") for join in tree.find_all(exp.Join)):
        raise unsupported()
    for column in marked:
        if _is_right(column):
            raise unsupported()


def _is_right(column: exp.Column) -> bool:
    """Whether the table that may be missing stands in front of the one it is joined to."""
    parent, select = column.parent, column.find_ancestor(exp.Select)
    if not isinstance(parent, exp.Binary) or select is None:
        return False
    other = parent.expression if parent.this is column else parent.this
    if not isinstance(other, exp.Column):
        return False
    parts = [select.args.get("from_"), *(select.args.get("joins") or [])]
    order = [part.this.alias_or_name.lower() for part in parts if part is not None]
    names = column.table.lower(), other.table.lower()
    return all(name in order for name in names) and order.index(names[0]) < order.index(names[1])
