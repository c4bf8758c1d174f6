"""`--rotate`: another private key for the same app, while orgs with the old certificate wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from provisioner.config.load import load
from provisioner.errors import LoginError
from provisioner.hub_app.verification import verify
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, State
from tests.hub_app.hub import Hub

WAITING = "morning-abc@acme.example"


@pytest.fixture
def waiting(make_hub: Callable[..., Hub]) -> Hub:
    """A Dev Hub with the app, and an available org that has a copy of it."""
    hub = make_hub(hub_app="external-replicated")
    hub.give_license()
    key = hub.installed()
    org = hub.world.add_scratch_org(WAITING)
    app = hub.world.hub.apps[key].app
    hub.world.register_app(app.replicated(), org=org, approved=[org.admin_id])
    ledger = open_ledger("sqlite:///.provisioner/ledger.db", hub.folder)
    ledger.add(Org(username=WAITING, pool="morning", consumer_key=key, login_url=hub.server.url))
    for step in (State.SIGNING_UP, State.BUILDING, State.AVAILABLE):
        row = ledger.get(WAITING)
        assert row is not None
        assert ledger.move(row, step, org_id=org.id) is not None
    ledger.close()
    return hub


def login(hub: Hub) -> str:
    """The username for a login to the waiting org, or the code of its refusal."""
    done = hub.provisioner("login", WAITING, "--json")
    document = done.json
    return str(document["error"]["code"] if done.code else document["username"])


def test_waiting_orgs_and_the_hub_stay_usable_before_during_and_after(waiting: Hub) -> None:
    hub = waiting
    key = _key(hub)
    assert login(hub) == WAITING

    hub.use(key, "[1.key, 0.key]")  # before the rotation: nothing has the new certificate
    assert login(hub) == WAITING
    assert hub.provisioner("check", "--online").code == 0

    done = hub.app("--rotate", "--json")
    assert done.code == 0, done.err
    assert done.json["rotated"] is True
    assert done.json["dev_hub"]["consumer_key"] == key
    assert done.json["dev_hub"]["private_key"] == ["1.key", "0.key"]

    assert login(hub) == WAITING  # its app has the old certificate
    assert hub.provisioner("status", "--prove").code == 0
    assert hub.provisioner("claim", "--pool", "morning", "--owner", "me").code == 0
    assert hub.provisioner("check", "--online").code == 0

    hub.use(key, "1.key")  # the new key alone opens the hub, and not the old orgs
    assert hub.provisioner("check", "--online").code == 0
    assert login(hub) == "login_client_credentials"


def _key(hub: Hub) -> str:
    [key] = [key for key, one in hub.world.hub.apps.items() if one.app_id]
    return key


def test_the_old_key_alone_does_not_open_the_hub_any_more(waiting: Hub) -> None:
    key = _key(waiting)
    waiting.use(key, "[1.key, 0.key]")
    assert waiting.app("--rotate").code == 0
    waiting.use(key, "0.key")
    assert waiting.provisioner("check", "--online").code == 5
    assert login(waiting) == WAITING


def test_a_second_rotation_with_the_same_keys_changes_nothing(waiting: Hub) -> None:
    key = _key(waiting)
    waiting.use(key, "[1.key, 0.key]")
    assert waiting.app("--rotate").code == 0
    done = waiting.app("--rotate", "--json")
    assert (done.code, done.json["rotated"]) == (0, False)
    assert done.json["dev_hub"]["consumer_key"] == key


def test_without_rotate_the_certificate_of_another_key_is_not_replaced(waiting: Hub) -> None:
    """Another project may use the app, or pool.yaml has the new key too early."""
    key = _key(waiting)
    for keys in ("[1.key, 0.key]", "2.key"):
        waiting.use(key, keys)
        done = waiting.app("--json")
        assert (done.code, done.json["error"]["code"]) == (2, "other_certificate")
        assert "pass --rotate" in done.json["error"]["hint"]
    waiting.use(key)
    assert waiting.provisioner("check", "--online").code == 0


def test_a_rotation_needs_the_old_key_unless_it_is_lost(waiting: Hub) -> None:
    key = _key(waiting)
    waiting.use(key, "1.key")
    done = waiting.app("--rotate", "--json")
    assert done.code == 2
    assert "private_key: [NEW, OLD]" in done.json["error"]["hint"]
    assert waiting.app("--rotate", "--yes").code == 0
    assert waiting.provisioner("check", "--online").code == 0


def test_there_is_nothing_to_rotate_without_an_app(hub: Hub) -> None:
    hub.write_pool("[1.key, 0.key]")
    done = hub.app("--rotate", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "no_app")


def test_a_certificate_of_the_old_key_is_refused(waiting: Hub) -> None:
    (waiting.folder / "old.crt").write_text(waiting.keys[0].certificate)
    waiting.write_pool(
        "[1.key, 0.key]", f"  consumer_key: {_key(waiting)}\n  certificate: old.crt\n"
    )
    done = waiting.app("--rotate", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "certificate")
    assert "is not that of private_key" in done.json["error"]["message"]


def test_rotate_and_remove_exclude_each_other(hub: Hub) -> None:
    assert hub.app("--rotate", "--remove").code == 2


def test_only_a_login_with_the_first_key_verifies_the_app(waiting: Hub) -> None:
    """The second key would hide that the new certificate has not arrived."""
    config = load(waiting.folder / "pool.yaml", environ={}, need="hub_and_ledger")
    hub = replace(
        config.dev_hub, private_key=waiting.folder / "2.key", former_key=waiting.folder / "0.key"
    )
    said: list[str] = []
    with pytest.raises(LoginError) as caught:
        verify(hub, _key(waiting), waiting.server.url, say=said.append, time_scale=0)
    assert caught.value.code == "login_client_credentials"
    assert len(said) == 1
