"""From the files of a package to its components: type, full name, files, parsed XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from provisioner.emulator.metadata.archive import Archive
from provisioner.emulator.metadata.component_types import (
    CHILD_ELEMENTS,
    FOLDER_MEMBERS,
    NAMED_BY_THEMSELVES,
    ComponentType,
    types_in_folder,
)
from provisioner.emulator.metadata.problems import Problem
from provisioner.emulator.metadata.xml_tree import Element, XmlProblem, parse

META = "-meta.xml"
MODELS = "territory2Models"
"""The folder with a folder for each territory model, which contains the files of its parts.

Source: "Territory2" and "Territory2Rule" in the Metadata API Developer Guide.
"""
PARTS_OF_MODELS = ("rules", "territories")


@dataclass
class Component:
    """One component of a package, or a child in the file of its parent."""

    type: str
    full_name: str
    path: str  # of its main file, in the package
    paths: list[str] = field(default_factory=list)  # all its files
    element: Element | None = None  # its XML: the whole file, or the child's element
    parent: Component | None = None
    problems: list[Problem] = field(default_factory=list)
    body: bytes = b""  # Apex and other text beside the -meta.xml

    @property
    def name(self) -> str:
        """The last part of the full name, `F__c` of `X__c.F__c`."""
        return self.full_name.rpartition(".")[2] if self.parent else self.full_name

    @property
    def key(self) -> tuple[str, str]:
        """Type and full name."""
        return self.type, self.full_name

    def problem(self, text: str, at: Element | None = None) -> None:
        """Note an error at an element (default: the component's own)."""
        where = at or self.element
        line, column = (where.line, where.column) if where else (0, 0)
        self.problems.append(Problem(text, line, column))


@dataclass
class Contents:
    """The content of a package's files."""

    components: dict[tuple[str, str], Component] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)  # files of no known type

    def take(self, component: Component) -> Component:
        """Add a component, or add files to an existing one."""
        known = self.components.get(component.key)
        if known is None:
            self.components[component.key] = component
            return component
        known.paths += component.paths
        return known


def read_components(archive: Archive, root: str) -> Contents:
    """The components below `root` ("" or "folder/"), XML parsed, children separated."""
    contents = Contents()
    for path in sorted(archive):
        relative = path[len(root) :]
        if path.startswith(root) and "/" in relative:
            _add_file(relative, contents)
    for component in list(contents.components.values()):
        if component.parent is not None:
            continue
        _load(component, archive, root)
        for child in children_of(component):
            contents.take(child)
    return contents


def _add_file(path: str, contents: Contents) -> None:
    """Find the component that a file belongs to."""
    rest = path.partition("/")[2]
    for kind in _types_of(path):
        full_name = _full_name(kind, rest)
        if full_name:
            contents.take(Component(_addressed(kind), full_name, path, [path]))
            if kind.name == "DigitalExperienceBundle":
                _add_experience(full_name, path, contents)
            return
    contents.strays.append(path)


def _types_of(path: str) -> tuple[ComponentType, ...]:
    """The types that a file may be of, by its folder."""
    parts = path.split("/")
    if parts[0] == MODELS and len(parts) > 3:
        return tuple(kind for kind in types_in_folder(parts[2]) if kind.kind == "model")
    return types_in_folder(parts[0])


def _add_experience(bundle: str, path: str, contents: Contents) -> None:
    """`digitalExperiences/site/X/type/name/…` also belongs to `site/X.type/name`."""
    parts = path.split("/")
    if len(parts) > 5:
        name = f"{bundle}.{parts[3]}/{parts[4]}"
        parent = contents.components["DigitalExperienceBundle", bundle]
        contents.take(Component("DigitalExperience", name, path, [path], parent=parent))


def _addressed(kind: ComponentType) -> str:
    return FOLDER_MEMBERS.get(kind.name, kind.name)


def _full_name(kind: ComponentType, rest: str) -> str:
    """The full name of the component of a file below a type's folder; "" if it has none."""
    parts = rest.split("/")
    if ".." in parts or "" in parts:
        return ""
    if kind.kind == "folder":
        return _folder_name(parts)
    if kind.kind == "bundle":
        return parts[0] if len(parts) > 1 else ""
    if kind.kind == "site":
        return _site_name(kind, parts)
    if kind.folder in PARTS_OF_MODELS and kind.kind == "model":
        return _part_name(kind, parts)
    return _file_name(kind, parts)


def _part_name(kind: ComponentType, parts: list[str]) -> str:
    """`X/rules/Y.territory2Rule` is `X.Y`."""
    name = _file_name(kind, parts[2:]) if len(parts) == 3 else ""
    return f"{parts[0]}.{name}" if name else ""


def _folder_name(parts: list[str]) -> str:
    last = parts[-1]
    is_folder = last.endswith(META) and "." not in last[: -len(META)]
    return "/".join([*parts[:-1], last[: -len(META)]]) if is_folder else ""


def _site_name(kind: ComponentType, parts: list[str]) -> str:
    if kind.name == "DigitalExperienceBundle":
        return "/".join(parts[:2]) if len(parts) > 2 else ""
    return parts[0].removesuffix(META).removesuffix(".site")


def _file_name(kind: ComponentType, parts: list[str]) -> str:
    """Plain files, bodies with their `-meta.xml`, and files in folders."""
    last = parts[-1].removesuffix(META) if kind.has_content else parts[-1]
    if kind.name == "Document":
        return "/".join([*parts[:-1], last]) if len(parts) > 1 and "." in last else ""
    if not last.endswith("." + kind.suffix):
        return ""
    stem = last[: -len(kind.suffix) - 1]
    return "/".join([*parts[:-1], stem]) if kind.is_in_folder else stem


def _load(component: Component, archive: Archive, root: str) -> None:
    """Parse a component's XML and keep its text body."""
    main = next((path for path in component.paths if not path.endswith(META)), component.path)
    component.path = main
    described = _xml_path(component)
    if component.type in ("ApexClass", "ApexTrigger"):
        component.body = archive.read(root + main) if main in component.paths else b""
    if described is None:
        return
    try:
        component.element = parse(archive.read(root + described))
    except XmlProblem as error:
        component.path = described
        text = f"Error parsing file: {error.message}"
        component.problems.append(Problem(text, error.line, error.column))


def _xml_path(component: Component) -> str | None:
    """Which of a component's files is its description."""
    metas = [path for path in component.paths if path.endswith(META)]
    types = _types_of(component.path)
    kinds = [kind for kind in types if _addressed(kind) == component.type]
    if any(kind.kind in ("file", "model") for kind in kinds):
        return component.path
    return metas[0] if metas else None


def children_of(component: Component) -> Iterator[Component]:
    """The children in the file of a component; notes those without a name on it."""
    kinds = CHILD_ELEMENTS.get(component.type, {})
    if component.element is None:
        return
    for element in component.element.children:
        child_type = kinds.get(element.name)
        name = element.value("fullName")
        if child_type is None:
            continue
        if not name:
            text = f"element fullName missing for a child of type {child_type}"
            component.problem(text, element)
            continue
        by_itself = child_type in NAMED_BY_THEMSELVES
        full_name = name if by_itself else f"{component.full_name}.{name}"
        yield Component(child_type, full_name, component.path, element=element, parent=component)
