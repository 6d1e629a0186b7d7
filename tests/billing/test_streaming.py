"""A long file streams: memory stays flat, and one bad line in the middle costs that line alone."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

GROWTH_BYTES_MAX = 6_000_000
BAD_LINE = 50_000

# A process of its own, because the peak of this one's memory lies behind it. Nothing that the
# generator makes is kept, so what grows is the decoder's.
PROGRAM = """
import json, resource, sys
from datetime import UTC
from drawdown.billing.native import source_for
from drawdown.core.ports import Located

SIZE, BAD_LINE = 50_000_000, int(sys.argv[2])
JSON = (
    b'{"type":"usage_invoice","event_id":"evt-%0100d","invoice_id":"inv-%0100d","customer_id":'
    b'"cus-%03d","currency":"USD","date":"2026-03-%02d","lines":[{"line_id":"1","item":"tokens",'
    b'"credits":"%d.25","block_id":"blk-%05d"}]}\\n'
)
CSV = b"usage_invoice,evt-%0100d,inv-%0100d,cus-%03d,USD,2026-03-%02d,1,tokens,%d.25,blk-%05d\\n"
HEADER = b"type,event_id,invoice_id,customer_id,currency,date,line_id,item,credits,block_id\\n"

def file(template):
    size = place = 0
    if template is CSV:
        yield HEADER
    while size < SIZE:
        line = template % (place, place, place % 200, place % 28 + 1, place % 900 + 1, place % 9)
        yield line.replace(b".25", b".2.5") if place == BAD_LINE else line
        size += len(line)
        place += 1

def peak():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

def count(lines, source):
    found = [0, []]
    for each in source.decode(lines):
        if isinstance(each, Located):
            found[0] += 1
        else:
            found[1].append([each.line, each.message])
    return found

template = CSV if sys.argv[1] == "csv" else JSON
source = source_for("f." + sys.argv[1], UTC)
warm = [line for line, _ in zip(file(template), range(2_000))]
count(warm, source)
before = peak()
events, problems = count(file(template), source)
print(json.dumps({"events": events, "problems": problems, "growth": peak() - before}))
"""


def run(kind: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind, str(BAD_LINE)],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_fifty_megabytes_with_one_bad_line_stream_in_flat_memory(kind: str) -> None:
    found = run(kind)
    assert found["growth"] < GROWTH_BYTES_MAX
    assert found["events"] > 2 * BAD_LINE
    ((line, message),) = found["problems"]
    assert line == BAD_LINE + (2 if kind == "csv" else 1)
    assert "(block blk-" in message
    assert "is not a plain decimal" in message
