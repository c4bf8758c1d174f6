"""Values of running Apex, and how Apex writes them as text.

Text, numbers, booleans, dates, lists and null are Python's own. A Decimal is a float.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

MOST_ELEMENTS = 6_000_000  # characters of a text, elements of a collection
_DEEPEST = 20  # collections in collections; one may contain itself


class NotFollowedError(Exception):
    """Code that the interpreter does not follow; the message names it."""


class ThrownError(Exception):
    """An Apex exception: its class, and its message."""

    def __init__(self, kind: str, message: str, **more: Any) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.more = more  # what further getters of the exception return

    def is_a(self, caught: str) -> bool:
        """Whether `catch (caught e)` catches it."""
        name = caught.lower().removeprefix("system.")
        return name in ("exception", self.kind.lower().removeprefix("system."))


@dataclass(eq=False)
class SObject:
    """A record: its fields by name in lower case, with the name as it was written."""

    type: str
    fields: dict[str, tuple[str, Any]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)  # set by the code, in lower case
    is_queried: bool = False

    def get(self, name: str) -> Any:
        """The value of a field; None where it has none."""
        return self.fields.get(name.lower(), ("", None))[1]

    def put(self, name: str, value: Any) -> None:
        """Set a field."""
        self.fields[name.lower()] = name, value
        self.changed.add(name.lower())

    @property
    def id(self) -> str | None:
        """The record's id."""
        value = self.get("Id")
        return str(value) if value else None


class Rows(list[Any]):
    """The records of a query, which may stand for the only one of them."""


class ApexSet(dict[Any, None]):
    """A Set, in the order of insertion."""


@dataclass(eq=False)
class Instance:
    """An object of Apex's library: a save result, a record type's description, an exception."""

    type: str
    values: dict[str, Any]  # by getter or property, in lower case


@dataclass(frozen=True)
class Constant:
    """A value of an enum, or a token such as `Account.SObjectType`."""

    type: str
    name: str


def text_of(value: Any, depth: int = 0) -> str:
    """A value joined to text, as `'' + value` does it."""
    if depth > _DEEPEST:
        raise NotFollowedError(f"collections in more than {_DEEPEST} levels")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d} 00:00:00"
    if isinstance(value, float):
        return repr(value) if abs(value) < 1e15 else f"{value:.0f}"
    if isinstance(value, ApexSet):
        return "{" + ", ".join(text_of(one, depth + 1) for one in value) + "}"
    if isinstance(value, list):
        return "(" + ", ".join(text_of(one, depth + 1) for one in value) + ")"
    if isinstance(value, dict):
        pairs = ((text_of(k, depth + 1), text_of(v, depth + 1)) for k, v in value.items())
        return "{" + ", ".join(f"{key}={one}" for key, one in pairs) + "}"
    if isinstance(value, SObject):
        pairs = ((name, text_of(one, depth + 1)) for name, one in value.fields.values())
        return f"{value.type}:{{{', '.join(f'{name}={one}' for name, one in pairs)}}}"
    return value.name if isinstance(value, Constant) else str(value)


def key_of(value: Any) -> Any:
    """A value as the key of a Set or Map. Raises NotFollowedError."""
    if isinstance(value, list | dict):
        raise NotFollowedError("a collection as a key")
    return value


def to_json(value: Any) -> Any:
    """A value as the data APIs take it. Raises NotFollowedError."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M:%S}.000Z"
    if isinstance(value, SObject):
        keys = {name: to_json(one) for name, one in value.fields.values()}
        return {"attributes": {"type": value.type}, **keys}
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Constant):
        return value.name
    raise NotFollowedError(f"{type(value).__name__} as the value of a field")


def bounded(value: Any) -> Any:
    """A value that a block may continue with. Raises NotFollowedError for one that is too large.

    The heap of a transaction has 6 MB ("Execution Governors and Limits" in the Apex Developer
    Guide); what it holds is not counted here, but no request may use up the memory of the process.
    """
    if isinstance(value, str | list | dict) and len(value) > MOST_ELEMENTS:
        raise NotFollowedError("a value that is larger than the heap")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise NotFollowedError("a number of more than 64 bits")
    return value


def null_pointer() -> ThrownError:
    """The exception of `null.something`."""
    return ThrownError("System.NullPointerException", "Attempt to de-reference a null object")
