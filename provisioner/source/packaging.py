"""The package of a source project, or of a folder that is in metadata format already."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from provisioner import children
from provisioner.archive import Archive
from provisioner.source import deletions, manifest, metadata_folder, project
from provisioner.source.conversion import Parts, Request, convert
from provisioner.source.manifest import Members
from provisioner.source.origins import Origin, Origins
from provisioner.source.problems import Findings, Refusal, SourceWarning
from provisioner.source.registry import RegistryError
from provisioner.source.tree import Tree


@dataclass(frozen=True, eq=False)
class Package:
    """All that a deployment sends: package.xml at the root, files below it.

    A snapshot: what changes in the source later does not reach it. Equal sources give equal
    bytes and an equal `digest`.
    """

    manifest: bytes
    members: Members  # full names by type name
    warnings: tuple[SourceWarning, ...]
    deletions: Mapping[str, Members]  # of `delete_before` and `delete_after`, by manifest
    _archive: Archive = field(repr=False)
    _origins: Origins = field(repr=False)

    @property
    def file_count(self) -> int:
        """How many files there are, package.xml among them."""
        return len(self._archive.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files in the package."""
        return self._archive.names

    @property
    def deletes(self) -> bool:
        """Whether a deployment may take something away."""
        return not set(deletions.NAMES).isdisjoint(self.names)

    def origin(self, name: str, full_name: str = "", component_type: str = "") -> Origin | None:
        """Where a file of the package comes from, or what in it an org speaks of."""
        return self._origins.find(name, full_name, component_type)

    def digest(self) -> str:
        """SHA-256 over names and contents, in hexadecimal; equal for equal sources."""
        return self._archive.digest()

    def write_zip(self, file: BinaryIO) -> None:
        """Write the package as a zip; the file need not be seekable."""
        self._archive.write_zip(file)

    def write_folder(self, path: Path) -> None:
        """Write the package as a folder in metadata format, over what may be there."""
        self._archive.write_folder(path)


def package(
    path: Path,
    *,
    api_version: str,
    strict: bool = False,
    package_dirs: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    secret_variables: Collection[str] = (),
    prefer_project_version: bool = True,
    delete_before: Path | None = None,
    delete_after: Path | None = None,
) -> Package:
    """The package of an SFDX project (its root), or of a folder that has a package.xml.

    `api_version` stands in package.xml where the project has no sourceApiVersion (or always,
    with `prefer_project_version` false). `package_dirs` leaves only these package directories,
    named by path or package. `environ` serves the project's replacements; os.environ when None.
    Of it they see neither `secret_variables` nor anything else that holds a secret.
    `delete_before` and `delete_after` are manifests of what the org loses before and after the
    deployment; they become destructiveChangesPre.xml and destructiveChangesPost.xml.

    Raises SourceError with all problems at once: what the official converter refuses, and when
    `strict` also everything that it passes over in silence.
    """
    findings = Findings()
    parts: Parts | None = None
    environ = os.environ if environ is None else environ
    with findings.collect():
        wanted = {deletions.BEFORE: delete_before, deletions.AFTER: delete_after}
        request = Request(
            api_version,
            prefer_project_version,
            package_dirs,
            environ,
            _hidden(environ, secret_variables),
            deletions.read_all(wanted, findings),
        )
        parts = _parts(Path(path), findings, request)
    findings.raise_problems(strict=strict)
    if parts is None:
        raise AssertionError("nothing was refused, and there is no package")
    return Package(
        parts.manifest,
        parts.members,
        findings.warnings,
        parts.deletions,
        parts.archive,
        parts.origins,
    )


def _hidden(environ: Mapping[str, str], secret_variables: Collection[str]) -> frozenset[str]:
    """The variables that replacements must not see: those that no program sees, either."""
    seen = children.environment(environ, secret_variables)
    return frozenset(secret_variables) | (environ.keys() - seen.keys())


def _parts(path: Path, findings: Findings, request: Request) -> Parts | None:
    if os.path.lexists(path / project.FILE):
        try:
            return convert(Tree(path), findings, request)
        except RegistryError as error:
            raise Refusal("RegistryError", project.FILE, str(error)) from None
    if os.path.lexists(path / manifest.FILE):
        tree = Tree(path)
        return metadata_folder.read(tree, findings, request.deletions, request.api_version)
    if not path.is_dir():
        findings.refuse("usage", str(path), "there is no such folder")
        return None
    message = f"it has neither {project.FILE} nor {manifest.FILE}"
    above = next((f for f in path.resolve().parents if (f / project.FILE).is_file()), None)
    if above:
        message += f"; is the project around it meant, {above}?"
    findings.refuse("usage", str(path), message)
    return None
