"""Finds the users of personas in an org."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind
from provisioner.steps.base import StepFailed
from provisioner.steps.grants import advice

if TYPE_CHECKING:
    from provisioner.steps.base import StepContext


def usernames_of(context: StepContext, personas: Collection[str]) -> dict[str, str]:
    """The usernames of users that earlier steps have made, by persona. Raises StepFailed."""
    known = {user["persona"]: user["username"] for user in context.users}
    unknown = [persona for persona in dict.fromkeys(personas) if persona not in known]
    if unknown:
        raise StepFailed(
            f"the org has no user of the persona {', '.join(unknown)}",
            details=[advice(persona, known) for persona in unknown],
            hint="a step create_users before this one makes them from user definition files",
        )
    return {persona: known[persona] for persona in personas}


def ids_of(usernames: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """The ids of users by persona; `found` are those of the org, by username. Raises StepFailed."""
    missing = [name for name in usernames.values() if name not in found]
    if missing:
        raise StepFailed(f"the org has no user {', '.join(missing)}", kind=ErrorKind.REPLACE)
    return {persona: found[username] for persona, username in usernames.items()}
