"""Whether an administrator has given users an External Client App by permission sets.

Source: docs/reference/external-client-apps.md#pre-authorization.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.emulator.objects.permissions import permission_sets_of

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


def is_preauthorized(org: EmulatedOrg, app_id: str, user_id: str) -> bool:
    """Whether a permission set of the user has a SetupEntityAccess row for the app with this id."""
    rows = org.store.find_by("SetupEntityAccess", "SetupEntityId", app_id)
    return bool(rows) and not permission_sets_of(org.store, user_id).isdisjoint(
        row["ParentId"] for row in rows
    )
