"""Keys and certificates of OAuth 2.0 client credentials: made for the user, read, and watched.

Source: Oracle help, "OAuth 2.0 Client Credentials Flow": RS256 (PKCS#1 v1.5) is refused, so RSA
keys sign with PS256 and EC keys with the ES algorithm of their curve; up to five certificates of
one integration are valid at once, each for two years at most.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, RSAKey

from drawdown.core.errors import ConfigurationError

CERTIFICATE_LIFETIME_DAYS = 730
WARN_BEFORE_DAYS = 30
"""A certificate that ends sooner than this is spoken of wherever the connection is used."""
RSA_BITS_MIN = 2048
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class KeyPair(NamedTuple):
    """A new key pair.

    Attributes:
        certificate_pem: To upload in NetSuite (OAuth 2.0 Client Credentials Setup).
        public_key_pem: The same key without the certificate, for the sandbox.
    """

    private_key_pem: str
    certificate_pem: str
    public_key_pem: str

    def __repr__(self) -> str:
        return "KeyPair(...)"


def generate_key_pair(now: datetime, *, kind: str = "EC", name: str = "Drawdown") -> KeyPair:
    """Make a key pair and a certificate of two years, the longest that NetSuite takes.

    Args:
        now: Aware instant from which the certificate is valid.
        kind: ``EC`` (P-256, ES256) or ``RSA`` (3072 bits, PS256).
        name: Common name on the certificate.
    """
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "EC":
        key = ec.generate_private_key(ec.SECP256R1())
    elif kind == "RSA":
        key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    else:
        raise ConfigurationError(f"a key is of kind EC or RSA, not {kind!r}")
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=CERTIFICATE_LIFETIME_DAYS))
        .sign(key, hashes.SHA256())
    )
    return KeyPair(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


class Signer(NamedTuple):
    """A private key and the algorithm that NetSuite takes from it."""

    key: RSAKey | ECKey
    algorithm: str

    def __repr__(self) -> str:
        return f"Signer({self.algorithm})"


def signer(pem: str) -> Signer:
    """Read a private key.

    Raises:
        ConfigurationError: It cannot be read, or NetSuite would not take it.
    """
    loaded = _load(pem)
    if isinstance(loaded, rsa.RSAPrivateKey) and loaded.key_size >= RSA_BITS_MIN:
        return Signer(RSAKey.import_key(pem), "PS256")
    if isinstance(loaded, ec.EllipticCurvePrivateKey) and loaded.curve.name in _CURVES:
        return Signer(ECKey.import_key(pem), _CURVES[loaded.curve.name])
    raise ConfigurationError(
        "NetSuite takes RSA keys of 2048 bits or more and EC keys on P-256, P-384 or P-521; "
        "make a new pair"
    )


def _load(pem: str) -> object:
    try:
        return serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            "the private key of the NetSuite connection cannot be read; give an RSA or EC key as "
            "PEM without a password"
        ) from error


def certificate_end(certificate_pem: str, private_key_pem: str) -> datetime:
    """Return the end of a certificate, UTC.

    Raises:
        ConfigurationError: It cannot be read, or is not the one of this key.
    """
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    except ValueError as error:
        raise ConfigurationError(
            "the certificate of the NetSuite connection cannot be read; keep the PEM file that was "
            "uploaded to NetSuite beside the private key"
        ) from error
    own = _load(private_key_pem)
    assert isinstance(own, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    if certificate.public_key() != own.public_key():
        raise ConfigurationError(
            "the certificate of the NetSuite connection belongs to another private key; keep each "
            "certificate beside its own key"
        )
    return certificate.not_valid_after_utc.astimezone(UTC)


def ends_soon(ends_at: datetime, now: datetime) -> str:
    """Say that a certificate ends within `WARN_BEFORE_DAYS`, or has ended; empty if neither."""
    left = ends_at - now
    if left > timedelta(days=WARN_BEFORE_DAYS):
        return ""
    if left <= timedelta(0):
        return (
            f"the certificate of the NetSuite connection ended on {ends_at:%Y-%m-%d}; make a new "
            "one (`drawdown connection new-certificate`) and upload it to NetSuite"
        )
    return (
        f"the certificate of the NetSuite connection ends in {left.days} days, on "
        f"{ends_at:%Y-%m-%d}; make the next one now (`drawdown connection new-certificate`): both "
        "are valid side by side until you retire the old one"
    )
