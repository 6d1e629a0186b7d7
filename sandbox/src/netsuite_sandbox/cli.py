"""The command line: `netsuite-sandbox serve` and `netsuite-sandbox load`."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import uvicorn

from netsuite_sandbox.app import create_app
from netsuite_sandbox.sandbox import RealAccountError, Sandbox
from netsuite_sandbox.wire import jsontext
from netsuite_sandbox.wire.http import Request, Response

LOAD_LINES = 10_000  # Of a file, in one transaction.


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status (0 done, 1 refused, 2 wrong usage)."""
    parser = argparse.ArgumentParser(prog="netsuite-sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the server until SIGTERM or Ctrl-C")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8765, help="0 picks a free one")
    serve.add_argument("--db", default=":memory:", metavar="FILE", help="store (default: memory)")
    _account_options(serve)
    serve.add_argument("--certificate", metavar="FILE", help="speak TLS with this PEM chain")
    serve.add_argument("--key", metavar="FILE", help="its private key, PEM")
    load = commands.add_parser("load", help="fill a store with many records")
    load.add_argument("file", nargs="?", metavar="FILE",
                      help="lines of a path and a JSON body: /customer {...}")  # fmt: skip
    load.add_argument("--generate", type=int, metavar="N", help="or make N transactions up")
    load.add_argument("--seed", type=int, default=0, help="the same seed, the same transactions")
    load.add_argument("--db", required=True, metavar="FILE", help="store")
    _account_options(load)
    args = parser.parse_args(argv)
    if args.command == "load":
        if (args.file is None) == (args.generate is None):
            parser.error("give either a FILE or --generate")
        return _load(args)
    if bool(args.certificate) != bool(args.key):
        parser.error("--certificate and --key go together")
    return _serve(args)


def _account_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", default="TSTDRV1234567", help="NetSuite account id")
    parser.add_argument(
        "--allow-real-account", action="store_true",
        help="accept an account id that looks like a real one",
    )  # fmt: skip


def _load(args: argparse.Namespace) -> int:
    try:
        sandbox = Sandbox(args.db, args.account, allow_real_account=args.allow_real_account)
    except RealAccountError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        if args.generate is not None:
            body = jsontext.dumps({"count": args.generate, "seed": args.seed}).encode()
            return _told(sandbox.handle(Request("POST", "/_sandbox/generate", body=body)))
        written = 0
        with Path(args.file).open("rb") as lines:
            while chunk := list(islice(lines, LOAD_LINES)):
                request = Request("POST", "/_sandbox/load", body=b"".join(chunk))
                response = sandbox.handle(request)
                if response.status != 200:
                    print(f"After {written} lines:", file=sys.stderr)
                    return _told(response)
                written += len(chunk)
        print(jsontext.dumps({"lines": written}))
    except OSError as error:
        print(f"Cannot read {args.file}: {error.strerror}.", file=sys.stderr)
        return 1
    else:
        return 0
    finally:
        sandbox.close()


def _told(response: Response) -> int:
    """Print what the sandbox answered; return the exit status."""
    done = response.status == 200
    print(response.body.decode("ascii"), file=sys.stdout if done else sys.stderr)
    return 0 if done else 1


def _serve(args: argparse.Namespace) -> int:
    try:
        app = create_app(args.db, args.account, allow_real_account=args.allow_real_account)
    except RealAccountError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        listener = socket.create_server((args.host, args.port), reuse_port=False, backlog=1024)
    except OSError as error:
        print(f"Cannot listen on {args.host}:{args.port}: {error.strerror}.", file=sys.stderr)
        return 1
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=5,
        ssl_certfile=args.certificate, ssl_keyfile=args.key,
    )  # fmt: skip
    server = _Server(config)
    scheme = "https" if args.certificate else "http"
    ready = {"ready": True, "url": f"{scheme}://{args.host}:{port}", "account": args.account}
    server.ready_line = jsontext.dumps(ready)
    server.run(sockets=[listener])
    app.state.accounts.close()
    return 0


class _Server(uvicorn.Server):
    """Says on stdout when it is ready; a signal ends it with exit status 0."""

    ready_line = ""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT without raising them again afterwards."""
        caught = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in caught}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening and print the ready line."""
        await super().startup(sockets)
        if not self.should_exit:
            print(self.ready_line, flush=True)
