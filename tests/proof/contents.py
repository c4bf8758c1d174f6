"""Whether a scratch org holds all that its steps bring, and each of it once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.emulator.ids import to_15
from provisioner.emulator.org import EmulatedOrg
from provisioner.ledger.base import Org
from provisioner.salesforce.app_keys import PLATFORM_CLI, derived_consumer_key
from provisioner.steps.login_app import NAME
from provisioner.steps.persona_names import persona_username
from tests.proof.data_forms import GROUP, data_faults
from tests.proof.whole_night import (
    BELOW,
    DEPENDENCY,
    LEADS,
    MARK,
    PACKAGE,
    PERSONA,
    WholeNight,
)

PARTS = 6  # of a login app, its permission set included

SAMPLE = "Sample Account for Entitlements"  # every new org has it, and its user has created it


@dataclass(frozen=True)
class Complete:
    """What an org of an undisturbed night holds of metadata."""

    components: frozenset[tuple[str, str]]


def complete(night: WholeNight) -> Complete:
    """What the orgs of this undisturbed night hold."""
    first, *others = [frozenset(emulated(night, org).components) for org in night.orgs()]
    assert first
    assert all(other == first for other in others)
    return Complete(first)


def emulated(night: WholeNight, org: Org) -> EmulatedOrg:
    """The emulator's side of a ledger row."""
    return night.world.orgs[to_15(org.org_id)]


def faults_of(night: WholeNight, org: Org, whole: Complete) -> Iterator[str]:
    """What is missing in an org, there twice, or wrong; nothing when it may be offered."""
    if to_15(org.org_id) not in night.world.orgs or emulated(night, org).is_over():
        yield f"{org.username} is available and does not live"
        return
    here = emulated(night, org)
    yield from (f"{org.username}: {text}" for text in _login_app_faults(night, here, org))
    components = {one for one in here.components if not one[1].startswith(NAME.lower())}
    wanted = whole.components
    if not night.has("deploy_metadata"):
        wanted = frozenset(one for one in wanted if one[1] not in ("extra", "invoice__c"))
    if not night.has("install_package"):
        wanted -= {("PermissionSet", "billing__clerk")}
    if night.has("groups"):
        wanted |= {("PermissionSetGroup", GROUP.lower())}
    for kind, name in sorted(wanted ^ components):
        yield f"{org.username}: {kind} {name} is {_there((kind, name) in components)}"
    installed = [
        row["SubscriberPackageVersionId"] for row in _rows(here, "InstalledSubscriberPackage")
    ]
    below = [BELOW, DEPENDENCY] if night.has("install_dependencies") else []
    has_package = night.has("install_package")
    if installed != [*below, *[PACKAGE] * has_package]:
        yield f"{org.username}: installed are {installed}"
    assigned = sorted(name for name in _assigned(here) if name not in (NAME, GROUP))
    if assigned != (["Clerk"] * has_package + ["Visit_Planner"]):
        yield f"{org.username}: assigned are {assigned}"
    if night.has("create_users"):
        yield from (f"{org.username}: {text}" for text in _persona_faults(here, org))
    found = _data_faults(here, night) if night.has("plan") else data_faults(here)
    yield from (f"{org.username}: {text}" for text in found)
    if org.proven_at is None:
        yield f"{org.username} was never proven"


def _login_app_faults(night: WholeNight, here: EmulatedOrg, org: Org) -> Iterator[str]:
    """An org with an app of its own has it whole, its user is approved, and nobody else's session
    is left."""
    parts = [name for _, name in here.components if name.startswith(NAME.lower())]
    is_own = org.consumer_key == derived_consumer_key(org.username)
    if len(parts) != (PARTS if is_own else 0):
        yield f"{len(parts)} parts of a login app, and the consumer key {org.consumer_key}"
    sessions = list(night.world.sessions._by_token.values())
    if any(one.org is here and one.consumer_key == PLATFORM_CLI for one in sessions):
        yield "the first session is not revoked"


def _persona_faults(here: EmulatedOrg, org: Org) -> Iterator[str]:
    """One more user than a new org has, with all of its fields, in the row of the ledger."""
    username = persona_username(PERSONA, org.username)
    if org.users != ({"persona": PERSONA, "username": username},):
        yield f"the row has the users {org.users}"
    made = [row for row in _rows(here, "User") if row["Id"] != here.admin_id]
    if [(row["Username"], row["Title"]) for row in made] != [(username, "Agent")]:
        yield f"the users are {[row['Username'] for row in made]}"
    for row in made:
        sets = [name for name in _assigned(here, row["Id"]) if name != NAME]
        if sets != ["Visit_Planner"]:
            yield f"{row['Username']} has the permission sets {sets}"


def _there(is_there: bool) -> str:
    return "there and should not be" if is_there else "missing"


def _rows(org: EmulatedOrg, name: str) -> list[dict[str, Any]]:
    return [dict(row) for row in org.store.peek_rows(name)]


def _assigned(org: EmulatedOrg, user_id: str = "") -> Iterator[str]:
    """The permission sets of a user, by default the org's own."""
    names = {row["Id"]: row["Name"] for row in _rows(org, "PermissionSet")}
    for row in _rows(org, "PermissionSetAssignment"):
        if (
            row["AssigneeId"] == (user_id or org.admin_id)
            and names[row["PermissionSetId"]][:4] != "X00e"
        ):
            yield names[row["PermissionSetId"]]


def _data_faults(org: EmulatedOrg, night: WholeNight) -> Iterator[str]:
    """Every record of the plan must be there once, with its references; and the script's mark."""
    folder = night.folder
    plan = json.loads((folder / "data/sample-plan.json").read_text(encoding="utf-8"))
    ids: dict[str, str] = {}
    for entry in plan:
        sobject, wanted = entry["sobject"], _records(folder, entry["files"])
        rows = [row for row in _rows(org, sobject) if row.get("Name") not in (MARK, SAMPLE)]
        if len(rows) != len(wanted):
            yield f"{len(rows)} {sobject} records instead of {len(wanted)}"
        for record in wanted:
            reference = record["attributes"]["referenceId"]
            found = [row for row in rows if _is_like(row, record, ids)]
            if len(found) != 1:
                yield f"{reference} is there {len(found)} times"
            else:
                ids[reference] = found[0]["Id"]
    cases = [row["Subject"] for row in _rows(org, "Case")]
    if cases.count("Made by the command") != night.has("run_command"):
        yield f"the command made {cases.count('Made by the command')} cases"
    loaded = Counter(row["LastName"] for row in _rows(org, "Lead"))
    files = LEADS if night.has("csv") else {}
    leads = Counter(f"Lead {number}" for numbers in files.values() for number in numbers)
    if loaded != leads:
        yield f"the leads {sorted((loaded - leads) + (leads - loaded))} are missing or there twice"
    marks = sum(row["Name"] == MARK for row in _rows(org, "Account"))
    if marks != 1:
        yield f"the script ran {marks} times"


def _records(folder: Path, files: list[str]) -> list[dict[str, Any]]:
    texts = [(folder / "data" / name).read_text(encoding="utf-8") for name in files]
    return [record for text in texts for record in json.loads(text)["records"]]


def _is_like(row: Mapping[str, Any], record: Mapping[str, Any], ids: Mapping[str, str]) -> bool:
    def value(text: Any) -> Any:
        return ids.get(text[1:]) if isinstance(text, str) and text[:1] == "@" else text

    return all(row.get(key) == value(record[key]) for key in record if key != "attributes")
