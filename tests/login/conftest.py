"""Key pairs (made once a run, they are slow) and a login host."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from provisioner.salesforce.assertion import App
from provisioner.salesforce.keys import SigningKey
from tests.login.command import Run
from tests.login.host import CONSUMER_KEY, HUB_USER, USERNAME, LoginHost

Pem = Callable[..., str]


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


def certificate(key: RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "acme.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def emulator(private_key: RSAPrivateKey) -> Iterator[EmulatorServer]:
    world = World(
        certificate=certificate(private_key), consumer_key=CONSUMER_KEY, hub_username=HUB_USER
    )
    with EmulatorServer(world) as server:
        yield server


@pytest.fixture
def org(emulator: EmulatorServer) -> EmulatedOrg:
    """A scratch org that knows the hub's app, as after a sign-up."""
    org = emulator.world.add_scratch_org(USERNAME)
    app = emulator.world.hub.apps[CONSUMER_KEY].app
    emulator.world.register_app(app, org=org, approved=[org.admin_id])
    return org
