"""On which addresses `serve` listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.server import ProxySignIn, Server, SignIn, Tls
from provisioner.declare.secret import Secret
from provisioner.errors import UsageError
from provisioner.server.run import require_protection
from provisioner.server.sign_in.token_file import token_of

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
