"""The lines of pool.yaml as a person may see them beside a problem: without those with a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from yaml.nodes import Node

from provisioner.config.document import compose, read_text
from provisioner.config.plain_secrets import holds_secret, secret_nodes
from provisioner.config.secret_variables import is_secret_key
from provisioner.errors import ConfigError

_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # those of YAML 1.1, which problems count
_KEY = re.compile(r"(?<![\w.-])(?P<key>[\w.-]+)[\"']?\s*:(?=(?P<value>.*))")
_ANCHOR = re.compile(r"&\w+\s+\S")
_BASE64_LINE = re.compile(r"\s*[A-Za-z0-9+/_-]{20,}={0,2}\s*")
_PLAIN_LEDGER = re.compile(r"[\"']?(sqlite:///|devhub)[^@]*")
_LONGEST_PATH = 200
_LONGEST_LINE = 10_000  # characters; a longer one is no line for people, and slow to examine


def source_lines(path: Path, wanted: Iterable[int]) -> Mapping[int, str]:
    """The `wanted` lines of the file, from 1, without those that may hold a secret.

    There is none if the file cannot be read. A file that is not YAML is judged line by line, so
    more of its lines are hidden.
    """
    try:
        text = read_text(path)
    except ConfigError:
        return {}
    lines = _LINE_END.split(text)
    try:
        hidden = set(_of_nodes(compose(text, path)))
    except ConfigError:
        hidden = set(_of_text(lines))
    hidden |= set(_of_keys(lines))
    numbers = sorted({each for each in wanted if 0 < each <= len(lines)})
    found = {each: lines[each - 1] for each in numbers if each - 1 not in hidden}
    return {each: line for each, line in found.items() if not _may_hold_secret(line)}


def _may_hold_secret(line: str) -> bool:
    return len(line) > _LONGEST_LINE or holds_secret(line)


def _of_nodes(root: Node) -> Iterator[int]:
    for node in secret_nodes(root):
        end = node.end_mark  # of a block of text it is the start of the next line
        yield from range(node.start_mark.line, end.line + (end.column > 0))
        yield node.start_mark.line


def _of_keys(lines: list[str]) -> Iterator[int]:
    """The lines of private keys, also of one that is cut off or commented out."""
    is_inside = False
    for number, line in enumerate(lines):
        is_start = "-----BEGIN" in line
        is_inside = is_start or (is_inside and bool(_BASE64_LINE.fullmatch(line.lstrip(" #"))))
        if is_inside or is_start or "-----END" in line or _BASE64_LINE.fullmatch(line):
            yield number


def _of_text(lines: list[str]) -> Iterator[int]:
    """Lines that may hold a secret, where no YAML shows what belongs to a key."""
    above: int | None = None  # the indentation of a key whose values are secrets
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if above is not None and line.strip():
            if indent > above:
                yield number
            else:
                above = None
        for match in _KEY.finditer(line[:_LONGEST_LINE]):
            if is_secret_key(match["key"]):
                above = indent
                if not _is_plain(match["key"], match["value"].strip()):
                    yield number
        if _ANCHOR.search(line):  # what an alias may use as a secret
            yield number


def _is_plain(key: str, value: str) -> bool:
    """Whether the rest of a line with such a key is certainly no secret."""
    if key == "private_key":
        return len(value) < _LONGEST_PATH  # a path; a key is recognised by its text
    return not value or (key == "ledger" and bool(_PLAIN_LEDGER.fullmatch(value)))
