"""A home-made certificate for the sandbox, so that restored pictures carry a signed C2PA manifest.

Two files in `var/c2pa/`, made once for this user alone and again shortly before they end. Nobody
else trusts it: a program that checks such a picture says that the signer is unknown.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CERTIFICATES = "certificates.pem"
KEY = "key.pem"
GOOD_FOR = timedelta(days=365)
RENEWED_BEFORE = timedelta(days=30)
NO_USE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def make(var: Path) -> tuple[Path, Path]:
    """Where the chain (leaf first) and the private key lie, made if they are not there or old."""
    folder = var / "c2pa"
    certificates, key = folder / CERTIFICATES, folder / KEY
    if not (key.exists() and _still_good(certificates)):
        folder.mkdir(parents=True, exist_ok=True)
        chain, secret = issue(datetime.now(UTC))
        _write(key, secret)
        _write(certificates, chain)
    return certificates, key


def issue(now: datetime) -> tuple[bytes, bytes]:
    """A chain and its leaf's key, as PEM: the profile is C2PA 2.2's, "X.509 certificates"."""
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = (
        _named("Heirloom sandbox root", "Heirloom sandbox root", root_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(**{**NO_USE, "digital_signature": True, "key_cert_sign": True}),
            critical=True,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _named("Heirloom (sandbox)", "Heirloom sandbox root", leaf_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**NO_USE, "digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(leaf_key.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return (
        leaf.public_bytes(pem) + root.public_bytes(pem),
        leaf_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


def _named(
    subject: str, issuer: str, public_key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + GOOD_FOR)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Heirloom (sandbox)"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _still_good(certificates: Path) -> bool:
    try:
        leaf = x509.load_pem_x509_certificate(certificates.read_bytes())
    except (OSError, ValueError):
        return False
    return leaf.not_valid_after_utc > datetime.now(UTC) + RENEWED_BEFORE


def _write(path: Path, data: bytes) -> None:
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    partial.rename(path)
