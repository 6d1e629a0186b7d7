"""Runs one client against a sandbox in a network of its own, where real host names lead to it.

Called by test_clients.py under `unshare --net --mount`: there is no way out of here, and what is
mounted goes away with the process. Usage: inside.py FOLDER ACCOUNT COMMAND...; FOLDER holds
certificate.pem, key.pem and hosts.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import urllib.request
from pathlib import Path

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def raise_loopback() -> None:
    """Do what `ip link set lo up` does, without asking for iproute2."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def main(folder: Path, account: str, command: list[str]) -> int:
    """Start the sandbox, run the client, stop the sandbox."""
    raise_loopback()
    mount = ["mount", "--bind", str(folder / "hosts"), "/etc/hosts"]
    subprocess.run(mount, check=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "netsuite_sandbox", "serve", "--port", "443", "--account", account,
         "--certificate", str(folder / "certificate.pem"), "--key", str(folder / "key.pem")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        assert json.loads(server.stdout.readline())["ready"]
        return subprocess.run(command, env=environment(folder, account), check=False).returncode
    finally:
        server.terminate()
        server.wait(timeout=20)


def environment(folder: Path, account: str) -> dict[str, str]:
    """What the client is told: account, keys, whom to trust. Nothing else of the outside."""
    host = f"{account.lower().replace('_', '-')}.suitetalk.api.netsuite.com"
    authority = str(folder / "authority.pem")
    trust = ssl.create_default_context(cafile=authority)
    ask = urllib.request.Request(f"https://{host}/_sandbox/tba", data=b"{}", method="POST")
    with urllib.request.urlopen(ask, context=trust, timeout=20) as answer:  # noqa: S310
        keys = json.load(answer)
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        **{name.upper(): value for name, value in keys.items()},
        "ACCOUNT": account, "HOST": host, "PYTHONWARNINGS": "default",
        "SSL_CERT_FILE": authority, "REQUESTS_CA_BUNDLE": authority,
        "NODE_EXTRA_CA_CERTS": authority,
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
