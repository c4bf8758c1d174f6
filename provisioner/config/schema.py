"""The JSON schema of `pool.yaml` (draft 2020-12), made from the declarations that the reader uses.

Editors use it if the first line of the file is
`# yaml-language-server: $schema=pool.schema.json`.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from provisioner.config import portion
from provisioner.config.model import PoolFile, StepEntry
from provisioner.config.portion import Portion
from provisioner.declare.duration import EXPECTED, PATTERN, format_duration
from provisioner.declare.keys import Key, declared_keys, without_none
from provisioner.declare.options import Option
from provisioner.declare.secret import Secret
from provisioner.errors import UsageError
from provisioner.steps import kinds, step_class

VARIABLE = {"$ref": "#/$defs/variable"}
SCALARS: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Path: {"type": "string"},
    Secret: {"type": "string"},
    timedelta: {"type": "string", "pattern": f"^{PATTERN}$"},
    Path | Secret: {"type": "string"},
    Portion: {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": 9999},
            {"type": "string", "pattern": f"^({portion.PATTERN})$"},
        ]
    },
}

EXPECTATIONS: Mapping[Any, str] = {timedelta: EXPECTED, Portion: portion.EXPECTED}


def schema() -> dict[str, Any]:
    """The schema, ready for `json.dumps`."""
    whole = _object(PoolFile)
    whole["patternProperties"] = {
        "^x-": {"description": "your own keys, for example for YAML anchors"}
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pool.yaml",
        "description": "Pools of ready Salesforce scratch orgs.",
        **whole,
        "$defs": {
            "variable": {
                "type": "string",
                "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}",
                "description": "read from the environment",
            },
            "step": _step(),
        },
    }


def _object(cls: type) -> dict[str, Any]:
    keys = declared_keys(cls)
    made = {
        "type": "object",
        "properties": {name: _property(cls, key) for name, key in keys.items()},
        "additionalProperties": False,
    }
    required = [name for name, key in keys.items() if key.is_required]
    return {**made, "required": required} if required else made


def _property(cls: type, key: Key) -> dict[str, Any]:
    made = {"description": key.option.help, **_value(key.hint, key.option)}
    default = _default(cls, key.name)
    if default is not None:
        made["default"] = default
    if key.option.example is not None:
        made["examples"] = [key.option.example]
    return made


def _default(cls: type, name: str) -> Any:
    """The default as it is written in pool.yaml; None if it cannot be written."""
    default = next(field.default for field in dataclasses.fields(cls) if field.name == name)
    if isinstance(default, timedelta):
        return format_duration(default)
    if isinstance(default, Portion):
        return str(default)
    return default if isinstance(default, bool | int | float | str) else None


def _value(hint: Any, option: Option) -> dict[str, Any]:
    hint = without_none(hint)
    if hint is StepEntry:
        return {"$ref": "#/$defs/step"}
    if get_origin(hint) is tuple:
        return _list(get_args(hint)[0], option)
    if get_origin(hint) is Mapping:
        return _named(get_args(hint)[1], option)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _with_shorthand(hint)
    if get_origin(hint) is Literal:
        return {"anyOf": [{"enum": list(get_args(hint))}, VARIABLE]}
    return _scalar(hint, option) if option.most == 1 else _one_or_more(hint, option)


def _one_or_more(hint: Any, option: Option) -> dict[str, Any]:
    one = _scalar(hint, option)
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": option.most}]}


def _named(hint: Any, option: Option) -> dict[str, Any]:
    of_values = dataclasses.replace(option, pattern=None)
    made = {"type": "object", "additionalProperties": _value(hint, of_values)}
    if option.pattern is None:
        return made
    return {**made, "propertyNames": {"pattern": f"^({option.pattern.pattern})$"}}


def _list(hint: Any, option: Option) -> dict[str, Any]:
    of_items = dataclasses.replace(option, minimum=None, maximum=None)
    made: dict[str, Any] = {"type": "array", "items": _value(hint, of_items)}
    if option.minimum is not None:
        made["minItems"] = int(option.minimum)
    if option.maximum is not None:
        made["maxItems"] = int(option.maximum)
    return {"anyOf": [made["items"], made]} if option.is_single else made


def _scalar(hint: Any, option: Option) -> dict[str, Any]:
    made = dict(SCALARS[hint])
    if hint in (int, float):
        bounds = {"minimum": option.minimum, "maximum": option.maximum}
        made |= {name: value for name, value in bounds.items() if value is not None}
    if hint is str:
        lengths = {"minLength": option.minimum, "maxLength": option.maximum}
        made |= {name: int(value) for name, value in lengths.items() if value is not None}
    if option.pattern is not None:
        made["pattern"] = f"^({option.pattern.pattern})$"
    if hint in EXPECTATIONS:
        made["description"] = EXPECTATIONS[hint]
    if made == {"type": "string"}:
        return made
    return {"anyOf": [made, VARIABLE]}


def _with_shorthand(cls: type) -> dict[str, Any]:
    """The schema of the object, or of its shorthand: a bare scalar or list."""
    made = _object(cls)
    shorthand = getattr(cls, "shorthand", "")
    if not shorthand:
        return made
    key = declared_keys(cls)[shorthand]
    short = {"description": key.option.help, **_value(key.hint, key.option)}
    return {"anyOf": [made, short]}


def _step() -> dict[str, Any]:
    """One entry of `steps`: exactly one kind, and beside it the keys of any step."""
    common = _object(StepEntry)
    found = {}
    for kind in kinds():
        try:
            cls = step_class(kind)
        except UsageError as error:  # of another distribution
            found[kind] = {"description": error.message}
            continue
        text = (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ")
        found[kind] = {"description": text, **_with_common(_with_shorthand(cls), common)}
    return {
        "type": "object",
        "properties": {**found, **common["properties"]},
        "additionalProperties": False,
        "oneOf": [{"required": [kind]} for kind in found],
    }


def _with_common(options: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """Allow the keys of any step also among the options of its kind."""
    target = options["anyOf"][0] if "anyOf" in options else options
    target["properties"] = {**common["properties"], **target["properties"]}
    return options
