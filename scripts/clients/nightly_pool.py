"""A pool that is built on an emulated Dev Hub and claimed, and what its consumers get to know."""

from __future__ import annotations

import hashlib
import json
import ssl
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trial import Trial, emulator, must, provisioner

HUB_APPS = ("connected", "external", "external-replicated")
QUERY = "SELECT Id FROM Organization"
POOL_FILE = """\
dev_hub: {{ username: {hub_username}, consumer_key: {consumer_key}, login_url: "{url}",
  private_key: "{private_key}" }}
limits: {{ concurrent_signups: 10 }}
pools:
  nightly: {{ size: {size}, duration_days: 1, definitions: [org.json] }}
"""


@dataclass(frozen=True)
class ClaimedOrg:
    """What `claim --json` reports of an org; with the private key, all that a login needs."""

    username: str
    org_id: str
    consumer_key: str
    login_url: str
    instance_url: str

    @classmethod
    def read(cls, text: str) -> ClaimedOrg:
        """From the output of `claim --json`."""
        reported = json.loads(text)
        return cls(**{name: reported[name] for name in cls.__dataclass_fields__})

    @property
    def derived_key(self) -> str:
        """The consumer key of an app of the org's own."""
        return hashlib.sha256(self.username.lower().encode()).hexdigest()


@dataclass
class NightlyPool:
    """A folder with a pool.yaml, and the emulator that it names."""

    folder: Path
    running: Mapping[str, str]
    orgs: list[ClaimedOrg] = field(default_factory=list)

    @property
    def trusted(self) -> dict[str, str]:
        """The variables for our own commands, where the emulator serves https."""
        ca = self.running.get("ca")
        return {"SSL_CERT_FILE": ca, "REQUESTS_CA_BUNDLE": ca} if ca else {}

    def build(self, size: int) -> None:
        """One night: `provisioner build`."""
        (self.folder / "pool.yaml").write_text(POOL_FILE.format(**self.running, size=size))
        (self.folder / "org.json").write_text('{"orgName": "Trial", "edition": "Developer"}')
        provisioner(["build", "--time-scale", "0.01"], self.folder, self.trusted)

    def claim(self, owner: str = "trial") -> ClaimedOrg:
        """An org of the pool, as its new owner knows it."""
        command = ["claim", "--owner", owner, "--json"]
        return ClaimedOrg.read(provisioner(command, self.folder, self.trusted))

    def check_consumer_key(self, org: ClaimedOrg, hub_app: str) -> None:
        """Only where sign-ups cannot carry the Dev Hub's app, an org has one of its own."""
        hub_key = self.running["consumer_key"]
        wanted = org.derived_key if hub_app == "external" else hub_key
        must(org.consumer_key == wanted, f"consumer key {org.consumer_key}, not {wanted}")

    def session(self, org: ClaimedOrg) -> dict[str, Any]:
        """A session by `provisioner login` in an empty folder: no pool.yaml, no ledger."""
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        command = ["login", org.username, "--json", "--consumer-key", org.consumer_key]
        command += ["--key", self.running["private_key"], "--login-url", org.login_url]
        elsewhere = {"HOME": str(empty), **self.trusted}
        return dict(json.loads(provisioner(command, empty, elsewhere)))

    def query(self, org: ClaimedOrg, session: Mapping[str, Any]) -> None:
        """A query with a session, which must be one of this org."""
        url = f"{session['instance_url']}/services/data/v66.0/query?q={quote(QUERY)}"
        headers = {"Authorization": f"Bearer {session['access_token']}"}
        request = urllib.request.Request(url, headers=headers)
        context = ssl.create_default_context(cafile=self.running.get("ca"))
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            check_found(org, json.load(answer))

    def log_in_and_query(self, org: ClaimedOrg) -> None:
        """What a consumer does without any client but `provisioner`."""
        self.query(org, self.session(org))


def check_found(org: ClaimedOrg, found: Mapping[str, Any]) -> None:
    """The result of QUERY must be this org."""
    ids = [one["Id"] for one in found["records"]]
    must(ids == [org.org_id], f"another org: {ids}")


@contextmanager
def claimed_pool(
    trial: Trial, folder: Path, hub_app: str, size: int, options: Sequence[str]
) -> Iterator[NightlyPool]:
    """A pool on a Dev Hub of its own, with all its orgs claimed, as steps of a trial."""
    folder.mkdir()
    with emulator(folder, ["--speed", "1000", *options, "--hub-app", hub_app]) as running:
        pool = NightlyPool(folder, running)
        trial.step(f"{hub_app}: provisioner build", lambda: pool.build(size))
        owners = [f"owner-{number}" for number in range(size)]
        pool.orgs = trial.each(f"{hub_app}: provisioner claim", owners, pool.claim)
        trial.each(
            f"{hub_app}: consumer key in claim --json",
            pool.orgs,
            lambda org: pool.check_consumer_key(org, hub_app),
        )
        yield pool
