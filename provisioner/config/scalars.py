"""Single values: replaces `${NAME}` and converts text to a number, duration, path or secret.

A message never shows a value from the environment: it may be a secret at the wrong key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from provisioner.config.portion import EXPECTED as PORTION
from provisioner.config.portion import Portion, parse_portion
from provisioner.declare.duration import EXPECTED, parse_duration
from provisioner.declare.secret import Secret
from provisioner.salesforce.key_text import is_key_text, pem_text

_VARIABLE = re.compile(r"\$\$\{|\$\{([^{}$\n]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN = 48
_LONGEST_PATH = 4096


class VariableError(ValueError):
    """A `${NAME}` that is malformed, or whose variable is not set or empty."""


@dataclass(frozen=True)
class Text:
    """A scalar: its value after substitution, and as it is written in the file."""

    value: str
    written: str
    is_plain: bool = True  # not in quotes
    variables: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The scalar for a message."""
        if self.variables:
            return f"the value of ${{{self.variables[0]}}}"
        first = self.written.strip().partition("\n")[0]
        is_whole = first == self.written.strip() and len(first) <= _SHOWN
        return repr(first if is_whole else f"{first[:_SHOWN]}…")


def expand(written: str, environ: Mapping[str, str], *, is_plain: bool = True) -> Text:
    """Replace each `${NAME}`; `$${` gives a literal `${`. Raises VariableError."""
    used: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name = match[1]
        if not match[2] or not _NAME.fullmatch(name):
            raise VariableError("${ must be followed by a name and }; write $${ for a literal ${")
        if name not in environ:
            raise VariableError(f"the environment variable {name} is not set")
        used.append(name)
        return environ[name]

    value = _VARIABLE.sub(replace, written)
    if used and not value:
        raise VariableError(f"the environment variable {used[0]} is empty")
    return Text(value, written, is_plain, tuple(used))


def to_text(text: Text) -> str:
    """Any scalar is text, exactly as it is written: `68.0` stays `68.0`."""
    if not text.value.strip():
        raise ValueError("is empty; write a text")
    return text.value


def to_whole(text: Text) -> int:
    """A decimal whole number."""
    value = text.value
    if text.is_plain or text.variables:
        if re.fullmatch(r"[+-]?(0|[1-9][0-9]{0,17})", value):
            return int(value)
        if re.fullmatch(r"[+-]?0[0-9]{1,17}", value) and not text.variables:
            raise ValueError(f"{value} may be read as octal; write it without the leading 0")
    elif value.isascii() and value.isdigit():
        raise ValueError(f"is a text because of the quotes; write {_cut(value)}")
    raise ValueError(f"must be a whole number, for example 3 (got {text.shown})")


def to_number(text: Text) -> float:
    """A decimal number."""
    is_number = re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", text.value)
    if is_number and (text.is_plain or text.variables):
        return float(text.value)
    raise ValueError(f"must be a number, for example 3 or 0.5 (got {text.shown})")


def to_flag(text: Text) -> bool:
    """`true` or `false`. The other words of YAML 1.1, such as `yes`, get a message of their own."""
    value = text.value.lower()
    if text.is_plain or text.variables:
        if value in ("true", "false"):
            return value == "true"
        if value in ("yes", "on", "y", "no", "off", "n"):
            meant = "true" if value in ("yes", "on", "y") else "false"
            raise ValueError(f"must be true or false (got {text.shown}); write {meant}")
    elif value in ("true", "false"):
        raise ValueError(f"is a text because of the quotes; write {value}")
    raise ValueError(f"must be true or false (got {text.shown})")


def to_duration(text: Text) -> timedelta:
    """`20h`, `10m`, `2d`, `1h30m`."""
    try:
        return parse_duration(text.value)
    except ValueError:
        if text.variables:
            raise ValueError(f"must be {EXPECTED} (got {text.shown})") from None
        raise


def to_portion(text: Text) -> Portion:
    """`2`, `20%`."""
    try:
        return parse_portion(text.value)
    except ValueError:
        if text.variables:
            raise ValueError(f"must be {PORTION} (got {text.shown})") from None
        raise


def to_path(text: Text) -> Path:
    """A path as it is written, `~` expanded."""
    value = to_text(text)
    if "\0" in value:
        raise ValueError("has a NUL character; write the path of a file")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        message = f"the home folder of {text.shown} cannot be determined; write the whole path"
        raise ValueError(message) from None


def to_secret(text: Text) -> Secret:
    """A value that is never shown."""
    return Secret(to_text(text))


def to_key(text: Text) -> Path | Secret:
    """A path, or the text of a key in any of the forms that CI systems provide."""
    if is_key_text(text.value):
        return Secret(pem_text(text.value))
    if "\n" in text.value.strip() or len(text.value) > _LONGEST_PATH:
        raise ValueError("must be a path, a PEM text (BEGIN PRIVATE KEY), or a PEM text in base64")
    return to_path(text)


CONVERTERS: Mapping[type, Callable[[Text], Any]] = {
    str: to_text,
    int: to_whole,
    float: to_number,
    bool: to_flag,
    timedelta: to_duration,
    Portion: to_portion,
    Path: to_path,
    Secret: to_secret,
}


def _cut(value: str) -> str:
    return value[:_SHOWN]
