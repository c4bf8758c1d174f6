"""The root of a component: its meta file, the name from it, and its content.

Source: docs/reference/source-format.md#adapters.
"""

from __future__ import annotations

from provisioner.source.component import (
    META,
    Component,
    Site,
    folder_meta_name,
    last_index,
    meta_name,
)
from provisioner.source.problems import Refusal
from provisioner.source.registry import MetadataType
from provisioner.source.tree import join, split

Root = tuple[str, str]  # the name from a root meta file, and its path
WITHOUT_SEPARATE_CONTENT = frozenset({"", "decomposed", "partiallyDecomposed"})
"""Adapters for which a file other than a meta file may be a whole component."""


def parsed(path: str) -> Root | None:
    found = meta_name(split(path)[1])
    return (found[0], path) if found else None


def as_root(kind: MetadataType, path: str) -> Root | None:
    """The root meta file of a component of this type, if the path is one."""
    folder, file_name = split(path)
    found = meta_name(file_name)
    if found is None:
        name = folder_meta_name(file_name) if folder else ""
        if not name and kind.adapter in WITHOUT_SEPARATE_CONTENT:
            name = metadata_format_name(kind, path)
        return (name, path) if name else None
    if kind.is_strict:
        parts = folder.split("/")
        type_folder = parts[-2:-1] if kind.is_in_folder else parts[-1:]
        is_in_type_folder = parts[-1] == found[0] or type_folder == [kind.directory]
        if found[1] not in kind.root_suffixes or not is_in_type_folder:
            return None
    return found[0], path


def metadata_format_name(kind: MetadataType, path: str) -> str:
    """The name of a file in metadata format, in a source folder."""
    parts = path.split("/")
    if kind.is_in_folder and kind.suffix and kind.directory in parts:
        nested = nested_full_name(path, kind.directory)
        if nested:
            return nested
    folder_index = len(parts) - (3 if kind.folder_type == kind.id else 2)
    name, dot, suffix = parts[-1].rpartition(".")
    is_in_strict_folder = last_index(parts[:-1], kind.directory) == folder_index
    return name if is_in_strict_folder and dot and suffix == kind.suffix else ""


def nested_full_name(path: str, directory: str) -> str:
    """The path below the last `directory`, with the last part cut at the first dot."""
    parts = path.split("/")
    below = parts[last_index(parts, directory) + 1 :]
    return "/".join([*below[:-1], below[-1].replace(META, "", 1).partition(".")[0]])


def with_root(site: Site, kind: MetadataType, root: Root) -> Component:
    name, xml = root
    if site.denies(xml):
        raise Refusal(
            "UnexpectedForceIgnore", xml, f".forceignore excludes this file but not its {kind.name}"
        )
    parent_type = site.registry.by_name(kind.folder_type) if kind.folder_type else None
    full_name = _full_name(kind, name, xml, parent_type)
    return Component(kind, full_name, site, xml=xml, parent_type=parent_type)


def _full_name(kind: MetadataType, name: str, xml: str, above: MetadataType | None) -> str:
    parts = xml.split("/")
    if kind.folder_content_type or kind.is_in_folder:
        if kind.directory not in parts:
            raise Refusal(
                "ConversionError", xml, f"the {kind.name} must be in a folder {kind.directory}"
            )
        return nested_full_name(xml, kind.directory)
    if above is None or above.folder_type == kind.id:
        return name
    # Territory2 and Territory2Rule are named after the model whose folder contains them.
    if above.directory not in parts:
        raise Refusal("ConversionError", xml, f"it must be in a folder {above.directory}")
    return f"{parts[parts.index(above.directory) + 1]}.{name}"


def content_root(kind: MetadataType, path: str) -> str:
    """The path cut after the part that follows the last folder of the type."""
    parts = path.split("/")
    at = last_index(parts, kind.directory)
    return "/".join(parts[: at + (3 if kind.is_in_folder else 2)]) if at >= 0 else ""


def find_meta(site: Site, folder: str, short: str) -> Root | None:
    for name in site.entries(folder):
        found = meta_name(name)
        if found and name.partition(".")[0] == short:
            return found[0], join(folder, name)
    return None


def root_in_own_folder(site: Site, kind: MetadataType, path: str) -> Root | None:
    folder = content_root(kind, path)
    if not folder or not site.tree.is_folder(folder):
        return None
    for name in site.entries(folder) if kind.root_suffixes else ():
        found = meta_name(name)
        if found and found[1] in kind.root_suffixes:
            return found[0], join(folder, name)
    return find_meta(site, folder, split(folder)[1])
