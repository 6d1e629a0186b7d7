"""The processes of bench/delivery.py: the stub, workers, and clients that post and do nothing else.

Run by that bench: workers and clients are this file with arguments, the stub is one of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count as count_up
from pathlib import Path
from time import monotonic, sleep

from drawdown.core.ports import Erp
from drawdown.erp.netsuite import Client
from drawdown.erp.netsuite.connect import connect
from drawdown.erp.netsuite.outside import Call
from drawdown.erp.netsuite.wire import RESPONSE_BYTES_MAX, to_json
from drawdown.service.delivery import Worker
from drawdown.service.delivery.tasks import Tasks, tune_process
from drawdown.store.database import Database

SETTLE_S = 2.0
"""What goes by at the start of each slice, until only those count that are measured."""

Running = Sequence[subprocess.Popen[bytes]]


class Stub:
    """The stub's process and its control line: accounts for workers, as many for the ceiling."""

    def __init__(self, accounts: int) -> None:
        script = Path(__file__).with_name("_delivery_stub.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(2 * accounts)], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.pid = self._process.pid
        told = json.loads(self._process.stdout.readline())
        self.ports: list[int] = told["ports"][:accounts]
        self.bare_ports: list[int] = told["ports"][accounts:]
        self._line = socket.create_connection(("127.0.0.1", told["control"])).makefile("rwb")

    def tell(self, **change: object) -> dict[str, object]:
        """Change something and return the counts."""
        self._line.write(json.dumps(change).encode() + b"\n")
        self._line.flush()
        counts: dict[str, object] = json.loads(self._line.readline())
        return counts

    def wait_for(self, posts: int, by: Running) -> None:
        """Wait until so many more records were posted by processes."""
        enough = number(self.tell()["posted"]) + posts
        wait_until(lambda: number(self.tell()["posted"]) >= enough, by)

    def most(self) -> int:
        """The most calls that any account of the workers has ever seen at once."""
        counts = self.tell()["most"]
        assert isinstance(counts, list)
        return number(max(counts[: len(self.ports)]))

    def close(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.communicate()


def tenant_name(number: int) -> str:
    return f"tenant-{number:03d}"


def number(value: object) -> int:
    assert isinstance(value, int)
    return value


def are_alive(processes: Running) -> bool:
    return all(one.poll() is None for one in processes)


def wait_until(condition: Callable[[], bool], running: Running) -> None:
    until = monotonic() + 150
    while not condition():
        assert are_alive(running), "a process ended"
        if monotonic() > until:
            raise TimeoutError
        sleep(0.05)


def work(url: str, ports: list[int], key: Path, concurrency: int) -> None:
    """Be a worker process until SIGTERM."""
    erps: dict[str, Erp] = {}
    with ExitStack() as stack:
        for number, port in enumerate(ports):
            settings = {
                "account": "TSTDRV1000001",
                "client_id": "client",
                "certificate_id": "certificate",
                "private_key_file": str(key),
                "sandbox_url": f"http://127.0.0.1:{port}",
                "mapping": {"accounts": {}, "items": {}},
            }
            erps[tenant_name(number)] = stack.enter_context(connect(settings, None))
        worker = Worker(
            Database(url).worker_session,
            erps,
            name=f"bench:{os.getpid()}",
            concurrency=concurrency,
            threads=Tasks(),
        )
        tune_process()
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.run()


@contextmanager
def workers(
    url: str, stub: Stub, key_file: Path, processes: int, concurrency: int
) -> Iterator[Running]:
    """Run worker processes; a context gives them."""
    command = [
        sys.executable, __file__, "--work", url, "--ports", json.dumps(stub.ports),
        "--key", str(key_file), "--concurrency", str(concurrency),
    ]  # fmt: skip
    running = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield running
        assert are_alive(running), "a process ended"
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def bare(ports: list[int], tasks: int) -> None:
    """Post as workers do, and do nothing else, until killed; for the ceiling."""
    clients = {port: Client() for port in ports}
    headers = {"Content-Type": "application/json", "Authorization": "Bearer t"}

    def post(name: str, port: int) -> None:
        url = f"http://127.0.0.1:{port}/services/rest/record/v1/customerDeposit"
        for position in count_up():
            body = to_json(
                {
                    "externalId": f"{name}-{position}",
                    "tranDate": "2026-01-31",
                    "currency": {"id": "1"},
                    "memo": "Prepaid credits",
                    "customer": {"externalId": "dd-customer-1"},
                    "payment": 100,
                    "custbody_dd_block_id": f"B{position}",
                }
            )
            clients[port].exchange(Call("POST", url, headers, body), RESPONSE_BYTES_MAX)

    pool = Tasks().pool(tasks)
    for place in range(tasks):
        pool.submit(post, f"bare-{os.getpid()}-{place}", ports[place % len(ports)])
    signal.pause()


@contextmanager
def bare_clients(stub: Stub, processes: int, tasks: int) -> Iterator[Running]:
    """Run processes that post and do nothing else."""
    command = [
        sys.executable, __file__, "--bare", "--ports", json.dumps(stub.bare_ports),
        "--concurrency", str(tasks),
    ]  # fmt: skip
    running = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


@contextmanager
def stopped(processes: Running) -> Iterator[None]:
    """Have processes stand still, and wait until what they had begun is answered."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        sleep(SETTLE_S)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", metavar="URL")
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--ports", type=json.loads, required=True)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--concurrency", type=int, required=True)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.ports, arguments.key, arguments.concurrency)
    else:
        bare(arguments.ports, arguments.concurrency)


if __name__ == "__main__":
    main()
