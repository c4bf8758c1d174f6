"""Creates the key pair of a connected app: an RSA private key and its self-signed certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.new_files import replace_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

BITS = 2048  # docs/reference/login.md#apps-and-certificates
VALID_FOR = timedelta(days=365)
NAME = "provisioner"


@dataclass(frozen=True)
class KeyFiles:
    """Where a key pair is written."""

    private_key: Path
    certificate: Path


def key_files(folder: Path) -> KeyFiles:
    """The two files in `folder`."""
    return KeyFiles(folder / "server.key", folder / "server.crt")


def write_key_pair(files: KeyFiles) -> None:
    """Create a new pair; existing files are replaced. Only the owner can read the key at any time.

    Raises OSError.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate = _certificate(key)
    folder = files.private_key.parent
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")  # a key is never committed
    replace_file(files.private_key, pem, mode=0o600)
    replace_file(files.certificate, certificate, mode=0o644)


def _certificate(key: RSAPrivateKey) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + VALID_FOR)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
