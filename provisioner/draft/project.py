"""The project that a pool.yaml is drafted for: its files, sfdx-project.json, documented set-up."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from provisioner.draft.model import LeftOut
from provisioner.draft.walk import Listing, files_below
from provisioner.errors import UsageError
from provisioner.input_file import SETTINGS, read_input
from provisioner.input_json import JsonProblem, parse_json
from provisioner.steps.package_project import PROJECT_FILE, ProjectError, project_content

FILE = PROJECT_FILE


@dataclass
class Project:
    """Reads the files of a project; what cannot be read is noted in `left_out`."""

    root: Path
    is_listed: bool = True  # whether its files are listed
    left_out: list[LeftOut] = field(default_factory=list)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """All files, relative to the project and with /."""
        listing = files_below(self.root) if self.is_listed else Listing(())
        self.left_out += listing.left_out
        return listing.files

    @property
    def names(self) -> tuple[str, str]:
        """The name in sfdx-project.json, which may be empty, and that of the folder."""
        name = str(self.content.get("name") or "")
        return name, os.path.basename(os.path.realpath(self.root))

    @cached_property
    def is_project(self) -> bool:
        """Whether the folder has an sfdx-project.json."""
        return has_project(self.root)

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """sfdx-project.json; empty where there is none. Raises UsageError if it is broken."""
        if not self.is_project:
            return {}
        try:
            value, _ = project_content(self.root / FILE)
        except ProjectError as error:
            raise UsageError(str(error), code="project") from None
        if isinstance(value, Mapping):
            return value
        text = f"{self.root / FILE}: the project file must be a JSON object"
        raise UsageError(text, code="project")

    @cached_property
    def package_dirs(self) -> tuple[str, ...]:
        """The package directories, normalised; "" is the project itself."""
        entries = self.content.get("packageDirectories")
        paths = [
            posixpath.normpath(entry["path"].replace("\\", "/"))
            for entry in (entries if isinstance(entries, list) else ())
            if isinstance(entry, Mapping) and isinstance(entry.get("path"), str)
        ]
        return tuple(dict.fromkeys("" if path == "." else path for path in paths))

    def is_source(self, file: str) -> bool:
        """Whether a file is in a package directory."""
        return any(is_below(file, folder) for folder in self.package_dirs)

    def others(self, *endings: str) -> Iterator[str]:
        """The files outside the package directories with one of these endings."""
        whole = "" in self.package_dirs
        for file in self.files:
            if file.endswith(endings) and (whole or not self.is_source(file)):
                yield file

    def json(self, file: str, most: int = SETTINGS) -> Any:
        """The value of a JSON file; None, with a note, if it cannot be read."""
        text = self.text(file, most)
        if text is None:
            return None
        try:
            return parse_json(text)
        except JsonProblem as problem:
            self.leave_out(file, f"it is not JSON: {problem.message}", problem.line)
            return None

    def text(self, file: str, most: int = SETTINGS) -> str | None:
        """The text of a file; None, with a note, if it cannot be read."""
        try:
            return read_input(self.root / file, most).decode("utf-8-sig")
        except UnicodeDecodeError:
            self.leave_out(file, "it is not UTF-8 text")
        except (OSError, ValueError) as error:
            self.leave_out(file, f"it cannot be read: {getattr(error, 'strerror', error)}")
        return None

    def peek(self, file: str) -> str:
        """The text of a file as far as it can be read, else ""; nothing is noted."""
        try:
            return read_input(self.root / file, SETTINGS).decode("utf-8", "replace")
        except (OSError, ValueError):
            return ""

    def peek_json(self, file: str) -> Any:
        """The value of a JSON file as far as it can be read, else None; nothing is noted."""
        try:
            return parse_json(self.peek(file))
        except JsonProblem:
            return None

    def leave_out(self, file: str, text: str, line: int = 0) -> None:
        """Note once that pool.yaml does not have something."""
        note = LeftOut(file, text, line)
        if note not in self.left_out:
            self.left_out.append(note)

    def has(self, path: str) -> bool:
        """Whether there is a file or folder at a path of the project."""
        return os.path.exists(self.root / path)


def has_project(folder: Path) -> bool:
    """Whether a folder has an sfdx-project.json, in whatever state."""
    return os.path.lexists(folder / FILE)


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path leads into a folder, links followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def is_below(file: str, folder: str) -> bool:
    """Whether a path is in a folder or below it; "" is the folder of everything."""
    return not folder or file == folder or file.startswith(f"{folder}/")
