"""`serve` runs as a user who cannot build, and `build` as one who cannot serve."""

from __future__ import annotations

import pytest

from provisioner.config.load import load
from provisioner.emulator.apps import app_from_certificate
from provisioner.emulator.keys import make_key_pair
from provisioner.emulator.world import DEFAULT_HUB_USERNAME
from provisioner.errors import ConfigError
from tests.claim.conftest import add
from tests.claim.live_orgs import LiveOrgs

from .served import serving

POOL = """\
dev_hub:
  username: {username}
  consumer_key: first-app
  private_key: "${{SF_PRIVATE_KEY}}"
  private_key_passphrase: "${{SF_PASSPHRASE}}"
  login_url: {url}
scratch_app: {{ consumer_key: second-app, private_key: second.key }}
ledger: sqlite:///ledger.db
server:
  url: https://pools.acme.example
  sign_in: {{ issuer: https://a.example, client_id: pools, client_secret: "${{OIDC_SECRET}}" }}
  tls: {{ certificate: tls.crt, private_key: tls.key }}
pools:
  morning: {{ size: 2, definitions: [a.json] }}
"""


@pytest.fixture
def two(live: LiveOrgs) -> LiveOrgs:
    """A pool.yaml with a second app for the orgs, whose key is the only one in the folder."""
    text = POOL.format(username=DEFAULT_HUB_USERNAME, url=live.server.url)
    (live.folder / "pool.yaml").write_text(text)
    (live.folder / "a.json").write_text('{"edition": "Developer"}')
    return live


def test_serve_gives_sessions_by_the_second_app_without_the_key_of_the_dev_hub(
    two: LiveOrgs,
) -> None:
    keys = make_key_pair()
    (two.folder / "second.key").write_text(keys.private_key)
    for name in ("tls.crt", "tls.key"):
        (two.folder / name).write_text("")
    org = two.world.add_scratch_org("one@acme.example")
    second = app_from_certificate("second-app", keys.certificate)
    two.world.register_app(second, org=org, approved=[org.admin_id])
    with serving(two.folder / "pool.yaml") as served:
        warnings: list[str] = []
        object.__setattr__(served.world, "warn", warnings.append)
        url = two.server.url
        add(
            served.ledger,
            "one",
            org_id=org.id,
            consumer_key="second-app",
            login_url=url,
            instance_url=url,
        )

        claimed = served.send("POST", "/v1/claims", {"pool": "morning"})
        assert (claimed.status, claimed.json["username"]) == (201, org.username)
        session = served.send("POST", f"/v1/claims/{org.username}/session")
        assert (session.status, session.json["consumer_key"]) == (200, "second-app")

        released = served.send("POST", f"/v1/claims/{org.username}/release")
        assert (released.status, released.json["state"]) == (200, "released")
    [warning] = warnings
    assert "could not be deleted now" in warning
    assert "${SF_PRIVATE_KEY}: the private key file does not exist" in warning


def test_build_needs_no_secret_of_the_server(two: LiveOrgs) -> None:
    environ = {"SF_PRIVATE_KEY": "first.key", "SF_PASSPHRASE": "x"}
    for name in ("first.key", "second.key"):
        (two.folder / name).write_text("a key")

    config = load(two.folder / "pool.yaml", environ=environ)

    assert config.server is not None
    with pytest.raises(ConfigError, match="OIDC_SECRET is not set"):
        load(two.folder / "pool.yaml", environ=environ, need="server")
