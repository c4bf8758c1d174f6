"""A record as the REST resources show it: attributes, then its fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.features.unknown_fields import refuse_unknown_field
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.schema import ObjectType


def record_url(object_type: ObjectType, record_id: str, version: str) -> str:
    """The path of a record: `/services/data/v68.0/sobjects/Account/001…`."""
    api = "/tooling" if object_type.is_tooling else ""
    return f"/services/data/v{version}{api}/sobjects/{object_type.name}/{record_id}"


def as_json(
    object_type: ObjectType, record: Record, version: str, fields: Sequence[str] | None = None
) -> dict[str, Any]:
    """All fields of a record, or those named; INVALID_FIELD for one that does not exist.

    A base64 field is shown as the path from which its content can be read.
    """
    url = record_url(object_type, record["Id"], version)
    result: dict[str, Any] = {"attributes": {"type": object_type.name, "url": url}}
    for name in fields if fields is not None else object_type.fields:
        field = object_type.find_field(name)
        if field is None:
            refuse_unknown_field(object_type.name, name)
            raise ApiError(
                400,
                "INVALID_FIELD",
                f"No such column '{name}' on entity '{object_type.name}'. If you are attempting "
                "to use a custom field, be sure to append the '__c' after the custom field name. "
                "Please reference your WSDL or the describe call for the appropriate names.",
            )
        value = record.get(field.name)
        is_blob = field.type == "base64" and value is not None
        result[field.name] = f"{url}/{field.name}" if is_blob else value
    return result
