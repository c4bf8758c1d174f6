"""How a frozen dataclass declares the keys that `pool.yaml` may hold for it.

The same declarations serve the reader (problems with positions) and `provisioner schema`.
Supported annotations: str, int, float, bool, Path, Secret, timedelta (`20h`), Portion (`2`,
`20%`), Literal, `T | None`, `tuple[T, ...]`, `Mapping[str, T]`, another such dataclass, and
`Path | Secret` (the text of a PEM key is the Secret). Fields that are not declared with `option`
are not for `pool.yaml`. The annotations of the others are evaluated: their names must be imported
at run time.

Two optional members of such a dataclass:

* `shorthand: ClassVar[str]` names the field that a bare scalar or list stands for
  (`assign_permission_sets: [Sales_Rep]`);
* `check(self, directory: Path) -> Iterable[Finding]` checks what only the step itself can check:
  the files that it names, and keys that exclude each other. It runs offline.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Finding:
    """A problem that `check` found: the field (with an index or key below it), and a message."""

    field: str  # "" for the whole; else "files", "files.2", …
    message: str
    is_warning: bool = False


@dataclass(frozen=True)
class Option:
    """The declaration of one key, apart from its type."""

    help: str
    minimum: float | None = None  # of a number; of a duration in seconds; of a list its length
    maximum: float | None = None
    pattern: re.Pattern[str] | None = None  # the whole text must match; of a Mapping each key
    expects: str = ""  # the pattern in words, for messages: "a 04t package version id"
    path: Literal["", "file", "folder", "any"] = ""  # must exist, relative to pool.yaml
    example: Any = None  # of a list: a tuple
    rule: Callable[[Any], str] | None = None  # another check: returns the problem, or ""
    variable: str = ""  # the environment variable with the value if the key is absent
    most: int = 1  # a list of up to so many values may be written in place of one
    is_single: bool = False  # a single value stands for a list of one


_MISSING: Any = dataclasses.MISSING


def option(
    help: str,  # noqa: A002 - the word that typer and argparse users know
    *,
    default: Any = _MISSING,
    default_factory: Any = _MISSING,
    minimum: float | None = None,
    maximum: float | None = None,
    pattern: str | None = None,
    expects: str = "",
    path: Literal["", "file", "folder", "any"] = "",
    example: Any = None,
    rule: Callable[[Any], str] | None = None,
    variable: str = "",
    most: int = 1,
    is_single: bool = False,
    repr: bool = True,  # noqa: A002 - the word of dataclasses.field
) -> Any:
    """A dataclass field that `pool.yaml` may set; without `default` it is required.

    `minimum` and `maximum` bound a number, a duration in seconds, the characters of a text, or the
    items of a tuple. `pattern`, `path` and `rule` of a `tuple[T, ...]` hold for each item. A Path
    is given to the dataclass as it is written (`~` expanded): join it with the folder of pool.yaml.
    With `most`, the reader of the dataclass splits a list: the field has the first value.
    """
    declared = Option(
        help,
        minimum,
        maximum,
        re.compile(pattern) if pattern else None,
        expects,
        path,
        example,
        rule,
        variable,
        most,
        is_single,
    )
    metadata = {"option": declared}
    if default_factory is not _MISSING:
        return dataclasses.field(default_factory=default_factory, repr=repr, metadata=metadata)
    return dataclasses.field(default=default, repr=repr, metadata=metadata)
