"""Signs users in by JWT. Each private key is read and parsed once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.declare.secret import Secret
from provisioner.errors import LoginError
from provisioner.retry import budget
from provisioner.salesforce.grant import App, Grant, Post, sign_in
from provisioner.salesforce.keys import SigningKey, load_signing_key

if TYPE_CHECKING:
    from provisioner.salesforce.login_endpoints import LoginEndpoint
    from provisioner.salesforce.server_clock import ServerClock


@dataclass(frozen=True)
class Credentials:
    """The data of a login: user, app with its key, and login endpoints."""

    username: str
    consumer_key: str
    key: Path | Secret  # the key file, or the PEM text
    passphrase: Secret | None
    endpoints: tuple[LoginEndpoint, ...]


class SignIn:
    """Signs users in. Safe to use from several threads."""

    def __init__(self, *, time_scale: float = 1.0) -> None:
        """`time_scale` is the factor on the waits between retries."""
        self._time_scale = time_scale
        self._lock = threading.Lock()
        self._keys: dict[Path | str, SigningKey] = {}

    def __call__(
        self, credentials: Credentials, post: Post, *, clock: ServerClock | None = None
    ) -> Grant:
        """Request a new session with `post`. All endpoints share the retry budget of one call.

        Raises LoginError, and UsageError for a key that cannot be read. When `clock` shows that
        this machine's clock is wrong, ClockError is raised in place of a LoginError.
        """
        app = App(credentials.consumer_key, self._key(credentials))
        try:
            with budget(f"login of {credentials.username}", time_scale=self._time_scale):
                return sign_in(app, credentials.username, credentials.endpoints, post)
        except LoginError:
            if clock is not None:
                clock.check()
            raise

    def _key(self, credentials: Credentials) -> SigningKey:
        key, passphrase = credentials.key, credentials.passphrase
        source = key.reveal() if isinstance(key, Secret) else key
        with self._lock:
            if source not in self._keys:
                self._keys[source] = load_signing_key(
                    source, passphrase.reveal() if passphrase else None
                )
            return self._keys[source]
