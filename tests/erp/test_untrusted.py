"""NetSuite's answers are untrusted input: whatever comes back, a typed error or a plain value.

Nothing of it reaches a terminal or a log as markup or control characters, and no secret of ours
stands in anything that is shown.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from drawdown.core.errors import ErpError, ErpRefusedError, ErpUnavailableError, ErpUnknownError
from drawdown.core.plan import RecordIntent
from drawdown.erp.netsuite import (
    Certificate,
    ClientCredentials,
    Connection,
    NetSuite,
    Threads,
    TokenCredentials,
    UsageItem,
    generate_key_pair,
    standard_mapping,
    wire,
)
from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError
from drawdown.erp.netsuite.wire import Response
from tests.erp.conftest import customer, deposit, journal, usage

MAPPING = standard_mapping((UsageItem("input_tokens", "Input Tokens"),))
CANARIES = {
    "consumer_secret": "canary-consumer-secret-5f1c",
    "token_secret": "canary-token-secret-77ab",
}


@dataclass
class Answers:
    """An outside whose NetSuite answers what it is told; time does not pass."""

    answer: Callable[[Call], Response]
    calls: list[Call] = field(default_factory=list)

    def exchange(self, call: Call, bytes_max: int) -> Response:
        self.calls.append(call)
        response = self.answer(call)
        if len(response.body) > bytes_max:
            raise NoAnswerError("too large")
        return response

    def now(self) -> float:
        return 1_768_478_400.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0

    def chance(self) -> float:
        return 0.5

    lock = Threads.lock


def by_token(answer: Callable[[Call], Response]) -> NetSuite:
    """Connect by token-based authentication, which needs no answer of a token endpoint."""
    credentials = TokenCredentials(consumer_key="key", token_id="id", **CANARIES)
    return NetSuite(Connection("1234567", credentials), MAPPING, Answers(answer))


# What a hostile or broken NetSuite may say, edge cases first.
texts = st.one_of(
    st.sampled_from(
        ["", "T", "-1", "7", "1e999999999", "NaN", "Infinity", "0x10", "\u0661", "9" * 400,
         "\x1b[31mred\x1b[0m", "\u202egnp.exe", "<script>alert(1)</script>", "a\x00b\r\nc",
         "2026-01-15", "2026-13-45", "'; DROP TABLE x; --", "\ud83d\ude00"]
    ),
    st.text(max_size=20),
)  # fmt: skip
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), texts)
names = st.one_of(
    st.sampled_from(
        ["items", "id", "links", "hasMore", "totalResults", "count", "offset", "o:errorDetails",
         "detail", "o:errorCode", "o:errorPath", "title", "status", "error", "payment", "tranDate",
         "externalid", "type", "currency", "line", "item", "apply", "access_token", "expires_in",
         "symbol", "acctnumber", "isbasecurrency", "startdate", "closed", "trandate", "amount",
         "integrationConcurrencyLimit", "accountUnallocatedConcurrencyLimit"]
    ),
    st.text(max_size=8),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=25,
)
rows = st.dictionaries(names, scalars, max_size=10)
pages = st.fixed_dictionaries(
    {"items": st.lists(rows, max_size=5), "hasMore": st.booleans(), "totalResults": scalars}
)
bodies = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"", b" ", b"[" * 5000, b'{"a":' * 5000, b"{}", b"null", b"1", b'"x"',
                     b'{"items":[1e99999]}', b'{"payment":1' + b"0" * 5000 + b"}"]),
    values.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    pages.map(lambda value: json.dumps(value).encode()),
)  # fmt: skip
locations = st.one_of(st.just(""), texts, texts.map(lambda text: f"https://x/invoice/{text}"))
responses = st.builds(
    lambda status, location, date, body: Response(
        status, {"location": location, "date": date, "retry-after": date}, body
    ),
    st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503]),
    locations,
    texts,
    bodies,
)

WORK: dict[str, Callable[[NetSuite], Any]] = {
    "deliver a customer": lambda one: one.deliver(customer()),
    "deliver a deposit": lambda one: one.deliver(deposit()),
    "deliver a journal": lambda one: one.deliver(
        journal("dd_j", 100, "prepayment_clearing", "undeposited_funds")
    ),
    "deliver an invoice": lambda one: one.deliver(usage([("B1", "input_tokens", 100)])),
    "read back": lambda one: one.read_back([deposit(), customer_journal()]),
    "books open": lambda one: one.books_open_from(),
    "balances": lambda one: list(one.tagged_balances()),
    "recognised": lambda one: list(one.recognised()),
    "untagged": lambda one: list(one.untagged()),
    "accounts": lambda one: list(one.account_balances()),
    "limit": lambda one: one.concurrency_limit(),
    "identity": lambda one: one.identity(),
}


def customer_journal() -> RecordIntent:
    return journal("dd_j", 100, "prepayment_clearing", "undeposited_funds")


@pytest.mark.parametrize("work", WORK)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_answer_is_a_value_or_a_typed_error(work: str, data: st.DataObject) -> None:
    kept: list[Response] = []

    def answer(_call: Call) -> Response:
        if len(kept) > 60:
            return Response(500, {}, b"")  # an endless list of pages is no answer of NetSuite
        kept.append(data.draw(responses))
        return kept[-1]

    netsuite = by_token(answer)
    try:
        WORK[work](netsuite)
    except ErpError as error:
        shown = str(error)
        assert all(one.isprintable() for one in shown)
        assert len(shown) < 20_000
        assert not any(secret in shown for secret in CANARIES.values())


@settings(max_examples=300, deadline=None)
@given(response=responses, is_read=st.booleans())
def test_any_response_is_deciphered(response: Response, *, is_read: bool) -> None:
    request = (
        wire.get_record("invoice", "dd_x")
        if is_read
        else wire.create_record("invoice", {"externalId": "dd_x"})
    )
    try:
        answer = wire.decipher(request, response)
    except ErpUnknownError:
        assert not is_read
    except ErpError:
        pass
    else:
        assert 200 <= response.status < 300
        assert answer.internal_id == "" or wire.is_internal_id(answer.internal_id)


@settings(max_examples=300)
@given(text=st.text(max_size=200))
def test_words_of_netsuite_are_one_plain_line(text: str) -> None:
    shown = wire.words(text)

    assert shown.isprintable()
    assert "  " not in shown
    assert wire.words("<p>Bad <b>Gateway</b>\x1b[2J</p>\u202e") == "Bad Gateway [2J"


@pytest.mark.parametrize(
    "body",
    [
        b'{"payment":1e400}',
        b'{"payment":0.' + b"1" * 500 + b"}",
        b'{"payment":1' + b"0" * 500 + b".5}",
        b'{"a":' * 200_000,
    ],
)
def test_numbers_and_nesting_beyond_reason_are_no_answer(body: bytes) -> None:
    with pytest.raises(ErpUnknownError, match="not JSON"):
        wire.decipher(wire.create_record("x", {"externalId": "y"}), Response(200, {}, body))


def test_an_ordinary_number_is_kept_to_its_last_digit() -> None:
    text = "12345678901234567890.123456789012345"

    assert wire.from_json(f'{{"n":{text}}}'.encode())["n"] == Decimal(text)


@pytest.mark.parametrize(
    "location", ["javascript:alert(1)", "/invoice/12a", "/invoice/", "/x/99999999999", "/../5 "]
)
def test_a_location_that_ends_in_no_id_gives_none(location: str) -> None:
    answer = wire.decipher(
        wire.create_record("invoice", {"externalId": "y"}),
        Response(204, {"location": location}, b""),
    )

    assert answer.internal_id == ""


def test_pages_that_never_end_are_broken_off() -> None:
    page = json.dumps({"items": [{"id": "1"}], "hasMore": True}).encode()

    netsuite = by_token(lambda _call: Response(200, {}, page))

    with pytest.raises(ErpRefusedError, match="do not go on"):
        list(netsuite.transport.rows_by_key("SELECT x.id AS id FROM x WHERE 1=1 {after}", "x.id"))
    with pytest.raises(ErpRefusedError, match="more than"):
        list(netsuite.transport.rows("SELECT x.id AS id FROM x ORDER BY x.id"))


def test_a_request_that_is_too_large_is_not_sent() -> None:
    outside = Answers(lambda _call: Response(200, {}, b""))
    credentials = TokenCredentials("k", "s", "t", "s")
    netsuite = NetSuite(Connection("1234567", credentials), MAPPING, outside)
    request = wire.create_record("invoice", {"externalId": "dd_x", "memo": "x" * 17_000_000})

    with pytest.raises(ErpRefusedError, match="larger than"):
        netsuite.transport.send(request)

    assert outside.calls == []


def test_no_secret_stands_in_anything_that_is_shown() -> None:
    """Canary secrets, looked for in what is printed, raised and logged, tracebacks included."""
    pair = generate_key_pair(datetime(2026, 1, 15, tzinfo=UTC))
    token = "canary-access-token-9d2e"

    def answer(call: Call) -> Response:
        if call.url.endswith(wire.TOKEN_PATH):
            return Response(200, {}, json.dumps({"access_token": token}).encode())
        # NetSuite repeats what it was sent, as a proxy's error page may.
        said = json.dumps(call.headers) + call.body.decode()
        return Response(500, {}, said.encode())

    certificate = Certificate("certificate", pair.private_key_pem)
    credentials = ClientCredentials("client", (certificate,))
    connections = [
        (Connection("1234567", credentials), [pair.private_key_pem.splitlines()[1]]),
        (
            Connection("1234567", TokenCredentials(consumer_key="k", token_id="t", **CANARIES)),
            list(CANARIES.values()),
        ),
    ]
    for connection, secrets in connections:
        outside = Answers(answer)
        netsuite = NetSuite(connection, MAPPING, outside)
        with pytest.raises(ErpError) as caught:
            netsuite.transport.send(wire.create_record("invoice", {"externalId": "dd_x"}))
        shown = "".join(
            [
                repr(connection), str(connection), repr(netsuite), repr(certificate),
                repr(outside.calls), "".join(traceback.format_exception(caught.value)),
                repr(caught.value.__dict__), repr(netsuite.transport._access),
                repr(vars(netsuite.transport._access)), repr(pair),
            ]
        )  # fmt: skip
        for secret in secrets:
            assert secret not in shown


def test_a_netsuite_that_is_away_is_unavailable() -> None:
    def answer(_call: Call) -> Response:
        raise NotSentError("ConnectError: refused")

    with pytest.raises(ErpUnavailableError, match="cannot be reached"):
        by_token(answer).deliver(customer())
