"""`install_package`: one package version, installed in the org."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from provisioner.declare.options import Finding, option
from provisioner.declare.secret import Secret
from provisioner.salesforce.packages import REQUEST, InstallRequest, installed_versions
from provisioner.steps import package_names
from provisioner.steps.base import Done, Outcome, Pending, StepContext
from provisioner.steps.package_install import FIRST_POLL, LEFT, PackageInstall
from provisioner.steps.package_names import UnknownNameError
from provisioner.steps.package_project import PackageProject, ProjectError, nearest_project
from provisioner.steps.remote_request import RemoteRequest, RequestState, read_request
from provisioner.steps.resolved_packages import ResolvedVersion, UnresolvedError

if TYPE_CHECKING:
    from provisioner.salesforce.package_catalogue import PackageCatalogue


_BEFORE = "versions before the install"


@dataclass(frozen=True)
class Sending:
    """The install is requested, or about to be, and no answer is known."""

    def text(self) -> str:
        """`sending`."""
        return "sending"


InstallState = RequestState | Sending


@dataclass(frozen=True, kw_only=True)
class InstallPackage:
    """Installs a package version.

    Safe to run twice: a version that is installed is not requested. When the answer to a request
    was lost, a second request for the same version changes nothing. What is installed is read,
    except by the first request after another install, which has just read it.
    """

    kind: ClassVar[str] = "install_package"
    is_repeatable: ClassVar[bool] = True
    is_atomic: ClassVar[bool] = True

    version: str = option(
        "the package version: its id, an alias of sfdx-project.json, or NAME@VERSION with 1.2.0, "
        "1.2.0-3, LATEST or LATEST_RELEASED",
        pattern=r"[^\x00-\x1f\x7f]{1,255}",
        expects="a package version id (04t…), an alias of sfdx-project.json, or NAME@VERSION",
        example="04t5Y000000AbCdQAK",
    )
    installation_key: Secret | None = option(
        "the installation key of a protected version", default=None, example="${BILLING_KEY}"
    )
    security_type: Literal["none", "full"] = option(
        "who may use it: administrators only (none), or every profile (full)", default="none"
    )
    name_conflict: Literal["block", "rename"] = option(
        "what happens to components whose names are taken: refuse, or rename them",
        default="block",
    )

    resolved: ResolvedVersion | None = None
    """What `version` names today; a build resolves it before it plans."""
    remarks: ClassVar[Sequence[str]] = ()

    def check(self, directory: Path) -> Iterable[Finding]:
        """The form of the version and, of an alias, what it stands for."""
        try:
            package_names.version_id(self.version, self._project(directory))
        except (UnknownNameError, ProjectError) as error:
            yield Finding("version", str(error))

    def resolve(self, catalogue: PackageCatalogue, directory: Path) -> Self:
        """The step with the version that the name stands for. Raises UnresolvedError."""
        try:
            project = self._project(directory)
            found = package_names.resolve(self.version, project, catalogue)
        except (UnknownNameError, ProjectError) as error:
            raise UnresolvedError("version", str(error)) from None
        return replace(self, resolved=found)

    @property
    def versions(self) -> Sequence[ResolvedVersion]:
        """The version that it installs."""
        return [self._version] if self._is_resolved else []

    def key_of(self, version: ResolvedVersion) -> str:  # noqa: ARG002 - it has only one
        """The installation key."""
        return self.installation_key.reveal() if self.installation_key else ""

    def start(self, context: StepContext) -> Outcome:
        """Request the install, unless this version is installed."""
        before = context.memory.pop(LEFT, None)  # another attempt reads it again
        if before is None:
            before = installed_versions(context.org)
        if self._version.id[:15] in before:
            return Done(f"{self._version.title} is already installed", leaves={LEFT: before})
        context.memory[_BEFORE] = before
        context.remember(Sending())
        return Pending(self._install.send(context), wait=FIRST_POLL)

    def poll(self, context: StepContext, state: InstallState) -> Outcome:
        """The status of the install. Raises StepFailed with Salesforce's errors."""
        if isinstance(state, Sending) and (sent := self._install.sent(context)):
            return Pending(sent, wait=FIRST_POLL)
        if not isinstance(state, RemoteRequest):
            return self.start(context)
        status = self._install.status(context, state.id)
        if status:
            return Pending(state, note=status, wait=FIRST_POLL)
        before, leaves = context.memory.get(_BEFORE), {}
        if before is not None:
            leaves = {LEFT: before | {self._version.id[:15]}}
        return Done(f"installed {self._version.title}", leaves=leaves)

    def read_state(self, text: str) -> InstallState:
        """The id of the install request. Any other text starts the step again, which is safe."""
        return Sending() if text == Sending().text() else read_request(text, REQUEST)

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """The version and how it is installed; not the key."""
        yield self._version.id[:15].encode()
        yield f"{self.security_type} {self.name_conflict}".encode()

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:  # noqa: ARG002 - the contract
        """The version under the name in pool.yaml, and how it is installed."""
        yield self._version.name or self.version, self._version.id[:15].encode()
        yield "options", f"{self.security_type} {self.name_conflict}".encode()

    @property
    def _is_resolved(self) -> bool:
        return self.resolved is not None or package_names.is_version_id(self.version)

    @property
    def _version(self) -> ResolvedVersion:
        """The version; an id needs no resolution."""
        assert self._is_resolved, f"{self.version} was not resolved"
        return self.resolved or ResolvedVersion(self.version, self.version)

    @property
    def _install(self) -> PackageInstall:
        version = self._version
        request = InstallRequest(
            version=version.id,
            installation_key=self.key_of(version),
            security_type=self.security_type,
            name_conflict="Block" if self.name_conflict == "block" else "RenameMetadata",
        )
        return PackageInstall(version.title, request, "check installation_key")

    def _project(self, directory: Path) -> PackageProject:
        """The project of pool.yaml; it is not read for an id."""
        is_id = package_names.is_version_id(self.version)
        return PackageProject() if is_id else nearest_project(directory)
