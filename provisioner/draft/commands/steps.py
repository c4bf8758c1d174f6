"""What commands of the Salesforce CLI do to an org, as steps of pool.yaml."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from provisioner.draft.commands.reading import Command
from provisioner.draft.found import source
from provisioner.draft.model import ProjectPath, Step, Variable
from provisioner.draft.project import Project, is_below

_LATE = re.compile(r"\$|%[A-Za-z_]\w*%|<[A-Za-z_ -]+>")
_NAME = r"([A-Za-z_]\w*)"
_SECRET = re.compile(
    rf"\$\{{\{{(?:secrets|env|vars)\.{_NAME}\}}\}}|\$\{{{_NAME}\}}|\${_NAME}|%{_NAME}%"
)
LATE = "it has a value that is only known when the command runs"
KEY = "INSTALLATION_KEY"


class NoStepError(ValueError):
    """A command that has no counterpart; the text says why."""


class PartialDeployError(NoStepError):
    """A deploy of a part of the source, which `deploy_source` cannot do."""


def steps_of(command: Command, project: Project) -> list[Step]:
    """The steps of a command. Raises NoStepError."""
    convert = _CONVERTERS.get(command.name)
    if convert is None:
        raise NoStepError("no step of pool.yaml does this; run_command can run a program")
    return list(convert(command, project))


def _step(command: Command, kind: str, options: Mapping[str, Any], needs: str = "") -> Step:
    return Step(kind, options, f"{command.where}: {command.text}", needs=needs)


def _known(values: Sequence[str]) -> Sequence[str]:
    if any(_LATE.search(value) for value in values):
        raise NoStepError(LATE)
    return values


def project_path(path: str) -> ProjectPath:
    """A path of a command, from the folder of the project."""
    return ProjectPath(posixpath.normpath(path.replace("\\", "/")))


def located(value: Any, file: str, project: Project) -> Any:
    """Options with their paths from the project, where a script names them from its own folder."""
    if isinstance(value, Mapping):
        return {key: located(item, file, project) for key, item in value.items()}
    if isinstance(value, list):
        return [located(item, file, project) for item in value]
    if isinstance(value, ProjectPath) and not project.has(value):
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(file), value))
        if project.has(beside) and not beside.startswith("../"):
            return ProjectPath(beside)
    return value


def _deploy(command: Command, project: Project) -> Iterator[Step]:
    if folders := command.options("--metadata-dir", "--metadatadir"):
        for folder in _known(folders):
            yield _step(command, "deploy_source", {"path": project_path(folder)})
        return
    given = command.options("-d", "-p", "--source-dir", "--sourcepath", "--source-path")
    if command.options("-m", "--metadata", "-x", "--manifest"):
        text = "it deploys single components; deploy_source deploys whole directories"
        raise PartialDeployError(text)
    if not given:
        yield from _whole_project(command, project)
        return
    paths = [project_path(folder) for folder in _known(given)]
    folders = [str(located(path, command.file, project)) for path in paths]
    inside: list[str] = []
    for folder in folders:
        if below := _package_dirs_below(folder, project):
            inside += below
        else:
            yield from _other_folder(command, folder, project)
    if inside and {"" if one == "." else one for one in inside} >= set(project.package_dirs):
        yield from _whole_project(command, project)
    elif inside:
        yield _step(command, "deploy_source", {"path": ProjectPath("."), "package_dirs": inside})


def _whole_project(command: Command, project: Project) -> Iterator[Step]:
    """One deploy, or one of each package directory if the project asks for that."""
    steps = list(source.find(project))
    for options in [step.options for step in steps] or [{"path": ProjectPath(".")}]:
        yield _step(command, "deploy_source", options)


def _package_dirs_below(folder: str, project: Project) -> list[str]:
    """The package directories that are this folder, or in it."""
    path = "" if folder == "." else folder
    return [known or "." for known in project.package_dirs if is_below(known, path)]


def _other_folder(command: Command, folder: str, project: Project) -> Iterator[Step]:
    if project.has(f"{folder}/package.xml"):
        yield _step(command, "deploy_source", {"path": ProjectPath(folder)})
        return
    if any(is_below(folder, known) for known in project.package_dirs):
        text = f"{folder} is part of a package directory; only whole ones are deployed"
        raise PartialDeployError(text)
    raise NoStepError(f"{folder} is not one of packageDirectories in sfdx-project.json")


def _metadata_dir(command: Command, project: Project) -> Iterator[Step]:
    zips = command.options("-f", "--zip-file", "--zipfile")
    for file in _known(zips):
        yield _step(command, "deploy_metadata", {"zip": project_path(file)})
    for folder in _known(command.options("-d", "--deploy-dir", "--deploydir")):
        yield from _other_folder(command, str(project_path(folder)), project)


def _permission_sets(command: Command, _: Project) -> Iterator[Step]:
    names = command.options("-n", "--name", "--perm-set-name", "--permsetname")
    if command.options("-b", "--on-behalf-of", "--onbehalfof"):
        raise NoStepError("it is for other users; see create_users and the key users")
    if names:
        yield _step(
            command, "assign_permission_sets", {"sets": list(_known(names))}, "deploy_source"
        )


def _licenses(command: Command, _: Project) -> Iterator[Step]:
    if names := command.options("-n", "--name"):
        yield _step(command, "assign_permission_sets", {"licenses": list(_known(names))})


def _tree(command: Command, _: Project) -> Iterator[Step]:
    plans = _known(command.options("-p", "--plan"))
    for plan in plans:
        yield _step(command, "load_data", {"plan": project_path(plan)}, "deploy_source")
    if not plans and command.options("-f", "--files", "--sobject-tree-files", "--sobjecttreefiles"):
        raise NoStepError("it imports files without a plan; load_data needs a plan that lists them")


def _bulk(command: Command, _: Project) -> Iterator[Step]:
    files = _known(command.options("-f", "--file", "--csvfile", "--csv-file"))
    name = command.option("-s", "--sobject", "--sobjecttype", "--sobject-type")
    key = command.option("-i", "--external-id", "--externalid")
    _known([name, key])
    if not files or not name:
        raise NoStepError("it names no file, or no object")
    options = {"csv": project_path(files[0]), "object": name}
    if command.name == "data upsert bulk":
        options |= {"operation": "upsert", "external_id": key or "Id"}
    yield _step(command, "load_data", options, "deploy_source")


def _apex(command: Command, _: Project) -> Iterator[Step]:
    files = _known(command.options("-f", "--file", "--apexcodefile", "--apex-code-file"))
    if not files:
        raise NoStepError("it reads the script from its input; write the script to a file")
    yield _step(command, "run_apex", {"file": project_path(files[0])}, "deploy_source")


def _package(command: Command, _: Project) -> Iterator[Step]:
    given = command.options("-p", "--package", "-i", "--package-version-id", "--id")
    given = given or [word for word in command.arguments[:1] if not word.startswith("-")]
    if not given:
        raise NoStepError("it names no package")
    options: dict[str, Any] = {"version": _known(given)[0]}
    if key := command.option("-k", "--installation-key", "--installationkey"):
        options["installation_key"] = secret(key)
    if command.option("-s", "--security-type", "--securitytype").lower() == "allusers":
        options["security_type"] = "full"
    yield _step(command, "install_package", options)


def secret(written: str) -> Variable:
    """The environment variable of a secret: the one that a command reads, else KEY."""
    match = _SECRET.search(written)
    return Variable(next(filter(None, match.groups()), KEY) if match else KEY)


def _sfdmu(command: Command, _: Project) -> Iterator[Step]:
    folder = str(project_path(command.option("-p", "--path") or "."))
    file = folder if folder.endswith(".json") else posixpath.join(folder, "export.json")
    source = command.option("-s", "--sourceusername").lower()
    if source and source != "csvfile":
        raise NoStepError("it copies records from another org; load_data reads CSV files")
    _known([file])
    yield _step(command, "load_data", {"sfdmu": project_path(file)}, "deploy_source")


def _user(command: Command, _: Project) -> Iterator[Step]:
    files = _known(command.options("-f", "--definition-file", "--definitionfile"))
    if not files:
        raise NoStepError("it names no user definition file")
    paths = [project_path(file) for file in files]
    yield _step(command, "create_users", {"definitions": paths})


_Convert = Callable[[Command, Project], Iterator[Step]]
_CONVERTERS: Mapping[str, _Convert] = {
    "project deploy start": _deploy,
    "deploy metadata dir": _metadata_dir,
    "org assign permset": _permission_sets,
    "org assign permsetlicense": _licenses,
    "data import tree": _tree,
    "data import bulk": _bulk,
    "data upsert bulk": _bulk,
    "apex run": _apex,
    "package install": _package,
    "sfdmu run": _sfdmu,
    "org create user": _user,
}
