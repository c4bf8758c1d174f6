"""Scratch orgs can be given to other users of the Dev Hub, by their owner."""

from __future__ import annotations

from tests.emulator.access.conftest import Hub, object_grant
from tests.emulator.core.conftest import DEFINITION

ALL = ("Read", "Create", "Edit", "Delete")
RIGHTS = tuple(object_grant(name, *ALL) for name in ("ScratchOrgInfo", "ActiveScratchOrg"))


def test_the_owner_gives_an_org_to_a_user_who_may_read_it(hub: Hub) -> None:
    ann = hub.user("ann@acme.example", *RIGHTS)
    bob = hub.user("bob@acme.example", *RIGHTS)
    hub.user("eve@acme.example")
    ids = {name: hub.world.usernames[f"{name}@acme.example"][1] for name in ("ann", "bob", "eve")}
    made = ann.create("ScratchOrgInfo", **DEFINITION)

    reply = bob.call("PATCH", f"sobjects/ScratchOrgInfo/{made}", json={"OwnerId": ids["bob"]})
    assert reply.status_code == 404, "an org of another user is not visible"
    reply = ann.call("PATCH", f"sobjects/ScratchOrgInfo/{made}", json={"OwnerId": ids["eve"]})
    message = "The new owner must have read permission"
    assert ann.refusal(reply) == (400, "TRANSFER_REQUIRES_READ", message)
    hub.world.hub.store.set_fields("User", ids["bob"], {"IsActive": False})
    reply = ann.call("PATCH", f"sobjects/ScratchOrgInfo/{made}", json={"OwnerId": ids["bob"]})
    message = "operation performed with inactive user"
    assert ann.refusal(reply) == (400, "INACTIVE_OWNER_OR_USER", message)

    hub.world.hub.store.set_fields("User", ids["bob"], {"IsActive": True})
    reply = ann.call("PATCH", f"sobjects/ScratchOrgInfo/{made}", json={"OwnerId": ids["bob"]})
    assert reply.status_code == 204
    assert ann.query("SELECT Id FROM ScratchOrgInfo") == []
    assert bob.query("SELECT OwnerId FROM ScratchOrgInfo")[0]["OwnerId"] == ids["bob"]
