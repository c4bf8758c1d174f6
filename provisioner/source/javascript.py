"""Translates JavaScript's regular expressions and replacement patterns to Python's."""

from __future__ import annotations

import re

_SPACE = r"\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_REFERENCE = re.compile(r"\$(?:(\$)|(&)|(`)|(')|(\d\d?)|<([^>]*)>)")
# What has another meaning in Python: escapes, groups, classes, the dot and the dollar.
_TOKEN = re.compile(
    r"(?P<escape>\\(?:k<[^>]*>|c[A-Za-z]|u[\da-fA-F]{4}|x[\da-fA-F]{2}|[\s\S]))"
    r"|(?P<group>\(\?<(?![=!])[^>]*>)"
    r"|(?P<open>\[\^?\]?)|(?P<close>\])|(?P<dot>\.)|(?P<dollar>\$)"
)
_KNOWN_ESCAPES = frozenset("dDwWbBnrtvf0123456789uxk")


def expression(pattern: str) -> str:
    """A JavaScript regular expression (flag g only) for `re.compile` with re.ASCII."""
    is_in_class = False

    def translated(match: re.Match[str]) -> str:
        nonlocal is_in_class
        token = match[0]
        if match["escape"]:
            return _escape(token, is_in_class=is_in_class)
        if match["open"]:
            if is_in_class:
                is_in_class = not token.endswith("]")
                return token.replace("[", r"\[", 1)
            is_in_class = not token.endswith("]")
            return {"[]": "(?!)", "[^]": r"[\s\S]"}.get(token, token)
        if match["close"]:
            is_in_class = False
            return token
        if is_in_class:
            return token
        if match["group"]:
            return f"(?P{token[2:]}"
        return r"[^\n\r\u2028\u2029]" if match["dot"] else r"\Z"

    return _TOKEN.sub(translated, pattern)


def _escape(token: str, *, is_in_class: bool) -> str:
    character = token[1]
    if character == "s":
        return _SPACE if is_in_class else f"[{_SPACE}]"
    if character == "S":
        return r"\S" if is_in_class else f"[^{_SPACE}]"
    if character == "k" and len(token) > 2:
        return f"(?P={token[3:-1]})"
    if character == "c" and len(token) > 2:
        return rf"\x{ord(token[2]) % 32:02x}"
    if character == "b" and is_in_class:
        return r"\x08"
    if character == "v":
        return r"\x0b"
    if character in _KNOWN_ESCAPES:
        return token
    return re.escape(character)


def expand(match: re.Match[str], template: str) -> str:
    """The replacement text for a match, with `$&`, `$1`, `$$` and so on expanded."""
    if "$" not in template:
        return template

    def value(reference: re.Match[str]) -> str:
        dollar, whole, before, after, number, name = reference.groups()
        if dollar:
            return "$"
        if whole:
            return match[0]
        if before:
            return match.string[: match.start()]
        if after:
            return match.string[match.end() :]
        if number:
            found = _numbered(match, number)
            return reference[0] if found is None else found
        groups = match.groupdict()
        return (groups.get(name) or "") if groups else reference[0]

    return _REFERENCE.sub(value, template)


def _numbered(match: re.Match[str], number: str) -> str | None:
    """The group with a number of one or two digits, as far as it exists; None if it does not."""
    count = len(match.groups())
    for digits in (number, number[:1]):
        if 1 <= int(digits) <= count:
            return (match[int(digits)] or "") + number[len(digits) :]
    return None
