"""Metadata elements as XML text, as retrieves write them: four spaces, no empty lines."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.emulator.metadata.xml_tree import METADATA_NAMESPACE, Element
from provisioner.emulator.xml_values import escaped

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def document(root: str, children: Iterable[Element]) -> bytes:
    """A metadata file with these elements below its root."""
    lines = [f'<{root} xmlns="{METADATA_NAMESPACE}">']
    lines += [line for child in children for line in _lines(child, 1)]
    lines.append(f"</{root}>")
    return (HEAD + "\n".join(lines) + "\n").encode()


def _lines(element: Element, depth: int) -> list[str]:
    indent = "    " * depth
    if not element.children:
        text = escaped(element.text)
        tag = f"<{element.name}>{text}</{element.name}>" if text else f"<{element.name}/>"
        return [indent + tag]
    inner = [line for child in element.children for line in _lines(child, depth + 1)]
    return [f"{indent}<{element.name}>", *inner, f"{indent}</{element.name}>"]
