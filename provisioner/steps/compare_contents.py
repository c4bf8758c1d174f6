"""Compares an org from a new snapshot with the source of the snapshot, item by item.

It runs in the first org of a snapshot, before the steps below the marker. It has no entry in
pool.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from provisioner.errors import ErrorKind
from provisioner.steps.base import Done, Outcome, StartAgain, StepContext, StepFailed


@dataclass(frozen=True)
class CompareContents:
    """Reads what the org contains. Safe to run twice: it changes nothing."""

    kind: ClassVar[str] = "compare_contents"

    def start(self, context: StepContext) -> Outcome:
        """Compare, where no org of the snapshot was compared before. Raises StepFailed."""
        compare = context.compare_with_source
        if compare is None:
            return Done()
        differences = compare(context.org)
        if differences:
            raise StepFailed(
                "the org differs from the source of its snapshot",
                details=differences,
                kind=ErrorKind.REPLACE,
            )
        return Done("equal to the source of its snapshot")

    def poll(self, context: StepContext, state: StartAgain) -> Outcome:  # noqa: ARG002 - contract
        """Nothing is ever pending: compare again."""
        return self.start(context)

    def read_state(self, text: str) -> StartAgain:  # noqa: ARG002 - the contract
        """The step keeps no state; to start it again is safe."""
        return StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """Nothing."""
        return ()
