"""Finds the components of a package directory: which files are metadata, and of what type.

The rules are those of docs/reference/source-format.md#from-folders-to-components. The official
converter tests absolute paths, so that a folder named `objects` above the project changes the
result; here a path starts at the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from provisioner.source.adapters import ADAPTERS
from provisioner.source.component import (
    META,
    Component,
    Site,
    extension,
    folder_meta_name,
    last_index,
    meta_name,
)
from provisioner.source.problems import Refusal, WarningKind
from provisioner.source.registry import MetadataType, Registry
from provisioner.source.roots import WITHOUT_SEPARATE_CONTENT
from provisioner.source.tree import join, split


@dataclass(frozen=True, eq=False)
class Location:
    """A folder, and the types that its path gives to the entries in it."""

    registry: Registry
    path: str

    @cached_property
    def parts(self) -> list[str]:
        return self.path.split("/") if self.path else []

    @cached_property
    def strict_types(self) -> tuple[MetadataType, ...]:
        return self._strict_types(self.parts)

    def _strict_types(self, parts: list[str]) -> tuple[MetadataType, ...]:
        own_name = self.parts[-1] if self.parts else ""
        return tuple(
            kind
            for kind in self.registry.strict_types
            if kind.directory in parts and not (kind.is_in_folder and kind.directory == own_name)
        )

    @cached_property
    def folder_content_directory(self) -> str:
        """The last of dashboards, documents, email and reports in the path."""
        known = self.registry.folder_content_directories
        return next((name for name in reversed(known) if name in self.parts), "")

    @cached_property
    def any_file_type(self) -> MetadataType | None:
        return next((k for k in self.registry.any_file_types if k.directory in self.parts), None)

    def strict_type(self, name: str) -> MetadataType | None:
        """The type that owns one of the folders of a path and accepts the entry's name."""
        candidates = self.strict_types
        if name in self.registry.strict_directories:
            candidates = self._strict_types([*self.parts, name])
        for kind in candidates:
            if kind.is_always_in_folder or name.endswith(kind.path_ends):
                return kind
        return None

    def has_folder(self, directory: str, name: str) -> bool:
        return directory in self.parts or directory == name

    def type_of(self, name: str, *, is_folder: bool) -> MetadataType | None:
        """The metadata type of an entry, by the first of five rules that matches."""
        found = self.strict_type(name)
        meta = meta_name(name)
        if found is None and meta:
            found = self.registry.by_suffix(meta[1])
        if found is None and folder_meta_name(name) and self.folder_content_directory:
            found = self.registry.folder_type_of(self.folder_content_directory)
        if found is None:
            found = self.registry.by_suffix(extension(name))
            if found and found.is_strict and not self.has_folder(found.directory, name):
                found = None
        if found is None and not is_folder:
            found = self.any_file_type
        return found

    def is_content(self, name: str) -> bool:
        """Whether a file's extension matches the folders that contain it."""
        kind = self.registry.by_suffix(extension(name))
        if kind is None:
            return False
        return self.has_folder(kind.directory, name) or self.strict_type(name) is not None

    def looks_like_metadata(self, name: str) -> bool:
        return bool(
            meta_name(name)
            or self.is_content(name)
            or (folder_meta_name(name) and self.folder_content_directory)
            or self.any_file_type
        )


class Resolver:
    """Walks a package directory and yields its components."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def components(self, directory: str) -> Iterator[Component]:
        """All components below a folder, or the one that the folder itself is."""
        parent, name = split(directory)
        location = Location(self._site.registry, parent)
        if directory and self._is_component(location, name):
            component = self._resolve(location, name, is_folder=True)
            if component:
                yield component
        else:
            yield from self._walk(directory)

    def _walk(self, path: str) -> Iterator[Component]:
        """The components in a folder: first whole subfolders, then files, then deeper ones."""
        location = Location(self._site.registry, path)
        folders = self._site.tree.folder(path).folders
        names = tuple(self._site.entries(path))
        taken: set[str] = set()
        queue = []
        for name in names:
            if name in folders and self._is_component(location, name):
                yield from self._folder(location, name, taken)
            elif name in folders and not self._is_ignored_node_modules(location, name):
                queue.append(name)
        for name in names:
            if name in folders or join(path, name) in taken:
                continue
            component = self._file(location, name, taken)
            if component:
                yield component
                if self._ends_walk(component, location):
                    return
        for name in queue:
            yield from self._walk(join(path, name))

    def _folder(self, location: Location, name: str, taken: set[str]) -> Iterator[Component]:
        if self._site.tree.folder(join(location.path, name)).names:
            component = self._resolve(location, name, is_folder=True)
            if component:
                taken.add(component.xml)
                yield component

    def _file(self, location: Location, name: str, taken: set[str]) -> Component | None:
        if not location.looks_like_metadata(name):
            return None
        component = self._resolve(location, name, is_folder=False)
        if component:
            taken.add(component.content)
        return component

    def _is_component(self, location: Location, name: str) -> bool:
        """Whether a folder as a whole is one component."""
        kind = location.type_of(name, is_folder=True)
        if kind is None or kind.children:
            return False
        parts = [*location.parts, name]
        at = last_index(parts, kind.directory)
        if at < 0 or len(parts) - (2 if kind.is_in_folder else 1) <= at:
            return False
        return kind.directory not in self._site.tree.folder(join(location.path, name)).names

    def _is_ignored_node_modules(self, location: Location, name: str) -> bool:
        path = join(location.path, name)
        return location.has_folder("node_modules", name) and self._site.denies(path)

    def _resolve(self, location: Location, name: str, *, is_folder: bool) -> Component | None:
        path = join(location.path, name)
        if name in self._site.denied(location.path):
            return None
        with self._site.findings.collect():
            return self._component(location, name, path, is_folder=is_folder)
        return None

    def _component(
        self, location: Location, name: str, path: str, *, is_folder: bool
    ) -> Component | None:
        kind = location.type_of(name, is_folder=is_folder)
        if kind is None:
            if self._is_manifest(path):
                return None
            raise Refusal("TypeInferenceError", path, "no metadata type matches this file")
        if kind.adapter not in ADAPTERS:
            raise Refusal("RegistryError", path, f"{kind.name} has no known adapter {kind.adapter}")
        waits_for_meta = (
            not is_folder
            and kind.adapter not in WITHOUT_SEPARATE_CONTENT
            and not meta_name(name)
            and location.is_content(name)
        )
        if waits_for_meta:
            self._warn_without_meta(kind, path)
            return None
        return ADAPTERS[kind.adapter](self._site, kind, path)

    def _warn_without_meta(self, kind: MetadataType, path: str) -> None:
        """Skip a content file; its meta file leads to it, if there is one."""
        meta = f"{path}{META}"
        if kind.adapter == "matchingContentFile" and not self._site.tree.exists(meta):
            self._site.findings.warn(
                WarningKind.CONTENT_WITHOUT_META, path, f"left out: the {kind.name} has no {meta}"
            )
        elif kind.adapter == "matchingContentFile" and self._site.denies(meta):
            self._site.findings.warn(
                WarningKind.META_IGNORED, path, f"left out: .forceignore excludes {meta}"
            )

    def _is_manifest(self, path: str) -> bool:
        if not path.endswith(".xml") or path.endswith(META):
            return False
        return path.endswith("package.xml") or b"<Package xmlns" in self._site.tree.read(path)

    def _ends_walk(self, component: Component, location: Location) -> bool:
        """A component of a strict type in its own folder, to which all subfolders belong."""
        kind = component.type
        parts = location.parts[:-1] if kind.is_in_folder else location.parts
        return kind.is_strict and parts[-1:] != [kind.directory]
