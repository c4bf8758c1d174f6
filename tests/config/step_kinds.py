"""Step kinds with options of every sort, so that these tests use no real step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from provisioner.declare.options import Finding, option
from provisioner.declare.secret import Secret

REGISTRY = {
    "install_package": "tests.config.step_kinds:Install",
    "deploy_source": "tests.config.step_kinds:Deploy",
    "assign_permission_sets": "tests.config.step_kinds:Assign",
    "load_data": "tests.config.step_kinds:Load",
    "run_apex": "tests.config.step_kinds:Apex",
}


@dataclass(frozen=True)
class Install:
    """Installs a package version."""

    kind: ClassVar[str] = "install_package"

    version: str = option(
        "the package version",
        pattern=r"04t[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?",
        expects="a 04t package version id of 15 or 18 characters",
    )
    installation_key: Secret | None = option("the installation key", default=None)
    security: Literal["full", "none"] = option("who may use it", default="full")
    keys: Mapping[str, Secret] = option("keys by package", default_factory=dict)


@dataclass(frozen=True)
class Deploy:
    """Deploys source."""

    kind: ClassVar[str] = "deploy_source"

    path: Path = option("the folder", path="folder")


@dataclass(frozen=True)
class Assign:
    """Assigns permission sets."""

    kind: ClassVar[str] = "assign_permission_sets"
    shorthand: ClassVar[str] = "sets"

    sets: tuple[str, ...] = option("their API names", minimum=1, pattern=r"\w+", expects="a name")

    def check(self, directory: Path) -> Iterable[Finding]:
        for index, name in enumerate(self.sets):
            if name == "Forbidden":
                yield Finding(f"sets.{index}", f"Forbidden is not for {directory.name}")


@dataclass(frozen=True)
class Load:
    """Loads data."""

    kind: ClassVar[str] = "load_data"

    plan: Path = option("the plan", path="file")
    batch: int = option("records in a request", default=200, minimum=1, maximum=200)
    share: float = option("how much of it", default=1.0, minimum=0, maximum=1)


@dataclass(frozen=True)
class Apex:
    """Runs Apex; one of the two keys is wanted."""

    kind: ClassVar[str] = "run_apex"
    shorthand: ClassVar[str] = "file"

    file: Path | None = option("the script", default=None, path="file")
    text: str | None = option("the Apex itself", default=None)

    def check(self, directory: Path) -> Iterable[Finding]:
        if (self.file is None) == (self.text is None):
            yield Finding("", "write either file or text")
