"""Secrets that are written into pool.yaml as they are, in place of a variable.

They are found in the YAML itself, so also below keys that no dataclass declares, and behind the
anchor that an alias names. No message of this module contains a part of a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.config.document import Location
from provisioner.config.secret_variables import is_secret_key
from provisioner.declare.secret_values import passwords_in
from provisioner.errors import Problem
from provisioner.redaction import redact
from provisioner.salesforce.key_text import is_key_text

_SET = "write ${NAME} and set that variable"
PLAIN_SECRET = f"the secret is written in plain text; {_SET}"
_PRIVATE_KEY = "a private key is written in plain text; write the path of its file, or ${NAME}"
_AUTH_URL = "an authorization URL of the Salesforce CLI is written in plain text; remove it"
_TOKEN = f"a token is written in plain text; {_SET}"
_IN_A_URL = f"the password is written in plain text; in its place, {_SET}"

_PASSWORD_KEY = re.compile(r"(?:^|[._])(?:passphrase|password|secret)$", re.IGNORECASE)
_LONGEST_PATH = 200  # characters of a path that is shown
_IN_URL = re.compile(r"\w://[^/\s:@]*:[^/\s@]+@")
_VARIABLE = re.compile(r"(?<!\$)\$\{\w+\}")


@dataclass(frozen=True)
class PlainSecret:
    """A scalar that holds a secret, and what to write instead."""

    location: Location
    message: str


def plain_secrets(root: Node) -> Iterator[PlainSecret]:
    """The scalars whose text is recognised as a secret, whatever their key is."""
    for location, _ in _scalars(root):
        text = str(location.node.value)
        message = _recognised(text)
        if not message and _PASSWORD_KEY.search(location.path) and text and "${" not in text:
            message = PLAIN_SECRET
        if message:
            yield PlainSecret(location, message)


def is_about_secret(problem: Problem) -> bool:
    """Whether a problem is that its value is a secret."""
    return problem.message in (PLAIN_SECRET, _PRIVATE_KEY, _AUTH_URL, _TOKEN, _IN_A_URL)


def holds_secret(text: str) -> bool:
    """Whether a text, or one line of it, is recognised as a secret."""
    return bool(_recognised(text))


def secret_nodes(root: Node) -> Iterator[Node]:
    """The scalars that must not be shown: also those that only their key makes secret."""
    for location, is_secret in _scalars(root):
        if _recognised(str(location.node.value)) or (is_secret and _may_be_secret(location)):
            yield location.node


def _may_be_secret(location: Location) -> bool:
    """Whether a value at, or below, a secret key is one; a path or a plain URL is not."""
    text = str(location.node.value)
    if location.path.rpartition(".")[2] == "ledger":
        return not re.fullmatch(r"(sqlite:///|postgresql://|devhub)[^@]*", text)
    if "private_key" in location.path.split("."):
        return "\n" in text or len(text) > _LONGEST_PATH
    return "${" not in text


def _scalars(root: Node) -> Iterator[tuple[Location, bool]]:
    """Each scalar once, and whether it is at or below a key whose values are secrets."""
    waiting, seen = [(Location(root, ""), False)], set()
    while waiting:
        location, is_secret = waiting.pop()
        node = location.node
        if (id(node), is_secret) in seen:
            continue
        seen.add((id(node), is_secret))
        if isinstance(node, MappingNode):
            for key, value in node.value:
                name = str(key.value) if isinstance(key, ScalarNode) else ""
                below = location.below(name, value, key)
                waiting.append((below, is_secret or is_secret_key(name)))
        elif isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                waiting.append((location.below(index, item), is_secret))
        elif isinstance(node, ScalarNode):
            yield location, is_secret


def _recognised(text: str) -> str:
    """The message for a text that contains a secret besides variables, or ""."""
    text = _VARIABLE.sub("", text)
    if "force://" in text:
        return _AUTH_URL
    if "PRIVATE KEY-----" in text or is_key_text(text):
        return _PRIVATE_KEY
    if _IN_URL.search(text) or any(passwords_in(text)):
        return _IN_A_URL
    if redact(text) != text:
        return _TOKEN
    return ""
