"""The keys that a dataclass declares for `pool.yaml`, for the reader and the JSON schema."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from provisioner.declare.options import Option


@dataclasses.dataclass(frozen=True)
class Key:
    """A key that a dataclass declares."""

    name: str
    hint: Any
    option: Option
    is_required: bool


@cache
def declared_keys(cls: type) -> Mapping[str, Key]:
    """The keys that `pool.yaml` may hold for `cls`, by name."""
    missing = dataclasses.MISSING
    return {
        field.name: Key(
            field.name,
            _hint(cls, field.name),
            field.metadata["option"],
            field.default is missing and field.default_factory is missing,
        )
        for field in dataclasses.fields(cls)
        if "option" in field.metadata
    }


def _hint(cls: type, name: str) -> Any:
    """The evaluated annotation of one field. The names in others may be imported for mypy only."""
    owner = next(base for base in cls.__mro__ if name in inspect.get_annotations(base))
    alone = types.SimpleNamespace(__annotations__={name: inspect.get_annotations(owner)[name]})
    return get_type_hints(alone, vars(sys.modules[owner.__module__]))[name]


def without_none(hint: Any) -> Any:
    """`T` of `T | None`; other hints as they are."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    kept = tuple(part for part in get_args(hint) if part is not type(None))
    return kept[0] if len(kept) == 1 else Union[kept]  # noqa: UP007 - made at run time
