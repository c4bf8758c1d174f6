"""Permission sets in one file for each kind and object (preset decomposePermissionSetBeta2).

Replacements are not applied to their files, as by the official converter.
Source: docs/reference/source-format.md#recomposition.
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.source.component import Component
from provisioner.source.documents import Document, read_sections
from provisioner.source.members import children_of
from provisioner.source.outputs import Outputs, Read
from provisioner.source.problems import Refusal
from provisioner.source.recompose import merged, warn_of_entities


class PermissionSetFile:
    """The files of one permission set, merged element by element."""

    def __init__(self, first: Component) -> None:
        self._kind = first.type
        self._parts: list[Component] = []
        self.children: Mapping[tuple[str, str], Component] = {}  # none that an org knows

    def add(self, parent: Component) -> None:
        """Add the files of a permission set: first its children, then its own file."""
        self._parts += [*children_of(parent), parent]

    def text(self, _read: Read) -> bytes:
        """All elements of all files."""
        documents = []
        for part in self._parts:
            with part.site.findings.collect():
                documents.append(self._document(part))
        return merged(self._kind, documents)

    def _document(self, part: Component) -> Document:
        document = read_sections(part.site.tree.read(part.xml), part.xml)
        warn_of_entities(part, document, part.xml)
        if document.root != self._kind.name:
            raise Refusal(
                "LibraryError",
                part.xml,
                f"its root element is {document.root}, not {self._kind.name}",
            )
        return document


def permission_set(outputs: Outputs, component: Component) -> None:
    """Add the files of a permission set to those found before."""
    kind = component.type
    name = f"{kind.directory}/{component.full_name}.{kind.suffix}"
    outputs.joint(name, component, lambda: PermissionSetFile(component)).add(component)
