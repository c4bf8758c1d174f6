"""The user has the rights of a build on the objects of scratch orgs, by their names in Setup.

Source: docs/reference/dev-hub.md#rights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from provisioner.doctor.result import Result, ok, problem, skipped, warning
from provisioner.errors import UsageError
from provisioner.hub_app.rights import OBJECTS
from provisioner.salesforce.describe import ObjectAccess, object_access

if TYPE_CHECKING:
    from provisioner.doctor.examination import Examination

_LABELS = {"ScratchOrgInfo": "Scratch Org Infos", "ActiveScratchOrg": "Active Scratch Orgs"}
_NEEDED = {"ScratchOrgInfo": ("Read", "Create"), "ActiveScratchOrg": ("Read", "Delete")}
"""Without these a build or the deletion of its orgs fails; the others are of less importance."""


def examine(examination: Examination) -> Iterator[Result]:
    """Two describes. Raises SalesforceError, LoginError."""
    client = examination.connections.hub.client
    found = {name: object_access(client, name) for name in sorted(OBJECTS, reverse=True)}
    if not any(access.rights for access in found.values()):
        yield skipped("not checked, because this user sees none of the objects of scratch orgs")
        return
    who = examination.config.dev_hub.username
    wrong = [*_missing(who, found), *_hidden(examination, found["ScratchOrgInfo"])]
    yield from wrong
    if examination.facts.can_delete is False:
        yield warning(
            f"the last `check --probe` showed that {who} cannot delete its scratch orgs",
            "give it Delete on Active Scratch Orgs, then run `provisioner check --probe` again",
        )
    elif not wrong:
        yield ok(f"{who} has what a build needs on {' and '.join(_LABELS[name] for name in found)}")


def _missing(who: str, found: Mapping[str, ObjectAccess]) -> Iterator[Result]:
    """One result for each object on which rights are missing."""
    for name, access in found.items():
        rights = [right for right in OBJECTS[name] if right not in access.rights]
        if rights:
            yield _lacks(who, name, rights)


def _hidden(examination: Examination, access: ObjectAccess) -> Iterator[Result]:
    """The one-time code of a sign-up must be readable if orgs get login apps of their own."""
    asked = examination.config.dev_hub.login_app
    way = examination.facts.sign_up_way if asked == "auto" else asked
    if way != "deployed" or not access.rights or "AuthCode" in access.fields:
        return
    who = examination.config.dev_hub.username
    yield _problem(
        f"{who} cannot read the field AuthCode of Scratch Org Infos (ScratchOrgInfo)",
        "in a permission set, Object Settings, Scratch Org Infos, Field Permissions: Auth Code, "
        "Read; each org gets a login app of its own, for which the build needs the code",
    )


def _lacks(who: str, name: str, rights: Sequence[str]) -> Result:
    on = f"{_LABELS[name]} ({name})"
    text = f"{who} lacks {_listed(rights)} on {on}"
    hint = f"in a permission set of {who}, Object Settings, {_LABELS[name]}: {_listed(rights)}"
    if not any(right in _NEEDED[name] for right in rights):
        return warning(text, hint)
    return _problem(text, hint)


def _problem(text: str, hint: str) -> Result:
    return problem(UsageError(text, hint=hint, code="rights_missing"))


def _listed(rights: Sequence[str]) -> str:
    *first, last = sorted(rights, key=("Read", "Create", "Edit", "Delete").index)
    return f"{', '.join(first)} and {last}" if first else last
