"""Finds an org by its own username or by that of a user that `create_users` has made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from provisioner.errors import NoOrgError

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger, Org

Users = Iterable[Mapping[str, object]]
"""`persona` and `username` of each."""


def org_of(ledger: Ledger, username: str) -> Org | None:
    """The row of an org, by its username or that of one of its users."""
    org = ledger.get(username)
    if org is not None:
        return org
    return next((row for row in ledger.orgs() if is_user(row.users, username)), None)


def is_user(users: Users, username: str) -> bool:
    """Whether one of `users` has this username; usernames are compared in any case."""
    return any(str(user.get("username")).lower() == username.lower() for user in users)


def login_name(org: str, users: Users, given: str, persona: str) -> str:
    """The username that logs in: that of `persona`, else the one that was given, as it is known.

    `org` is the username of the org, `given` that or the one of a user. Raises NoOrgError.
    """
    known = {str(user.get("persona")): str(user.get("username")) for user in users}
    if not persona:
        names = {name.lower(): name for name in known.values()}
        return org if given.lower() == org.lower() else names.get(given.lower(), given)
    found = {name.lower(): username for name, username in known.items()}
    if persona.lower() in found:
        return found[persona.lower()]
    near = get_close_matches(persona, known, 1, 0.6)
    advice = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none'}"
    raise NoOrgError(
        f"the scratch org {org} has no user of the persona {persona}; {advice}",
        code="unknown_persona",
        hint="personas are created by the step create_users; `provisioner status --json` lists "
        "them under users",
    )
