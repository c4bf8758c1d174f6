"""`install_dependencies`: the packages that a project depends on, dependencies first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from provisioner.declare.options import Finding, option
from provisioner.declare.secret import Secret
from provisioner.plain_text import quantity
from provisioner.salesforce.packages import (
    REQUEST,
    Installed,
    InstallRequest,
    installed_packages,
)
from provisioner.steps import package_dependencies
from provisioner.steps.base import Done, Outcome, Pending, StartAgain, StepContext
from provisioner.steps.package_dependencies import DependencyError
from provisioner.steps.package_install import FIRST_POLL, LEFT, PackageInstall
from provisioner.steps.package_project import (
    PROJECT_FILE,
    PackageProject,
    ProjectError,
    read_package_project,
)
from provisioner.steps.resolved_packages import ResolvedVersion, UnresolvedError

if TYPE_CHECKING:
    from provisioner.salesforce.package_catalogue import PackageCatalogue

_ID = r"[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?"
_STATE = re.compile(rf"(04t{_ID})(?: ({REQUEST}{_ID}))?")
INSTALLED = "installed"  # the name of the installed packages in the memory of a step


@dataclass(frozen=True)
class Installing:
    """Salesforce installs a version (04t…) by a request (0Hf…).

    Without `request` it is sent, or about to be, and no answer is known.
    """

    version: str
    request: str = ""

    def text(self) -> str:
        """`04t… 0Hf…`, or `04t…`."""
        return f"{self.version} {self.request}".rstrip()


DependencyState = Installing | StartAgain


@dataclass(frozen=True, kw_only=True)
class InstallDependencies:
    """Installs the packages that sfdx-project.json declares, and those that they depend on.

    Safe to run twice: a package that is installed at its version or a higher one is not requested.
    One install is requested at a time; the state has its request. When the answer to a request was
    lost, a second request for the same version changes nothing.
    """

    kind: ClassVar[str] = "install_dependencies"

    project: Path = option(
        "the folder of sfdx-project.json", default=Path(), path="folder", example="."
    )
    installation_keys: Mapping[str, Secret] = option(
        "the installation keys of protected packages, by alias, name or id of the package",
        default_factory=dict,
        example={"Billing": "${BILLING_KEY}"},
    )
    skip: tuple[str, ...] = option(
        "packages that are not installed, because a deploy_source step brings their source",
        default=(),
        example=("Core",),
    )
    security_type: Literal["none", "full"] = option(
        "who may use them: administrators only (none), or every profile (full)", default="none"
    )

    resolved: tuple[ResolvedVersion, ...] | None = None
    """The versions in the order of their installs; a build resolves them before it plans."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Version id → its name in `installation_keys`."""
    remarks: tuple[str, ...] = ()

    def check(self, directory: Path) -> Iterable[Finding]:
        """The project file, and the form of each dependency in it."""
        try:
            project = self._read(directory)
        except ProjectError as error:
            yield Finding("project", str(error))
            return
        found = package_dependencies.problems(project, self.skip)
        yield from (Finding("project", text) for text in found)
        if not project.dependencies:
            text = f"{project.file} declares no dependencies; the step installs nothing"
            yield Finding("project", text, is_warning=True)

    def resolve(self, catalogue: PackageCatalogue, directory: Path) -> Self:
        """The step with all versions that it installs. Raises UnresolvedError."""
        try:
            project = self._read(directory)
            found = package_dependencies.resolve(
                project, catalogue, self.installation_keys, self.skip
            )
        except ProjectError as error:
            raise UnresolvedError("project", str(error)) from None
        except DependencyError as error:
            raise UnresolvedError(error.field, str(error), hint=error.hint) from None
        remarks = tuple(f"{name} names no dependency of the project" for name in found.unused)
        return replace(self, resolved=found.versions, keys=found.keys, remarks=remarks)

    @property
    def versions(self) -> Sequence[ResolvedVersion]:
        """What it installs, in order."""
        return self.resolved or ()

    def key_of(self, version: ResolvedVersion) -> str:
        """The installation key of a version, or ""."""
        name = self.keys.get(version.id)
        return self.installation_keys[name].reveal() if name else ""

    def start(self, context: StepContext) -> Outcome:
        """Read what is installed, and request the first version that is missing."""
        context.memory[INSTALLED] = installed_packages(context.org)
        return self._next(context)

    def poll(self, context: StepContext, state: DependencyState) -> Outcome:
        """Continue when the install is complete. Raises StepFailed with Salesforce's errors."""
        version = self._version_of(state)
        if isinstance(state, StartAgain) or version is None:
            return self.start(context)
        if not state.request:
            sent = self._install(version).sent(context)
            if sent is None:
                return self.start(context)
            state = Installing(version.id, sent.id)
            return Pending(state, wait=FIRST_POLL, operation=version.id)
        status = self._install(version).status(context, state.request)
        if status:
            note = f"{version.title}: {status}"
            return Pending(state, note=note, wait=FIRST_POLL, operation=version.id)
        if INSTALLED not in context.memory:
            return self.start(context)
        context.memory[INSTALLED] = context.memory[INSTALLED].plus(
            version.id, version.package_id, version.number
        )
        return self._next(context)

    def read_state(self, text: str) -> DependencyState:
        """The install in progress. Any other text starts the step again, which is safe."""
        match = _STATE.fullmatch(text)
        return Installing(match[1], match[2] or "") if match else StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """The versions in order, and how they are installed; not the keys."""
        assert self.resolved is not None, "the dependencies were not resolved"
        yield " ".join(version.id[:15] for version in self.resolved).encode()
        yield self.security_type.encode()

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:  # noqa: ARG002 - the contract
        """The versions under their names, and how they are installed."""
        for version in self.versions:
            yield version.name or version.id, version.id[:15].encode()
        yield "options", self.security_type.encode()

    def _next(self, context: StepContext) -> Outcome:
        installed: Installed = context.memory[INSTALLED]
        for number, version in enumerate(self.versions, 1):
            if installed.has(version.id, version.package_id, version.number):
                continue
            context.remember(Installing(version.id))
            request = self._install(version).send(context)
            note = f"{version.title}, package {number} of {len(self.versions)}"
            state = Installing(version.id, request.id)
            return Pending(state, note=note, wait=FIRST_POLL, operation=version.id)
        leaves = {LEFT: installed.versions}
        return Done(f"all {quantity(len(self.versions), 'package')} installed", leaves=leaves)

    def _version_of(self, state: DependencyState) -> ResolvedVersion | None:
        if isinstance(state, StartAgain):
            return None
        found = (v for v in self.versions if v.id[:15] == state.version[:15])
        return next(found, None)

    def _install(self, version: ResolvedVersion) -> PackageInstall:
        request = InstallRequest(
            version=version.id,
            installation_key=self.key_of(version),
            security_type=self.security_type,
        )
        hint = f"check installation_keys for {version.name or version.id}"
        return PackageInstall(version.title, request, hint)

    def _read(self, directory: Path) -> PackageProject:
        path = directory / self.project / PROJECT_FILE
        return read_package_project(path, (self.project / PROJECT_FILE).as_posix())
