"""A Dev Hub without an app of ours, the keys of a project, and runs of `provisioner hub app`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from provisioner.cli.main import run
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World

BUILD = "build@acme.example"
APP = "ProvisionerHub"


@dataclass
class Done:
    """What an invocation left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Hub:
    """The Dev Hub as its administrator uses it, and the project on this machine."""

    server: EmulatorServer
    folder: Path
    keys: list[KeyPair]
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    outputs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, pair in enumerate(self.keys):
            path = self.folder / f"{number}.key"
            path.write_text(pair.private_key)
            path.chmod(0o600)
        self.write_pool()
        self.token = self.session(self.world.admin_username)
        self.set(SF_ACCESS_TOKEN=self.token, SF_INSTANCE_URL=self.server.url)

    @property
    def world(self) -> World:
        return self.server.world

    def set(self, **variables: str) -> None:
        """Set environment variables; an empty one is removed."""
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)
            if not value:
                self.monkeypatch.delenv(name)

    def write_pool(self, private_key: str = "0.key", more: str = "", username: str = BUILD) -> None:
        """A pool.yaml of `dev_hub`, without a consumer key unless `more` has one."""
        (self.folder / "pool.yaml").write_text(
            f"dev_hub:\n  username: {username}\n  private_key: {private_key}\n"
            f"  login_url: {self.server.url}\n{more}"
        )

    def session(self, username: str) -> str:
        """The token of a session, as a login in a browser gives it."""
        url = f"{self.server.url}/_emulator/sessions"
        reply = requests.post(url, json={"username": username}, timeout=30)
        return str(reply.json()["access_token"])

    def provisioner(self, *arguments: str) -> Done:
        """Run the command line in this process."""
        code = run(arguments)
        captured = self.capsys.readouterr()
        self.outputs += [captured.out, captured.err]
        return Done(code, captured.out, captured.err)

    def app(self, *arguments: str, from_env: bool = True) -> Done:
        """`provisioner hub app`."""
        session = ["--session-from-env"] if from_env else []
        return self.provisioner("hub", "app", *session, "--time-scale", "0", *arguments)

    def installed(self) -> str:
        """The consumer key of the app, which is deployed now and written to pool.yaml."""
        done = self.app("--json")
        assert done.code == 0, done.err
        key = str(done.json["dev_hub"]["consumer_key"])
        self.use(key)
        return key

    def use(self, consumer_key: str, private_key: str = "0.key") -> None:
        """Write pool.yaml with this consumer key."""
        self.write_pool(private_key, f"  consumer_key: {consumer_key}\n")

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query by the administrator."""
        reply = requests.get(
            f"{self.server.url}/services/data/v68.0/query",
            params={"q": soql},
            headers={"Authorization": f"Bearer {self.session(self.world.admin_username)}"},
            timeout=30,
        )
        assert reply.status_code == 200, reply.text
        return list(reply.json()["records"])

    def create(self, sobject: str, **fields: Any) -> str:
        """Insert a record as the administrator."""
        reply = requests.post(
            f"{self.server.url}/services/data/v68.0/sobjects/{sobject}",
            json=fields,
            headers={"Authorization": f"Bearer {self.session(self.world.admin_username)}"},
            timeout=30,
        )
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def give_license(self) -> None:
        """Assign the permission set licence of integrations to the build user."""
        where = "DeveloperName = 'SalesforceAPIIntegrationPsl'"
        [row] = self.query(f"SELECT Id FROM PermissionSetLicense WHERE {where}")
        user = self.world.usernames[BUILD][1]
        self.create("PermissionSetLicenseAssign", AssigneeId=user, PermissionSetLicenseId=row["Id"])

    @property
    def secret(self) -> str:
        """The consumer secret of the app, which only a retrieve of its metadata returns."""
        [element] = [
            one.element
            for one in self.world.hub.components.values()
            if getattr(one, "type", "") == "ExtlClntAppGlobalOauthSettings"
        ]
        return str(element.value("consumerSecret"))
