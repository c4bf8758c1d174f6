"""The certificate that a deploy of an app carries."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provisioner.config.certificate import app_certificate
from provisioner.config.hub import DevHub
from provisioner.declare.secret import Secret
from provisioner.errors import UsageError
from tests.certificate import self_signed

ADDRESS = x509.DNSName("acme.example")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def hub(key: rsa.RSAPrivateKey, certificate: Path | None = None) -> DevHub:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return DevHub(
        username="hub@acme.example",
        consumer_key="3MVG9",
        private_key=Secret(pem.decode()),
        certificate=certificate,
    )


def test_without_a_file_it_is_made_from_the_key_the_same_each_time(key: rsa.RSAPrivateKey) -> None:
    made = app_certificate(hub(key))
    assert app_certificate(hub(key)) == made
    certificate = x509.load_pem_x509_certificate(made.encode())
    assert certificate.public_key() == key.public_key()
    assert certificate.issuer == certificate.subject
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_before_utc < datetime(2021, 1, 1, tzinfo=UTC)
    assert certificate.not_valid_after_utc > datetime(2049, 1, 1, tzinfo=UTC)


def test_the_file_that_pool_yaml_names_is_used(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "server.crt"
    own = self_signed(key, "acme", ADDRESS)
    path.write_bytes(own.public_bytes(serialization.Encoding.DER))
    named = x509.load_pem_x509_certificate(app_certificate(hub(key, path)).encode())
    assert named == own


@pytest.mark.parametrize("wrong", ["another key", "no certificate"])
def test_a_file_that_is_not_the_certificate_of_the_key_is_refused(
    wrong: str, key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    path = tmp_path / "server.crt"
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = self_signed(other, "acme", ADDRESS).public_bytes(serialization.Encoding.PEM)
    path.write_bytes(pem if wrong == "another key" else b"hello")
    with pytest.raises(UsageError, match="is not") as caught:
        app_certificate(hub(key, path))
    assert "certificate" in caught.value.hint
