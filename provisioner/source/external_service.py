"""External services with their schema in a separate file (a preset).

Source: docs/reference/source-format.md#recomposition.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from provisioner.input_file import TEXT
from provisioner.source.component import Component
from provisioner.source.documents import escaped, read_sections, text_of
from provisioner.source.outputs import Outputs, Read
from provisioner.source.problems import Refusal
from provisioner.source.recompose import grouped, render, warn_of_entities
from provisioner.source.tree import join, split

_MOST_VALUES = 1_000_000
_NUMERIC = re.compile(r"&amp;(#x?[\da-fA-F]+;)")


class ExternalServiceFile:
    """The meta file, with the text of the schema inserted."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.children: Mapping[tuple[str, str], Component] = {}  # the org has no such children

    def text(self, read: Read) -> bytes:
        """The whole file. Raises Refusal."""
        component = self.component
        document = read_sections(read(component.xml), component.xml)
        warn_of_entities(component, document, component.xml)
        if document.root != component.type.name:
            raise Refusal(
                "LibraryError",
                component.xml,
                f"its root element is {document.root}, not {component.type.name}",
            )
        kinds = [text_of(s) for s in document.sections if s.name == "schemaUploadFileExtension"]
        path = join(split(component.xml)[0], f"{component.full_name}.yaml")
        schema = _schema(component, path)
        if kinds == ["json"]:
            schema = _as_json(schema, path)
        groups = grouped(document.sections)
        groups["schema"] = [f"<schema>{_written(schema)}</schema>".encode()]
        return render(component.type.name, document.own_attributes, groups)


def external_service(outputs: Outputs, component: Component) -> None:
    """A later component replaces an earlier one of the same name."""
    kind = component.type
    name = f"{kind.directory}/{component.full_name}.{kind.suffix}"
    made = outputs.joint(name, component, lambda: ExternalServiceFile(component))
    made.component = component


def _schema(component: Component, path: str) -> str:
    tree = component.site.tree
    if not tree.exists(path):
        raise Refusal("ConversionError", component.xml, f"its schema file {path} does not exist")
    return tree.read(path, TEXT).decode("utf-8", "replace")


def _written(schema: str) -> str:
    """Text for XML; numeric references in it are kept, as by the official converter."""
    return _NUMERIC.sub(r"&\1", escaped(schema.replace("\r\n", "\n")))


def _as_json(schema: str, path: str) -> str:
    import yaml

    from provisioner.source.yaml12 import Loader

    try:
        content = yaml.load(schema, Loader)  # noqa: S506 - a subclass of SafeLoader
        _refuse_growth(content)
        return json.dumps(_plain(content), indent=2, ensure_ascii=False)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise Refusal("ConversionError", path, f"malformed YAML: {error.problem}", line) from None
    except RecursionError:
        message = "the YAML is nested too deeply, or contains itself"
        raise Refusal("ConversionError", path, message) from None
    except (ValueError, TypeError) as error:
        raise Refusal(
            "ConversionError", path, f"the YAML cannot be converted to JSON: {error}"
        ) from None


def _refuse_growth(content: Any) -> None:
    """Raise ValueError if aliases of aliases would expand to a huge text."""
    sizes: dict[int, int] = {}

    def size(value: Any) -> int:
        if not isinstance(value, dict | list):
            return 1
        if id(value) not in sizes:
            parts = value.values() if isinstance(value, dict) else value
            sizes[id(value)] = 1 + sum(map(size, parts))
        return sizes[id(value)]

    if size(content) > _MOST_VALUES:
        raise ValueError(f"its aliases expand to more than {_MOST_VALUES:,} values")


def _plain(value: Any) -> Any:
    """Numbers as JavaScript writes them: 1.0 is 1."""
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)
