"""An emulated Dev Hub that holds a ledger, and how a test or a process of it gets in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provisioner.config.hub import DevHub
from provisioner.ledger.devhub.install import install
from provisioner.ledger.devhub.ledger import DevhubLedger
from provisioner.salesforce.org import OrgClient
from tests.salesforce.world import CONSUMER_KEY, HUB_USER, Emulated, private_key

ACCOUNT = "hub.json"
CONSUMER = "consumer@acme.example"


def new_url(directory: Path) -> tuple[str, Callable[[], None]]:
    """A Dev Hub with an empty ledger of its own; `opened` finds it by a file in `directory`."""
    hub = LedgerHub(directory)
    hub.install()
    return "devhub", hub.close


def account(directory: Path, username: str = HUB_USER) -> DevHub:
    """The Dev Hub of a test's folder, as pool.yaml would name it."""
    values = json.loads((directory / ACCOUNT).read_text())
    return DevHub(
        username=username,
        consumer_key=values["consumer_key"],
        private_key=Path(values["private_key"]),
        login_url=values["login_url"],
    )


class LedgerHub:
    """The emulator at work, its files in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.emulated = Emulated().__enter__()
        self.world = self.emulated.world
        key = directory / "server.key"
        pem = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key.write_bytes(pem)
        key.chmod(0o600)
        values = {
            "consumer_key": CONSUMER_KEY,
            "private_key": str(key),
            "login_url": self.emulated.server.url,
        }
        (directory / ACCOUNT).write_text(json.dumps(values))
        self._ledgers: list[DevhubLedger] = []

    def install(self, **options: Any) -> None:
        """What `provisioner hub install` does."""
        options = {"builders": [HUB_USER], "consumers": [], **options}
        install(self.client(), say=lambda _text: None, time_scale=0.0, **options)

    def pool_yaml(self, username: str = HUB_USER) -> str:
        """What a consumer needs, and nothing else; the key is beside it."""
        return (
            f"dev_hub:\n  username: {username}\n  consumer_key: {CONSUMER_KEY}\n"
            f"  private_key: server.key\n  login_url: {self.emulated.server.url}\nledger: devhub\n"
        )

    def client(self) -> OrgClient:
        """The hub's API, as its administrator."""
        return self.emulated.hub().client

    def open(self, username: str = HUB_USER, **options: Any) -> DevhubLedger:
        """The ledger, as a user; closed at the end."""
        ledger = DevhubLedger(account(self.directory, username), **options)
        self._ledgers.append(ledger)
        return ledger

    def add_user(self, username: str = CONSUMER, profile: str = "Standard User") -> str:
        """A further user of the hub, whom the app lets in."""
        store = self.world.hub.store
        [profile_row] = store.find_by("Profile", "Name", profile)
        values = {
            "Username": username,
            "LastName": "User",
            "Alias": "user",
            "Email": "user@acme.example",
            "ProfileId": profile_row["Id"],
            "TimeZoneSidKey": "UTC",
            "LocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
            "EmailEncodingKey": "UTF-8",
        }
        user_id = store.insert("User", values, user_id=self.world.hub.admin_id)
        self.world.hub.apps[CONSUMER_KEY].approved.add(user_id)
        return user_id

    def requests(self, *, since: int = 0) -> list[tuple[str, str]]:
        """Method and route of each request to the hub, logins included."""
        entries = self.world.log.entries()
        return [(one.method, one.route) for one in entries if one.number > since]

    def mark(self) -> int:
        """The number of the last request."""
        return max((one.number for one in self.world.log.entries()), default=0)

    def records(self, type_name: str) -> list[Mapping[str, Any]]:
        """What the hub holds of an object."""
        return list(self.world.hub.store.peek_rows(type_name))

    def close(self) -> None:
        """Stop."""
        for ledger in self._ledgers:
            ledger.close()
        self.emulated.__exit__()
