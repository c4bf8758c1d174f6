"""A file of `load_data` that names others, and what is wrong with them.

A plan and a script of SFDMU are such files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from provisioner.errors import UsageError

T = TypeVar("T")


class IndexFileError(ValueError):
    """The problems of the file and of those that it names, one line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def from_pool_file(file: Path, problem: str) -> str:
    """A problem with the path of its file relative to pool.yaml instead of `file`."""
    folder = file.parent.as_posix()
    return problem if folder == "." else f"{folder}/{problem}"


def problems_of(file: Path, error: IndexFileError | OSError) -> list[str]:
    """The lines to show for an error of reading `file`, a path relative to pool.yaml."""
    if isinstance(error, OSError):
        return [f"{file} cannot be read: {error.strerror}"]
    return [from_pool_file(file, problem) for problem in error.problems]


def read_for_build(read: Callable[[Path], T], directory: Path, file: Path, code: str) -> T:
    """What `read` makes of the file. Raises UsageError with all problems."""
    try:
        return read(directory / file)
    except (IndexFileError, OSError) as error:
        raise UsageError("\n".join(problems_of(file, error)), code=code) from None
