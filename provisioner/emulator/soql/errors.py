"""Salesforce's error for an invalid query: the code, the row and column, the caret under the text.

The layout is the service's own, as clients print it:

    \\nSELECT Id, Nope FROM Account\\n           ^\\nERROR at Row:1:Column:12\\nNo such column …

Only the line with the mistake is quoted, about thirty characters to both sides of it and no
word cut in half. Mistakes found by the grammar count columns from zero, those found in the
schema from one: `SELECT Id, FROM Account` is column 11, `SELECT Id, Nope …` is column 12.
"""

from __future__ import annotations

from provisioner.emulator.errors import ApiError

_REACH = 30
_HINT = (
    "If you are attempting to use a custom {what}, be sure to append the '{suffix}' after the "
    "{named} name. Please reference your WSDL or the describe call for the appropriate names."
)


def malformed(message: str) -> ApiError:
    """A MALFORMED_QUERY without a position."""
    return ApiError(400, "MALFORMED_QUERY", message)


def located(code: str, query: str, position: int, message: str) -> ApiError:
    """An error that a name or a value at `position` (in characters of the query) makes."""
    return ApiError(400, code, _quote(query, position) + message)


def unexpected(query: str, position: int, token: str) -> ApiError:
    """A syntax error at `token`; at the start and at the end nothing is quoted."""
    message = f"unexpected token: '{token or '<EOF>'}'"
    if token and position > _line_start(query, position):
        message = _quote(query, position - 1) + message
    return malformed(message)


def no_such_column(query: str, position: int, name: str, entity: str) -> ApiError:
    """The field does not exist, or the user may not see it; the text is the same."""
    hint = _HINT.format(what="field", suffix="__c", named="custom field")
    return located(
        "INVALID_FIELD", query, position, f"No such column '{name}' on entity '{entity}'. {hint}"
    )


def no_such_relationship(query: str, position: int, name: str) -> ApiError:
    """A part of a dotted path is not a relationship."""
    hint = _HINT.format(what="relationship", suffix="__r", named="custom relationship")
    message = f"Didn't understand relationship '{name}' in field path. {hint}"
    return located("INVALID_FIELD", query, position, message)


def no_such_children(query: str, position: int, name: str) -> ApiError:
    """A subquery asks for children that the object does not have."""
    hint = _HINT.format(what="relationship", suffix="__r", named="custom relationship")
    message = f"Didn't understand relationship '{name}' in FROM part of query call. {hint}"
    return located("INVALID_TYPE", query, position, message)


def no_such_type(query: str, position: int, name: str) -> ApiError:
    """The object does not exist in this org, or not in this API."""
    hint = _HINT.format(what="object", suffix="__c", named="entity")
    return located(
        "INVALID_TYPE", query, position, f"sObject type '{name}' is not supported. {hint}"
    )


def _line_start(query: str, position: int) -> int:
    return query.rfind("\n", 0, position) + 1


def _quote(query: str, position: int) -> str:
    start = _line_start(query, position)
    end = query.find("\n", position)
    line = query[start : len(query) if end < 0 else end]
    column = position - start
    left = max(0, column - _REACH)
    while left > 0 and not _separates(line[left - 1]):
        left -= 1
    right = min(len(line), column + _REACH + 1)
    while right < len(line) and not _separates(line[right]):
        right += 1
    row = query.count("\n", 0, start) + 1
    caret = " " * (column - left) + "^"
    return f"\n{line[left:right]}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n"


def _separates(character: str) -> bool:
    return character.isspace() or character == ","
