"""On which addresses `serve` listens."""

from __future__ import annotations

import pytest

from provisioner.config.server import ProxySignIn, Server, SignIn, Tls
from provisioner.declare.secret import Secret
from provisioner.errors import UsageError
from provisioner.server.run import require_protection

SIGN_IN = SignIn(issuer="https://a.example", client_id="pools", client_secret=Secret("x"))
PROXY = ProxySignIn(addresses=("10.0.0.5",))


@pytest.mark.parametrize(
    ("settings", "host", "refusal"),
    [
        (Server(), "127.0.0.1", ""),
        (Server(), "0.0.0.0", "without sign-in this server answers only on this machine"),
        (Server(), "", "without sign-in this server answers only on this machine"),
        (Server(sign_in=SIGN_IN), "::1", ""),
        (Server(sign_in=SIGN_IN), "0.0.0.0", "must not cross a network in the clear"),
        (Server(sign_in=SIGN_IN, tls=Tls(certificate="c", private_key="k")), "0.0.0.0", ""),  # type: ignore[arg-type]
        (Server(proxy=PROXY), "0.0.0.0", ""),
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
