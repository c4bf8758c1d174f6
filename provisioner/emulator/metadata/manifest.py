"""package.xml and destructiveChanges*.xml: members by type, and an API version."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

from provisioner.emulator.metadata.component_types import type_names
from provisioner.emulator.metadata.problems import Problem
from provisioner.emulator.metadata.xml_tree import Element, XmlProblem, parse

WILDCARD = "*"
PARTS_OF_ONE = ".*"
"""How the name of all digital experiences of one bundle ends, as in `site/Store.*`.

Source: the manifests of the tests "digitalExperienceBundle" of plugin-deploy-retrieve.
"""


@dataclass(frozen=True)
class Member:
    """One `<members>` entry, with its line and column."""

    type: str
    name: str
    line: int
    column: int

    @property
    def is_wildcard(self) -> bool:
        """Whether it names components that it does not list."""
        return self.name == WILDCARD or self._names_parts

    @property
    def _names_parts(self) -> bool:
        return self.type == "DigitalExperience" and self.name.endswith(PARTS_OF_ONE)

    def covers(self, full_name: str) -> bool:
        """Whether a wildcard covers a component of its type."""
        if self.name == WILDCARD:
            return True
        return self._names_parts and full_name.startswith(self.name.removesuffix(WILDCARD))


@dataclass
class Manifest:
    """A parsed manifest; if it has `problems`, the rest may be incomplete."""

    members: list[Member] = field(default_factory=list)
    version: str = ""
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._named: set[tuple[str, str]] = set()
        self._wildcards: dict[str, list[Member]] = {}

    def add(self, member: Member) -> None:
        """Add a member."""
        self.members.append(member)
        self._named.add((member.type, plain_name(member.name)))
        if member.is_wildcard:
            self._wildcards.setdefault(member.type, []).append(member)

    def names(self, component_type: str, full_name: str) -> bool:
        """Whether it has the component, by name (case-sensitive) or by `*`."""
        if (component_type, plain_name(full_name)) in self._named:
            return True
        return any(one.covers(full_name) for one in self._wildcards.get(component_type, ()))


def plain_name(full_name: str) -> str:
    """A full name without percent escapes and the slash that ends a folder's name."""
    return unquote(full_name).rstrip("/")


def read_manifest(data: bytes) -> Manifest:
    """Parse a manifest; its errors are in `problems`."""
    manifest = Manifest()
    try:
        root = parse(data)
    except XmlProblem as error:
        manifest.problems.append(
            Problem(f"Error parsing file: {error.message}", error.line, error.column)
        )
        return manifest
    if root.name != "Package":
        text = f"Error parsing file: Unexpected element {root.name}, expected Package"
        manifest.problems.append(Problem(text, root.line, root.column))
        return manifest
    return manifest_of(root)


def manifest_of(root: Element) -> Manifest:
    """The manifest that an element holds: the root of a file, or part of a request."""
    manifest = Manifest(version=root.value("version"))
    for types in root.every("types"):
        _read_types(types, manifest)
    return manifest


def _read_types(types: Element, manifest: Manifest) -> None:
    name = types.find("name")
    if name is None or not name.text:
        text = "Required field is missing: name"
        manifest.problems.append(Problem(text, types.line, types.column))
        return
    if name.text not in type_names():
        text = f"Unknown type name '{name.text}' specified in package.xml"
        manifest.problems.append(Problem(text, name.line, name.column))
        return
    for member in types.every("members"):
        manifest.add(Member(name.text, member.text, member.line, member.column))


def version_problem(version: str, newest: int) -> Problem | None:
    """The problem of a package's API version, compared with the org's newest one."""
    if not version:
        return Problem("Required field is missing: version")
    try:
        number = float(version)
    except ValueError:
        return Problem(f"Invalid api version:{version}")
    if number > newest or number < 7 or version != f"{int(number)}.0":
        return Problem(f"Invalid api version:{version}")
    return None
