"""Clients that others wrote, unmodified from the registries, work against the sandbox.

Each runs in a network namespace of its own: the account's real host name leads to the sandbox,
which speaks TLS with a certificate of the test's own authority. So the clients check for us what
we could get wrong twice in the same way: signatures, links, error shapes, names.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from clients.environments import certificates, network, node_with, python_with

HERE = Path(__file__).parent
HOST = "suitetalk.api.netsuite.com"


def run(tmp_path: Path, account: str, command: list[str]) -> None:
    name = f"{account.lower().replace('_', '-')}.{HOST}"
    certificates(tmp_path, [name])
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost {name}\n")
    inside = [sys.executable, str(HERE / "inside.py"), str(tmp_path), account]
    done = subprocess.run(
        [*network(), *inside, *command], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.splitlines()[-1] == "done", done.stdout


@pytest.mark.slow
@pytest.mark.clients
@pytest.mark.parametrize(
    ("package", "script", "account"),
    [
        ("netsuite==0.12.0", "client_netsuite.py", "TSTDRV1234567_SB1"),
        ("restsuite==1.0.0", "client_restsuite.py", "TSTDRV1234567"),
        ("netsuite-oauth-python==1.0.0", "client_netsuite_oauth.py", "TSTDRV1234567_SB1"),
        ("netsuite-client==0.1.1", "client_netsuite_client.py", "TSTDRV1234567"),
        ("netsuite-python==2.1.5", "client_netsuite_python.py", "TSTDRV1234567"),
        ("airbyte-source-netsuite==0.1.29", "client_airbyte_source_netsuite.py", "TSTDRV1234567"),
        ("requests-oauthlib==2.0.0", "client_requests_oauthlib.py", "TSTDRV1234567_SB1"),
    ],
)
def test_python_client(tmp_path: Path, package: str, script: str, account: str) -> None:
    """Create, read, list, SuiteQL over several pages, upsert and errors by a client of PyPI."""
    run(tmp_path, account, [str(python_with(package)), str(HERE / script)])


@pytest.mark.slow
@pytest.mark.clients
@pytest.mark.parametrize(
    ("package", "script"),
    [
        ("netsuite-rest@1.0.9", "client_netsuite_rest.js"),
        ("@fye/netsuite-rest-api@2.3.1", "client_fye_netsuite_rest_api.js"),
    ],
)
def test_node_client(tmp_path: Path, package: str, script: str) -> None:
    """The same by clients of npm."""
    folder = node_with(package)
    command = ["node", str(HERE / script), str(folder / "node_modules")]
    run(tmp_path, "TSTDRV1234567_SB1", command)
