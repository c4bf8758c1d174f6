"""Signs users in by JWT. Each private key is read and parsed once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.declare.secret import Secret
from provisioner.errors import LoginError
from provisioner.retry import budget
from provisioner.salesforce.grant import App, Grant, Post, sign_in
from provisioner.salesforce.keys import SigningKey, load_signing_key
from provisioner.salesforce.login_errors import OTHER_KEY

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
    former_key: Path | Secret | None = None  # tried when `key` is not that of the app's certificate


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
        """Request a new session with `post`; see `by_any_key`."""
        return self.by_any_key(credentials, post, clock=clock)[0]

    def by_any_key(
        self, credentials: Credentials, post: Post, *, clock: ServerClock | None = None
    ) -> tuple[Grant, Credentials]:
        """A new session, and the credentials with the key that has opened it.

        All endpoints share the retry budget of one call. Raises LoginError, and UsageError for a
        key that cannot be read. When `clock` shows that this machine's clock is wrong, ClockError
        is raised in place of a LoginError.
        """
        try:
            with budget(f"login of {credentials.username}", time_scale=self._time_scale):
                return self._by_any_key(credentials, post)
        except LoginError:
            if clock is not None:
                clock.check()
            raise

    def _by_any_key(self, credentials: Credentials, post: Post) -> tuple[Grant, Credentials]:
        try:
            return self._once(credentials, post), credentials
        except LoginError as error:
            former = credentials.former_key
            if former is None or error.code not in OTHER_KEY:
                raise
            other = replace(credentials, key=former, former_key=None)
            try:
                return self._once(other, post), other
            except LoginError as second:
                if second.code not in OTHER_KEY:
                    raise  # the second key is that of the certificate
                refusal = second.message.partition("\n")[0]
                error.message += f"\n  with the second private key: {refusal}"
                raise error from None

    def _once(self, credentials: Credentials, post: Post) -> Grant:
        app = App(credentials.consumer_key, self._key(credentials))
        return sign_in(app, credentials.username, credentials.endpoints, post)

    def _key(self, credentials: Credentials) -> SigningKey:
        key, passphrase = credentials.key, credentials.passphrase
        source = key.reveal() if isinstance(key, Secret) else key
        with self._lock:
            if source not in self._keys:
                self._keys[source] = load_signing_key(
                    source, passphrase.reveal() if passphrase else None
                )
            return self._keys[source]
