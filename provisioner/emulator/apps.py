"""Connected apps: which users may log in to which org with which certificate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

PLATFORM_CLI = "PlatformCLI"  # in every org; has no certificate


@dataclass(frozen=True)
class ConnectedApp:
    """An app by its consumer key; `kind` "external" is an External Client App.

    Policy "admin": only approved users may log in ("user is not admin approved …"); "self": users
    approve for themselves, which a JWT cannot do ("user hasn't approved this consumer").
    """

    consumer_key: str
    public_key: RSAPublicKey | None = None  # None: no certificate, no JWT
    expires: datetime | None = None  # end of the certificate
    kind: Literal["connected", "external"] = "connected"
    policy: Literal["admin", "self"] = "admin"

    def replicated(self) -> ConnectedApp:
        """The copy that a sign-up installs in a scratch org, where users approve it themselves."""
        return replace(self, policy="self")


@dataclass
class InstalledApp:
    """An app in one org, and the users of that org for whom it is approved."""

    app: ConnectedApp
    approved: set[str] = field(default_factory=set)  # 18-character user ids


def app_from_certificate(
    consumer_key: str,
    certificate: str | bytes,
    *,
    kind: Literal["connected", "external"] = "connected",
    policy: Literal["admin", "self"] = "admin",
) -> ConnectedApp:
    """An app with the key of an X.509 certificate in PEM. Raises ValueError unless it is RSA."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    pem = certificate.encode() if isinstance(certificate, str) else certificate
    loaded = x509.load_pem_x509_certificate(pem)
    key = loaded.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the certificate must have an RSA key: the JWT flow accepts RS256 only")  # noqa: TRY004
    return ConnectedApp(consumer_key, key, loaded.not_valid_after_utc, kind, policy)


def platform_cli() -> InstalledApp:
    """The Salesforce CLI's own app, which is in every org, for every user."""
    return InstalledApp(ConnectedApp(PLATFORM_CLI, policy="self"))
