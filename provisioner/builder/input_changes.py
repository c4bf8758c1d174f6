"""What has changed between the inputs of two orgs, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.builder.org_inputs import OrgInputs, StepInputs

WORDS: Mapping[str, str] = {
    "deploy_source": "source",
    "deploy_metadata": "package",
    "install_package": "package",
    "install_dependencies": "packages",
    "assign_permission_sets": "permission sets",
    "create_users": "users",
    "load_data": "data",
    "run_apex": "script",
    "run_command": "command",
}
"""What the inputs of a kind of step are; of a kind that is not here, they have its name."""
MANIFEST = "package.xml"  # it changes with the list of components: their files say more


@dataclass(frozen=True)
class Change:
    """Inputs that have changed."""

    what: str  # `definition`, or what the inputs of the step are: `source`
    names: tuple[str, ...] = ()  # keys of the definition, or files; those that are gone have a `-`
    step: str = ""  # `steps[1]`, as pool.yaml counts them; "" for the definition
    how: str = ""  # `added` or `removed`, of a whole step


def changes(old: OrgInputs, new: OrgInputs) -> list[Change]:
    """What differs between the inputs of an org, and those of today."""
    keys = _differences(old.definition, new.definition)
    found = [Change("definition", tuple(keys))] if keys else []
    return [*found, *_of_steps(old.steps, new.steps)]


def _of_steps(old: tuple[StepInputs, ...], new: tuple[StepInputs, ...]) -> Iterator[Change]:
    """Steps are compared in order; those that have no counterpart are added or removed."""
    before, after = [[(s.kind, s.title) for s in steps] for steps in (old, new)]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        common = min(i2 - i1, j2 - j1) if tag in ("equal", "replace") else 0
        for left, right in zip(old[i1 : i1 + common], new[j1 : j1 + common], strict=True):
            if left.kind == right.kind:
                yield from _of_step(left, right)
            else:
                yield _whole(left, "removed")
                yield _whole(right, "added")
        yield from (_whole(step, "removed") for step in old[i1 + common : i2])
        yield from (_whole(step, "added") for step in new[j1 + common : j2])


def _whole(step: StepInputs, how: str) -> Change:
    return Change(step.title, step=f"steps[{step.index}]" if step.index >= 0 else "", how=how)


def _of_step(old: StepInputs, new: StepInputs) -> Iterator[Change]:
    if old.digest == new.digest:
        return
    names = _differences(old.names, new.folded(old.depth).names) if old.names else []
    others = [name for name in names if name.rpartition("/")[2] != MANIFEST]
    what = WORDS.get(new.kind, new.title)
    yield Change(what, tuple(others or names), f"steps[{new.index}]")


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    gone = [f"-{name}" for name in old if name not in new]
    return [*(name for name, digest in new.items() if old.get(name) != digest), *gone]
