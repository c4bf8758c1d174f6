"""Between a login and its host: proxies, and certificates of a private CA."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from provisioner.errors import LoginError
from provisioner.salesforce.assertion import App
from provisioner.salesforce.grant import sign_in
from provisioner.salesforce.login_endpoints import SANDBOX, LoginEndpoint, scratch_endpoints
from provisioner.salesforce.post import post_form
from tests.certificate import self_signed
from tests.login.host import (
    CONSUMER_KEY,
    ORG,
    USERNAME,
    LoginHost,
)


def certify(key: RSAPrivateKey, folder: Path) -> Path:
    """A self-signed certificate of 127.0.0.1, which is its own CA."""
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = self_signed(key, "127.0.0.1", address)
    path = folder / "ca.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_private_ca_is_trusted_when_the_environment_names_it(
    variable: str,
    app: App,
    private_key: RSAPrivateKey,
    key_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca = certify(private_key, tmp_path)
    public_key = private_key.public_key()
    with LoginHost(CONSUMER_KEY, public_key, [USERNAME], tls=(ca, key_file)) as host:
        with pytest.raises(LoginError, match="does not trust") as caught:
            sign_in(app, USERNAME, scratch_endpoints(host.url), post_form)
        error = caught.value
        assert error.code == "tls_certificate"
        assert "SSL_CERT_FILE" in error.hint
        assert host.seen == [], "nothing is sent to a host that is not trusted"
        monkeypatch.setenv(variable, str(ca))
        assert sign_in(app, USERNAME, scratch_endpoints(host.url), post_form).org_id == ORG


def test_https_to_a_port_that_speaks_http_is_reported(app: App, host: LoginHost) -> None:
    url = host.url.replace("http:", "https:")
    with pytest.raises(LoginError, match="no TLS"):
        sign_in(app, USERNAME, scratch_endpoints(url), post_form)


def test_a_proxy_is_not_asked_for_an_emulator_on_this_machine(
    app: App, host: LoginHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.invalid:3128")
    assert sign_in(app, USERNAME, scratch_endpoints(host.url), post_form).org_id == ORG


def test_a_proxy_from_the_environment_is_used_for_other_hosts(
    app: App, host: LoginHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees a CONNECT, no assertion; its answer is reported as the proxy's."""
    monkeypatch.setenv("https_proxy", host.url)
    with pytest.raises(LoginError, match="proxy: Tunnel connection failed: 501") as caught:
        sign_in(app, USERNAME, (LoginEndpoint("https://acme.invalid", SANDBOX),), post_form)
    assert caught.value.code == "proxy_refused"
    assert host.seen == []
