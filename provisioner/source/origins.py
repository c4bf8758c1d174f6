"""Where the files of a package come from in its source: asked for when an org refuses one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from provisioner.source.outputs import Joint, Output


class Origin(NamedTuple):
    """A file or folder of the source."""

    path: str  # relative to the project, or to the folder in metadata format
    is_copy: bool  # it stands in the package as it is, so that its lines are the package's


class Origins:
    """The files that a package was made of. Holds what the conversion has made anyway."""

    def __init__(self, files: Mapping[str, Output], joints: Mapping[str, Joint] | None = None):
        self._files = files
        self._joints = joints or {}

    def find(self, name: str, full_name: str = "", component_type: str = "") -> Origin | None:
        """The origin of a file of the package, or of a folder in it.

        In a file that was put together, `full_name` and `component_type` tell the child's. None
        for what the source has not, such as package.xml.
        """
        for candidate in _names(name):
            found = self._file(candidate, full_name, component_type) or self._folder(candidate)
            if found:
                return found
        return None

    def _file(self, name: str, full_name: str, component_type: str) -> Origin | None:
        output = self._files.get(name)
        if output is None or not output.path:
            return None
        joint = self._joints.get(name)
        child = joint.children.get((component_type, full_name)) if joint else None
        return Origin(child.xml if child else output.path, is_copy=output.make is None)

    def _folder(self, name: str) -> Origin | None:
        """Of a bundle: where one of its files lies, without the end that both have in common."""
        for path, output in self._files.items():
            end = path[len(name) :]
            if path.startswith(f"{name}/") and output.path.endswith(end):
                return Origin(output.path.removesuffix(end), is_copy=False)
        return None


def _names(name: str) -> Iterator[str]:
    """The name as an org gives it, then without the zip's top folder that some put before it."""
    yield name
    folder, _, rest = name.partition("/")
    if folder and "/" in rest:
        yield rest
