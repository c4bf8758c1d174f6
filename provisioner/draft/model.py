"""A pool.yaml before it is text: its pools and steps, each with the reason why it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PHASES: Mapping[str, int] = {
    "install_dependencies": 1,
    "install_package": 1,
    "deploy_source": 2,
    "deploy_metadata": 2,
    "create_users": 3,
    "assign_permission_sets": 4,
    "load_data": 5,
    "run_apex": 6,
    "run_command": 6,
}
"""The usual order of the kinds of steps in an org."""


class ProjectPath(str):
    """A path relative to the project, with /; pool.yaml may be in another folder."""

    __slots__ = ()


class Variable(str):
    """The name of an environment variable, written as `${NAME}`."""

    __slots__ = ()


@dataclass(frozen=True)
class LeftOut:
    """Something in the project or in an imported file that pool.yaml does not have, and why."""

    file: str
    text: str
    line: int = 0  # 0: the whole file

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.text}"


@dataclass(frozen=True)
class Step:
    """An entry of `steps`. One that is not `is_on` is written as a comment."""

    kind: str
    options: Mapping[str, Any]
    reason: str
    is_on: bool = True
    needs: str = ""
    """A kind of step without which this one cannot work: what it uses comes from there."""
    is_faulty: bool = False  # `check` refuses it

    @property
    def phase(self) -> int:
        """Its number in the usual order."""
        return PHASES.get(self.kind, 6)

    def is_same(self, other: Step) -> bool:
        """Whether both do the same, whatever the reason."""
        return (self.kind, self.options) == (other.kind, other.options)


@dataclass(frozen=True)
class DefinitionFile:
    """An entry of `definitions`. One that is not `is_on` is written as a comment."""

    file: str
    reason: str
    is_on: bool = True
    is_faulty: bool = False  # `check` refuses it
    namespace: bool | None = None  # None: the default

    @property
    def value(self) -> Any:
        """What `definitions` has for it."""
        file = ProjectPath(self.file)
        return file if self.namespace is None else {"file": file, "namespace": self.namespace}


@dataclass(frozen=True)
class Setting:
    """A key of a pool or of `limits` with its value, and the reason."""

    value: Any
    reason: str = ""


@dataclass(frozen=True)
class PoolDraft:
    """A pool: its settings by key, definitions and steps."""

    name: str
    reason: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    definitions: Sequence[DefinitionFile] = ()
    steps: Sequence[Step] = ()
    is_refreshed: bool = True  # whether orgs that wait are replaced each night


@dataclass(frozen=True)
class Imported:
    """What the file of another tool gives."""

    file: str
    pools: Sequence[PoolDraft]
    left_out: Sequence[LeftOut] = ()
    limits: Mapping[str, Setting] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that pool.yaml reads, each with what it has to hold."""


@dataclass(frozen=True)
class Draft:
    """All of a pool.yaml."""

    pools: Sequence[PoolDraft]
    left_out: Sequence[LeftOut] = ()
    limits: Mapping[str, Setting] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
