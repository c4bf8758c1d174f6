"""Key pairs (made once a run, they are slow) and a login host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from provisioner.salesforce.assertion import App
from provisioner.salesforce.keys import SigningKey
from tests.login.command import Run
from tests.login.host import CONSUMER_KEY, USERNAME, LoginHost

Pem = Callable[..., str]


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, CA or passphrase of the machine that the tests run on."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SF_PRIVATE_KEY_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def private_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def pem(private_key: RSAPrivateKey) -> Pem:
    """The test's private key as PEM text, in any format."""

    def write(
        form: PrivateFormat = PrivateFormat.PKCS8,
        encryption: KeySerializationEncryption | None = None,
    ) -> str:
        return private_key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()

    return write


@pytest.fixture
def key_file(tmp_path: Path, pem: Pem) -> Path:
    path = tmp_path / "server.key"
    path.write_text(pem())
    path.chmod(0o600)
    return path


@pytest.fixture
def app(private_key: RSAPrivateKey) -> App:
    return App(CONSUMER_KEY, SigningKey(private_key))


@pytest.fixture
def host(private_key: RSAPrivateKey) -> Iterator[LoginHost]:
    with LoginHost(CONSUMER_KEY, private_key.public_key(), [USERNAME]) as running:
        yield running


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`provisioner login` in an empty folder, with an empty home."""
    return Run(tmp_path)


@pytest.fixture
def options(host: LoginHost, key_file: Path) -> list[str]:
    """A username, and the three options that make pool.yaml and ledger unnecessary."""
    return [
        *(USERNAME, "--consumer-key", CONSUMER_KEY),
        *("--key", str(key_file), "--login-url", host.url),
    ]
