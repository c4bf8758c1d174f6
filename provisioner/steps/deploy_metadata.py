"""`deploy_metadata`: a zip in metadata format that another program has made, deployed as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from provisioner.declare.options import Finding, option
from provisioner.salesforce.deploy_body import DeployBody, deploy_body
from provisioner.steps import deployment
from provisioner.steps.base import Outcome, StartAgain, StepContext
from provisioner.steps.cached_input import CachedInput, cached_input
from provisioner.steps.components import Components, of_manifest
from provisioner.steps.deploy_options import DeployOptions
from provisioner.steps.deployment import Answers
from provisioner.steps.package_file import on_disk
from provisioner.steps.package_size import too_large
from provisioner.steps.package_zip import MANIFEST, PackageZip, PackageZipError, read_package_zip
from provisioner.steps.remote_request import RequestState

ANSWERS = Answers(keeps_warnings=True)


@dataclass(frozen=True, kw_only=True)
class DeployMetadata(DeployOptions):
    """Deploys a zip with package.xml at its root, or in one folder at its root.

    Safe to run twice: a second deploy of the same package changes nothing.
    """

    kind: ClassVar[str] = "deploy_metadata"
    shorthand: ClassVar[str] = "zip"

    zip: Path = option("the package as a zip", path="file", example="build/package.zip")

    _package: CachedInput = cached_input()
    _body: CachedInput = cached_input()

    def check(self, directory: Path) -> Iterable[Finding]:
        """The file must be a zip with a manifest that can be read, and not too large."""
        yield from self.check_options()
        try:
            package = self._package.checked("", lambda: self._read(directory))
        except PackageZipError as error:
            yield Finding("zip", error.message)
            return
        for text in (*too_large(package.size, package.sizes), *_wrong_manifest(package)):
            yield Finding("zip", f"{self.zip}: {text}")

    def components(self, directory: Path) -> Components:
        """What the manifest of the package lists."""
        from provisioner.source.manifest_reader import read_manifest

        package: PackageZip = self._package.get("", lambda: self._read(directory))
        types = read_manifest(package.manifest, MANIFEST).types
        return of_manifest({each.name: [m.name for m in each.members] for each in types})

    def start(self, context: StepContext) -> Outcome:
        """Send the zip that `inputs` has read."""
        body = self._body.get("", lambda: self._make_body(context.directory))
        return deployment.start(context, body, ANSWERS)

    def poll(self, context: StepContext, state: RequestState) -> Outcome:
        """The status of the deploy. Raises StepFailed with a line for each failed component."""
        if isinstance(state, StartAgain):
            return self.start(context)
        return deployment.poll(context, state, ANSWERS)

    def read_state(self, text: str) -> RequestState:
        """The id of the deploy. Any other text starts the step again, which is safe."""
        return deployment.read_state(text)

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The names and contents in the zip. Raises PackageZipError when it cannot be read."""
        package = self._package.fresh("", lambda: self._read(directory))
        self._body.forget()
        yield package.digest.encode()

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The zip."""
        package = self._package.get("", lambda: self._read(directory))
        yield self.zip.as_posix(), package.digest.encode()

    def _read(self, directory: Path) -> PackageZip:
        try:
            return read_package_zip(directory / self.zip)
        except PackageZipError as error:
            raise PackageZipError(f"{self.zip}: {error.message}") from None

    def _make_body(self, directory: Path) -> DeployBody:
        package = self._package.get("", lambda: self._read(directory))
        options = {**self.deploy_options(), "singlePackage": not package.folder}
        return deploy_body(on_disk(package.write_zip), options)


def _wrong_manifest(package: PackageZip) -> Iterable[str]:
    """What is wrong with package.xml."""
    from provisioner.source.manifest_reader import read_manifest
    from provisioner.source.problems import Refusal

    name = f"{package.folder}/package.xml" if package.folder else "package.xml"
    try:
        read_manifest(package.manifest, name)
    except Refusal as refusal:
        yield str(refusal.problem)
