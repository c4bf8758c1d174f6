"""The files of a package before they are written, and their paths in it.

Source: docs/reference/source-format.md#paths-in-the-package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from provisioner.archive import Archive
from provisioner.source.component import META, Component, extension, last_index
from provisioner.source.problems import Findings, Refusal, WarningKind
from provisioner.source.tree import split

_ORIGINAL_SUFFIX = re.compile(r".[a-zA-Z]+-meta\.xml$")
Read = Callable[[str], bytes]
"""Returns the bytes of a file of the project, with replacements applied."""


class Joint(Protocol):
    """A file of the package that several components are part of."""

    @property
    def children(self) -> Mapping[tuple[str, str], Component]:
        """The components in it that have their own source files, by type and full name."""

    def text(self, read: Read) -> bytes:
        """The file's bytes; called after all components were added. Raises Refusal."""


JointT = TypeVar("JointT", bound=Joint)


class Output(NamedTuple):
    """A file of the package: a copy of `path`, or the result of `make`."""

    path: str
    make: Callable[[Read], bytes | Archive] | None = None


def fixed(content: bytes) -> Output:
    """A file with the given bytes."""
    return Output("", lambda _: content)


@dataclass
class Outputs:
    """The files of a package by name; of two with the same name the later one is kept."""

    findings: Findings
    read: Read  # for files that are parsed
    read_copy: Read  # for files that are copied, also into a zipped static resource
    _copies: dict[str, Output] = field(default_factory=dict)
    _joints: dict[str, tuple[Component, Joint]] = field(default_factory=dict)

    def add(self, name: str, output: Output) -> None:
        """Add a file that belongs to one component."""
        earlier = self._copies.get(name)
        if earlier and earlier.path != output.path:
            self.findings.warn(
                WarningKind.OVERWRITTEN, earlier.path, f"left out; {output.path} is used for {name}"
            )
        self._copies[name] = output

    def joint(self, name: str, component: Component, make: Callable[[], JointT]) -> JointT:
        """The composed file of this name, which is created if there is none."""
        known = self._joints.get(name)
        if known is None:
            made = make()
            self._joints[name] = component, made
            return made
        found: JointT = known[1]  # type: ignore[assignment]
        if component.xml and not known[0].xml:
            self._joints[name] = component, found
        return found

    def files(self) -> dict[str, Output]:
        """All files; a composed file replaces a copy of the same name."""
        joints = {
            name: Output(component.location, made.text)
            for name, (component, made) in self._joints.items()
        }
        return {**self._copies, **joints}

    @property
    def joints(self) -> Mapping[str, Joint]:
        """The composed files, by their names in the package."""
        return {name: made for name, (_, made) in self._joints.items()}


def package_path(component: Component, path: str) -> str:
    """The path of a component's file in the package."""
    kind = component.type
    file_name = split(path)[1]
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
    """The path from a folder on, including it."""
    parts = path.split("/")
    if directory not in parts:
        # The official converter writes an absolute path into the package: a defect, not copied.
        raise Refusal("ConversionError", path, f"it must be in a folder named {directory}")
    return "/".join(parts[last_index(parts, directory) if last else parts.index(directory) :])


def meta_path(component: Component) -> str:
    """The path and name of a component's meta file in the package."""
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
            WarningKind.LEGACY_SUFFIX,
            component.xml,
            f"the old suffix {kind.legacy_suffix} is written as {kind.suffix}",
        )
        path = path.replace(kind.legacy_suffix, kind.suffix, 1)
    return path


def _without_meta(component: Component, path: str) -> str:
    """The name of a meta file that is the whole component."""
    kind = component.type
    if kind.folder_content_type:
        return path.replace(f".{kind.suffix}", "", 1)
    if META in path:
        return path[: path.rfind(META)]
    component.site.findings.warn(
        WarningKind.METADATA_FORMAT,
        component.xml,
        "copied unchanged, although it is in metadata format",
    )
    return path
