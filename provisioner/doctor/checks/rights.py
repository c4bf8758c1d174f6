"""The user has the rights of a build on the objects of scratch orgs, by their names in Setup.

Source: docs/reference/dev-hub.md#rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.doctor.result import Result, ok, problem, skipped, warning
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.hub_app.rights import OBJECTS
from provisioner.salesforce.describe import object_rights

if TYPE_CHECKING:
    from provisioner.doctor.examination import Examination

_LABELS = {"ScratchOrgInfo": "Scratch Org Infos", "ActiveScratchOrg": "Active Scratch Orgs"}
_NEEDED = {"ScratchOrgInfo": ("Read", "Create"), "ActiveScratchOrg": ("Read", "Delete")}
"""Without these a build or the deletion of its orgs fails; the others are of less importance."""


def examine(examination: Examination) -> Iterator[Result]:
    """Two describes. Raises SalesforceError, LoginError."""
    client = examination.connections.hub.client
    found = {name: object_rights(client, name) for name in sorted(OBJECTS, reverse=True)}
    if not any(found.values()):
        yield skipped("not checked, because this user sees none of the objects of scratch orgs")
        return
    missing = {
        name: [right for right in sorted(OBJECTS[name]) if right not in rights]
        for name, rights in found.items()
    }
    who = examination.config.dev_hub.username
    for name, rights in missing.items():
        if rights:
            yield _lacks(who, name, rights)
    if examination.facts.can_delete is False:
        yield warning(
            f"the last `check --probe` showed that {who} cannot delete its scratch orgs",
            "give it Delete on Active Scratch Orgs, then run `provisioner check --probe` again",
        )
    if not any(missing.values()):
        yield ok(
            f"{who} has " + ", and ".join(f"{_listed(OBJECTS[n])} on {_LABELS[n]}" for n in found)
        )


def _lacks(who: str, name: str, rights: list[str]) -> Result:
    on = f"{_LABELS[name]} ({name})"
    text = f"{who} lacks {_listed(rights)} on {on}"
    hint = f"in a permission set of {who}, Object Settings, {_LABELS[name]}: {_listed(rights)}"
    if not any(right in _NEEDED[name] for right in rights):
        return warning(text, hint)
    return problem(
        SalesforceError(text, kind=ErrorKind.CONFIGURATION, hint=hint, code="rights_missing")
    )


def _listed(rights: list[str] | tuple[str, ...]) -> str:
    *first, last = sorted(rights, key=("Read", "Create", "Edit", "Delete").index)
    return f"{', '.join(first)} and {last}" if first else last
