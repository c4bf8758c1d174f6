"""The files of a project: folders read once, sorted names, no links to the outside.

Links may lead anywhere in the git work tree that contains the project, or, without one, in the
project. (The official converter follows all links.)

Paths are strings relative to the project, with `/`; the project itself is "".
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.input_file import open_input, read_input, refuse_large
from provisioner.source.problems import Refusal

_SLASH = "\\"
PIECE = 1 << 18
LARGEST = 600_000_000
"""Maximum bytes of one file: Salesforce's limit for a package (docs/reference/deploys.md)."""
_MOST_LINKED = 10_000
_DEEPEST = 200  # maximum depth of folders, including the project's


@dataclass(frozen=True, eq=False)
class Folder:
    """The entries of one folder. `unreadable`: entries that must not be read, with the reason."""

    names: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()  # the names, as a set
    folders: frozenset[str] = frozenset()
    unreadable: Mapping[str, str] = field(default_factory=dict)


_NO_FOLDER = Folder()


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def split(path: str) -> tuple[str, str]:
    """Folder and name of a path."""
    folder, _, name = path.rpartition("/")
    return folder, name


def _unreadable(path: str, error: OSError) -> Refusal:
    fault = f"cannot be read: {error.strerror or error}"
    return Refusal("unreadable", path or ".", fault)


def _bounds(root: str) -> tuple[str, str]:
    """The folder that links may lead to, and its name: the git work tree, or the project alone."""
    folder = root
    while True:
        if os.path.lexists(f"{folder}/.git"):
            return folder, "the project's git work tree"
        parent = os.path.dirname(folder)
        if parent == folder:
            return root, "the project"
        folder = parent


class Tree:
    """Reads each folder once, when it is first needed."""

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self._bounds, self._bounds_name = _bounds(self.root)
        self._folders: dict[str, Folder] = {}
        self._real = {"": self.root}
        self._linked = 0  # number of folders reached through a link

    def folder(self, path: str) -> Folder:
        """The entries of a folder; none if it is a file or does not exist."""
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
        """The absolute path of a path of the project."""
        return f"{self.root}/{path}"

    def read(self, path: str, most: int = LARGEST) -> bytes:
        """The whole content of a file. Raises Refusal."""
        parent, name = split(path)
        listed = self.folder(parent)
        if name in listed.unreadable:
            raise Refusal("unreadable", path, listed.unreadable[name])
        try:
            return read_input(self.location(path), most, is_regular=name in listed.known)
        except OSError as error:
            raise _unreadable(path, error) from None

    def pieces(self, path: str) -> Iterator[bytes]:
        """The pieces of a listed file, each of PIECE bytes except for the last. Raises Refusal."""
        size = 0
        try:
            descriptor = open_input(self.location(path), is_regular=True)
            try:
                while piece := os.read(descriptor, PIECE):
                    if not size and len(piece) == PIECE:
                        refuse_large(os.fstat(descriptor).st_size, LARGEST, path)
                    size += len(piece)
                    refuse_large(size, LARGEST, path)
                    yield piece
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unreadable(path, error) from None

    def read_checked(self, path: str, most: int) -> bytes:
        """The whole content of a file that was not listed before. Raises OSError."""
        real = os.path.realpath(self.location(path))
        if not real.startswith(f"{self._bounds}/"):
            raise FileNotFoundError(f"it leads out of {self._bounds_name}")
        return read_input(real, most)

    def _scan(self, path: str) -> Folder:
        folders: set[str] = set()
        unreadable: dict[str, str] = {}
        names = []
        real = self._real[path]
        if path.count("/") >= _DEEPEST:
            fault = f"folders are nested more than {_DEEPEST} levels deep"
            raise Refusal("unreadable", path, fault)
        if path and real != self.location(path):
            self._linked += 1
            if self._linked > _MOST_LINKED:
                fault = f"links lead to more than {_MOST_LINKED:,} folders"
                raise Refusal("unreadable", path, fault)
        try:
            listing = os.scandir(self.location(path))
        except OSError as error:
            raise _unreadable(path, error) from None
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
        """Why a special entry cannot be read; a valid link to a folder is added to `folders`."""
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            return "its name is not UTF-8"
        if _SLASH in entry.name:
            return "its name has a backslash, which separates folders on other systems"
        if not entry.is_symlink():
            return "" if entry.is_file() else "neither a file nor a folder"
        target = os.path.realpath(entry.path)
        if target != self._bounds and not target.startswith(f"{self._bounds}/"):
            return f"the link leads out of {self._bounds_name}, to {target}"
        try:
            mode = os.stat(target).st_mode
        except OSError:
            return f"the target of the link does not exist: {target}"
        if not stat.S_ISDIR(mode):
            return (
                ""
                if stat.S_ISREG(mode)
                else "the target of the link is neither a file nor a folder"
            )
        if self._is_above(path, target):
            return f"the link leads to a folder that contains it: {target}"
        folders.add(entry.name)
        self._real[join(path, entry.name)] = target
        return ""

    def _is_above(self, path: str, target: str) -> bool:
        if self.root.startswith(f"{target}/"):
            return True
        while self._real[path] != target and path:
            path = split(path)[0]
        return self._real[path] == target
