"""Checks that the private key can be read, and that the certificate matches it and is valid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.declare.options import Finding
from provisioner.declare.secret import Secret
from provisioner.errors import UsageError
from provisioner.input_file import read_input

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

    from provisioner.config.hub import ConnectedApp

SUFFIXES = (".crt", ".pem", ".cer")
MOST_BYTES = 100_000
WARN_BEFORE = timedelta(days=30)


def certificate_beside(key: Path) -> Path | None:
    """The certificate file next to the private key that has its name, or None."""
    for suffix in SUFFIXES:
        path = key.with_suffix(suffix)
        if path == key:
            continue
        try:
            if b"-----BEGIN CERTIFICATE-----" in read_input(path, MOST_BYTES):
                return path
        except OSError:
            continue
    return None


def key_findings(app: ConnectedApp, now: datetime) -> Iterable[Finding]:
    """The problems of the key and the certificate of `app` at the time `now` (aware).

    An expired certificate makes sign-ups end with C-1016 and logins fail (docs/reference/login.md).
    """
    from provisioner.salesforce.keys import load_signing_key

    passphrase = app.private_key_passphrase
    loaded = []
    for location, key in app.private_keys.items():
        try:
            signing_key = load_signing_key(
                key.reveal() if isinstance(key, Secret) else key,
                passphrase.reveal() if passphrase else None,
            )
        except UsageError as error:
            yield Finding(location, f"{error.message}; {error.hint}".rstrip("; "))
        else:
            loaded.append(signing_key.private)
    if len(loaded) < len(app.private_keys):
        return
    if len(loaded) > 1 and loaded[0].public_key() == loaded[1].public_key():
        yield Finding("private_key.1", "is the same key as the first; remove it", is_warning=True)
    if app.certificate is not None:
        for message, is_warning in _certificate_problems(app.certificate, loaded[0], now):
            yield Finding("certificate", f"{app.certificate}: {message}", is_warning)


def _certificate_problems(
    path: Path, key: RSAPrivateKey, now: datetime
) -> Iterator[tuple[str, bool]]:
    certificate = read_certificate(path)
    if certificate is None:
        yield "the file is not a certificate; write the path of an X.509 certificate", False
        return
    expires = certificate.not_valid_after_utc
    renew = "create a new one from the key and upload it to the connected app"
    if expires <= now:
        yield f"the certificate expired on {expires:%Y-%m-%d}; {renew}", False
    elif certificate.not_valid_before_utc > now:
        valid_from = certificate.not_valid_before_utc
        yield f"the certificate is not valid before {valid_from:%Y-%m-%d}; check the clock", False
    elif expires - now < WARN_BEFORE:
        yield f"the certificate expires on {expires:%Y-%m-%d}; {renew}", True
    if certificate.public_key() != key.public_key():
        yield (
            "the certificate does not match the private key; write the path of the one that does",
            False,
        )


def read_certificate(path: Path) -> Certificate | None:
    """The certificate in a file, in PEM or DER; None when there is none."""
    from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

    try:
        content = read_input(path, MOST_BYTES)
        is_pem = b"-----BEGIN" in content
        return (load_pem_x509_certificate if is_pem else load_der_x509_certificate)(content)
    except (OSError, ValueError):
        return None
