"""From components to the files of a package: one way for each transformer of the registry.

Source: source-format §7 (paths), §8 (files that are put together).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from provisioner.source.component import META, Component, extension, last_index, short_name
from provisioner.source.members import children_of
from provisioner.source.problems import Findings, Oddity, Refusal
from provisioner.source.recompose import Family, Read
from provisioner.source.tree import split

_ORIGINAL_SUFFIX = re.compile(r".[a-zA-Z]+-meta\.xml$")
Make = Callable[[Read], bytes]


class Output(NamedTuple):
    """A file of the package: a copy of `path`, or what `make` or `zipped` give."""

    component: Component
    path: str
    make: Make | None = None
    is_zipped: bool = False  # `path` is a folder that becomes a zip


@dataclass
class Outputs:
    """The files of a package by their names in it; of two with one name the later one stays."""

    findings: Findings
    files: dict[str, Output] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    labels: dict[str, Component] = field(default_factory=dict)
    permission_sets: dict[str, list[Component]] = field(default_factory=dict)
    services: dict[str, Component] = field(default_factory=dict)

    def add(self, name: str, output: Output) -> None:
        earlier = self.files.get(name)
        if earlier and earlier.path != output.path:
            self.findings.warn(
                Oddity.OVERWRITTEN, earlier.path, f"left out; {output.path} is {name}"
            )
        self.files[name] = output

    def take(self, component: Component) -> None:
        """Turn a component into outputs, now or when all have been seen. Raises Refusal."""
        kind = component.parent.type if component.parent else component.type
        transformer = TRANSFORMERS.get(kind.transformer)
        if transformer is None:
            raise Refusal(
                "RegistryError",
                component.place,
                f"{kind.name} has no known transformer {kind.transformer}",
            )
        transformer(self, component)


def copied(outputs: Outputs, component: Component) -> None:
    """Content and meta file as they are."""
    count = 0
    for path in component.content_files():
        outputs.add(package_path(component, path), Output(component, path))
        count += 1
    if component.xml:
        outputs.add(meta_path(component), Output(component, component.xml))
    elif component.content:
        oddity = Oddity.BUNDLE_WITHOUT_META if count else Oddity.EMPTY_BUNDLE
        outputs.findings.warn(
            oddity, component.content, f"{component.type.name} {component.name} has no -meta.xml"
        )


def recomposed(outputs: Outputs, component: Component) -> None:
    """A parent, or a child without it, joins its family."""
    parent = component.parent or component
    family = outputs.families.setdefault(parent.key, Family(parent))
    if component.parent:
        family.add_child(component)
        return
    family.add_parent(component)
    for child in children_of(component):
        family.add_child(child)


TRANSFORMERS: Mapping[str, Callable[[Outputs, Component], None]] = {
    "": copied,
    "standard": copied,
    "decomposed": recomposed,
    "nonDecomposed": recomposed,
}


def package_path(component: Component, path: str) -> str:
    """Where a file of a component goes in the package."""
    kind = component.type
    folder, file_name = split(path)
    keeps_folders = (
        not kind.suffix
        or kind.is_in_folder
        or kind.folder_content_type
        or kind.adapter in ("digitalExperience", "uiBundles")
    )
    if keeps_folders:
        return _from(path, kind.directory, last=True)
    above = component.parent_type
    if kind.folder_type and above and above.folder_type and above.folder_type != kind.id:
        return _from(path, above.directory, last=False)
    if kind.folder_type:
        return f"{kind.directory}/{component.full_name.partition('/')[0]}/{file_name}"
    return f"{kind.directory}/{file_name}"


def _from(path: str, directory: str, *, last: bool) -> str:
    """The path from a folder on; the whole path where it does not go through that folder."""
    parts = path.split("/")
    if directory not in parts:
        return path
    return "/".join(parts[last_index(parts, directory) if last else parts.index(directory) :])


def meta_path(component: Component) -> str:
    """Where the meta file of a component goes in the package, and under which name."""
    kind = component.type
    path = package_path(component, component.xml)
    is_bundle_meta = kind.adapter == "digitalExperience" and bool(kind.children)
    if not component.content and not is_bundle_meta:
        path = _without_meta(component, path)
    elif kind.suffix and kind.is_in_folder and kind.adapter == "mixedContent":
        ending = f".{kind.suffix}{META}"
        if path.endswith(ending):
            path = path.removesuffix(ending) + f".{extension(component.content)}{META}"
    elif kind.suffix:
        path = _ORIGINAL_SUFFIX.sub(lambda _: f".{kind.suffix}{META}", path)
    if kind.legacy_suffix and kind.suffix and kind.legacy_suffix in path:
        component.site.findings.warn(
            Oddity.LEGACY_SUFFIX,
            component.xml,
            f"the suffix {kind.legacy_suffix} is written as {kind.suffix}",
        )
        path = path.replace(kind.legacy_suffix, kind.suffix, 1)
    return path


def _without_meta(component: Component, path: str) -> str:
    """The name of a meta file that is all of its component."""
    kind = component.type
    if kind.folder_content_type:
        return path.replace(f".{kind.suffix}", "", 1)
    if META in path:
        return path[: path.rfind(META)]
    component.site.findings.warn(
        Oddity.METADATA_FORMAT, component.xml, "taken as it is, though it is in metadata format"
    )
    return path
