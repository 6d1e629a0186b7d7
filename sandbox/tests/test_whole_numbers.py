"""What looks like a whole number and is none: refused like any other text, never a breakdown."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from sandbox_client import REST, Client

NO_NUMBER = ["²", "٣", "9" * 5000, "-" + "9" * 20, "--1", "1\n"]


@pytest.mark.parametrize("text", NO_NUMBER)
def test_what_is_no_whole_number(ns: Client, text: str) -> None:
    """In ids, paging, filters, bodies, the limit of a query and the pages for people: 4xx."""
    at = quote(text)
    answers = [
        ns.http.get(f"{REST}/{path}", headers=ns.headers)
        for path in (
            f"customerDeposit/{at}",
            f"customerDeposit?limit={at}",
            f"customerDeposit?offset={at}",
            f"customerDeposit?ids={at}",
        )
    ]
    for customer in ({"id": text}, text):
        body = json.dumps({"customer": customer, "payment": 5})
        path = f"{REST}/customerDeposit"
        answers.append(ns.http.post(path, content=body, headers=ns.headers))
    for sql in (
        f"SELECT id FROM transaction WHERE ROWNUM <= {text}",
        f"SELECT id FROM transaction ORDER BY id FETCH FIRST {text} ROWS ONLY",
    ):
        if text.strip().isascii() and text.strip() == text:
            headers = {**ns.headers, "Prefer": "transient"}
            answers.append(
                ns.http.post("/services/rest/query/v1/suiteql", json={"q": sql}, headers=headers)
            )
    answers += [ns.http.get(f"/_sandbox/ui/{path}") for path in (f"accounts/{at}", f"invoice/{at}")]
    assert {answer.status_code // 100 for answer in answers} == {4}, [
        (answer.url.path[:60], answer.status_code) for answer in answers
    ]


def test_a_filter_by_a_number_beyond_all_ids(ns: Client) -> None:
    """A number it is: nothing has it."""
    query = quote("id EQUAL " + "9" * 5000)
    answer = ns.http.get(f"{REST}/customerDeposit?q={query}", headers=ns.headers)
    assert (answer.status_code, answer.json()["totalResults"]) == (200, 0)
