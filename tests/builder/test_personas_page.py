"""The examples of docs/personas.md are built as they are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from provisioner.ledger.base import State
from tests.builder.night import Night
from tests.steps.project import write

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs/personas.md"
_METADATA = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
SET = f"<PermissionSet {_METADATA}><label>Sales Rep</label></PermissionSet>"
GROUP = (
    f"<PermissionSetGroup {_METADATA}><label>Sales Team</label>"
    "<permissionSets>Sales_Rep</permissionSets></PermissionSetGroup>"
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_the_examples_of_the_page_are_built(night: Night) -> None:
    (steps,), (definition,) = blocks("yaml"), blocks("json")
    source = night.folder / "force-app/main/default"
    write(source / "permissionsets/Sales_Rep.permissionset-meta.xml", SET)
    write(source / "permissionsetgroups/Sales_Team.permissionsetgroup-meta.xml", GROUP)
    write(night.folder / "config/agent-user.json", definition)
    write(night.folder / "config/manager-user.json", '{ "profileName": "Standard Platform User" }')
    night.write_pool(size=1, steps=yaml.safe_dump(yaml.safe_load(steps)["steps"]))
    result = night.build()
    assert result.exit_code == 0, [org.error for org in result.failed]
    (org,) = night.orgs(State.AVAILABLE)
    assert [user["persona"] for user in org.users] == ["agent", "manager"]
    names = {row["Id"]: row["Username"] for row in night.rows_in(org, "User")}
    sets = {row["Id"]: row["Name"] for row in night.rows_in(org, "PermissionSet")}
    assigned = sorted(
        (names[row["AssigneeId"]].partition(".")[0], sets[row["PermissionSetId"]])
        for row in night.rows_in(org, "PermissionSetAssignment")
        if sets[row["PermissionSetId"]].startswith("Sales_")
    )
    assert assigned == [("agent", "Sales_Rep"), ("agent", "Sales_Team")]
    (licence,) = night.rows_in(org, "PermissionSetLicenseAssign")
    assert names[licence["AssigneeId"]] == f"agent.{org.username}"
