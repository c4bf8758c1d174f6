"""The namespace of `sfdx-project.json`; the Salesforce CLI also sends it in its sign-ups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provisioner.input_file import TEXT, read_input
from provisioner.input_json import JsonProblem, parse_json

PROJECT_FILE = "sfdx-project.json"


class ProjectError(ValueError):
    """A project file cannot be read; the text names the file, the position and the reason."""


def project_namespace(definition: Path, directory: Path) -> str:
    """The namespace of the project that an org definition belongs to; "" if it has none.

    The project is the nearest one in the folder of the definition or above it, else in `directory`
    (the folder of pool.yaml) or above it. Raises ProjectError.
    """
    for folder in (definition.parent, directory):
        path = next(_projects(folder.absolute()), None)
        if path is not None:
            return _namespace(path)
    return ""


def _projects(folder: Path) -> Iterator[Path]:
    """The project files from a folder upwards, up to the root of its git work tree."""
    for above in (folder, *folder.parents):
        path = above / PROJECT_FILE
        if path.exists():
            yield path
        if (above / ".git").exists():
            return


def _namespace(path: Path) -> str:
    try:
        content = parse_json(read_input(path, TEXT).decode("utf-8-sig"))
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProjectError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except JsonProblem as problem:
        position = f"{path}:{problem.line}:{problem.column}"
        raise ProjectError(f"{position}: the file is not JSON: {problem.message}") from None
    namespace = content.get("namespace") if isinstance(content, dict) else None
    if namespace is not None and not isinstance(namespace, str):
        raise ProjectError(f"{path}: namespace has the wrong type; write a text")
    return namespace or ""
