"""Plain values as XML: an element for each key, repeated for each entry of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Raw:
    """The content of an element as XML, and its `xsi:type`."""

    xml: str
    type: str = ""


def element(name: str, value: Any) -> str:
    """A value as elements of this name; null is `xsi:nil`."""
    if isinstance(value, Raw):
        kind = f' xsi:type="{value.type}"' if value.type else ""
        return f"<{name}{kind}>{value.xml}</{name}>" if value.xml else f'<{name} xsi:nil="true"/>'
    if isinstance(value, list | tuple):
        return "".join(element(name, one) for one in value)
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    return f"<{name}>{content(value)}</{name}>"


def content(value: Any) -> str:
    """A value as the content of an element."""
    if isinstance(value, Mapping):
        return "".join(element(key, one) for key, one in value.items())
    if isinstance(value, bool):
        return "true" if value else "false"
    return escaped(str(value))


def escaped(text: str) -> str:
    """Text in XML, without the characters that XML cannot hold."""
    return escape(_NOT_IN_XML.sub("", text))


def without_nulls(value: Any) -> Any:
    """A value without its null entries: the Metadata API and Bulk API 1.0 leave them out."""
    if isinstance(value, Mapping):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value if one is not None]
    return value
