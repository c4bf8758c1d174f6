"""The components that steps bring into an org, and those that they need there, without a request.

`check` compares them. A step that does not say what it brings may bring anything: a package, or
what a program deploys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

PERMISSION_SET = "PermissionSet"
PERMISSION_SET_GROUP = "PermissionSetGroup"
OBJECT = "CustomObject"
FIELD = "CustomField"

_CUSTOM = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c", re.IGNORECASE)


@dataclass(frozen=True)
class Components:
    """Names by metadata type, those of fields as `Object.Field`.

    Of the types in `whole_types`, any component may be there.
    """

    names: Mapping[str, Iterable[str]] = field(default_factory=dict)
    whole_types: frozenset[str] = frozenset()


NO_COMPONENTS = Components()


@dataclass(frozen=True)
class Need:
    """A component that a step needs, and the option of the step that names it."""

    type: str
    name: str
    option: str
    where: Callable[[], str] = field(default=lambda: "", compare=False)
    """File, line and column of the data that names it. It may read the file again."""


@runtime_checkable
class BringsComponents(Protocol):
    """A step that says all that it brings."""

    def components(self, directory: Path) -> Components:
        """What is in the org after the step. It follows `check`, and reads the same files."""


@runtime_checkable
class NeedsComponents(Protocol):
    """A step that fails without certain components."""

    def needs(self, directory: Path) -> Iterable[Need]:
        """What must be in the org before the step. It follows `check`, and reads the same files."""


def of_manifest(members: Mapping[str, Iterable[str]]) -> Components:
    """The components of a package in metadata format: its manifest does not list all fields."""
    whole = {kind for kind, names in members.items() if "*" in names}
    if OBJECT in members:
        whole.add(FIELD)
    return Components(members, frozenset(whole))


def is_custom(name: str) -> bool:
    """Whether an object or a field has a custom name without a namespace."""
    return _CUSTOM.fullmatch(name) is not None
