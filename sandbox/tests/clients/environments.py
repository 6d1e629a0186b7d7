"""What a run of an independent client needs: its packages, certificates, a network of its own."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

CACHE = Path(os.environ.get("NETSUITE_SANDBOX_CLIENTS", "~/.cache/netsuite-sandbox-clients"))
_UNREACHABLE = (
    "ConnectionError", "NewConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError",
    "Temporary failure in name resolution", "Connection refused", "Network is unreachable",
    "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH",
)  # fmt: skip


def python_with(package: str) -> Path:
    """Return the interpreter of an environment that holds one package of PyPI and what it needs."""
    folder = CACHE.expanduser() / f"{package}-py{sys.version_info[0]}{sys.version_info[1]}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        install = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--retries", "1"]
        _run([*install, "--disable-pip-version-check", package], "PyPI")
        (folder / "complete").touch()
    return folder / "bin/python"


def node_with(package: str) -> Path:
    """Return a folder whose node_modules hold one package of npm and what it needs."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = CACHE.expanduser() / package.replace("/", "-")
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true}')
        quiet = ["--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=60000"]
        _run([npm, "install", *quiet, "--prefix", str(folder), package], "npm")
        (folder / "complete").touch()
    return folder


def _run(command: list[str], registry: str = "") -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{registry or command[0]} did not answer within 200 seconds")
    if done.returncode:
        output = done.stdout + done.stderr
        if registry and any(word in output for word in _UNREACHABLE):
            pytest.skip(f"{registry} cannot be reached: {output.strip().splitlines()[-1]}")
        pytest.fail(f"{' '.join(command)}:\n{output}")


def network() -> list[str]:
    """Return the command that gives a program a network and mounts of its own, or skip."""
    tool = shutil.which("unshare")
    if tool is None:
        pytest.skip("unshare (util-linux) is not installed: no network namespace")
    reason = ""
    for flags in (["--net", "--mount"], ["--map-root-user", "--net", "--mount"]):
        trial = subprocess.run([tool, *flags, "true"], capture_output=True, text=True, check=False)
        if trial.returncode == 0:
            return [tool, *flags]
        reason = trial.stderr.strip()
    pytest.skip(f"no network namespace without more rights: {reason}")


def certificates(folder: Path, names: list[str]) -> None:
    """Write authority.pem, certificate.pem and key.pem for some host names, valid for a day."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox test authority")])
    top = _certificate(authority, authority, authority_key, authority_key, [])
    (folder / "authority.pem").write_bytes(top.public_bytes(Encoding.PEM))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    leaf = _certificate(subject, authority, key, authority_key, names)
    (folder / "certificate.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey, names: list[str],
) -> x509.Certificate:  # fmt: skip
    now = datetime.now(UTC)
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names:
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        alternatives.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    else:
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256())
