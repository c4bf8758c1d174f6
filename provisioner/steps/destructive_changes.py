"""The `destructive_changes` of a `deploy_source`: what is deleted before or after it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.declare.options import Finding, option

if TYPE_CHECKING:
    from provisioner.errors import Problem
    from provisioner.source import Package


@dataclass(frozen=True, kw_only=True)
class DestructiveChanges:
    """Manifests of components to delete, as `sf project deploy start` takes them."""

    before: Path | None = option(
        "manifest of what is deleted before the deploy",
        default=None,
        path="file",
        example="manifest/destructiveChangesPre.xml",
    )
    after: Path | None = option(
        "manifest of what is deleted after the deploy",
        default=None,
        path="file",
        example="manifest/destructiveChangesPost.xml",
    )

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """At least one manifest is required."""
        if not self.keys:
            yield Finding("", "a manifest is missing; write before: FILE, after: FILE, or both")

    @property
    def keys(self) -> Mapping[str, Path]:
        """The manifests that are given, by key."""
        given = {"before": self.before, "after": self.after}
        return {key: path for key, path in given.items() if path is not None}

    @property
    def files(self) -> Mapping[str, Path]:
        """The manifests that are given, by their names in the package."""
        from provisioner.source.deletions import AFTER, BEFORE

        names = {"before": BEFORE, "after": AFTER}
        return {names[key]: path for key, path in self.keys.items()}

    def finding(self, problem: Problem, directory: Path) -> Finding | None:
        """The finding for a problem of one of the manifests; None for one of other files."""
        for key, path in self.keys.items():
            if problem.file == str(directory / path):
                text = str(dataclasses.replace(problem, file=str(path)))
                return Finding(f"destructive_changes.{key}", text)
        return None

    def warnings(self, package: Package) -> Iterator[Finding]:
        """A manifest that deletes nothing is probably the wrong file."""
        names = dict(zip(self.files, self.keys, strict=True))
        for name, members in package.deletions.items():
            if not members:
                text = f"{self.files[name]} lists nothing to delete"
                yield Finding(f"destructive_changes.{names[name]}", text, is_warning=True)
