"""How files become a component: one function for each adapter that the registry names.

Each takes the site, the type and the path of a file, or of a folder for types whose components
are folders. It returns the component, or None if the path is not one.
Source: docs/reference/source-format.md#adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioner.source.component import (
    META,
    Component,
    Site,
    extension,
    folder_meta_name,
    last_index,
    meta_name,
    short_name,
)
from provisioner.source.problems import Refusal, WarningKind
from provisioner.source.registry import MetadataType
from provisioner.source.roots import (
    as_root,
    content_root,
    find_meta,
    metadata_format_name,
    parsed,
    root_in_own_folder,
    with_root,
)
from provisioner.source.tree import join, split

Adapter = Callable[[Site, MetadataType, str], Component | None]


def default(site: Site, kind: MetadataType, path: str) -> Component | None:
    """A component with only a meta file, or with the same file in metadata format."""
    folder, file_name = split(path)
    found = meta_name(file_name)
    name = found[0] if found else folder_meta_name(file_name) if folder else ""
    name = name or metadata_format_name(kind, path)
    return with_root(site, kind, (name, path)) if name else None


def matching_content(site: Site, kind: MetadataType, path: str) -> Component | None:
    """A content file, and a meta file whose name is the content's with `-meta.xml` appended."""
    root = as_root(kind, path) or parsed(f"{path}{META}")
    if root is None:
        return None
    if not site.tree.exists(root[1]):
        raise Refusal("ConversionError", path, f"the {kind.name} has no file {root[1]}")
    component = with_root(site, kind, root)
    content = path[: path.rfind(META)] if root[1] == path else path
    if not site.tree.exists(content):
        raise Refusal("ExpectedSourceFilesError", path, f"the {kind.name} has no file {content}")
    if site.denies(content):
        raise Refusal(
            "NoSourceIgnoreError",
            path,
            f".forceignore excludes {content} but not this meta file of the {kind.name}",
        )
    component.content = content
    return component


def mixed_content(site: Site, kind: MetadataType, path: str) -> Component | None:
    """A meta file, and a file or folder with the same short name beside it."""
    content = content_root(kind, path)
    root = as_root(kind, path) or find_meta(site, split(content)[0], short_name(content))
    component = with_root(site, kind, root) if root else None
    return _with_content(site, kind, path, component)


def bundle(site: Site, kind: MetadataType, path: str) -> Component | None:
    """A folder that contains everything, including its meta file."""
    root = as_root(kind, path) or root_in_own_folder(site, kind, path)
    component = with_root(site, kind, root) if root else None
    if site.tree.is_folder(path):
        if not site.tree.folder(path).names:
            return None
    elif component is None and not site.tree.is_folder(content_root(kind, path)):
        return None  # a file directly in the type's folder
    return _with_content(site, kind, path, component)


def ui_bundle(site: Site, kind: MetadataType, path: str) -> Component | None:
    """A bundle, which must have a meta file with the name of its folder."""
    component = bundle(site, kind, path)
    if component is None:
        return None
    name = short_name(component.content)
    xml = join(component.content, f"{name}.{kind.suffix}{META}")
    if not site.tree.exists(xml):
        raise Refusal("ExpectedSourceFilesError", path, f"the {kind.name} has no file {xml}")
    if component.xml == xml:
        return component
    return Component(kind, name, site, xml=xml, content=component.content)


def decomposed(site: Site, kind: MetadataType, path: str) -> Component | None:
    """A folder with the parent's own file and a file for each child, or with children only."""
    root = as_root(kind, path) or root_in_own_folder(site, kind, path)
    parent = Component(kind, root[0], site, xml=root[1]) if root else None
    found = meta_name(split(path)[1])
    if found is None:
        return parent
    child = kind.children.get(kind.child_suffixes.get(found[1], ""))
    if child and child.is_addressable and not child.unaddressable_without_parent:
        return _child(site, kind, child, path, found[0], parent)
    if parent is None:
        raise Refusal(
            "TypeInferenceError", path, f"type {found[1]} has no files of its own in {kind.name}"
        )
    parent.content = content_root(kind, path)
    if not parent.content:
        site.findings.warn(
            WarningKind.LOST_CHILDREN,
            path,
            f"it is not in a folder {kind.directory}, so the child files beside it are left out",
        )
    return parent


def _child(
    site: Site, kind: MetadataType, child: MetadataType, path: str, name: str,
    parent: Component | None,
) -> Component:  # fmt: skip
    folder = content_root(kind, path)
    if parent is None and kind.decomposition != "folderPerType":
        # The official converter makes an absolute path the parent's name: a defect, not copied.
        raise Refusal(
            "TypeInferenceError",
            path,
            f"the {child.name} needs the file of its {kind.name}, which does not exist",
        )
    parent = parent or Component(kind, short_name(folder), site)
    parent.content = folder
    return Component(child, name, site, xml=path, parent=parent)


def digital_experience(site: Site, kind: MetadataType, path: str) -> Component | None:
    """`digitalExperiences/<base>/<space>`: a meta file for the space, folders for its content."""
    parent_kind = site.registry.parent_of(kind)
    if parent_kind is None:
        own = _space_meta(kind, kind, path)
        return with_root(site, kind, (_space_name(own), own))
    content = _experience_folder(path)
    if not site.tree.is_folder(content):
        return None
    space = _space_meta(kind, parent_kind, content)
    parent = Component(parent_kind, _space_name(space), site, xml=space)
    above = split(split(content)[0])[1]
    return Component(
        kind,
        f"{above}/{short_name(content)}",
        site,
        xml=path if folder_meta_name(split(path)[1]) else join(content, kind.meta_file_suffix),
        content=content,
        parent=parent,
        parent_type=parent_kind,
    )


def partially_decomposed(site: Site, kind: MetadataType, path: str) -> Component | None:
    """A meta file and a file for one of its elements; both lead to the same component."""
    parent_kind = site.registry.parent_of(kind)
    if parent_kind is None:
        return Component(kind, short_name(path), site, xml=path)
    xml = path.removesuffix(extension(path)) + f"{parent_kind.suffix}{META}"
    return Component(parent_kind, short_name(path), site, xml=xml)


ADAPTERS: Mapping[str, Adapter] = {
    "": default,
    "matchingContentFile": matching_content,
    "mixedContent": mixed_content,
    "bundle": bundle,
    "uiBundles": ui_bundle,
    "decomposed": decomposed,
    "digitalExperience": digital_experience,
    "partiallyDecomposed": partially_decomposed,
}


def _with_content(
    site: Site, kind: MetadataType, path: str, component: Component | None
) -> Component:
    content = content_root(kind, path)
    if component and component.xml == content:
        content = _content_beside(site, content)
    if not content or not site.tree.exists(content):
        raise Refusal("ExpectedSourceFilesError", path, f"the {kind.name} has no content")
    if component is None:
        component = Component(kind, short_name(content), site)
        component.xml = join(content, kind.meta_file_suffix) if kind.meta_file_suffix else ""
    component.content = content
    return component


def _content_beside(site: Site, xml: str) -> str:
    folder, file_name = split(xml)
    named_alike = site.by_short_name(folder).get(file_name.partition(".")[0], ())
    same = [name for name in named_alike if not meta_name(name)]
    for other in same[1:]:
        site.findings.warn(
            WarningKind.SAME_CONTENT_NAME,
            join(folder, other),
            f"left out; {same[0]} is used as the content",
        )
    return join(folder, same[0]) if same else ""


def _experience_folder(path: str) -> str:
    """The folder `<contentType>/<apiName>` of a file of a digital experience."""
    parts = split(path)[0].split("/")
    at = parts.index("digitalExperiences") if "digitalExperiences" in parts else len(parts)
    return "/".join(parts[: at + 5])


def _space_meta(kind: MetadataType, parent_kind: MetadataType, path: str) -> str:
    """The meta file of the space that contains a path; for a meta file, the file itself."""
    if kind is parent_kind and path.endswith(META):
        return path
    parts = path.split("/")
    at = last_index(parts, kind.directory)
    space = "/".join(parts[: at + 3])
    return f"{space}/{parts[at + 2] if len(parts) > at + 2 else ''}.{parent_kind.suffix}{META}"


def _space_name(meta: str) -> str:
    """`<base>/<space>`: the two folders that contain a space's meta file."""
    return "/".join(meta.split("/")[-3:-1])
