"""Requests inside a request: composite resources call other resources in the process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from provisioner.emulator import envelopes
from provisioner.emulator.auto_assign import auto_assign
from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.routing import ROUTES, Call, Reply, Route


@cache
def _routes() -> MapAdapter:
    rules = [
        Rule(one.rule, endpoint=one, methods=one.methods, strict_slashes=False)
        for one in ROUTES
        if one.access == "session"
    ]
    return Map(rules, strict_slashes=False).bind("emulator")


def dispatch(
    call: Call, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """The reply of a resource to a request of the same session; errors are replies, too."""
    raw_path, _, query = url.partition("?")
    path = raw_path.rstrip("/")
    try:
        route, params = _match(path, method)
        inner = replace(
            call,
            method=method,
            path=unquote(path),
            params={key: unquote(str(value)) for key, value in params.items()},
            query=dict(parse_qsl(query, keep_blank_values=True)),
            raw_query=query,
            headers={**call.headers, **_lower(headers or {})},
            body=b"" if body is None else json.dumps(body).encode(),
            form=None,
            files=None,
        )
        with auto_assign(inner):
            return route.handler(inner)
    except Exception as error:
        reply = envelopes.of_error(error, path)
        if reply is None:
            raise
        return reply


def _match(path: str, method: str) -> tuple[Route, Mapping[str, Any]]:
    try:
        return _routes().match(path, method)
    except NotFound:
        raise NotEmulatedError(f"{method} {path}") from None
    except MethodNotAllowed as error:
        raise envelopes.method_not_allowed(method, error.valid_methods or ()) from None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in headers.items()}
