"""The YAML of `pool.yaml` as nodes that keep their positions: syntax, duplicates, merge keys.

The document is composed and not constructed: scalars stay text, so that YAML 1.1 does not turn `no`
into false, `012` into 10 or `1:30` into 90.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.config.yaml_errors import syntax_problem
from provisioner.errors import ConfigError, Problem
from provisioner.input_file import SETTINGS, read_input
from provisioner.redaction import redact

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where it is present

_MOST_NODES = SETTINGS
"""A file without aliases always has fewer values than bytes, so it never exceeds this number."""

_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "value", "seq", "map"})
_MERGE = f"{_CORE}merge"

# In `{ key: ${NAME} }` YAML reads the brace as the end of the mapping. Two characters that no text
# contains (noncharacters of Unicode) replace the braces while the text is parsed.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_VARIABLE = re.compile(r"\$\{([^{}\n]*)\}")


@dataclass(frozen=True)
class Location:
    """A value in the document: its node, the path of its key, and the key itself."""

    node: Node
    path: str
    key: Node | None = None

    def below(self, name: str | int, node: Node, key: Node | None = None) -> Location:
        """The location of a key or of an item of this one."""
        return Location(node, f"{self.path}.{name}" if self.path else str(name), key)


class Problems:
    """The problems of one file. The same message at the same position is kept once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[tuple[int, int, str], Problem] = {}

    def add(self, node: Node | None, path: str, message: str, *, is_warning: bool = False) -> None:
        """Report `message` at a node, or without a node at the start of the file."""
        line, column = _position(node)
        message = redact(message)  # a secret at the wrong key may be quoted
        problem = Problem(self.file, line, column, path, message, is_warning)
        self._found.setdefault((line, column, message), problem)

    @property
    def has_errors(self) -> bool:
        """Whether one of them is not a warning."""
        return any(not problem.is_warning for problem in self._found.values())

    def has_error(self, node: Node) -> bool:
        """Whether an error is reported at the position of a node."""
        where = _position(node)
        return any(
            (problem.line, problem.column) == where and not problem.is_warning
            for problem in self._found.values()
        )

    def sorted(self) -> tuple[Problem, ...]:
        """All of them, in the order of the file."""
        return tuple(sorted(self._found.values()))


def _position(node: Node | None) -> tuple[int, int]:
    """Line and column of a node, from 1."""
    mark = node.start_mark if node is not None else None
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def read_text(path: Path) -> str:
    """The text of the file. Raises ConfigError if it cannot be read or is not UTF-8."""
    try:
        content = read_input(path, SETTINGS)
    except FileNotFoundError:
        hint = (
            "run `provisioner init` to create it, or pass the path of another file: --config FILE"
        )
        raise _broken(path, "the file does not exist", hint=hint) from None
    except IsADirectoryError:
        raise _broken(path, "this is a folder; write the path of a file") from None
    except OSError as error:
        raise _broken(path, f"the file cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise _broken(path, "the file is not UTF-8 text; save it as UTF-8", line, column) from None


def compose(text: str, path: Path) -> MappingNode:
    """The mapping that is the whole document. Raises ConfigError with one problem."""
    try:
        loader = Loader(_VARIABLE.sub(f"${_OPEN}\\1{_CLOSE}", text))
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line, column, message = syntax_problem(error, text)
        raise _broken(path, message, line, column) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        message = f"control character U+{_code(error):04X} is not allowed; remove it"
        raise _broken(path, message, line, column) from None
    except RecursionError:
        raise _broken(path, "brackets or lists are nested too deeply") from None
    if node is None:
        raise _broken(path, "the file is empty", hint="run `provisioner init` to create a sample")
    if not isinstance(node, MappingNode):
        raise _broken(path, "the file is not a mapping; it must start with keys such as dev_hub:")
    _refuse_growth(node, path)
    _restore_variables(node)
    return node


def _refuse_growth(root: Node, path: Path) -> None:
    """Raise ConfigError when aliases of aliases expand to too many values.

    Merge keys do not count: the reader merges each mapping once.
    """
    sizes: dict[int, int] = {}
    entered: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting[-1]
        if id(node) not in entered:
            entered.add(id(node))
            waiting += [part for part in _parts(node) if id(part) not in entered]
            continue
        waiting.pop()
        if id(node) in sizes:
            continue
        sizes[id(node)] = 1 + sum(sizes.get(id(part), 0) for part in _own_parts(node))
        if sizes[id(node)] > _MOST_NODES:
            line, column = node.start_mark.line + 1, node.start_mark.column + 1
            message = f"the aliases expand to more than {_MOST_NODES:,} values; use fewer aliases"
            raise _broken(path, message, line, column)


def _own_parts(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for entry in node.value if entry[0].tag != _MERGE for part in entry]
    return _parts(node)


def _parts(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for entry in node.value for part in entry]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _restore_variables(root: Node) -> None:
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            node.value = node.value.replace(_OPEN, "{").replace(_CLOSE, "}")
        else:
            waiting.extend(_parts(node))


class Mappings:
    """The keys of mapping nodes, with merge keys resolved. Reports each duplicate."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._seen: dict[int, dict[str, tuple[Node, Node]]] = {}

    def entries(self, node: MappingNode, path: str) -> dict[str, tuple[Node, Node]]:
        """Key → (key node, value node). A key of the mapping itself overrides a merged one."""
        if id(node) not in self._seen:
            self._seen[id(node)] = {}  # so that a mapping that merges itself terminates
            own: dict[str, tuple[Node, Node]] = {}
            merged: dict[str, tuple[Node, Node]] = {}
            for key, value in node.value:
                if key.tag == _MERGE and "<<" not in own:
                    own["<<"] = (key, value)
                    merged = self._merged(value, path)
                else:
                    self._add(own, key, value, path)
            own.pop("<<", None)
            self._seen[id(node)] = {**merged, **own}
        return self._seen[id(node)]

    def _add(self, own: dict[str, tuple[Node, Node]], key: Node, value: Node, path: str) -> None:
        if not isinstance(key, ScalarNode):
            self._problems.add(key, path, "a key must be a single word")
            return
        name = str(key.value)
        if name in own:
            line = own[name][0].start_mark.line + 1
            message = f"duplicate key, first written in line {line}; keep one of them"
            self._problems.add(key, f"{path}.{name}" if path else name, message)
            return
        own[name] = (key, value)

    def _merged(self, value: Node, path: str) -> dict[str, tuple[Node, Node]]:
        sources = value.value if isinstance(value, SequenceNode) else [value]
        merged: dict[str, tuple[Node, Node]] = {}
        for source in sources:
            if isinstance(source, MappingNode):
                merged = {**self.entries(source, path), **merged}
            else:
                message = (
                    "a merge key needs a mapping; write <<: *NAME with the anchor of a mapping"
                )
                self._problems.add(source, f"{path}.<<" if path else "<<", message)
        return merged


def foreign_tag(node: Node) -> str:
    """The node's tag if it is not one of plain YAML (`!python/object`), else ""."""
    tag = str(node.tag)
    if tag.startswith(_CORE):
        name = tag.removeprefix(_CORE)
        return "" if name in _TAGS or name == "merge" else f"!!{name}"
    return tag


def is_null(node: Node) -> bool:
    """Whether the value is empty, or written as `null` or `~`."""
    return isinstance(node, ScalarNode) and node.tag == f"{_CORE}null"


def _broken(
    path: Path, message: str, line: int = 1, column: int = 1, *, hint: str = ""
) -> ConfigError:
    return ConfigError((Problem(str(path), line, column, "", message),), hint=hint)


def _code(error: yaml.reader.ReaderError) -> int:
    character: Any = error.character  # libyaml reports the number, PyYAML the character
    return ord(character) if isinstance(character, str) else int(character)
