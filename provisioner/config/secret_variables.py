"""Which environment variables hold the secrets of `pool.yaml`.

They are found in the YAML itself, by the names of its keys. So a command that reads only a part of
the file also knows all of them, and a key that a later version adds need not be listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.errors import ConfigError

_SECRET_KEY = re.compile(
    r"private_key|installation_key|passphrase|password|secret|token|webhook|^ledger$", re.IGNORECASE
)
_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST_PATH = 4096


def variables_of_file(path: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """The names in the pool.yaml at `path`; none if the file cannot be read."""
    from provisioner.config.document import compose, read_text

    if not path.is_file():
        return frozenset()
    try:
        root = compose(read_text(path), path)
    except ConfigError:
        return frozenset()
    return secret_variables(root, environ, path.parent)


def secret_variables(root: Node, environ: Mapping[str, str], directory: Path) -> frozenset[str]:
    """The names of the variables at, or below, keys whose values are secrets."""
    return frozenset(
        name
        for name, written in _uses(root)
        if not written.startswith("sqlite:") and not _names_a_file(environ.get(name), directory)
    )


def _uses(root: Node) -> Iterator[tuple[str, str]]:
    """The variable and the whole text of each scalar that is secret."""
    waiting, seen = [(root, False)], set()
    while waiting:
        node, is_secret = waiting.pop()
        if (id(node), is_secret) in seen:
            continue
        seen.add((id(node), is_secret))
        if isinstance(node, MappingNode):
            waiting += [(value, is_secret or _is_secret(key)) for key, value in node.value]
        elif isinstance(node, SequenceNode):
            waiting += [(item, is_secret) for item in node.value]
        elif is_secret and isinstance(node, ScalarNode):
            yield from ((name, str(node.value)) for name in _VARIABLE.findall(node.value))


def is_secret_key(name: str) -> bool:
    """Whether the values at, or below, a key of this name are secrets."""
    return bool(_SECRET_KEY.search(name))


def _is_secret(key: Node) -> bool:
    return isinstance(key, ScalarNode) and is_secret_key(str(key.value))


def _names_a_file(value: str | None, directory: Path) -> bool:
    """Whether a variable holds the path of a file, which is not a secret."""
    if not value or "\0" in value or "\n" in value or len(value) > _LONGEST_PATH:
        return False
    try:
        return (directory / Path(value).expanduser()).is_file()
    except (OSError, RuntimeError):
        return False
