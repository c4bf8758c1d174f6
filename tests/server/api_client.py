"""A client that knows nothing of the API but its OpenAPI document, and checks each answer by it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from .served import TOKEN, Reply, Served


@dataclass
class ApiClient:
    """Calls operations by their ids."""

    served: Served
    token: str = TOKEN

    @cached_property
    def document(self) -> Any:
        """The OpenAPI document, which everyone may read."""
        return self.served.send("GET", "/v1/openapi.json", token="").json

    def operation(self, name: str) -> tuple[str, str, Any]:
        """Method, path and description of an operation."""
        return next(
            (method, path, described)
            for path, methods in self.document["paths"].items()
            for method, described in methods.items()
            if described["operationId"] == name
        )

    def call(self, name: str, body: Any = None, **given: str) -> Reply:
        """Send a request; the answer is as the document describes it."""
        method, path, described = self.operation(name)
        assert body is None or "requestBody" in described
        query = {}
        for parameter in described["parameters"]:
            key = parameter["name"]
            if parameter["in"] == "path":
                path = path.replace(f"{{{key}}}", quote(given.pop(key), safe=""))
            elif key in given:
                query[key] = given.pop(key)
        assert not given, f"{name} has no parameters {given}"
        address = f"/v1{path}{'?' if query else ''}{urlencode(query)}"
        reply = self.served.send(method.upper(), address, body, token=self.token)
        self.check(described, reply)
        return reply

    def check(self, described: Any, reply: Reply) -> None:
        """The answer has a status, a media type and a content of the document."""
        responses = described["responses"]
        content = responses.get(str(reply.status), responses["default"])["content"]
        ((media, expected),) = content.items()
        assert reply.headers["content-type"].partition(";")[0] == media
        if media == "application/json":
            schema = {**expected["schema"], "components": self.document["components"]}
            Draft202012Validator(schema).validate(json.loads(reply.text))


def schemas_of(document: Any) -> list[Any]:
    """All schemas of a document, valid by the rules of JSON Schema."""
    found = list(document["components"]["schemas"].values())
    for methods in document["paths"].values():
        for described in methods.values():
            found += [parameter["schema"] for parameter in described["parameters"]]
            bodies = [described["requestBody"]] if "requestBody" in described else []
            for part in (*described["responses"].values(), *bodies):
                found += [each["schema"] for each in part["content"].values()]
    for schema in found:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    return found
