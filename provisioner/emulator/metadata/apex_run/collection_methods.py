"""Methods of List, Set, Map, numbers, Blob and records."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from provisioner.emulator.metadata.apex_run.operators import equal
from provisioner.emulator.metadata.apex_run.values import (
    ApexSet,
    Constant,
    NotFollowedError,
    SObject,
    ThrownError,
    key_of,
    text_of,
)

Method = Callable[..., Any]


def item(values: list[Any], index: int) -> Any:
    """`list[index]`."""
    if not 0 <= index < len(values):
        text = f"List index out of bounds: {index}"
        raise ThrownError("System.ListException", text)
    return values[index]


def _add(values: list[Any], *given: Any) -> None:
    if len(given) == 2:
        values.insert(given[0], given[1])
    else:
        values.append(given[0])


def _set_item(values: list[Any], index: int, value: Any) -> None:
    item(values, index)
    values[index] = value


def _remove_item(values: list[Any], index: int) -> Any:
    item(values, index)
    return values.pop(index)


def _sort(values: list[Any]) -> None:
    try:
        values.sort(key=lambda one: (one is not None, one))
    except TypeError:
        raise NotFollowedError("the order of these values") from None


LIST: Mapping[str, Method] = {
    "add": _add,
    "addall": lambda values, more: values.extend(list(more)),
    "clear": lambda values: values.clear(),
    "clone": list,
    "contains": lambda values, one: any(equal(one, each) for each in values),
    "deepclone": lambda values, *_flags: [_clone(one) for one in values],
    "get": item,
    "indexof": lambda values, one: next((i for i, v in enumerate(values) if equal(v, one)), -1),
    "isempty": lambda values: not values,
    "remove": _remove_item,
    "set": _set_item,
    "size": len,
    "sort": _sort,
}


def _add_to_set(values: ApexSet, one: Any) -> bool:
    is_new = key_of(one) not in values
    values[one] = None
    return is_new


def _add_all(values: ApexSet, more: Any) -> bool:
    return sum(_add_to_set(values, one) for one in list(more)) > 0


def _remove(values: dict[Any, Any], *gone: Any) -> bool:
    return sum(values.pop(one, values) is not values for one in gone) > 0


SET: Mapping[str, Method] = {
    "add": _add_to_set,
    "addall": _add_all,
    "clear": lambda values: values.clear(),
    "clone": ApexSet,
    "contains": lambda values, one: key_of(one) in values,
    "containsall": lambda values, more: all(one in values for one in more),
    "isempty": lambda values: not values,
    "remove": _remove,
    "removeall": lambda values, more: _remove(values, *list(more)),
    "retainall": lambda values, more: _remove(values, *[v for v in list(values) if v not in more]),
    "size": len,
}


def _put(values: dict[Any, Any], key: Any, value: Any) -> Any:
    before = values.get(key_of(key))
    values[key] = value
    return before


def _put_all(values: dict[Any, Any], more: Any) -> None:
    values.update(more if isinstance(more, dict) else {one.id: one for one in more})


MAP: Mapping[str, Method] = {
    "clear": lambda values: values.clear(),
    "clone": dict,
    "containskey": lambda values, key: key_of(key) in values,
    "get": lambda values, key: values.get(key_of(key)),
    "isempty": lambda values: not values,
    "keyset": lambda values: ApexSet(dict.fromkeys(values)),
    "put": _put,
    "putall": _put_all,
    "remove": lambda values, key: values.pop(key_of(key), None),
    "size": len,
    "values": lambda values: list(values.values()),
}


def rounded(value: float) -> int:
    """Half away from zero, as `Math.round` and `intValue` of halves behave."""
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def _scaled(value: float, scale: int, mode: Any = None) -> float:
    """A number of so many places; `mode` is a RoundingMode."""
    rounding = f"ROUND_{mode.name}" if mode else "ROUND_HALF_UP"
    return float(Decimal(str(value)).quantize(Decimal(1).scaleb(-scale), rounding))


NUMBER: Mapping[str, Method] = {
    "abs": abs,
    "format": lambda n: f"{n:,}",
    "intvalue": math.trunc,
    "longvalue": math.trunc,
    "doublevalue": float,
    "round": lambda n, *mode: int(_scaled(n, 0, *mode)),
    "setscale": _scaled,
    "toplainstring": text_of,
    "tostring": text_of,
}
BLOB: Mapping[str, Method] = {"size": len, "tostring": lambda blob: blob.decode("utf-8", "replace")}


def _clone(record: SObject) -> SObject:
    fields = {key: pair for key, pair in record.fields.items() if key != "id"}
    return SObject(record.type, fields, set(fields))


def _field_name(name: Any) -> str:
    return str(name.name if isinstance(name, Constant) else name)


RECORD: Mapping[str, Method] = {
    "clone": lambda record, *_flags: _clone(record),
    "get": lambda record, name: record.get(_field_name(name)),
    "getpopulatedfieldsasmap": lambda record: dict(record.fields.values()),
    "getsobject": lambda record, name: record.get(_field_name(name)),
    "getsobjects": lambda record, name: record.get(_field_name(name)),
    "getsobjecttype": lambda record: Constant("SObjectType", record.type),
    "isset": lambda record, name: _field_name(name).lower() in record.fields,
    "put": lambda record, name, value: record.put(_field_name(name), value),
}
