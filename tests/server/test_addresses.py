"""On which addresses `serve` listens."""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path

import httpx
import pytest

from provisioner.config.load import load
from provisioner.config.server import ProxySignIn, Server, SignIn, Tls
from provisioner.declare.secret import Secret
from provisioner.emulator.tls import make_tls
from provisioner.errors import UsageError
from provisioner.server.run import require_protection, tls_settings
from provisioner.server.sign_in.token_file import token_of
from tests.claim.live_orgs import LiveOrgs, key_pair

from .process import process, with_token_file
from .served import TOKEN

SIGN_IN = SignIn(issuer="https://a.example", client_id="pools", client_secret=Secret("x"))
TLS = Tls(certificate=Path("server.crt"), private_key=Path("server.key"))
URL = "https://pools.acme.example"
PROXY = ProxySignIn(addresses=("10.0.0.5",))


@pytest.mark.parametrize(
    ("settings", "host", "refusal"),
    [
        (Server(), "127.0.0.1", ""),
        (Server(), "0.0.0.0", "without sign-in this server answers only on this machine"),
        (Server(), "", "without sign-in this server answers only on this machine"),
        (Server(sign_in=SIGN_IN), "::1", ""),
        (Server(sign_in=SIGN_IN), "0.0.0.0", "must not cross a network in the clear"),
        (Server(sign_in=SIGN_IN, tls=TLS, url=URL), "0.0.0.0", ""),
        (Server(sign_in=SIGN_IN, tls=TLS), "0.0.0.0", "their header Host is not known"),
        (Server(proxy=PROXY, url=URL), "0.0.0.0", ""),
    ],
)
def test_another_address_needs_sign_in_and_tls_or_a_proxy(
    settings: Server, host: str, refusal: str
) -> None:
    if not refusal:
        require_protection(settings, host)
        return
    with pytest.raises(UsageError, match=refusal):
        require_protection(settings, host)


def test_the_token_is_made_once_and_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "server-token"

    assert token_of(path) == token_of(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(list(path.parent.iterdir())) == 1

    path.chmod(0o640)
    with pytest.raises(UsageError, match="other users can read it"):
        token_of(path)
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(UsageError, match="it holds no token"):
        token_of(path)


def test_the_server_speaks_tls_with_the_certificate_of_pool_yaml(live: LiveOrgs) -> None:
    authority = make_tls(live.folder).ca
    live.write_pool("server: { tls: { certificate: tls.crt, private_key: tls.key } }")
    with_token_file(live.folder)
    context = ssl.create_default_context(cafile=authority)
    with process(live.folder) as server, httpx.Client(verify=context) as client:
        assert server.url.startswith("https://127.0.0.1:")
        page = client.get(f"{server.url}/sign-in")
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        signed_in = client.post(f"{server.url}/sign-in/token", data={"token": TOKEN})
        cookie = signed_in.headers["set-cookie"]
        assert cookie.startswith("__Host-provisioner=")
        assert "; Secure" in cookie
        assert TOKEN not in server.text

        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(authority)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with httpx.Client(verify=old) as client, pytest.raises(httpx.ConnectError):
            client.get(f"{server.url}/healthz")


def test_a_key_that_does_not_fit_the_certificate_is_named(live: LiveOrgs) -> None:
    make_tls(live.folder)
    (live.folder / "tls.key").write_text(key_pair().private_key)
    live.write_pool("server: { tls: { certificate: tls.crt, private_key: tls.key } }")
    config = load(live.folder / "pool.yaml", environ={}, need="server")

    with pytest.raises(UsageError, match="certificate of the server cannot be used"):
        tls_settings(config)
