"""A JSON or YAML file of another tool: its values, and the line of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.draft.model import LeftOut
from provisioner.errors import UsageError
from provisioner.input_file import SETTINGS, read_input

DEEPEST = 100
MOST_VALUES = 200_000
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class SourceFile:
    """The content of a file. Scalars are texts, apart from true, false, null and whole numbers."""

    path: Path
    name: str  # as messages name it
    text: str
    value: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    blocks: frozenset[KeyPath] = frozenset()  # texts that begin in the line after their key

    def line(self, *path: str | int) -> int:
        """The line of a key or of an item; of the nearest one above where there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def first_line(self, *path: str | int) -> int:
        """The line in which the text of a value begins."""
        return self.line(*path) + (path in self.blocks)

    def where(self, *path: str | int) -> str:
        """`FILE:LINE` of a key."""
        return f"{self.name}:{self.line(*path)}"

    def left_out(self, text: str, *path: str | int) -> LeftOut:
        """The note about a key that cannot be imported."""
        return LeftOut(self.name, text, self.line(*path))

    def mapping(self, *path: str | int) -> Mapping[str, Any]:
        """The mapping at a path; empty if there is none."""
        found = self.at(*path)
        return found if isinstance(found, Mapping) else {}

    def items(self, *path: str | int) -> list[Any]:
        """The list at a path; empty if there is none."""
        found = self.at(*path)
        return found if isinstance(found, list) else []

    def at(self, *path: str | int) -> Any:
        """The value at a path, or None."""
        found = self.value
        for part in path:
            if isinstance(found, Mapping):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found


def read_source_file(path: Path, name: str = "") -> SourceFile:
    """Read a file, which messages call `name`.

    Raises UsageError, with the line, if it cannot be read or is not YAML.
    """
    try:
        text = read_input(path, SETTINGS).decode("utf-8-sig")
    except OSError as error:
        raise _broken(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        what = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise _broken(f"{path} cannot be read: {what}") from None
    return parsed(path, text, name or str(path))


def parsed(path: Path, text: str, name: str) -> SourceFile:
    """The file with this text. JSON is read as YAML, which it is. Raises UsageError."""
    try:
        loader = Loader(text.replace("\t", "  ") if text.lstrip()[:1] in ("{", "[") else text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise _broken(f"{where}: the file is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError):
        raise _broken(f"{path}: the file is not valid YAML") from None
    reader = _Reader(path)
    try:
        value = reader.value(root, ()) if root is not None else None
    except RecursionError:
        raise _broken(f"{path}: a mapping contains itself") from None
    return SourceFile(path, name, text, value, reader.lines, frozenset(reader.blocks))


def _broken(text: str) -> UsageError:
    return UsageError(text, code="import")


class _Reader:
    """Builds values of nodes, and notes their lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self.lines: dict[KeyPath, int] = {}
        self.blocks: set[KeyPath] = set()

    def value(self, node: Node, path: KeyPath) -> Any:
        self._count += 1
        if self._count > MOST_VALUES or len(path) > DEEPEST:
            raise _broken(f"{self._path}: the file has too many values, or is nested too deeply")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return dict(self._entries(node, path))
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        if getattr(node, "style", None) in ("|", ">"):
            self.blocks.add(path)
        return _scalar(node)

    def _entries(self, node: MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        for key, item in node.value:
            if not isinstance(key, ScalarNode):
                continue
            if key.tag == "tag:yaml.org,2002:merge":
                merged = item.value if isinstance(item, SequenceNode) else [item]
                for each in merged:
                    if isinstance(each, MappingNode):
                        yield from self._entries(each, path)
                continue
            self.lines[(*path, key.value)] = key.start_mark.line + 1
            yield key.value, self.value(item, (*path, key.value))


def _scalar(node: Any) -> Any:
    if not isinstance(node, ScalarNode):
        return None
    text = node.value
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind == "int" and text.lstrip("-").isdecimal() and len(text) < 18:
        return int(text)
    return text
