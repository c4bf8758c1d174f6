"""`deploy_source`: a source project, or a folder in metadata format, deployed to the org."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from provisioner.declare.options import Finding, option
from provisioner.salesforce.deploy_body import DeployBody, deploy_body
from provisioner.steps import deployment
from provisioner.steps.base import Outcome, StartAgain, StepContext, StepFailed
from provisioner.steps.cached_input import CachedInput, cached_input
from provisioner.steps.components import Components, of_manifest
from provisioner.steps.deploy_options import DeployOptions
from provisioner.steps.deployment import Answers
from provisioner.steps.destructive_changes import DestructiveChanges
from provisioner.steps.package_file import on_disk
from provisioner.steps.package_project import PROJECT_FILE
from provisioner.steps.package_size import too_large
from provisioner.steps.remote_request import RequestState

if TYPE_CHECKING:
    from provisioner.salesforce.metadata import ComponentProblem
    from provisioner.source import Package

ANY_VERSION = "0.0"  # in package.xml where the project names no API version
WARNINGS_SHOWN = 5
SPLIT = "split it into several deploy_source steps with different package_dirs or folders"


@dataclass(frozen=True, kw_only=True)
class DeploySource(DeployOptions):
    """Deploys a project with sfdx-project.json, or a folder with package.xml.

    Safe to run twice: a second deploy of the same package changes nothing. For a component that
    is to be deleted and does not exist Salesforce gives a warning, therefore a deploy that deletes
    ignores warnings. The project is converted once, for all orgs; the zip is on the disk.
    """

    kind: ClassVar[str] = "deploy_source"
    shorthand: ClassVar[str] = "path"

    path: Path = option("the project, or a folder in metadata format", path="folder", example=".")
    strict: bool = option("treat warnings of the conversion as errors", default=False)
    package_dirs: tuple[str, ...] = option(
        "the package directories to deploy, by path or package name; by default all",
        default=(),
        example="[force-app]",
    )
    destructive_changes: DestructiveChanges | None = option(
        "manifests of what is deleted before and after the deploy", default=None
    )

    secret_variables: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    """Those of pool.yaml: replacements in the project cannot read them."""

    _package: CachedInput = cached_input()
    _body: CachedInput = cached_input()

    def check(self, directory: Path) -> Iterable[Finding]:
        """Convert the source: all problems, and the first few warnings."""
        from provisioner.source import SourceError

        yield from self.check_options()
        try:
            package = self._package.checked(ANY_VERSION, lambda: self._convert(directory))
        except SourceError as error:
            for problem in error.problems:
                found = self._changes.finding(problem, directory)
                yield found or Finding("path", str(problem))
            return
        yield from _warnings(package)
        yield from self._changes.warnings(package)
        yield from (Finding("path", text) for text in self._too_large(package))

    def components(self, directory: Path) -> Components:
        """What the manifest of the package lists."""
        members = self._made(directory).members
        is_project = (directory / self.path / PROJECT_FILE).is_file()
        return Components(members) if is_project else of_manifest(members)

    def start(self, context: StepContext) -> Outcome:
        """Send the package that `inputs` has read."""
        version = context.org.api_version
        body = self._body.get(version, lambda: self._make_body(context.directory, version))
        return deployment.start(context, body, self._answers(context.directory))

    def poll(self, context: StepContext, state: RequestState) -> Outcome:
        """The status of the deploy. Raises StepFailed with a line for each failed component."""
        if isinstance(state, StartAgain):
            return self.start(context)
        return deployment.poll(context, state, self._answers(context.directory))

    def read_state(self, text: str) -> RequestState:
        """The id of the deploy. Any other text starts the step again, which is safe."""
        return deployment.read_state(text)

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The digest of the package. Raises SourceError with all problems of the source."""
        package = self._package.fresh(ANY_VERSION, lambda: self._convert(directory))
        self._body.forget()
        yield package.digest().encode()

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The files of the source."""
        for path, digest in self._made(directory).sources():
            yield (self.path / path).as_posix(), digest

    @property
    def _changes(self) -> DestructiveChanges:
        return self.destructive_changes or DestructiveChanges()

    def _convert(self, directory: Path, api_version: str = ANY_VERSION) -> Package:
        from provisioner.source import package

        keys = self._changes.keys
        return package(
            directory / self.path,
            api_version=api_version,
            strict=self.strict,
            package_dirs=self.package_dirs,
            secret_variables=self.secret_variables,
            delete_before=directory / keys["before"] if "before" in keys else None,
            delete_after=directory / keys["after"] if "after" in keys else None,
        )

    def _made(self, directory: Path) -> Package:
        made: Package = self._package.get(ANY_VERSION, lambda: self._convert(directory))
        return made

    def _answers(self, directory: Path) -> Answers:
        """Describes a component with the file of the source that it comes from."""
        from provisioner.source import SourceError

        def describe(problem: ComponentProblem) -> str:
            manifest = self._changes.files.get(problem.file)
            if manifest:
                return problem.line_at(str(manifest), is_same=False)
            try:
                made = self._made(directory)
            except SourceError:  # the source was changed after the deploy was sent
                return str(problem)
            origin = made.origin(problem.file, problem.full_name, problem.component_type)
            if origin is None:
                return str(problem)
            return problem.line_at(str(self.path / origin.path), is_same=origin.is_copy)

        return Answers(describe, keeps_warnings=True)

    def _make_body(self, directory: Path, api_version: str) -> DeployBody:
        package = self._made(directory).with_version(ANY_VERSION, api_version)
        for text in self._too_large(package):  # the check reads other files where they change
            raise StepFailed(f"{self.path}: {text}", hint=SPLIT)
        options = self.deploy_options(ignore_warnings=package.deletes)
        return deploy_body(on_disk(package.write_zip), options)

    def _too_large(self, package: Package) -> Iterator[str]:
        def shown(name: str) -> str:
            origin = package.origin(name)
            return origin.path if origin else name

        return too_large(package.zip_size, package.sizes, shown)


def _warnings(package: Package) -> Iterator[Finding]:
    for warning in package.warnings[:WARNINGS_SHOWN]:
        yield Finding("path", f"{warning.file}:{warning.line}: {warning.message}", is_warning=True)
    more = len(package.warnings) - WARNINGS_SHOWN
    if more > 0:
        text = f"{more} more warnings of this kind; `provisioner source convert` shows all"
        yield Finding("path", text, is_warning=True)
