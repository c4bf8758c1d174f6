"""Compares package.xml with the files of the zip, as the platform does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from provisioner.emulator.metadata.archive import Archive
from provisioner.emulator.metadata.component_types import CHILD_ELEMENTS
from provisioner.emulator.metadata.components import Component, Contents, read_components
from provisioner.emulator.metadata.manifest import (
    Manifest,
    Member,
    plain_name,
    read_manifest,
)
from provisioner.emulator.metadata.problems import Outcome, Problem

PACKAGE_XML = "package.xml"
_FILELESS = frozenset({"unfiled$public"})
"""Folders that are in every org and have no file."""


@dataclass
class Package:
    """One package of a zip: its location, manifest, and the components to deploy."""

    root: str  # "" or "folder/"
    manifest: Manifest
    contents: Contents
    chosen: list[Component] = field(default_factory=list)  # named by the manifest
    failures: list[Outcome] = field(default_factory=list)  # of manifest and comparison
    destructive: dict[str, Manifest] = field(default_factory=dict)  # file name → manifest


def read_packages(archive: Archive, *, single: bool, allow_missing: bool) -> list[Package]:
    """The packages of a zip: with `single` the zip itself, else each top folder."""
    roots = [""] if single else _top_folders(archive)
    return [_read_package(archive, root, allow_missing) for root in roots]


def _top_folders(archive: Archive) -> list[str]:
    folders = {path.partition("/")[0] + "/" for path in archive if "/" in path}
    return sorted(folders) or [""]


def _read_package(archive: Archive, root: str, allow_missing: bool) -> Package:
    if root + PACKAGE_XML not in archive:
        package = Package(root, Manifest(), Contents())
        package.failures.append(_of_package(root, Problem(f"No {PACKAGE_XML} found")))
        return package
    manifest = read_manifest(archive.read(root + PACKAGE_XML))
    package = Package(root, manifest, read_components(archive, root))
    package.failures += [_of_package(root, problem) for problem in manifest.problems]
    _read_destructive(archive, package)
    if not package.failures:
        _compare(package, allow_missing)
    return package


def _read_destructive(archive: Archive, package: Package) -> None:
    for name in ("Pre", "", "Post"):
        file_name = f"destructiveChanges{name}.xml"
        if package.root + file_name in archive:
            manifest = read_manifest(archive.read(package.root + file_name))
            package.destructive[file_name] = manifest
            package.failures += [
                _of_package(package.root, problem, file_name) for problem in manifest.problems
            ]


def _of_package(root: str, problem: Problem, name: str = PACKAGE_XML) -> Outcome:
    return failure("", name, root + name, problem)


def failure(component_type: str, full_name: str, file_name: str, problem: Problem) -> Outcome:
    """The outcome of the component that a problem is about."""
    return Outcome(
        problem.component_type or component_type,
        problem.full_name or full_name,
        file_name,
        problem=problem.text,
        problem_type=problem.type,
        line=problem.line,
        column=problem.column,
    )


def _compare(package: Package, allow_missing: bool) -> None:
    if not allow_missing:
        package.failures += list(_missing_files(package))
    for component in package.contents.components.values():
        if _is_named(package.manifest, component):
            package.chosen.append(component)
        elif not _may_be_unnamed(component):
            package.failures.append(_not_in_package(package, component))
    for path in package.contents.strays:
        if not path.rpartition("/")[2].startswith("."):
            problem = Problem("Not in package.xml")
            package.failures.append(failure("", path, package.root + path, problem))


def _missing_files(package: Package) -> Iterator[Outcome]:
    components = package.contents.components.values()
    in_package = {(one.type, plain_name(name)) for one in components for name in _names(one)}
    for member in package.manifest.members:
        key = member.type, plain_name(member.name)
        if not member.is_wildcard and key not in in_package and member.name not in _FILELESS:
            yield _not_found(package, member)


def _not_found(package: Package, member: Member) -> Outcome:
    text = (
        f"An object '{member.name}' of type {member.type} was named in package.xml, "
        "but was not found in zipped directory"
    )
    problem = Problem(text, member.line, member.column)
    return failure(member.type, member.name, package.root + PACKAGE_XML, problem)


def _is_named(manifest: Manifest, component: Component) -> bool:
    """Whether the manifest has the component, or a parent whose file contains it."""
    if any(manifest.names(component.type, name) for name in _names(component)):
        return True
    parent = component.parent
    return parent is not None and manifest.names(parent.type, parent.full_name)


def _names(component: Component) -> tuple[str, ...]:
    """The names of a component in a manifest: documents with and without their suffix."""
    if component.type == "Document" and "." in component.full_name:
        return component.full_name, component.full_name.rpartition(".")[0]
    return (component.full_name,)


def _may_be_unnamed(component: Component) -> bool:
    """Whether it is only the container of its children, as an object of which fields come alone."""
    is_container = component.type in CHILD_ELEMENTS or component.type == "DigitalExperienceBundle"
    return is_container and not component.problems


def _not_in_package(package: Package, component: Component) -> Outcome:
    file_name = package.root + component.path
    problem = component.problems[0] if component.problems else Problem("Not in package.xml")
    return failure(component.type, component.full_name, file_name, problem)
