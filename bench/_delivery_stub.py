"""The least of a NetSuite that delivery needs, over real HTTP: one port an account.

Run by bench/delivery.py as a process of its own. It answers after a fixed latency, keeps what was
posted, and counts what the bench judges: calls answered, calls in flight and their maximum, by
account. A control port tells the counts and switches an outage on and off.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import dataclass, field
from typing import Any

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
NAME = re.compile(rb"'(dd-[^']+)'")
CHART: dict[bytes, list[dict[str, str]]] = {
    b"FROM account": [
        {"id": "1", "acctnumber": "1010", "fullname": "Bank", "accttype": "Bank", "sspecacct": ""}
    ],
    b"isbasecurrency": [{"id": "1"}],
    b"FROM currency": [{"id": "1", "symbol": "USD"}],
    b"FROM item": [],
    b"FROM customer": [{"id": "7", "externalid": "dd-customer-1"}],
}


def chart(body: bytes) -> list[dict[str, str]]:
    """Answer a query of the account's lists."""
    return next(rows for part, rows in CHART.items() if part in body)


@dataclass
class Account:
    """What one account holds and has counted."""

    records: dict[bytes, bytes] = field(default_factory=dict)
    in_flight: int = 0
    most: int = 0
    posted: int = 0
    duplicates: int = 0
    first_at: float = 0
    last_at: float = 0


class Counts:
    answered = 0
    latency_s = 0.3
    is_out = False


class Call(asyncio.Protocol):
    """One connection: requests one after the other, as HTTP clients send them."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.received = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        found = LENGTH.search(self.received, 0, end)
        length = int(found[1]) if found else 0
        if len(self.received) < end + 4 + length:
            return
        head, body = self.received[:end], self.received[end + 4 : end + 4 + length]
        self.received = self.received[end + 4 + length :]
        account = self.account
        account.in_flight += 1
        account.most = max(account.most, account.in_flight)
        asyncio.get_running_loop().call_later(Counts.latency_s, self.answer, head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        status, extra, content = self.act(head, body)
        self.account.in_flight -= 1
        Counts.answered += 1
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, extra, len(content), content)
            )

    def act(self, head: bytes, body: bytes) -> tuple[bytes, bytes, bytes]:
        if Counts.is_out:
            return b"503 Service Unavailable", b"", b'{"title":"Maintenance","status":503}'
        method, path, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
        if method == b"GET":
            if path.startswith(b"/services/rest/system/"):
                return b"200 OK", b"", b'{"accountUnallocatedConcurrencyLimit":10}'
            name = path.partition(b"eid:")[2].partition(b"?")[0]
            found = self.account.records.get(name)
            if found is None:
                return b"404 Not Found", b"", b'{"title":"Not Found","status":404}'
            return b"200 OK", b"", found
        if b"/token" in path:
            return b"200 OK", b"", b'{"access_token":"t","token_type":"Bearer","expires_in":"3600"}'
        if b"/suiteql" in path:
            rows = self.read_back(body) if b"FROM transaction" in body else chart(body)
            page = {"items": rows, "hasMore": False, "totalResults": len(rows), "count": len(rows)}
            return b"200 OK", b"", json.dumps(page).encode()
        return self.post(body)

    def read_back(self, body: bytes) -> list[dict[str, str]]:
        """Answer the query that reads back many deposits at once."""
        rows = []
        for name in NAME.findall(body):
            if found := self.account.records.get(name):
                record = json.loads(found)
                rows.append(
                    {
                        "id": record["id"], "externalid": name.decode(), "type": "CustDep",
                        "tranid": record["tranId"], "trandate": record["tranDate"],
                        "currency": "1", "rate": "1", "total": str(record["payment"]),
                        "period": "1", "periodname": "Jan 2026", "entity": "7", "line": "0",
                        "block": record["custbody_dd_block_id"],
                        "event": record["custbody_dd_event_id"],
                    }
                )  # fmt: skip
        return sorted(rows, key=lambda row: int(row["id"]))

    def post(self, body: bytes) -> tuple[bytes, bytes, bytes]:
        record: dict[str, Any] = json.loads(body)
        name = record["externalId"].encode()
        account = self.account
        if name in account.records:
            account.duplicates += 1
            return b"400 Bad Request", b"", b'{"title":"This record already exists","status":400}'
        account.posted += 1
        account.last_at = asyncio.get_running_loop().time()
        account.first_at = account.first_at or account.last_at
        record |= {"id": str(account.posted), "tranId": f"D{account.posted}"}
        account.records[name] = json.dumps(record).encode()
        location = b"Location: http://localhost/record/%d\r\n" % account.posted
        return b"204 No Content", location, b""


async def control(
    accounts: list[Account], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer each line with the counts; a line is a JSON object of what to change first."""
    while line := await reader.readline():
        change = json.loads(line)
        Counts.is_out = change.get("is_out", Counts.is_out)
        Counts.latency_s = change.get("latency_s", Counts.latency_s)
        if change.get("forget"):
            for account in accounts:
                account.most = account.in_flight
        told = {
            "answered": Counts.answered,
            "most": [account.most for account in accounts],
            "posted": sum(account.posted for account in accounts),
            "duplicates": sum(account.duplicates for account in accounts),
            "seconds": [account.last_at - account.first_at for account in accounts],
        }
        writer.write(json.dumps(told).encode() + b"\n")
        await writer.drain()


async def main(count: int) -> None:
    loop = asyncio.get_running_loop()
    accounts = [Account() for _ in range(count)]
    servers = [
        await loop.create_server(lambda account=account: Call(account), "127.0.0.1", 0, backlog=512)
        for account in accounts
    ]
    steering = await asyncio.start_server(
        lambda reader, writer: control(accounts, reader, writer), "127.0.0.1", 0
    )
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    print(json.dumps({"control": steering.sockets[0].getsockname()[1], "ports": ports}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
