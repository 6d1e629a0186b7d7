"""The command line: `netsuite-sandbox serve`."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn

from netsuite_sandbox.app import create_app
from netsuite_sandbox.sandbox import RealAccountError
from netsuite_sandbox.wire import jsontext


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status (0 done, 1 refused, 2 wrong usage)."""
    parser = argparse.ArgumentParser(prog="netsuite-sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the server until SIGTERM or Ctrl-C")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8765, help="0 picks a free one")
    serve.add_argument("--db", default=":memory:", metavar="FILE", help="store (default: memory)")
    serve.add_argument("--account", default="TSTDRV1234567", help="NetSuite account id")
    serve.add_argument(
        "--allow-real-account", action="store_true",
        help="accept an account id that looks like a real one",
    )  # fmt: skip
    serve.add_argument("--certificate", metavar="FILE", help="speak TLS with this PEM chain")
    serve.add_argument("--key", metavar="FILE", help="its private key, PEM")
    args = parser.parse_args(argv)
    if bool(args.certificate) != bool(args.key):
        parser.error("--certificate and --key go together")
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
