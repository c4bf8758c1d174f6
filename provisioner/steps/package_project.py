"""The packages in `sfdx-project.json`: aliases, and the dependencies of package directories.

Source: docs/reference/packages.md#names-of-versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.input_file import TEXT, read_input
from provisioner.input_json import JsonProblem, parse_json
from provisioner.json_locations import JsonPath, locations

PROJECT_FILE = "sfdx-project.json"
_DIRECTORIES = "packageDirectories"


class ProjectError(ValueError):
    """A project file cannot be used; the text names the file, the position and the reason."""


@dataclass(frozen=True)
class Dependency:
    """An entry of `dependencies`: a version id, or a package with a version number."""

    package: str  # alias, 0Ho… or 04t…
    version: str = ""  # versionNumber
    branch: str = ""
    where: str = ""  # file, line and column


@dataclass(frozen=True)
class PackageProject:
    """What a project says about packages; empty where there is no project file."""

    file: str = PROJECT_FILE
    aliases: Mapping[str, str] = field(default_factory=dict)  # name → 04t… or 0Ho…
    own: Mapping[str, str] = field(default_factory=dict)  # package → its directory
    dependencies: tuple[Dependency, ...] = ()

    def name_of(self, version_id: str) -> str:
        """The alias of a version, or ""."""
        return next((n for n, i in self.aliases.items() if i[:15] == version_id[:15]), "")


def project_files(folder: Path) -> Iterator[Path]:
    """The project files from a folder upwards, up to the root of its git work tree."""
    for above in (folder, *folder.parents):
        path = above / PROJECT_FILE
        if path.exists():
            yield path
        if (above / ".git").exists():
            return


def nearest_project(folder: Path) -> PackageProject:
    """The project of a folder, in it or above it. Raises ProjectError."""
    path = next(project_files(folder.absolute()), None)
    return PackageProject() if path is None else read_package_project(path, path.name)


def project_content(path: Path) -> tuple[Any, str]:
    """The value of a project file, and its text. Raises ProjectError."""
    try:
        text = read_input(path, TEXT).decode("utf-8-sig")
        return parse_json(text), text
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProjectError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except JsonProblem as problem:
        position = f"{path}:{problem.line}:{problem.column}"
        raise ProjectError(f"{position}: the file is not JSON: {problem.message}") from None


def read_package_project(path: Path, file: str) -> PackageProject:
    """The packages in a project file, which messages name `file`. Raises ProjectError."""
    content, text = project_content(path)
    if not isinstance(content, dict):
        raise ProjectError(f"{file}: the project file must be a JSON object")
    aliases = content.get("packageAliases") or {}
    if not isinstance(aliases, dict) or not all(isinstance(i, str) for i in aliases.values()):
        raise ProjectError(f"{file}: packageAliases must be an object of names and ids")
    directories = content.get(_DIRECTORIES) or []
    if not isinstance(directories, list) or not all(isinstance(d, dict) for d in directories):
        raise ProjectError(f"{file}: {_DIRECTORIES} must be a list of objects")
    own = {str(d["package"]): str(d.get("path", "")) for d in directories if d.get("package")}
    return PackageProject(file, aliases, own, tuple(_dependencies(directories, text, file)))


def _dependencies(directories: list[dict[str, Any]], text: str, file: str) -> Iterator[Dependency]:
    paths: dict[JsonPath, Any] = {}
    for at, directory in enumerate(directories):
        entries = directory.get("dependencies") or []
        if not isinstance(entries, list):
            raise ProjectError(f"{file}: dependencies of {directory.get('path')} must be a list")
        paths |= {(_DIRECTORIES, at, "dependencies", n): e for n, e in enumerate(entries)}
    found = locations(text, paths)
    for path, entry in paths.items():
        line, column = found.get(path, (1, 1))
        yield _dependency(entry, f"{file}:{line}:{column}")


def _dependency(entry: Any, where: str) -> Dependency:
    if not isinstance(entry, dict):
        raise ProjectError(f"{where}: a dependency must be an object with package")
    keys = ("subscriberPackageVersionId", "packageId", "package", "versionNumber", "branch")
    values = {key: entry.get(key) or "" for key in keys}
    wrong = next((key for key, value in values.items() if not isinstance(value, str)), None)
    if wrong:
        raise ProjectError(f"{where}: {wrong} of a dependency must be a text")
    if values["packageId"] and values["package"]:
        raise ProjectError(f"{where}: the dependency has package and packageId; keep one of them")
    package = next((values[key] for key in keys[:3] if values[key]), "")
    if not package:
        raise ProjectError(f"{where}: the dependency names no package; write package")
    return Dependency(package, values["versionNumber"], values["branch"], where)
