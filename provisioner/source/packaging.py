"""Makes the package of a source project, or of a folder in metadata format."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

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
    """Everything that a deployment sends: package.xml and all other files.

    A snapshot: later changes in the source do not affect it. Equal sources give equal bytes
    and an equal `digest`.
    """

    manifest: bytes
    members: Members  # full names by type name
    warnings: tuple[SourceWarning, ...]
    deletions: Mapping[str, Members]  # of `delete_before` and `delete_after`, by manifest
    _archive: Archive = field(repr=False)
    _origins: Origins = field(repr=False)

    @property
    def file_count(self) -> int:
        """The number of files, including package.xml."""
        return len(self._archive.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files in the package."""
        return self._archive.names

    @property
    def sizes(self) -> Mapping[str, tuple[int, int]]:
        """The size of each file in the zip and uncompressed, in bytes."""
        return self._archive.sizes

    @property
    def zip_size(self) -> int:
        """The size of the zip, in bytes."""
        self._archive.close()
        return self._archive.size

    @property
    def deletes(self) -> bool:
        """Whether a deployment may delete components."""
        return not set(deletions.NAMES).isdisjoint(self.names)

    def origin(self, name: str, full_name: str = "", component_type: str = "") -> Origin | None:
        """The source of a file of the package, or of a component in it."""
        return self._origins.find(name, full_name, component_type)

    def sources(self) -> Iterator[tuple[str, bytes]]:
        """The path of the source and SHA-256 of each file of the package.

        Of a file composed of several, it is their folder. package.xml has no source.
        """
        for name, digest in self._archive.digests.items():
            yield self._origins.path(name), digest

    def digest(self) -> str:
        """SHA-256 over names and contents, in hexadecimal; equal for equal sources."""
        return self._archive.digest()

    def write_zip(self, file: IO[bytes]) -> None:
        """Write the package as a zip; the file need not be seekable."""
        self._archive.write_zip(file)

    def with_version(self, written: str, api_version: str) -> Package:
        """The package with `api_version` where its manifests have the version `written`."""
        before, after = (f"<version>{one}</version>".encode() for one in (written, api_version))
        names = [name for name in (manifest.FILE, *deletions.NAMES) if name in self.names]
        found = {name: self._archive.read(name) for name in names}
        changed = {name: text.replace(before, after) for name, text in found.items()}
        if changed == found:
            return self
        archive = self._archive.with_members(changed)
        return replace(self, manifest=changed[manifest.FILE], _archive=archive)

    def write_folder(self, path: Path) -> None:
        """Write the package as a folder in metadata format; existing files are replaced."""
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

    `api_version` is the version in package.xml if the project has no sourceApiVersion (or always,
    with `prefer_project_version` false). `package_dirs` selects package directories by path or
    package name. `environ` is used for the project's replacements; os.environ if None. They
    cannot use `secret_variables`, nor any other variable that contains a secret.
    `delete_before` and `delete_after` are manifests of components to delete before and after the
    deployment; they become destructiveChangesPre.xml and destructiveChangesPost.xml.

    Raises SourceError with all problems at once: what the official converter refuses, and with
    `strict` also everything that it ignores silently.
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
    """The variables that replacements must not use; child processes do not get them, either."""
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
    findings.refuse("", str(path), _no_source(path))
    return None


def _no_source(path: Path) -> str:
    """What is wrong with a path that is not a project, and what to write instead."""
    wanted = f"write the path of an SFDX project, or of a folder with {manifest.FILE}"
    if not path.exists():
        return f"the folder does not exist; {wanted}"
    if not path.is_dir():
        return f"it is not a folder; {wanted}"
    above = next((f for f in path.resolve().parents if (f / project.FILE).is_file()), None)
    advice = f"did you mean the project {above}?" if above else wanted
    return f"the folder has neither {project.FILE} nor {manifest.FILE}; {advice}"
