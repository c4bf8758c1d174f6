"""`dev_hub` as pool.yaml has it, for a block to paste: with variables by their names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.config.document import Mappings, Problems, compose, read_text
from provisioner.salesforce.key_text import is_key_text

Written = Mapping[str, str | list[str]]
_SECRETS = {
    "private_key": "${SF_PRIVATE_KEY}",
    "private_key_passphrase": "${SF_PRIVATE_KEY_PASSPHRASE}",
}


def dev_hub_as_written(path: Path) -> Written:
    """The keys of `dev_hub` with their texts. A secret in plain text is replaced by a variable."""
    problems = Problems(str(path))
    mappings = Mappings(problems)
    root = mappings.entries(compose(read_text(path), path), "")
    hub = root["dev_hub"][1] if "dev_hub" in root else None
    if not isinstance(hub, MappingNode):
        return {}
    entries = mappings.entries(hub, "dev_hub")
    return {name: _text(name, value) for name, (_, value) in entries.items()}


def as_yaml(hub: Written) -> list[str]:
    """The lines of the block."""
    return ["dev_hub:", *(f"  {name}: {_yaml(value)}" for name, value in hub.items())]


def _text(name: str, node: Node) -> str | list[str]:
    if isinstance(node, SequenceNode):
        return [str(_text(name, item)) for item in node.value]
    text = str(node.value) if isinstance(node, ScalarNode) else ""
    is_secret = is_key_text(text) if name == "private_key" else name in _SECRETS
    return _SECRETS[name] if is_secret and "${" not in text else text


def _yaml(value: str | list[str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_quoted(item, special=',[]{}') for item in value)}]"
    return _quoted(value)


def _quoted(text: str, special: str = "") -> str:
    """A scalar that YAML reads as this text; `special` are further characters to quote."""
    is_plain = text[:1].isalnum() or text[:1] in tuple("~/.$")
    is_plain = is_plain and not any(part in text for part in (": ", " #", "'", '"', "\n", *special))
    is_number = text.replace(".", "", 1).isdigit()
    if is_plain and not is_number and not text.endswith(":"):
        return text
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
