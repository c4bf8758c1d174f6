"""The OpenAPI document of the API, from its operations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import provisioner
from provisioner.server.api.schemas import COMPONENTS, named
from provisioner.server.operation import Operation

_PATH = {"type": "string", "minLength": 1, "maxLength": 200}
_PARAMETER = re.compile(r"\{(\w+)\}")


def document(operations: Iterable[Operation], url: str) -> dict[str, Any]:
    """The document; `url` is the address of the server, without `/v1`."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "provisioner", "version": provisioner.__version__},
        "servers": [{"url": f"{url}/v1"}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _PATH}
        for name in _PARAMETER.findall(operation.path)
    ]
    parameters += [
        {"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()
    ]
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            str(operation.status): {
                "description": "the result",
                "content": {operation.media: {"schema": operation.answer}},
            },
            "default": {"description": "an error", "content": _json(named("Error"))},
        },
    }
    if operation.body["properties"]:
        is_required = bool(operation.body.get("required"))
        found["requestBody"] = {"required": is_required, "content": _json(operation.body)}
    return found


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
