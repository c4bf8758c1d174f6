"""A component: the files of one member of a package, found in the source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.source.ignore import Ignore
from provisioner.source.problems import Findings
from provisioner.source.registry import MetadataType, Registry
from provisioner.source.tree import Tree, join, split

META = "-meta.xml"
_META_FILE = re.compile(r"(.+)\.(.+)-meta\.xml")


def meta_name(name: str) -> tuple[str, str] | None:
    """Name and suffix from `Name.suffix-meta.xml`; None for any other file."""
    if META not in name:
        return None
    stem = name.removesuffix(META)
    start, _, suffix = stem.rpartition(".")
    if start and suffix and stem is not name:
        return start, suffix
    match = _META_FILE.search(name)
    return (match[1], match[2]) if match else None


def folder_meta_name(name: str) -> str:
    """`Sales` from `Sales-meta.xml`, the meta file of a folder; "" for any other file."""
    stem = name.removesuffix(META)
    return "" if stem == name or "." in stem else stem


def short_name(path: str) -> str:
    """The last part of a path, up to its first dot."""
    return split(path)[1].partition(".")[0]


def extension(name: str) -> str:
    """The text after the last dot; "" if the only dot is the first character."""
    stem, dot, end = name.rpartition(".")
    return end if dot and stem else ""


def last_index(parts: list[str], part: str) -> int:
    """The last index of `part` in `parts`; -1 if it is not there."""
    return len(parts) - 1 - parts[::-1].index(part) if part in parts else -1


@dataclass(frozen=True, eq=False)
class Site:
    """One package directory: its files, what is excluded from it, and where findings go."""

    registry: Registry
    tree: Tree
    ignore: Ignore
    findings: Findings

    _denied: dict[str, frozenset[str]] = field(default_factory=dict)
    _by_short_name: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def denied(self, folder: str) -> frozenset[str]:
        """The names in a folder that `.forceignore` excludes."""
        found = self._denied.get(folder)
        if found is None:
            listed = self.tree.folder(folder)
            found = self.ignore.denied(folder, listed.names, listed.folders)
            self._denied[folder] = found
        return found

    def denies(self, path: str) -> bool:
        """Whether `.forceignore` excludes a path, which need not exist."""
        folder, name = split(path)
        if name in self.tree.folder(folder).known:
            return name in self.denied(folder)
        return self.ignore.denies(path, is_folder=True)

    def entries(self, folder: str) -> Iterator[str]:
        """The names in a folder that may be read; others are refused if the package needs them."""
        listed = self.tree.folder(folder)
        if not listed.unreadable:
            yield from listed.names
            return
        for name in listed.names:
            if name not in listed.unreadable:
                yield name
            elif name not in self.denied(folder):
                self.findings.refuse("unreadable", join(folder, name), listed.unreadable[name])

    def by_short_name(self, folder: str) -> Mapping[str, Sequence[str]]:
        """The entries of a folder, by their names up to the first dot."""
        found = self._by_short_name.get(folder)
        if found is None:
            found = self._by_short_name[folder] = {}
            for name in self.entries(folder):
                found.setdefault(name.partition(".")[0], []).append(name)
        return found

    def files_below(self, path: str) -> Iterator[str]:
        """All files below a folder that are not excluded; for a file, the file itself."""
        if not self.tree.is_folder(path):
            yield path
            return
        denied = self.denied(path)
        folders = self.tree.folder(path).folders
        for name in self.entries(path):
            if name in denied:
                continue
            if name in folders:
                yield from self.files_below(f"{path}/{name}" if path else name)
            else:
                yield f"{path}/{name}" if path else name


@dataclass(eq=False, slots=True)
class Component:
    """One component: `xml` is its meta file, `content` the file or folder beside it."""

    type: MetadataType
    name: str
    site: Site
    xml: str = ""
    content: str = ""
    parent: Component | None = None
    parent_type: MetadataType | None = None
    full_name: str = field(init=False, default="")
    children: tuple[Component, ...] | None = None  # None until they have been searched for

    def __post_init__(self) -> None:
        if self.type.ignores_parsed_full_name:
            self.full_name = self.type.name
        elif self.parent is None or self.type.ignores_parent_name:
            self.full_name = self.name
        else:
            self.full_name = f"{self.parent.full_name}.{self.name}"

    @property
    def key(self) -> str:
        """Type and full name as one text, which is unique in a package."""
        return f"{self.type.id}#{self.full_name}"

    @property
    def location(self) -> str:
        """The file that messages name for this component."""
        return self.xml or self.content

    def content_files(self) -> Iterator[str]:
        """Its files without the meta file."""
        if self.content:
            yield from (path for path in self.site.files_below(self.content) if path != self.xml)
