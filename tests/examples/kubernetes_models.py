"""What Kubernetes accepts: its OpenAPI definition, which lightkube-models has as dataclasses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Union, get_args, get_origin, get_type_hints


def _cron_job() -> type:
    """The dataclass. Its module imports three names of lightkube, a client that is not needed."""
    schema = ModuleType("lightkube.core.schema")
    schema.__dict__.update(dataclass=dataclass, field=field, DictMixin=object)
    sys.modules.setdefault("lightkube.core", ModuleType("lightkube.core"))
    sys.modules.setdefault(schema.__name__, schema)
    found: type = import_module("lightkube.models.batch_v1").CronJob
    return found


def problems(cron_job: object) -> list[str]:
    """Unknown and missing keys, and values of the wrong type, each with its path."""
    return list(_problems(cron_job, _cron_job(), "CronJob"))


def _problems(value: object, kind: Any, where: str) -> Iterator[str]:
    if is_dataclass(kind) and isinstance(value, dict):
        yield from _of_object(value, kind, where)
    elif get_origin(kind) is Union:
        found = [list(_problems(value, each, where)) for each in get_args(kind)]
        if all(found):
            yield from found[0]
    elif get_origin(kind) is list and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _problems(item, get_args(kind)[0], f"{where}[{number}]")
    elif not isinstance(kind, type) or type(value) is not kind:
        yield f"{where}: {value!r} is not of the type {getattr(kind, '__name__', kind)}"


def _of_object(value: dict[str, object], kind: Any, where: str) -> Iterator[str]:
    types = get_type_hints(kind)
    required = {f.name for f in fields(kind) if f.default is f.default_factory is MISSING}
    yield from (f"{where}: unknown key {key}" for key in value.keys() - types.keys())
    yield from (f"{where}: missing key {key}" for key in required - value.keys())
    for key in value.keys() & types.keys():
        yield from _problems(value[key], types[key], f"{where}.{key}")
