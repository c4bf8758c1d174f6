"""An emulated Dev Hub with its app, and how our client enters it and its scratch orgs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from provisioner.emulator.clock import Clock
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import Limits, World
from provisioner.salesforce.assertion import App
from provisioner.salesforce.calls import Who
from provisioner.salesforce.grant import Grant, sign_in
from provisioner.salesforce.hub import DevHub
from provisioner.salesforce.keys import SigningKey
from provisioner.salesforce.login_endpoints import hub_endpoints, scratch_endpoints
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.session import OrgSession
from provisioner.salesforce.transport import Transport

CONSUMER_KEY = "3MVG9TestConnectedApp"
HUB_USER = "hub@acme.example"
USERNAME = "morning-abc123@acme.example"
VERSION = "68.0"


@cache
def private_key() -> RSAPrivateKey:
    """One key pair a process: they are slow to make."""
    return generate_private_key(65537, 2048)


def _certificate() -> bytes:
    key = private_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "acme.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


class Emulated:
    """An emulator at work, and our client of it. Slow things end at the second poll."""

    def __init__(
        self,
        *,
        packages: Mapping[str, Mapping[str, Any]] | None = None,
        limits: Limits | None = None,
        is_dev_hub: bool = True,
    ) -> None:
        self.world = World(
            certificate=_certificate(),
            consumer_key=CONSUMER_KEY,
            hub_username=HUB_USER,
            latencies=Latencies(speed=1e9),
            clock=Clock(),
            packages=packages,
            limits=limits,
            is_dev_hub=is_dev_hub,
        )
        self.server = EmulatorServer(self.world)
        self.transport = Transport(time_scale=0.001)
        self.app = App(CONSUMER_KEY, SigningKey(private_key()))

    def hub(self) -> DevHub:
        """The Dev Hub, logged in to."""
        return DevHub(self._client("hub", HUB_USER))

    def scratch_org(self, username: str = USERNAME, **options: Any) -> EmulatedOrg:
        """A new scratch org that knows the hub's app, as after a sign-up."""
        org = self.world.add_scratch_org(username, **options)
        app = self.world.hub.apps[CONSUMER_KEY].app
        self.world.register_app(app, org=org, approved=[org.admin_id])
        return org

    def client(self, username: str = USERNAME) -> OrgClient:
        """A scratch org's API."""
        return self._client("org", username)

    def sign_in(self, username: str = USERNAME) -> Grant:
        """A fresh login."""
        is_hub = username == HUB_USER
        endpoints = (
            hub_endpoints(self.server.url) if is_hub else scratch_endpoints(None, self.server.url)
        )
        return sign_in(
            self.app, username, endpoints, self.transport.post("hub" if is_hub else "org")
        )

    def _client(self, who: Who, username: str) -> OrgClient:
        def renew() -> Grant:
            return self.sign_in(username)

        return OrgClient(OrgSession(self.transport, who, username, renew(), renew), VERSION)

    def fault(self, when: Mapping[str, Any], *then: Mapping[str, Any], times: int = 1) -> None:
        """Let requests that fit `when` go wrong, `times` times."""
        self.world.faults.add({"when": when, "then": list(then), "times": times})

    def requests(self, route: str) -> int:
        """How many requests a route has had."""
        return sum(entry.route == route for entry in self.world.log.entries())

    def __enter__(self) -> Emulated:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.transport.close()
        self.server.stop()
