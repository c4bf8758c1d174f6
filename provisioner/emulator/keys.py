"""Key pairs and certificates for the emulator's app, as `openssl req -x509` would make them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class KeyPair:
    """A private key (PKCS#8) and its self-signed certificate, both PEM."""

    private_key: str
    certificate: str

    def __repr__(self) -> str:
        return "KeyPair(…)"  # a private key must not appear in a log

    def write(self, folder: Path, name: str = "server") -> Path:
        """Write NAME.key (mode 0600) and NAME.crt; returns the path of the key."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.crt").write_text(self.certificate, encoding="ascii")
        path = folder / f"{name}.key"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(self.private_key)
        return path


def make_key_pair(*, days: int = 365, common_name: str = "emulator", bits: int = 2048) -> KeyPair:
    """A new RSA key pair; negative `days` result in an expired certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    end = datetime.now(UTC) + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC), end) - timedelta(days=1))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return KeyPair(private.decode("ascii"), public.decode("ascii"))
