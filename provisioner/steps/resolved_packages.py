"""Package versions that a build has resolved, and what resolves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.salesforce.package_catalogue import PackageCatalogue
    from provisioner.salesforce.version_numbers import VersionNumber


@dataclass(frozen=True)
class ResolvedVersion:
    """A version that a step installs."""

    id: str  # 04t…
    name: str = ""  # as pool.yaml, or else the project or the Dev Hub, names it
    number: VersionNumber | None = None  # None where only the id was needed
    package_id: str = ""  # 033…: the package in the orgs that have it

    @property
    def title(self) -> str:
        """Name, number and id, as far as they are known."""
        if not self.name or self.name == self.id:
            return self.id
        number = f" {self.number}" if self.number else ""
        return f"{self.name}{number} ({self.id})"


class UnresolvedError(UsageError):
    """A step names a package version that does not exist, or cannot be found out.

    `field` is the option that names it, with what is below it.
    """

    default_code = "package_version"

    def __init__(self, field: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


@runtime_checkable
class InstallsPackages(Protocol):
    """A step that installs package versions, whose names the Dev Hub resolves before the plan."""

    def resolve(self, catalogue: PackageCatalogue, directory: Path) -> Self:
        """The step with its versions. Raises UnresolvedError, SalesforceError, LoginError."""

    @property
    def versions(self) -> Sequence[ResolvedVersion]:
        """What it installs, in order; empty before `resolve`."""

    @property
    def remarks(self) -> Sequence[str]:
        """What is odd about its options, after `resolve`."""

    def key_of(self, version: ResolvedVersion) -> str:
        """The installation key of one of its versions, or ""."""
