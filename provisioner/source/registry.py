"""The metadata types: suffix, folder, family and children of each.

The data is in `registry.json`, which `scripts/update-registry` makes from the official converter's
npm package. A project may change it by presets and customisations (`sourceBehaviorOptions`,
`registryCustomizations`).
Source: docs/reference/source-format.md#registry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

MAPS = ("types", "suffixes", "strictDirectoryNames", "childTypes")
Raw = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class MetadataType:
    """One metadata type. Its strategies are the rules for reading and writing its files.

    `adapter`: how files become a component; `transformer`: how a component becomes files of
    the package; `decomposition`, `recomposition`: how its children are stored and composed.
    """

    id: str
    name: str
    directory: str
    suffix: str = ""
    legacy_suffix: str = ""
    meta_file_suffix: str = ""
    is_in_folder: bool = False
    is_strict: bool = False  # its files must be in a folder with the type's own name
    adapter: str = ""
    transformer: str = ""
    decomposition: str = ""
    recomposition: str = ""
    folder_type: str = ""
    folder_content_type: str = ""
    alias_for: str = ""
    ignores_parsed_full_name: bool = False
    ignores_parent_name: bool = False
    is_addressable: bool = True  # may be in package.xml
    unaddressable_without_parent: bool = False
    unique_id_element: str = ""
    xml_element_name: str = ""
    children: Mapping[str, MetadataType] = field(default_factory=dict)
    child_suffixes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def element(self) -> str:
        """The element of the parent's XML that contains one child of this type."""
        return self.xml_element_name or self.directory

    @cached_property
    def root_suffixes(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.suffix, self.legacy_suffix)))

    @cached_property
    def path_ends(self) -> tuple[str, ...]:
        """The end of a path in this type's strict folder (the dot is not compared)."""
        kinds = (self, *self.children.values())
        suffixes = [suffix for kind in kinds for suffix in kind.root_suffixes]
        return tuple(end for suffix in suffixes for end in (suffix, f"{suffix}-meta.xml"))

    @cached_property
    def is_always_in_folder(self) -> bool:
        """Every file in its strict folder is of this type, whatever its name."""
        return self.adapter in ("mixedContent", "bundle", "uiBundles")


class RegistryError(ValueError):
    """The presets or customisations of a project are invalid."""


class Registry:
    """All types, looked up by name, by suffix of a file, and by strict folder."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._types: dict[str, MetadataType] = {}
        self.suffixes: Mapping[str, str] = raw["suffixes"]
        self.parents: Mapping[str, str] = raw["childTypes"]

    def type(self, type_id: str) -> MetadataType:
        """The type of this id; an alias is not resolved."""
        if type_id not in self._types:
            try:
                self._types[type_id] = _type(type_id, self._raw["types"][type_id])
            except KeyError as missing:
                raise RegistryError(f"metadata type {type_id} has no {missing}") from None
        return self._types[type_id]

    def by_name(self, name: str) -> MetadataType:
        """The type or child type of this name; case does not count."""
        type_id = name.lower().strip()
        if type_id in self.parents:
            parent = self.type(self.parents[type_id])
            if type_id in parent.children:
                return parent.children[type_id]
            raise RegistryError(f"metadata type {parent.name} has no child {name}")
        found = self.type(type_id)
        return self.type(found.alias_for) if found.alias_for else found

    def by_suffix(self, suffix: str) -> MetadataType | None:
        """The type that the index has for a suffix; several types may use the same one."""
        type_id = self.suffixes.get(suffix)
        return self.by_name(type_id) if type_id else None

    def parent_of(self, kind: MetadataType) -> MetadataType | None:
        parent = self.parents.get(kind.id)
        return self.type(parent) if parent else None

    @cached_property
    def strict_types(self) -> tuple[MetadataType, ...]:
        """Types that own a folder, in the order in which they are tried."""
        return tuple(map(self.type, self._raw["strictDirectoryNames"].values()))

    @cached_property
    def strict_directories(self) -> frozenset[str]:
        return frozenset(kind.directory for kind in self.strict_types)

    @cached_property
    def folder_content_directories(self) -> tuple[str, ...]:
        """Folders whose subfolders are metadata: dashboards, documents, email, reports."""
        return tuple(
            raw["directoryName"]
            for raw in self._raw["types"].values()
            if raw.get("folderContentType") and not raw.get("aliasFor")
        )

    def folder_type_of(self, directory: str) -> MetadataType | None:
        """The type that describes the subfolders of `directory`."""
        for type_id, raw in self._raw["types"].items():
            if raw["directoryName"] == directory and not raw.get("inFolder"):
                found = self.type(type_id)
                return self.type(found.alias_for) if found.alias_for else found
        return None

    @cached_property
    def slashed_folders(self) -> frozenset[str]:
        """Folder types whose members end with a slash in package.xml."""
        return frozenset(self._raw["slashedFolders"])

    @cached_property
    def any_file_types(self) -> tuple[MetadataType, ...]:
        """Types whose content files are identified by their folder alone."""
        return tuple(map(self.by_name, self._raw["anyFileTypes"]))


def load(presets: Iterable[str] = (), customizations: Raw | None = None) -> Registry:
    """The registry of a project: the published table, then presets in order, then its own entries.

    An entry replaces the whole entry of the same key; an empty text removes a suffix, strict
    folder or child. Raises RegistryError, which lists the known presets.
    """
    table = _table()
    layers: list[Raw] = [table, *_presets(table, presets), customizations or {}]
    merged = {name: dict(table[name]) for name in MAPS}
    for name, layer in ((name, layer) for layer in layers[1:] for name in MAPS):
        merged[name].update(layer.get(name) or {})
    for name in MAPS[1:]:
        merged[name] = {key: value for key, value in merged[name].items() if value != ""}
    return Registry(
        {**merged, "anyFileTypes": table["anyFileTypes"], "slashedFolders": table["slashedFolders"]}
    )


def _presets(table: Mapping[str, Any], names: Iterable[str]) -> Iterator[Raw]:
    known: Mapping[str, Raw] = table["presets"]
    for name in dict.fromkeys(names):
        if name not in known:
            raise RegistryError(f"no preset {name!r}; known presets: {', '.join(known)}")
        yield known[name]


@cache
def _table() -> Mapping[str, Any]:
    table: dict[str, Any] = json.loads(Path(__file__).with_name("registry.json").read_bytes())
    return table


def _type(type_id: str, raw: Mapping[str, Any]) -> MetadataType:
    strategies = raw.get("strategies") or {}
    children = raw.get("children") or {}
    return MetadataType(
        id=type_id,
        name=raw["name"],
        directory=raw["directoryName"],
        suffix=raw.get("suffix", ""),
        legacy_suffix=raw.get("legacySuffix", ""),
        meta_file_suffix=raw.get("metaFileSuffix", ""),
        is_in_folder=raw.get("inFolder", False),
        is_strict=raw.get("strictDirectoryName", False),
        adapter=_adapter(strategies),
        transformer=strategies.get("transformer", ""),
        decomposition=strategies.get("decomposition", ""),
        recomposition=strategies.get("recomposition", ""),
        folder_type=raw.get("folderType", ""),
        folder_content_type=raw.get("folderContentType", ""),
        alias_for=raw.get("aliasFor", ""),
        ignores_parsed_full_name=raw.get("ignoreParsedFullName", False),
        ignores_parent_name=raw.get("ignoreParentName", False),
        is_addressable=raw.get("isAddressable", True),
        unaddressable_without_parent=raw.get("unaddressableWithoutParent", False),
        unique_id_element=raw.get("uniqueIdElement", ""),
        xml_element_name=raw.get("xmlElementName", ""),
        children={key: _type(key, child) for key, child in children.get("types", {}).items()},
        child_suffixes=children.get("suffixes", {}),
    )


def _adapter(strategies: Mapping[str, str]) -> str:
    adapter = strategies.get("adapter", "")
    return "" if adapter == "default" else adapter
