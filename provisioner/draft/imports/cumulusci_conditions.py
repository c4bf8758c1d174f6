"""The conditions (`when`) of steps of CumulusCI's flows, as far as a file can answer them.

Source: docs/reference/other-tools.md#cumulusci.
"""

from __future__ import annotations

import re

_SOURCE_FORMAT = re.compile(r"project_config\.project__source_format *(==|!=) *['\"](\w+)['\"]")


def holds(condition: str, *, source_format: str, is_namespaced: bool) -> bool | None:
    """Whether a condition holds in a scratch org of the project; None if only the org knows.

    `and` and `or` are read, without parentheses: `and` is the stronger one.
    """
    results = []
    for alternative in condition.split(" or "):
        parts = [_part(part, source_format, is_namespaced) for part in alternative.split(" and ")]
        results.append(False if False in parts else None if None in parts else True)
    return True if True in results else None if None in results else False


def _part(text: str, source_format: str, is_namespaced: bool) -> bool | None:
    text = " ".join(text.split())
    if text.startswith("not "):
        inner = _part(text.removeprefix("not "), source_format, is_namespaced)
        return None if inner is None else not inner
    if text == "org_config.scratch":
        return True
    if text in ("org_config.namespace", "org_config.namespaced"):
        return is_namespaced
    if match := _SOURCE_FORMAT.fullmatch(text):
        return (source_format == match[2]) == (match[1] == "==")
    return None
