"""A source project, or a folder in metadata format, as a package for the Metadata API."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from provisioner.source import manifest as manifests
from provisioner.source import project
from provisioner.source.archive import Archive, Entry
from provisioner.source.component import Site
from provisioner.source.ignore import nearest
from provisioner.source.members import ComponentSet
from provisioner.source.outputs import Output, Outputs
from provisioner.source.problems import Findings, Oddity, Refusal, SourceWarning
from provisioner.source.replacements import Replacements
from provisioner.source.resolve import Resolver
from provisioner.source.second_process import SecondProcess, Tickets, can_fork
from provisioner.source.transform import transform
from provisioner.source.tree import Tree

_LARGE = 1 << 20  # a file above this size is never held in memory as a whole
_CHUNK = 1 << 18
_MANY = 500  # files of a package from which on two processes are faster than one
_TOGETHER = 16  # neighbours that the same process writes


@dataclass(frozen=True, eq=False)
class Package:
    """All that a deployment sends: package.xml at the root, files below it.

    A snapshot: what changes in the source later does not reach it. Equal sources give equal
    bytes and an equal `digest`.
    """

    manifest: bytes
    members: Mapping[str, tuple[str, ...]]  # full names by type name
    warnings: tuple[SourceWarning, ...]
    _archive: Archive = field(repr=False)

    @property
    def file_count(self) -> int:
        """How many files there are, package.xml among them."""
        return len(self._archive)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files in the package."""
        return tuple(entry.name.decode() for entry in self._archive.entries)

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
    prefer_project_version: bool = True,
) -> Package:
    """The package of an SFDX project (its root), or of a folder that has a package.xml.

    `api_version` stands in package.xml where the project has no sourceApiVersion (or always,
    with `prefer_project_version` false). `package_dirs` leaves only these package directories,
    named by path or package. `environ` serves the project's replacements; os.environ when None.

    Raises SourceError with all problems at once: what the official converter refuses, and when
    `strict` also everything that it passes over in silence.
    """
    with _without_garbage_collection():
        return _package(path, api_version, strict, package_dirs, environ, prefer_project_version)


def _package(
    path: Path,
    api_version: str,
    strict: bool,
    package_dirs: Sequence[str],
    environ: Mapping[str, str] | None,
    prefer_project_version: bool,
) -> Package:
    findings = Findings()
    tree = Tree(path)
    if not Path(path).is_dir():
        findings.refuse("usage", str(path), "there is no such folder")
    elif (Path(path) / project.FILE).is_file():
        with findings.collect():
            convert = _Conversion(tree, findings, environ if environ is not None else os.environ)
            found = convert.run(package_dirs, api_version, prefer_project_version)
    elif (Path(path) / manifests.FILE).is_file():
        with findings.collect():
            found = _metadata(tree, findings)
    else:
        findings.refuse("usage", str(path), f"it has neither {project.FILE} nor {manifests.FILE}")
    findings.raise_problems(strict=strict)
    return found


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Tens of thousands of small objects are made, none of them in a circle: do not look."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _metadata(tree: Tree, findings: Findings) -> Package:
    from provisioner.source import metadata_folder  # defusedxml is for such folders alone

    text, members, archive = metadata_folder.read(tree, findings)
    return Package(text, members, findings.warnings, archive)


class _Conversion:
    """One run over a project."""

    def __init__(self, tree: Tree, findings: Findings, environ: Mapping[str, str]) -> None:
        self._tree = tree
        self._findings = findings
        self._environ = environ
        self._replacements = Replacements((), tree, environ, findings, project.LineFinder(""))

    def run(self, only: Sequence[str], api_version: str, prefer_own: bool) -> Package:
        source = project.read(self._tree, self._findings, only)
        self._replacements = Replacements(
            source.replacements, self._tree, self._environ, self._findings, source.lines
        )
        components = ComponentSet()
        for directory in source.directories:
            path, ignore = nearest(self._tree, directory)
            if ignore.backslash_line:
                self._findings.warn(
                    Oddity.BACKSLASH,
                    path,
                    "a backslash separates no folders",
                    ignore.backslash_line,
                )
            site = Site(source.registry, self._tree, ignore, self._findings)
            for component in Resolver(site).components(directory):
                components.add(component)
        members = manifests.members_of(components, source.registry, self._findings)
        version = (source.api_version if prefer_own else "") or api_version
        text = manifests.manifest(members, version)
        archive = self._archive(
            {manifests.FILE: Output("", lambda _: text), **self._files(components)}
        )
        self._replacements.warn_of_unused()
        if not members:
            self._findings.warn(Oddity.NO_COMPONENTS, project.FILE, "no component was found")
        return Package(text, members, self._findings.warnings, archive)

    def _files(self, components: ComponentSet) -> dict[str, Output]:
        outputs = Outputs(self._findings, self._read, self._read_copy)
        for component in components:
            if not component.type.is_addressable:
                self._findings.warn(
                    Oddity.LOST_CHILDREN,
                    component.place,
                    f"left out: a {component.type.name} outside its parent's folder",
                )
                continue
            with self._findings.collect():
                transform(outputs, component)
        return outputs.files()

    def _archive(self, files: Mapping[str, Output]) -> Archive:
        """Write all files, by two processes if that is worth it: to the same bytes."""
        jobs = _jobs(files)
        archive, other = Archive(), Archive()
        if len(files) < _MANY or not can_fork():
            self._write(files, jobs, archive)
            return archive
        other.share()
        tickets = Tickets(len(jobs))
        helper = SecondProcess(lambda: self._help(files, jobs, tickets, other))
        done = []
        try:
            for number in tickets:
                self._write(files, [jobs[number]], archive)
                done.append(number)
        except BaseException:
            helper.stop()
            raise
        finally:
            tickets.close()
        answer = helper.result()
        if answer is None:
            self._write(files, [job for n, job in enumerate(jobs) if n not in done], archive)
        else:
            entries, findings, used = answer
            archive.absorb(other, entries)
            self._findings.add(findings)
            self._replacements.used |= used
        return archive

    def _help(
        self,
        files: Mapping[str, Output],
        jobs: Sequence[Sequence[str]],
        tickets: Tickets,
        archive: Archive,
    ) -> tuple[list[Entry], Findings, set[int]]:
        """In the second process: take jobs, and tell the first one what came of them."""
        for number in tickets:
            self._write(files, [jobs[number]], archive)
        archive.flush()
        return archive.entries, self._findings, self._replacements.used

    def _write(
        self, files: Mapping[str, Output], jobs: Sequence[Sequence[str]], archive: Archive
    ) -> None:
        for job in jobs:
            for name in job:
                with self._findings.collect():
                    self._add(archive, name, files[name])

    def _add(self, archive: Archive, name: str, output: Output) -> None:
        path = output.path
        if output.make:
            made = output.make(self._read)
            if isinstance(made, Archive):
                _add_stream(archive, name, path, made.chunks())
            else:
                archive.add(name, made)
            return
        data = self._raw(path, None if self._replacements.concerns(path) else _LARGE)
        if data is None:
            _add_stream(archive, name, path, self._chunks(path))
        else:
            archive.add(name, self._replacements.copied(path, data))

    def _read(self, path: str) -> bytes:
        """A file that is taken apart."""
        return self._replacements.whole(path, self._raw(path, None) or b"")

    def _read_copy(self, path: str) -> bytes:
        """A file that is copied."""
        return self._replacements.copied(path, self._raw(path, None) or b"")

    def _raw(self, path: str, most: int | None) -> bytes | None:
        try:
            return self._tree.read_up_to(path, most)
        except OSError as error:
            raise Refusal("ConversionError", path, f"it cannot be read: {error.strerror}") from None

    def _chunks(self, path: str) -> Iterator[bytes]:
        with open(self._tree.location(path), "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _jobs(files: Mapping[str, Output]) -> list[list[str]]:
    """Names that are written together; what takes longest comes first, each on its own."""
    slow = [[name] for name in sorted(files) if files[name].is_slow]
    names = [name for name in sorted(files) if not files[name].is_slow]
    together = max(_TOGETHER, len(names) // (Tickets.MOST - len(slow)) + 1)
    return [*slow, *(names[at : at + together] for at in range(0, len(names), together))]


def _add_stream(archive: Archive, name: str, path: str, chunks: Iterator[bytes]) -> None:
    try:
        archive.add_stream(name, chunks)
    except OverflowError as error:
        raise Refusal("ConversionError", path, str(error)) from None
