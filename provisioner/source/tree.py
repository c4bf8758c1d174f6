"""The files of a project: folders read once, names in byte order, links kept inside.

Paths are texts relative to the project, with `/`; the project itself is "".
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.source.problems import Refusal

_SLASH = "\\"
_MOST_FILES = 1 << 15  # most files are smaller, and are read by one call without a file object


@dataclass(frozen=True, eq=False)
class Folder:
    """The entries of one folder. `unreadable`: entries that must not be read, and why."""

    names: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()  # the names, for a quick look
    folders: frozenset[str] = frozenset()
    unreadable: Mapping[str, str] = field(default_factory=dict)


_NO_FOLDER = Folder()


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def split(path: str) -> tuple[str, str]:
    """Folder and name of a path."""
    folder, _, name = path.rpartition("/")
    return folder, name


class Tree:
    """Reads folders when they are first asked for, and each one once."""

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self._folders: dict[str, Folder] = {}
        self._real = {"": self.root}

    def folder(self, path: str) -> Folder:
        """The entries of a folder; none when it is a file or is not there."""
        found = self._folders.get(path)
        if found is None:
            found = self._folders[path] = self._scan(path) if self.is_folder(path) else _NO_FOLDER
        return found

    def is_folder(self, path: str) -> bool:
        if not path or path in self._folders:
            return not path or self._folders[path] is not _NO_FOLDER
        parent, name = split(path)
        return name in self.folder(parent).folders

    def exists(self, path: str) -> bool:
        if not path:
            return True
        parent, name = split(path)
        return name in self.folder(parent).known

    def location(self, path: str) -> str:
        """Where the operating system finds a path of the project."""
        return f"{self.root}/{path}"

    def read(self, path: str) -> bytes:
        """The whole of a file. Raises OSError."""
        return self.read_up_to(path, None) or b""

    def read_up_to(self, path: str, most: int | None) -> bytes | None:
        """The whole of a file, or None if it has more bytes than `most`. Raises OSError."""
        descriptor = os.open(f"{self.root}/{path}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.read(descriptor, _MOST_FILES)
            if len(data) == _MOST_FILES:
                if most is not None and os.fstat(descriptor).st_size > most:
                    return None
                with open(descriptor, "rb", closefd=False) as file:
                    data += file.read()
            return data
        finally:
            os.close(descriptor)

    def read_checked(self, path: str) -> bytes:
        """As `read`, for a path that no listing gave. Raises OSError."""
        real = os.path.realpath(self.location(path))
        if not real.startswith(f"{self.root}/"):
            raise FileNotFoundError("it leads out of the project")
        return self.read(path)

    def _scan(self, path: str) -> Folder:
        folders: set[str] = set()
        unreadable: dict[str, str] = {}
        names = []
        real = self._real[path]
        try:
            listing = os.scandir(self.location(path))
        except OSError as error:
            fault = f"it cannot be read: {error.strerror}"
            raise Refusal("unreadable", path or ".", fault) from None
        with listing as entries:
            for entry in entries:
                name = entry.name
                names.append(name)
                if entry.is_dir(follow_symlinks=False):
                    folders.add(name)
                    self._real[join(path, name)] = f"{real}/{name}"
                elif (
                    not entry.is_file(follow_symlinks=False)
                    or not name.isprintable()
                    or _SLASH in name
                ):
                    fault = self._fault(path, entry, folders)
                    if fault:
                        unreadable[name] = fault
        names.sort()
        return Folder(tuple(names), frozenset(names), frozenset(folders), unreadable)

    def _fault(self, path: str, entry: os.DirEntry[str], folders: set[str]) -> str:
        """Why a special entry is not read; a good link to a folder joins `folders`."""
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            return "its name is not UTF-8"
        if _SLASH in entry.name:
            return "its name has a backslash, which separates folders elsewhere"
        if not entry.is_symlink():
            return "" if entry.is_file() else "it is neither a file nor a folder"
        target = os.path.realpath(entry.path)
        if target != self.root and not target.startswith(f"{self.root}/"):
            return f"the link leads out of the project, to {target}"
        try:
            mode = os.stat(target).st_mode
        except OSError:
            return f"the link leads to nothing, {target}"
        if not stat.S_ISDIR(mode):
            return "" if stat.S_ISREG(mode) else "the link leads to no file and no folder"
        if self._is_above(path, target):
            return f"the link leads back to a folder that it lies in, {target}"
        folders.add(entry.name)
        self._real[join(path, entry.name)] = target
        return ""

    def _is_above(self, path: str, target: str) -> bool:
        while self._real[path] != target and path:
            path = split(path)[0]
        return self._real[path] == target
