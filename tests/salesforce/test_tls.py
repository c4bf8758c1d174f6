"""TLS: hosts are verified, a private CA can be named, certificates are read once."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.tls import Tls, make_tls
from provisioner.emulator.world import World
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce import certificates
from provisioner.salesforce.api_errors import NOT_SENT
from provisioner.salesforce.org import newest_api_version
from provisioner.salesforce.session import OrgSession
from provisioner.salesforce.transport import Transport
from tests.salesforce.test_session import grant


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(tls: Tls) -> Iterator[EmulatorServer]:
    with EmulatorServer(World(), tls=tls.context) as running:
        yield running


def version(transport: Transport, url: str) -> str:
    return newest_api_version(OrgSession(transport, "org", "me", grant(url), lambda: grant(url)))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_ca_is_named_by_the_environment(
    server: EmulatorServer, tls: Tls, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tls.ca))
    with Transport(time_scale=0.001) as transport:
        assert float(version(transport, server.url)) > 60


def test_a_host_that_nobody_vouches_for_is_refused(server: EmulatorServer) -> None:
    with Transport(time_scale=0.001) as transport, pytest.raises(SalesforceError) as caught:
        version(transport, server.url)
    assert (caught.value.kind, caught.value.error_code) == (ErrorKind.CONFIGURATION, NOT_SENT)
    assert caught.value.message.startswith("me: GET data: certificate: ")
    assert caught.value.hint.startswith("set SSL_CERT_FILE to the certificate file")
    assert transport.calls.totals()["org"] == 1


def test_certificates_are_read_once_for_all_hosts(
    server: EmulatorServer, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca))
    read: list[str] = []
    original = certificates.trusted_certificates

    def counted() -> ssl.SSLContext:
        read.append("once")
        return original()

    monkeypatch.setattr(certificates, "trusted_certificates", counted)
    with Transport(time_scale=0.001) as transport:
        for host in ("127.0.0.1", "localhost"):
            version(transport, f"https://{host}:{server.port}")
    assert read == ["once"]
