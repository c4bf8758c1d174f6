"""`/search` and `/parameterizedSearch`: SOSL over HTTP, and searches by parameters.

Source: "Search", "Search with Parameters in the URI" and "Search with Parameters in the Request
Body" in the REST API Developer Guide; "SOSL Syntax" in the SOQL and SOSL Reference.

The codes for missing and wrong parameters were not seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.resources.query import query_context
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.sosl.search import search
from provisioner.emulator.typed import in_digits

_ENVELOPE_FROM = 37  # the API version; before, the answer is the list alone
_PARAMETERIZED_FROM = 36
_MOST = 2000
_PATH = "/services/data/v<version>/parameterizedSearch"
_RESERVED = re.compile(r"""[\\&|!{}()\[\]^~:]""")
_NOT_EMULATED = ("dataCategories", "dataCategory", "division", "metadata", "netWorkIds", "offset",
                 "pricebookId", "snippet", "updateTracking", "updateViewStat")  # fmt: skip


@dataclass
class _Object:
    """What to return of one object, as SOSL has it between the parentheses."""

    name: str
    fields: list[str] = field(default_factory=list)
    where: str = ""
    order_by: str = ""
    limit: int | None = None

    def text(self) -> str:
        clauses = [
            ", ".join(self.fields or ["Id"]),
            f"WHERE {self.where}" if self.where else "",
            f"ORDER BY {self.order_by}" if self.order_by else "",
            "" if self.limit is None else f"LIMIT {self.limit}",
        ]
        return f"{self.name}({' '.join(clause for clause in clauses if clause)})"


@route("/services/data/v<version>/search", name="search")
@route("/services/data/v<version>/tooling/search", name="tooling.search")
def search_by_statement(call: Call) -> Reply:
    """`?q=FIND {…}`: the records that are found."""
    if "q" not in call.query:
        raise ApiError(400, "MALFORMED_SEARCH", "A search string has to be specified")
    records = search(query_context(call, call.query["q"]))
    if float(call.version) < _ENVELOPE_FROM:
        return Reply(records)
    return Reply({"searchRecords": records})


@route(_PATH, "GET", name="parameterizedSearch")
def search_by_uri(call: Call) -> Reply:
    """`?q=Acme&sobject=Account&Account.fields=Id,Name&Account.limit=10`."""
    given: dict[str, Any] = dict(call.query)
    names = [value for key, value in parse_qsl(call.raw_query) if key == "sobject"]
    given["fields"] = _split(call.query.get("fields", ""))
    given["sobjects"] = [
        {
            "name": name,
            "fields": _split(call.query.get(f"{name}.fields", "")),
            "where": call.query.get(f"{name}.where"),
            "orderBy": call.query.get(f"{name}.orderBy"),
            "limit": call.query.get(f"{name}.limit"),
        }
        for name in names
    ]
    return _by_parameters(call, given)


@route(_PATH, "POST", name="parameterizedSearch.post")
def search_by_body(call: Call) -> Reply:
    """The same with the parameters in the body."""
    body = call.json()
    if not isinstance(body, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "the parameters must be a JSON object")
    return _by_parameters(call, body)


def _by_parameters(call: Call, given: Mapping[str, Any]) -> Reply:
    if float(call.version) < _PARAMETERIZED_FROM:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    for name in _NOT_EMULATED:
        if given.get(name):
            raise NotEmulatedError(f"parameterizedSearch {name}")
    records = search(query_context(call, _statement(given)))
    return Reply({"searchRecords": records})


def _statement(given: Mapping[str, Any]) -> str:
    """The same search as SOSL."""
    term = given.get("q")
    if not isinstance(term, str) or not term.strip():
        raise ApiError(400, "MALFORMED_SEARCH", "A search string has to be specified")
    group = str(given.get("in") or "ALL").upper()
    objects = _objects(given)
    returning = f" RETURNING {', '.join(one.text() for one in objects)}" if objects else ""
    limit = _number(given.get("overallLimit"), "overallLimit")
    ending = "" if limit is None else f" LIMIT {limit}"
    return f"FIND {{{_escaped(term)}}} IN {group} FIELDS{returning}{ending}"


def _escaped(term: str) -> str:
    """Clauses of SOSL are no part of the term: reserved characters are characters."""
    escaped = _RESERVED.sub(lambda match: f"\\{match[0]}", term)
    return escaped if escaped.count('"') % 2 == 0 else escaped.replace('"', " ")


def _objects(given: Mapping[str, Any]) -> list[_Object]:
    named = given.get("sobjects") or []
    if not isinstance(named, list):
        raise _wrong("sobjects")
    limit = _number(given.get("defaultLimit"), "defaultLimit")
    return [_object(one, _names(given.get("fields")), limit) for one in named]


def _object(one: Any, fields: list[str], limit: int | None) -> _Object:
    if isinstance(one, str):
        one = {"name": one}
    if not isinstance(one, dict) or not isinstance(one.get("name"), str):
        raise _wrong("sobjects")
    own = _number(one.get("limit"), "limit")
    return _Object(
        one["name"],
        _names(one.get("fields")) or fields,
        str(one.get("where") or ""),
        str(one.get("orderBy") or ""),
        limit if own is None else own,
    )


def _names(fields: Any) -> list[str]:
    if fields is None:
        return []
    if not isinstance(fields, list) or not all(isinstance(one, str) for one in fields):
        raise _wrong("fields")
    return fields


def _split(fields: str) -> list[str]:
    return [one.strip() for one in fields.split(",") if one.strip()]


def _number(value: Any, name: str) -> int | None:
    if value in (None, ""):
        return None
    number = value if isinstance(value, int) else in_digits(str(value))
    if isinstance(value, bool) or number is None or not 0 < number <= _MOST:
        raise _wrong(name)
    return number


def _wrong(name: str) -> ApiError:
    return ApiError(400, "INVALID_SEARCH", f"Invalid value for the parameter {name}")
