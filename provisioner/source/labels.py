"""Custom labels in one file each (preset decomposeCustomLabelsBeta2).

Source: docs/reference/source-format.md#recomposition.
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.source.component import Component
from provisioner.source.documents import Document, read_sections, text_of
from provisioner.source.outputs import Outputs, Read
from provisioner.source.problems import Refusal, WarningKind
from provisioner.source.recompose import as_element, collation, render, warn_of_entities
from provisioner.source.registry import MetadataType


class LabelsFile:
    """The file with all labels; of two with the same name the last one is kept."""

    def __init__(self, kind: MetadataType) -> None:
        self._kind = kind
        self._labels: dict[str, Component] = {}

    def add(self, label: Component) -> None:
        """Add the file of one label."""
        earlier = self._labels.get(label.full_name)
        if earlier and earlier.xml != label.xml:
            label.site.findings.warn(
                WarningKind.OVERWRITTEN,
                earlier.xml,
                f"left out; {label.xml} has the same label and is used",
            )
        self._labels[label.full_name] = label

    @property
    def children(self) -> Mapping[tuple[str, str], Component]:
        """The labels by type and name."""
        return {(label.type.name, name): label for name, label in self._labels.items()}

    def text(self, read: Read) -> bytes:
        """The file, with labels sorted by name."""
        found = []
        for label in self._labels.values():
            with label.site.findings.collect():
                found.append(self._label(label, read))
        return render(self._kind.name, b"", {"labels": [text for _, text in sorted(found)]})

    def _label(self, label: Component, read: Read) -> tuple[str, bytes]:
        document = read_sections(read(label.xml), label.xml)
        warn_of_entities(label, document, label.xml)
        names = _full_names(document) if document.root == label.type.name else []
        if not names:
            raise Refusal("ConversionError", label.xml, "the label has no fullName")
        return collation(names[0]), as_element("labels", document)


def label(outputs: Outputs, component: Component, kind: MetadataType) -> None:
    """Add one label to the others."""
    name = f"{kind.directory}/{kind.name}.{kind.suffix}"
    outputs.joint(name, component, lambda: LabelsFile(kind)).add(component)


def _full_names(document: Document) -> list[str]:
    return [text_of(section) for section in document.sections if section.name == "fullName"]
