"""`assign_permission_sets`: permission sets for the org's user, by API name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from provisioner.declare.options import Finding, option
from provisioner.errors import ErrorKind
from provisioner.plain_text import quantity
from provisioner.salesforce import permission_sets
from provisioner.steps.base import Done, Outcome, StartAgain, StepContext, StepFailed
from provisioner.steps.session_user import session_user_id

if TYPE_CHECKING:
    from provisioner.errors import SalesforceError


@dataclass(frozen=True, kw_only=True)
class AssignPermissionSets:
    """Assigns permission sets, and groups of them, to the user of the org.

    A group that Salesforce has not calculated yet after its deploy is a transient error, after
    which the step is retried.

    Safe to run twice: the sets that the user has are queried first, and a second assignment of
    the same permission set, which Salesforce refuses, counts as done.
    """

    kind: ClassVar[str] = "assign_permission_sets"
    shorthand: ClassVar[str] = "sets"
    is_repeatable: ClassVar[bool] = True

    sets: tuple[str, ...] = option(
        "API names; those of a package as ns__Name",
        minimum=1,
        pattern=r"[A-Za-z]\w*",
        expects="an API name like Sales_Rep or ns__Sales_Rep",
        example=["Sales_Rep"],
    )

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """A name that is listed twice is harmless, but a mistake."""
        for index, name in enumerate(self.sets):
            if name in self.sets[:index]:
                yield Finding(f"sets.{index}", f"{name} is listed twice", is_warning=True)

    def start(self, context: StepContext) -> Outcome:
        """Assign those that the user does not have."""
        org, user = context.org, session_user_id(context)
        found = permission_sets.find(org, self.sets)
        self._refuse_unknown(context, found)
        missing = set(found.values()) - permission_sets.assigned(org, user, found.values())
        refused = permission_sets.assign(org, user, sorted(missing)) if missing else {}
        if refused:
            names = {set_id: name for name, set_id in found.items()}
            _refuse_groups(context, [n for i, n in names.items() if i in refused], refused)
            kinds = {error.kind for error in refused.values()}
            raise StepFailed(
                f"{len(refused)} of {len(missing)} permission sets were not assigned",
                details=[f"{names[set_id]}: {error}" for set_id, error in refused.items()],
                kind=ErrorKind.TRANSIENT if kinds == {ErrorKind.TRANSIENT} else ErrorKind.CONTENT,
            )
        return Done(f"assigned {quantity(len(missing), 'permission set')}")

    def poll(self, context: StepContext, state: StartAgain) -> Outcome:  # noqa: ARG002 - contract
        """Nothing is ever pending: read and assign again."""
        return self.start(context)

    def read_state(self, text: str) -> StartAgain:  # noqa: ARG002 - the contract
        """The step keeps no state; to start it again is safe."""
        return StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """The names."""
        return [name.encode() for name in sorted(set(self.sets))]

    def _refuse_unknown(self, context: StepContext, found: Iterable[str]) -> None:
        unknown = sorted(set(self.sets) - set(found))
        if not unknown:
            return
        known = permission_sets.all_names(context.org)
        raise StepFailed(
            f"permission sets not found in the org: {', '.join(unknown)}",
            details=[_advice(name, known) for name in unknown],
            hint="install or deploy it in an earlier step (install_package or deploy_source)",
        )


def _refuse_groups(
    context: StepContext, names: list[str], refused: Mapping[str, SalesforceError]
) -> None:
    """Raises StepFailed when the only errors are groups that are not calculated, or cannot be.

    Salesforce recalculates a group after its deploy, usually within seconds; only then can it be
    assigned. The error is transient unless the status of the group is `Failed`.
    """
    if not all(permission_sets.NOT_UPDATED in str(error).lower() for error in refused.values()):
        return
    states = permission_sets.group_states(context.org, names)
    failed = sorted(name for name, state in states.items() if state == "Failed")
    if failed:
        raise StepFailed(
            f"the permission set group {', '.join(failed)} has the status Failed: its permissions "
            "could not be calculated",
            hint="Setup, Permission Set Groups shows what is missing: a licence or feature of the "
            "org that one of its permission sets needs, or a permission that another requires",
        )
    late = [f"{name} ({state})" for name, state in states.items() if state != "Updated"]
    shown = ", ".join(sorted(late) or sorted(names))  # all may be updated since the refusal
    raise StepFailed(
        f"Salesforce has not calculated the permission set group yet: {shown}",
        kind=ErrorKind.TRANSIENT,
    )


def _advice(name: str, known: list[str]) -> str:
    """The most similar names, with or without namespace, in any case."""
    plain = {full.rpartition("__")[2].lower(): full for full in known}
    plain |= {full.lower(): full for full in known}
    near = [plain[match] for match in get_close_matches(name.lower(), plain, 3, 0.6)]
    if near:
        return f"{name}: did you mean {' or '.join(dict.fromkeys(near))}?"
    return f"{name}: no similar name; the org has {', '.join(sorted(known)[:10]) or 'none'}"
