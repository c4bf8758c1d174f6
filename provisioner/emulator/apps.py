"""Connected apps: which users may log in to which org with which certificate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

PLATFORM_CLI = "PlatformCLI"  # in every org; has no certificate
Kind = Literal["connected", "external"]
HubApp = Literal["connected", "external", "external-replicated"]
"""The app of a Dev Hub: a connected app, or an External Client App that sign-ups carry or not.

Source: docs/reference/login.md#apps-and-certificates.
"""
HUB_APPS: tuple[HubApp, ...] = get_args(HubApp)


@dataclass(frozen=True)
class ConnectedApp:
    """An app by its consumer key; `kind` "external" is an External Client App.

    Policy "admin": only approved users may log in ("user is not admin approved …"); "self": users
    approve for themselves, which a JWT cannot do ("user hasn't approved this consumer").
    """

    consumer_key: str
    public_key: RSAPublicKey | None = None  # None: no certificate, no JWT
    expires: datetime | None = None  # end of the certificate
    kind: Kind = "connected"
    policy: Literal["admin", "self"] = "admin"
    is_carried: bool = True  # by sign-ups that name it
    scopes: frozenset[str] = frozenset({"Api", "RefreshToken", "Web"})  # by their metadata names
    is_enabled: bool = True
    has_jwt_tokens: bool = False  # its access tokens are JWTs

    def replicated(self) -> ConnectedApp:
        """The copy that a sign-up installs in a scratch org, where users approve it themselves."""
        return replace(self, policy="self")


@dataclass
class InstalledApp:
    """An app in one org, and the users of that org for whom it is approved."""

    app: ConnectedApp
    approved: set[str] = field(default_factory=set)  # 18-character user ids
    app_id: str = ""  # of the ExternalClientApplication that a deploy has made
    known_from: datetime | None = None  # earlier logins do not find it
    usable_from: datetime | None = None  # earlier logins are refused


def app_from_certificate(
    consumer_key: str,
    certificate: str | bytes,
    *,
    kind: Kind = "connected",
    policy: Literal["admin", "self"] = "admin",
    is_carried: bool | None = None,
) -> ConnectedApp:
    """An app with the key of an X.509 certificate in PEM. Raises ValueError unless it is RSA.

    Connected apps are carried by sign-ups, External Client Apps only if `is_carried` says so.
    """
    key, expires = key_of(certificate)
    carried = kind == "connected" if is_carried is None else is_carried
    return ConnectedApp(consumer_key, key, expires, kind, policy, carried)


def app_of_hub(consumer_key: str, certificate: str | bytes, kind: HubApp) -> ConnectedApp:
    """The app of a Dev Hub."""
    if kind == "connected":
        return app_from_certificate(consumer_key, certificate)
    is_carried = kind == "external-replicated"
    return app_from_certificate(consumer_key, certificate, kind="external", is_carried=is_carried)


def key_of(certificate: str | bytes) -> tuple[RSAPublicKey, datetime]:
    """The key of a certificate in PEM, and its end. Raises ValueError unless it is RSA."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    pem = certificate.encode() if isinstance(certificate, str) else certificate
    loaded = x509.load_pem_x509_certificate(pem)
    key = loaded.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the certificate must have an RSA key: the JWT flow accepts RS256 only")  # noqa: TRY004
    return key, loaded.not_valid_after_utc


def platform_cli() -> InstalledApp:
    """The Salesforce CLI's own app, which is in every org, for every user."""
    return InstalledApp(ConnectedApp(PLATFORM_CLI, policy="self"))
