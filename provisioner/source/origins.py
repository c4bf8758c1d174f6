"""Maps files of a package to source files, for messages about a failed deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from provisioner.source.outputs import Joint, Output


class Origin(NamedTuple):
    """A file or folder of the source."""

    path: str  # relative to the project, or to the folder in metadata format
    is_copy: bool  # unchanged in the package, so that line numbers are equal


class Origins:
    """The source files of a package. Keeps only references to what the conversion has made."""

    def __init__(self, files: Mapping[str, Output], joints: Mapping[str, Joint] | None = None):
        self._files = files
        self._joints = joints or {}

    def find(self, name: str, full_name: str = "", component_type: str = "") -> Origin | None:
        """The source of a file of the package, or of a folder in it.

        In a file composed of several, `full_name` and `component_type` select the child's file.
        None for files without a source, such as package.xml.
        """
        for candidate in _names(name):
            found = self._file(candidate, full_name, component_type) or self._folder(candidate)
            if found:
                return found
        return None

    def path(self, name: str) -> str:
        """The source of a file of the package; the folder, if several files are composed in it.

        The name itself for files without a source.
        """
        output = self._files.get(name)
        if output is None or not output.path:
            return name
        return output.path.rpartition("/")[0] if name in self._joints else output.path

    def _file(self, name: str, full_name: str, component_type: str) -> Origin | None:
        output = self._files.get(name)
        if output is None or not output.path:
            return None
        joint = self._joints.get(name)
        child = joint.children.get((component_type, full_name)) if joint else None
        return Origin(child.xml if child else output.path, is_copy=output.make is None)

    def _folder(self, name: str) -> Origin | None:
        """The folder of a bundle: the path of one of its files, without their common end."""
        for path, output in self._files.items():
            end = path[len(name) :]
            if path.startswith(f"{name}/") and output.path.endswith(end):
                return Origin(output.path.removesuffix(end), is_copy=False)
        return None


def _names(name: str) -> Iterator[str]:
    """The name from the org, then the same without the zip's top folder."""
    yield name
    folder, _, rest = name.partition("/")
    if folder and "/" in rest:
        yield rest
