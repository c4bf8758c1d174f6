"""A permission set group that is assigned right after its deploy costs no org."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.builder.night import Night

pytestmark = pytest.mark.slow

GROUP = """\
<?xml version="1.0" encoding="UTF-8"?>
<PermissionSetGroup xmlns="http://soap.sforce.com/2006/04/metadata">
    <label>All planners</label>
    <permissionSets>Visit_Planner</permissionSets>
</PermissionSetGroup>
"""
STEPS = """\
- deploy_source: { path: . }
- assign_permission_sets: { groups: [All_Planners] }
"""


def test_a_group_is_waited_for_as_long_as_the_platform_needs(
    make_night: Callable[..., Night],
) -> None:
    """Two minutes in each state; the emulator is five hundred times as fast as life."""
    night = make_night(permission_set_group=120.0)  # in each of its states
    folder = night.folder / "force-app/main/default/permissionsetgroups"
    folder.mkdir(parents=True)
    (folder / "All_Planners.permissionsetgroup-meta.xml").write_text(GROUP)
    night.write_pool(size=2, steps=STEPS, pool="replacements: 0")
    result = night.build()
    assert (result.exit_code, result.failed) == (0, ())
    for org in result.built:
        (group,) = night.rows_in(org, "PermissionSetGroup")
        assert group["Status"] == "Updated"
        rows = night.rows_in(org, "PermissionSetAssignment")
        assert group["Id"] in [row["PermissionSetGroupId"] for row in rows]
    assert not any(event.is_retry for event in night.watcher.events), "waited without a failure"
