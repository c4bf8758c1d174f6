"""`claim --owner-user` gives the org to a user of the Dev Hub, who can then delete it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, World
from provisioner.ledger.base import Ledger, State

from .conftest import ORG_KEYS, Call
from .live_orgs import LiveOrgs, add_hub_user, key_pair, limit_builder, sign_up_rows

A, DEV = "a@acme.example", "dev@acme.example"
RIGHTS = ("Read", "Edit", "Delete")


@pytest.fixture
def live(folder: Path, ledger: Ledger) -> Iterator[LiveOrgs]:
    """A Dev Hub whose build user is no administrator, and one available org."""
    world = World(certificate=key_pair().certificate, latencies=Latencies(2000))
    with EmulatorServer(world) as server:
        live = LiveOrgs(server, folder)
        live.write_pool()
        sign_up_rows(live, live.add(ledger, "a"))
        limit_builder(live)
        yield live


def owners(live: LiveOrgs) -> list[str]:
    """The owners of the two records on the Dev Hub."""
    names = ("ScratchOrgInfo", "ActiveScratchOrg")
    return [row["OwnerId"] for name in names for row in live.world.hub.store.peek_rows(name)]


def state(ledger: Ledger) -> State:
    row = ledger.get(A)
    assert row is not None
    return row.state


def test_the_user_owns_both_records_and_deletes_the_org(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    dev = add_hub_user(live, DEV, *RIGHTS)
    answer = call("claim", "--owner-user", DEV, "--json")
    assert answer.code == 0
    assert list(answer.document) == [*ORG_KEYS, "hub_owner"]
    assert answer.document["hub_owner"] == DEV
    assert answer.err == f"{DEV} owns {A} on the Dev Hub now, and can delete it.\n"
    assert owners(live) == [dev, dev]
    live.write_pool(username=DEV)
    released = call("release", A)
    assert (released.code, released.out) == (0, f"{A} was released and deleted\n")
    assert live.world.hub.store.peek_rows("ActiveScratchOrg") == []


def test_the_command_can_be_repeated_with_its_key(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    """The build's user does not see the org any more: the ledger has what was done."""
    dev = add_hub_user(live, DEV, *RIGHTS)
    command = ("claim", "--owner-user", DEV, "--json", "--idempotency-key", "job-1")
    first = call(*command).document
    again = call(*command)
    assert (again.code, again.document["fence"]) == (0, first["fence"])
    assert owners(live) == [dev, dev]


def test_an_org_that_the_owner_has_to_delete_is_not_reported_as_deleted(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    add_hub_user(live, DEV, *RIGHTS)
    call("claim", "--owner-user", DEV)
    answer = call("release", A)
    why = f"it belongs to {DEV} on the Dev Hub, who can delete it there"
    assert f"{A} could not be deleted now: {why}\n" in answer.err
    answer = call("reap")
    assert why in answer.out + answer.err
    assert state(ledger) is State.RELEASED
    assert len(live.world.hub.store.peek_rows("ActiveScratchOrg")) == 1


@pytest.mark.parametrize(
    ("user", "message", "hint"),
    [
        (
            {"rights": ()},
            f"the Dev Hub does not give {A} to {DEV}: The new owner must have read permission",
            f"give {DEV} Read on Scratch Org Infos, and Read, Edit and Delete on Active Scratch",
        ),
        (
            {"rights": RIGHTS, "is_active": False},
            f"the Dev Hub does not give {A} to {DEV}: operation performed with inactive user",
            "pass a user who is active",
        ),
    ],
    ids=["without rights", "not active"],
)
def test_a_user_who_cannot_own_it_is_named_and_the_org_is_released(
    live: LiveOrgs, ledger: Ledger, call: Call, user: dict[str, Any], message: str, hint: str
) -> None:
    add_hub_user(live, DEV, *user["rights"], is_active=user.get("is_active", True))
    before = owners(live)
    answer = call("claim", "--owner-user", DEV)
    assert answer.code == 2
    assert f"error: {message}\nhint: {hint}" in answer.err
    assert f"{A} was released" in answer.err
    assert (owners(live), state(ledger)) == (before, State.AVAILABLE)


def test_an_unknown_user_claims_nothing(live: LiveOrgs, ledger: Ledger, call: Call) -> None:
    answer = call("claim", "--owner-user", "nobody@acme.example", "--json")
    assert (answer.code, answer.error["code"]) == (2, "unknown_hub_user")
    assert answer.error["message"] == (
        "the Dev Hub has no user nobody@acme.example; nothing was claimed"
    )
    assert state(ledger) is State.AVAILABLE


def test_a_user_who_has_not_signed_the_org_up_cannot_give_it_away(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    add_hub_user(live, DEV, *RIGHTS)
    add_hub_user(live, "ann@acme.example", "Read", "Edit")
    live.write_pool(username="ann@acme.example")
    answer = call("claim", "--owner-user", DEV)
    assert answer.code == 2
    assert (
        f"error: ann@acme.example cannot see {A} on the Dev Hub, so it was not given to {DEV}\n"
        "hint: only the user who has signed the org up" in answer.err
    )
    assert state(ledger) is State.AVAILABLE


def test_without_a_login_to_the_dev_hub_nothing_is_claimed(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    live.world.hub.apps[DEFAULT_CONSUMER_KEY].approved.clear()
    answer = call("claim", "--owner-user", DEV)
    assert answer.code == 5
    assert "error: --owner-user needs a login to the Dev Hub: login of hub@acme.example" in (
        answer.err
    )
    assert state(ledger) is State.AVAILABLE


def test_after_a_lost_answer_the_org_stays_claimed(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    """It may belong to the user: in the pool, nobody could delete it."""
    add_hub_user(live, DEV, *RIGHTS)
    lost = {"do": "reset", "at": "after"}
    live.world.faults.add({"when": {"route": "collections.update"}, "then": lost, "times": 99})
    answer = call("claim", "--owner-user", DEV)
    assert answer.code == 9
    assert (
        f"{A} stays claimed by ann@acme.example, because {DEV} may own it on the Dev Hub now"
        in (answer.err)
    )
    assert state(ledger) is State.CLAIMED
