"""What the content of an org depends on, in small digests under the names that people know.

The record of a build keeps them (`provisioner.builder.packed_inputs`), so that `plan` can name what
has changed since an org was built. The fingerprint alone decides whether an org is outdated.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provisioner.errors import ProvisionerError
from provisioner.steps.named_inputs import named_inputs

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.config.model import Definition, StepEntry

NO_LIMIT = 1_000  # levels of folders


@dataclass(frozen=True)
class StepInputs:
    """The inputs of one step."""

    kind: str
    title: str
    digest: str
    names: Mapping[str, str] = field(default_factory=dict)  # name → digest
    depth: int = NO_LIMIT  # of the paths in `names`; what is below is one entry, `folder/`
    index: int = -1  # under `steps` of the pool

    def folded(self, depth: int) -> StepInputs:
        """The same with no path of more than `depth` parts; none at all for 0."""
        names: dict[str, str] = {}
        folders: dict[str, list[str]] = {}
        for name, digest in self.names.items() if depth else ():
            parts = name.split("/")
            if len(parts) <= depth:
                names[name] = digest
            else:
                folders.setdefault("/".join(parts[:depth]) + "/", []).append(f"{name} {digest}")
        names |= {folder: _digest_of(sorted(files)) for folder, files in folders.items()}
        return replace(self, names=names, depth=depth)


@dataclass(frozen=True)
class OrgInputs:
    """The inputs of orgs of one fingerprint."""

    definition: Mapping[str, str]  # first key of the org definition → digest of its value
    steps: tuple[StepInputs, ...] = ()


def org_inputs(definition: Definition, steps: Iterable[StepInputs]) -> OrgInputs:
    """The inputs of the orgs of a definition; `steps` are those that run in them."""
    keys = {key: _digest_of(value) for key, value in definition.content.items()}
    return OrgInputs(keys, tuple(steps))


def step_inputs(entry: StepEntry, index: int, directory: Path, digest: bytes) -> StepInputs:
    """The inputs of a step, just after its `inputs` were read; `digest` is one of all of them."""
    names: dict[str, list[str]] = {}
    try:
        for name, content in named_inputs(entry.step, directory):
            names.setdefault(name, []).append(_digest(content))
    except (ProvisionerError, OSError):  # a file was changed meanwhile: it has no name then
        names = {}
    joined = {name: _joined(digests) for name, digests in names.items()}
    return StepInputs(entry.kind, entry.title, _digest(digest), joined, index=index)


def _joined(digests: list[str]) -> str:
    return digests[0] if len(digests) == 1 else _digest_of(sorted(digests))


def _digest_of(value: object) -> str:
    return _digest(json.dumps(value, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    """24 bits, as four characters: enough to see that something is different."""
    return b64encode(hashlib.sha256(content).digest()[:3]).decode()
