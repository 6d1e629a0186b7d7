"""The least of a NetSuite that delivery needs, over real HTTP: one port an account.

Run by bench/delivery.py as a process of its own. It answers after a fixed latency, keeps what was
posted, and counts what the bench judges: calls answered, calls in flight and their maximum, by
account. A control port tells the counts and switches an outage on and off. It shares the machine
with what is measured, so it is one bare loop and parses no more than it must.
"""

from __future__ import annotations

import gc
import json
import re
import select
import socket
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

import msgspec

LATENCY_S = 0.3

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
NAME = re.compile(rb"'(dd-[^']+)'")
CHART: dict[bytes, list[dict[str, str]]] = {
    b"FROM account": [
        {"id": "1", "acctnumber": "1010", "fullname": "Bank", "accttype": "Bank", "sspecacct": ""}
    ],
    b"FROM currency": [{"id": "1", "symbol": "USD", "isbasecurrency": "T"}],
    b"FROM item": [],
    b"FROM customer": [{"id": "7", "externalid": "dd-customer-1"}],
}


def chart(body: bytes) -> list[dict[str, str]]:
    """Answer a query of the account's lists."""
    return next(rows for part, rows in CHART.items() if part in body)


class Deposit(msgspec.Struct, rename="camel"):
    """What is read of a posted record."""

    external_id: str
    tran_date: str
    payment: msgspec.Raw
    block_id: str = msgspec.field(name="custbody_dd_block_id")
    event_id: str = msgspec.field(name="custbody_dd_event_id", default="")


decode = msgspec.json.Decoder(Deposit).decode


class Posted(NamedTuple):
    """A record: NetSuite's number, and what was posted."""

    number: int
    record: Deposit
    body: bytes


@dataclass
class Account:
    """What one account holds and has counted."""

    records: dict[str, Posted] = field(default_factory=dict)
    in_flight: int = 0
    most: int = 0
    posted: int = 0
    duplicates: int = 0
    first_at: float = 0
    last_at: float = 0


class Counts:
    answered = 0
    is_out = False


class Call:
    """One connection: requests one after the other, as HTTP clients send them."""

    def __init__(self, line: socket.socket, account: Account) -> None:
        self.line = line
        self.account = account
        self.received = b""

    def receive(self, waiting: Waiting) -> bool:
        """Take what came; False if the other end is gone."""
        try:
            data = self.line.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            return False
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return True
        found = LENGTH.search(self.received, 0, end)
        length = int(found[1]) if found else 0
        if len(self.received) < end + 4 + length:
            return True
        head, body = self.received[:end], self.received[end + 4 : end + 4 + length]
        self.received = self.received[end + 4 + length :]
        account = self.account
        account.in_flight += 1
        account.most = max(account.most, account.in_flight)
        waiting.append((monotonic() + LATENCY_S, self, head, body))
        return True

    def answer(self, head: bytes, body: bytes) -> None:
        status, extra, content = self.act(head, body)
        self.account.in_flight -= 1
        Counts.answered += 1
        said = b"HTTP/1.1 %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        with suppress(OSError):  # it has gone meanwhile
            self.line.sendall(said % (status, extra, len(content), content))

    def act(self, head: bytes, body: bytes) -> tuple[bytes, bytes, bytes]:
        if Counts.is_out:
            return b"503 Service Unavailable", b"", b'{"title":"Maintenance","status":503}'
        method, path, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
        if method == b"GET":
            if path.startswith(b"/services/rest/system/"):
                return b"200 OK", b"", b'{"accountUnallocatedConcurrencyLimit":10}'
            name = path.partition(b"eid:")[2].partition(b"?")[0]
            found = self.account.records.get(name.decode())
            if found is None:
                return b"404 Not Found", b"", b'{"title":"Not Found","status":404}'
            shown = b'{"id":"%d","tranId":"D%d",' % (found.number, found.number)
            return b"200 OK", b"", shown + found.body[1:]
        if b"/token" in path:
            return b"200 OK", b"", b'{"access_token":"t","token_type":"Bearer","expires_in":"3600"}'
        if b"/suiteql" in path:
            rows = self.read_back(body) if b"FROM transaction" in body else chart(body)
            page = {"items": rows, "hasMore": False, "totalResults": len(rows), "count": len(rows)}
            return b"200 OK", b"", msgspec.json.encode(page)
        return self.post(body)

    def read_back(self, body: bytes) -> list[dict[str, str]]:
        """Answer the query that reads back many deposits at once."""
        rows = []
        for name in NAME.findall(body):
            if found := self.account.records.get(name.decode()):
                number, record, _ = found
                rows.append(
                    {
                        "id": str(number), "externalid": record.external_id, "type": "CustDep",
                        "tranid": f"D{number}", "trandate": record.tran_date,
                        "currency": "1", "rate": "1", "total": bytes(record.payment).decode(),
                        "period": "1", "periodname": "Jan 2026", "entity": "7", "line": "0",
                        "block": record.block_id, "event": record.event_id,
                    }
                )  # fmt: skip
        return sorted(rows, key=lambda row: int(row["id"]))

    def post(self, body: bytes) -> tuple[bytes, bytes, bytes]:
        record = decode(body)
        account = self.account
        if record.external_id in account.records:
            account.duplicates += 1
            return b"400 Bad Request", b"", b'{"title":"This record already exists","status":400}'
        account.posted += 1
        account.last_at = monotonic()
        account.first_at = account.first_at or account.last_at
        account.records[record.external_id] = Posted(account.posted, record, body)
        location = b"Location: http://localhost/record/%d\r\n" % account.posted
        return b"204 No Content", location, b""


Waiting = deque[tuple[float, Call, bytes, bytes]]
"""Calls in the order in which they are answered, each with the instant."""


def told(accounts: list[Account], line: bytes) -> bytes:
    """Answer a control line, a JSON object of what to change first, with the counts."""
    Counts.is_out = json.loads(line).get("is_out", Counts.is_out)
    counts = {
        "answered": Counts.answered,
        "most": [account.most for account in accounts],
        "posted": sum(account.posted for account in accounts),
        "duplicates": sum(account.duplicates for account in accounts),
        "seconds": [account.last_at - account.first_at for account in accounts],
    }
    return json.dumps(counts).encode() + b"\n"


def main(count: int) -> None:
    accounts = [Account() for _ in range(count)]
    listeners: dict[int, tuple[socket.socket, Account | None]] = {}
    ports = []
    poll = select.epoll()
    for account in (*accounts, None):
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        ports.append(listener.getsockname()[1])
        listeners[listener.fileno()] = listener, account
        poll.register(listener, select.EPOLLIN)
    gc.disable()  # nothing here refers to itself, and what was posted grows long
    print(json.dumps({"control": ports.pop(), "ports": ports}), flush=True)
    calls: dict[int, Call] = {}
    steering: dict[int, socket.socket] = {}
    waiting: Waiting = deque()
    while True:
        for number, _ in poll.poll(max(0, waiting[0][0] - monotonic()) if waiting else None):
            if call := calls.get(number):
                if not call.receive(waiting):
                    calls.pop(number).line.close()
            elif number in steering:
                line = steering[number]
                if asked := line.recv(65536):
                    line.sendall(told(accounts, asked))
                else:
                    return
            else:
                listener, account = listeners[number]
                line, _ = listener.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                poll.register(line, select.EPOLLIN)
                if account is None:
                    steering[line.fileno()] = line
                else:
                    calls[line.fileno()] = Call(line, account)
        while waiting and waiting[0][0] <= monotonic():
            _, call, head, body = waiting.popleft()
            call.answer(head, body)


if __name__ == "__main__":
    main(int(sys.argv[1]))
