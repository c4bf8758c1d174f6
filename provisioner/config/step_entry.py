"""One entry under `steps` of a pool: a kind with its options, and the keys of any step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from provisioner.declare.options import Finding, option

if TYPE_CHECKING:
    from provisioner.steps.base import Step


@dataclass(frozen=True, kw_only=True)
class When:
    """In which orgs a step runs; in the others it is left out."""

    definition: tuple[str, ...] = option(
        "the definitions of these orgs: the file, or its name without .json",
        minimum=1,
        example="[person-accounts]",
    )

    def includes(self, definition: str) -> bool:
        """Whether the step runs in orgs of a definition, which the pool names by its file."""
        return any(_is_named(definition, name) for name in self.definition)


@dataclass(frozen=True, kw_only=True)
class StepEntry:
    """One entry under `steps`: a kind with its options, and what any step may have."""

    kind: str
    step: Step
    name: str | None = option(
        "the name of the step in reports",
        default=None,
        pattern=r"[^\x00-\x1f\x7f]{1,80}",
        expects="one line of at most 80 characters",
        example="Billing",
    )
    when: When | None = option("in which orgs the step runs; by default in all", default=None)
    timeout: timedelta | None = option(
        "how long the step may take before the org counts as failed",
        default=None,
        minimum=1,
        maximum=86_400,
        example="30m",
    )
    retry: int = option(
        "how often the step is started again after a failure that is not transient",
        default=0,
        minimum=0,
        maximum=10,
        example=2,
    )
    continue_on_error: bool = option(
        "whether the org continues with the next step after a failure, which is then a warning",
        default=False,
    )
    file: str = ""
    line: int = 0
    column: int = 1

    @property
    def title(self) -> str:
        """The name of the step in reports: `name`, or else the kind."""
        return self.name or self.kind

    def runs_in(self, definition: str) -> bool:
        """Whether the step runs in orgs of a definition."""
        return self.when is None or self.when.includes(definition)

    def check(self) -> Iterator[Finding]:
        """What only all keys together show."""
        if self.retry and not getattr(self.step, "is_repeatable", False):
            more = "; write repeatable: true, if it may" if hasattr(self.step, "repeatable") else ""
            text = f"{self.kind} cannot run again in an org where it has failed{more}"
            yield Finding("retry", text)


def wrong_definitions(
    steps: Iterable[StepEntry], definitions: Iterable[str]
) -> Iterator[tuple[int, int, str]]:
    """Positions of a step and of a name in its `when`, with what is wrong with the name."""
    known = list(definitions)
    for position, entry in enumerate(steps):
        for index, name in enumerate(entry.when.definition if entry.when else ()):
            found = [each for each in known if _is_named(each, name)]
            if not found:
                text = f"the pool has no definition {name}; write one of: {', '.join(known)}"
                yield position, index, text
            elif len(found) > 1:
                yield position, index, f"{name} may be {' or '.join(found)}; write the file"


def _is_named(definition: str, name: str) -> bool:
    return name in (definition, PurePosixPath(definition).stem)
