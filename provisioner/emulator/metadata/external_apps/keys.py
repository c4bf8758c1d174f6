"""Consumer keys and secrets: generated ones, and whether a key is free in all orgs.

Source: docs/reference/external-client-apps.md#consumer-key-and-secret.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from provisioner.emulator.metadata.external_apps.elements import GLOBAL
from provisioner.emulator.metadata.state import StoredComponent

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg, Surroundings

_CHARACTERS = string.ascii_letters + string.digits + "._"


def new_key(world: Surroundings) -> str:
    """A consumer key as Salesforce makes them: 85 characters."""
    return "3MVG9" + "".join(world.rng.choices(_CHARACTERS, k=80))


def new_secret(world: Surroundings) -> str:
    """A consumer secret: 64 hexadecimal digits."""
    return "".join(world.rng.choices("0123456789ABCDEF", k=64))


def is_taken(org: EmulatedOrg, key: str, full_name: str) -> bool:
    """Whether an app has the key, in this org or another; settings of this name do not count."""
    frees = org.world.behavior.deleted_org_frees_key == "yes"
    for other in list(org.world.orgs.values()):
        if key in other.apps and not (frees and other.is_over()):
            return True
    same = (one for one in org.components.values() if isinstance(one, StoredComponent))
    return any(
        one.type == GLOBAL and one.element and one.element.value("consumerKey") == key
        and one.full_name != full_name
        for one in same
    )  # fmt: skip
