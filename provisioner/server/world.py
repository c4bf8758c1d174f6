"""What all requests share: pool.yaml, the ledger, the rules of access, and who signs in how."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

from provisioner.access.context import AccessContext
from provisioner.server.away import Away
from provisioner.server.cookies import Cookies
from provisioner.server.counters import Counters
from provisioner.server.rates import OF_GUESSES, OF_PERSON, Rates, Refusals
from provisioner.server.readiness import Readiness
from provisioner.server.sign_in.ended import EndedSignIns
from provisioner.server.waiting import WaitingRoom

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provisioner.server.sign_in.issuers import Issuer
    from provisioner.server.sign_in.oidc import IdentityProvider


@dataclass(frozen=True)
class World(AccessContext):
    """The server's surroundings. Safe to use from several threads."""

    local_token: str = ""  # of the token file; "" where people sign in otherwise
    log: Callable[[str], None] = lambda _line: None
    away: Away = field(default_factory=Away)
    people: Rates = field(default_factory=lambda: Rates(OF_PERSON))
    guesses: Rates = field(default_factory=lambda: Rates(OF_GUESSES))
    refusals: Refusals = field(default_factory=Refusals)
    ended: EndedSignIns = field(default_factory=EndedSignIns)
    stopping: Event = field(default_factory=Event)  # set when the server is asked to exit
    waiting: WaitingRoom = field(default_factory=WaitingRoom)
    counters: Counters = field(default_factory=Counters)
    readiness: Readiness = field(default_factory=Readiness)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach this server by https: its own, or that of a reverse proxy."""
        return self.server.tls is not None or self.server.url.startswith("https://")

    @cached_property
    def identity_provider(self) -> IdentityProvider | None:
        """That of `server.sign_in`."""
        from provisioner.server.sign_in.oidc import IdentityProvider

        settings = self.server.sign_in
        return IdentityProvider(settings, self.server.url) if settings else None

    @cached_property
    def _issuers(self) -> Mapping[str, Issuer]:
        from provisioner.server.sign_in.issuers import Issuer

        return {job.issuer: Issuer(job.issuer) for job in self.server.ci}

    def issuer(self, url: str) -> Issuer:
        """An issuer of `server.ci`; its keys are kept."""
        return self._issuers[url]

    @cached_property
    def cookies(self) -> Cookies:
        """The cookies of this server, and of each other one with the same secret."""
        sign_in = self.server.sign_in
        secret = sign_in.client_secret.reveal() if sign_in else self.local_token
        return Cookies((secret or secrets.token_hex(32)).encode(), is_https=self.is_https)
