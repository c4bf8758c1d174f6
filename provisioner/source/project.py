"""Reads `sfdx-project.json`: the package directories and the rules of the conversion.

Source: docs/reference/source-format.md#package-directories.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.input_file import TEXT
from provisioner.input_json import JsonProblem, parse_json
from provisioner.source.problems import Findings, Refusal, WarningKind
from provisioner.source.registry import Registry, RegistryError, load
from provisioner.source.tree import Tree

FILE = "sfdx-project.json"
_LONGEST_VERSION = 10
_SEQUENTIALLY = "pushPackageDirectoriesSequentially"


@dataclass(frozen=True)
class Project:
    """The content of the project file; package directories are normalised, "" is the project."""

    directories: tuple[str, ...]
    registry: Registry
    api_version: str = ""  # sourceApiVersion
    replacements: Sequence[Mapping[str, Any]] = ()
    lines: LineFinder = field(default_factory=lambda: LineFinder(""))


class LineFinder:
    """Finds the line of a value in the project file."""

    def __init__(self, text: str) -> None:
        self._text = text

    def line(self, value: object, key: str = "") -> int:
        """The first line with `value` (after `key`, if given); 1 if there is none."""
        start = max(self._text.find(json.dumps(key)), 0) if key else 0
        for written in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
            at = self._text.find(written, start)
            if at >= 0:
                return self._text.count("\n", 0, at) + 1
        return self._text.count("\n", 0, start) + 1


def read(tree: Tree, findings: Findings, only: Sequence[str] = ()) -> Project:
    """Read the project; `only` selects package directories by path or package name.

    Problems are added to `findings`; raises Refusal if the file cannot be used at all.
    """
    text = tree.read(FILE, TEXT).decode("utf-8-sig", "replace")
    lines = LineFinder(text)
    try:
        content = parse_json(text)
    except JsonProblem as wrong:
        message = f"the file is not JSON: {wrong.message}"
        raise Refusal("JsonParseError", FILE, message, wrong.line, wrong.column) from None
    if not isinstance(content, dict):
        raise Refusal("JsonParseError", FILE, "the project file must be a JSON object")
    entries = _entries(content, findings)
    directories = _directories(tree, findings, entries, lines)
    _check_default(entries, findings, lines)
    if content.get(_SEQUENTIALLY) is True and not only:
        message = f"{_SEQUENTIALLY} is ignored; write a deploy_source step for each directory"
        findings.warn(WarningKind.NOT_SEQUENTIAL, FILE, message, lines.line(_SEQUENTIALLY))
    return Project(
        _selected(directories, only, findings),
        _registry(content, findings, lines),
        _api_version(content, findings, lines),
        _list(content, "replacements", findings, lines),
        lines,
    )


def _api_version(content: Mapping[str, Any], findings: Findings, lines: LineFinder) -> str:
    version = str(content.get("sourceApiVersion") or "")
    if len(version) > _LONGEST_VERSION:
        message = f"sourceApiVersion {version[:12]}… is not an API version; write for example 65.0"
        findings.refuse("", FILE, message, lines.line("sourceApiVersion"))
    return version[:_LONGEST_VERSION]


def _list(content: Mapping[str, Any], key: str, findings: Findings, lines: LineFinder) -> list[Any]:
    value = content.get(key) or []
    if isinstance(value, list):
        return value
    findings.refuse("JsonParseError", FILE, f"{key} must be a list", lines.line(key))
    return []


def _entries(content: Mapping[str, Any], findings: Findings) -> list[dict[str, Any]]:
    entries = content.get("packageDirectories")
    if not isinstance(entries, list) or not entries:
        findings.refuse(
            "InvalidProjectWorkspaceError", FILE, "packageDirectories is missing or empty"
        )
        return []
    good = [e for e in entries if isinstance(e, dict) and isinstance(e.get("path"), str)]
    if len(good) < len(entries):
        findings.refuse(
            "InvalidPackageDirectoryError", FILE, "an entry of packageDirectories has no path"
        )
    return good


def _directories(
    tree: Tree, findings: Findings, entries: list[dict[str, Any]], lines: LineFinder
) -> dict[str, str]:
    """Package directories in order, each with the name of its package."""
    found: dict[str, str] = {}
    for entry in entries:
        written = entry["path"]
        path = posixpath.normpath(written.replace("\\", "/")) if written else "."
        path = "" if path == "." else path
        line = lines.line(written, "packageDirectories")
        if path.startswith("/"):
            findings.refuse(
                "InvalidPackageDirectoryError", FILE, f"{written} is an absolute path", line
            )
        elif path.split("/")[0] == "..":
            findings.refuse(
                "InvalidPackageDirectoryError", FILE, f"{written} is outside the project", line
            )
        elif fault := _fault(tree, path):
            findings.refuse("MissingPackageDirectoryError", FILE, f"{written}: {fault}", line)
        else:
            found.setdefault(path, str(entry.get("package", "")))
    return found


def _fault(tree: Tree, path: str) -> str:
    """Why a package directory cannot be read; "" if it can."""
    folder = ""
    for name in path.split("/") if path else ():
        fault = tree.folder(folder).unreadable.get(name)
        if fault:
            return fault
        folder = f"{folder}/{name}" if folder else name
    return "" if tree.is_folder(path) else "the folder does not exist in the project"


def _check_default(entries: list[dict[str, Any]], findings: Findings, lines: LineFinder) -> None:
    defaults = [entry for entry in entries if entry.get("default")]
    line = lines.line("packageDirectories")
    if len(entries) == 1 and entries[0].get("default") is False:
        findings.refuse(
            "SingleNonDefaultPackageError",
            FILE, "the only package directory cannot have default: false", line,
        )  # fmt: skip
    elif len(entries) > 1 and not defaults:
        findings.refuse(
            "MissingDefaultPathError", FILE, "no package directory has default: true", line
        )
    elif len(defaults) > 1:
        findings.refuse(
            "MultipleDefaultPathsError", FILE, "two package directories have default: true", line
        )


def _selected(found: dict[str, str], only: Sequence[str], findings: Findings) -> tuple[str, ...]:
    if not only:
        return tuple(found)
    chosen = set()
    for wanted in only:
        path = posixpath.normpath(wanted)
        hits = [p for p, package in found.items() if path == (p or ".") or wanted == package]
        chosen.update(hits)
        if not hits:
            import difflib

            names = [name for item in found.items() for name in item if name]
            near = difflib.get_close_matches(wanted, names, 1) or sorted(found)
            findings.refuse(
                "", FILE, f"no package directory {wanted}; did you mean {', '.join(near)}?"
            )
    return tuple(path for path in found if path in chosen)


def _registry(content: Mapping[str, Any], findings: Findings, lines: LineFinder) -> Registry:
    keys = ("registryPresets", "sourceBehaviorOptions")
    presets = [str(name) for key in keys for name in _list(content, key, findings, lines)]
    own = content.get("registryCustomizations") or {}
    try:
        _check_customizations(own)
        return load(presets, own)
    except RegistryError as error:
        key = "registryCustomizations" if own else keys[1]
        name = "InvalidPreset" if "preset" in str(error) else "RegistryError"
        findings.refuse(name, FILE, str(error), lines.line(key))
        return load()


def _check_customizations(own: object) -> None:
    types = own.get("types") or {} if isinstance(own, dict) else None
    if not isinstance(types, dict):
        raise RegistryError("registryCustomizations must be an object, and so must its types")
    for type_id, raw in types.items():
        directory = posixpath.normpath(str(raw.get("directoryName", "")))
        if directory.startswith("/") or directory.split("/")[0] == "..":
            raise RegistryError(f"directoryName of {type_id} leads out of the project")
