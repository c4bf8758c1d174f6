"""Errors of the YAML parser in words for people, at the place that has to be changed."""

from __future__ import annotations

import yaml

_NO_COLON = "this key has no colon; write KEY: VALUE"


def syntax_problem(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int, str]:
    """Line and column (from 1) of what is wrong, which may be before the place of the error."""
    is_missing_colon = "could not find expected ':'" in (error.problem or "")
    mark = (error.context_mark if is_missing_colon else None) or error.problem_mark
    mark = mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines() or [""]
    for number in (line, line - 1):
        current = lines[number] if 0 <= number < len(lines) else ""
        indentation = current[: len(current) - len(current.lstrip())]
        if "\t" in indentation:
            message = "this line is indented with a tab; use spaces"
            return number + 1, indentation.index("\t") + 1, message
    opened = error.context_mark
    if opened is not None and _is_open(error) and 0 <= opened.line < len(lines):
        bracket = lines[opened.line][opened.column : opened.column + 1]
        if bracket in ("[", "{", "'", '"'):
            message = f"the {bracket} that is opened here is not closed"
            return opened.line + 1, opened.column + 1, message
    above = lines[line - 1] if 0 < line <= len(lines) else ""
    if "mapping values are not allowed" in (error.problem or "") and _has_no_colon(above):
        return line, len(above) - len(above.lstrip()) + 1, _NO_COLON
    return line + 1, column + 1, _explain(error)


def _is_open(error: yaml.MarkedYAMLError) -> bool:
    """Whether a bracket or a quote is not closed before what follows it, or before the end."""
    context, problem = error.context or "", error.problem or ""
    if "quoted scalar" in context:
        return "unexpected" in problem  # the end of the file, or the start of another document
    return "parsing a flow" in context and "did not find" in problem


def _has_no_colon(line: str) -> bool:
    """Whether a line is plain text without a key; a comment and a list entry are none."""
    text = line.strip()
    return bool(text) and ":" not in text and text[0] not in "#-[]{}'\"|>&*!%@`"


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "not understood"
    if "maximum nesting depth" in problem:
        return "brackets or lists are nested too deeply"
    if "could not find expected ':'" in problem:
        return _NO_COLON
    if "found another document" in problem:
        return "a second YAML document starts here; keep only one"
    if "undefined alias" in problem:
        return "this anchor is not defined above; write &NAME at the value that *NAME refers to"
    if "duplicate anchor" in (error.context or ""):
        return "this anchor is already defined above; give this one another name"
    if "mapping values are not allowed" in problem:
        return "a colon is not expected here; check the indentation, or put the text in quotes"
    if "escape" in problem:
        return "a \\ starts an escape in double quotes; write \\\\, or use single quotes"
    if "cannot start any token" in problem:
        return "a text cannot start with this character; put it in quotes"
    if "block" in (error.context or ""):
        return "the indentation does not match the lines above"
    context = f" {error.context}" if error.context else ""
    return f"the file is not valid YAML:{context}: {problem}"
