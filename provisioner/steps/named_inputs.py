"""The inputs of a step under the names that people know: files, package versions, permission sets.

`plan` names with them what has changed since an org was built. They do not decide whether an org is
outdated; that is the fingerprint, which is made of `Step.inputs`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from provisioner.steps.base import Step


@runtime_checkable
class NamesInputs(Protocol):
    """A step that names its inputs."""

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """Name and content, or a hash of it, of each input; never a secret.

        It is called after `inputs`, and describes what `inputs` has read. A name may occur twice.
        """


def named_inputs(step: Step, directory: Path) -> Iterable[tuple[str, bytes]]:
    """The named inputs of a step; none of a step that does not name them."""
    return step.named_inputs(directory) if isinstance(step, NamesInputs) else ()
