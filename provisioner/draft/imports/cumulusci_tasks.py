"""Tasks of CumulusCI as steps of pool.yaml.

Source: docs/reference/other-tools.md#cumulusci.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.draft.commands.reading import commands_in
from provisioner.draft.commands.steps import NoStepError, project_path, steps_of
from provisioner.draft.imports.cumulusci_flows import Use
from provisioner.draft.imports.source_file import SourceFile
from provisioner.draft.imports.values import texts, whole
from provisioner.draft.model import ProjectPath, Step, Variable
from provisioner.draft.project import Project, is_below

STANDARD: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "update_dependencies": ("UpdateDependencies", {}),
    "deploy": ("Deploy", {}),
    "deploy_pre": ("DeployBundles", {"path": "unpackaged/pre"}),
    "deploy_post": ("DeployBundles", {"path": "unpackaged/post"}),
    "deploy_qa_config": ("Deploy", {"path": "unpackaged/config/qa"}),
    "assign_permission_sets": ("AssignPermissionSets", {}),
    "assign_permission_set_groups": ("AssignPermissionSetGroups", {}),
    "assign_permission_set_licenses": ("AssignPermissionSetLicenses", {}),
    "execute_anon": ("AnonymousApexTask", {}),
    "snowfakery": ("Snowfakery", {"recipe": "datasets/recipe.yml"}),
    "generate_and_load_from_yaml": ("GenerateAndLoadDataFromYaml", {}),
    "install_managed": ("InstallPackageVersion", {"version": "latest"}),
    "install_managed_beta": ("InstallPackageVersion", {"version": "latest_beta"}),
    "load_dataset": ("LoadData", {}),
    "load_sample_data": ("LoadSampleData", {}),
    "update_admin_profile": ("ProfileGrantAllAccess", {}),
    "dx": ("SFDXOrgTask", {}),
}
"""Tasks of CumulusCI 4 → class, and options."""

_RECORDS = frozenset(
    {"snapshot_changes", "dx_convert_from", "update_package_xml", "unschedule_apex"}
    | {"uninstall_packaged_incremental", "revert_managed_src", "create_managed_src", "log"}
)
"""Tasks that keep the records of CumulusCI; an org of a pool is the same without them."""

_TOKEN = re.compile(r"%%%|___NAMESPACE___|___MANAGED|\$project_config")
_ADD = "add the folder to packageDirectories of sfdx-project.json to deploy it"
_EXPORT = "export the records as a plan: sf data export tree --plan"
_MOST_TOKEN_FILES = 2_000
_INSERTS = "it inserts the namespace into files (%%%NAMESPACE%%%), which init cannot do"


@dataclass(frozen=True)
class Task:
    """A task of a flow with all its options, in a file and a project."""

    use: Use
    file: SourceFile
    project: Project
    options: Mapping[str, Any]
    org: str  # for which CumulusCI runs the flow

    @property
    def reason(self) -> str:
        """Where the flow has it."""
        if self.use.line:
            return f"{self.file.name}:{self.use.line}: the task {self.use.task}."
        return f"The task {self.use.task} of CumulusCI."

    def text(self, *names: str) -> str:
        """An option, by any of its names. Raises NoStepError if it is computed by CumulusCI."""
        found = next((self.options[name] for name in names if self.options.get(name)), "")
        if "$project_config" in str(found) or "%%%" in str(found):
            raise NoStepError(f"CumulusCI computes its option {names[0]}")
        return str(found)


Found = Step | NoStepError  # the error says why a part of a task has no step


def steps_of_task(use: Use, file: SourceFile, project: Project, org: str) -> list[Found]:
    """The steps for a task in the set-up of an org. Raises NoStepError: why there is none."""
    if use.fault:
        raise NoStepError(use.fault)
    if use.task in _RECORDS:
        return []
    own = file.mapping("tasks", use.task)
    kind, usual = STANDARD.get(use.task, ("", {}))
    kind = str(own.get("class_path") or kind).rpartition(".")[2]
    given = own.get("options")
    options = {**usual, **(given if isinstance(given, Mapping) else {}), **use.options}
    convert = _CONVERTERS.get(kind)
    if convert is None:
        what = f"no step does what {kind} does" if kind else "init does not know this task"
        raise NoStepError(f"{what}; run_command can run a program for it")
    return list(convert(Task(use, file, project, options, org)))


def _deploy(task: Task) -> Iterator[Step]:
    path = task.text("path")
    if not path or (path in ("src", "force-app") and not task.project.has(path)):
        path = "force-app" if task.project.package_dirs else "src"
    yield from _deployed(task, str(project_path(path)))


def _deployed(task: Task, folder: str) -> Iterator[Step]:
    project = task.project
    if folder in project.package_dirs:
        options: dict[str, Any] = {"path": ProjectPath(".")}
        if len(project.package_dirs) > 1:
            options["package_dirs"] = [folder]
        yield Step("deploy_source", options, task.reason)
        return
    if _has_tokens(folder, project):
        raise NoStepError(f"{folder}: {_INSERTS}")
    if not project.has(f"{folder}/package.xml"):
        if not project.has(folder):
            raise NoStepError(f"the folder {folder} does not exist")
        raise NoStepError(f"{folder} has no package.xml; {_ADD}")
    yield Step("deploy_source", {"path": ProjectPath(folder)}, task.reason)


def _has_tokens(folder: str, project: Project) -> bool:
    files = [file for file in project.files if is_below(file, folder)][:_MOST_TOKEN_FILES]
    return any(_TOKEN.search(file) or _TOKEN.search(project.peek(file)) for file in files)


def _bundles(task: Task) -> Iterator[Found]:
    """Each folder in the folder is deployed, in the order of their names."""
    path = str(project_path(task.text("path")))
    depth = path.count("/") + 1
    inside = [f for f in task.project.files if is_below(f, path) and f.count("/") > depth]
    for folder in sorted({"/".join(f.split("/")[: depth + 1]) for f in inside}):
        try:
            yield from _deployed(task, folder)
        except NoStepError as error:
            yield error


def _dependencies(task: Task) -> Iterator[Step]:
    """Versions by id; the others are reported by `dependency_notes`."""
    for index, each in enumerate(task.file.items("project", "dependencies")):
        version = each.get("version_id") if isinstance(each, Mapping) else None
        if isinstance(version, str) and version.startswith("04t"):
            reason = f"{task.file.where('project', 'dependencies', index)}: a dependency."
            yield Step("install_package", {"version": version, **_key(each)}, reason)


def _key(value: Mapping[str, Any]) -> dict[str, Variable]:
    """The installation key: CumulusCI reads it from the environment, too."""
    name = str(value.get("password_env_name") or "")
    return {"installation_key": Variable(name)} if re.fullmatch(r"[A-Za-z_]\w*", name) else {}


def _sets(key: str) -> Callable[[Task], Iterator[Step]]:
    def convert(task: Task) -> Iterator[Step]:
        names = texts(task.options.get("api_names"))
        if task.options.get("user_alias"):
            raise NoStepError("it is for other users; see create_users and the key users")
        if not names or any(_TOKEN.search(name) for name in names):
            raise NoStepError("its option api_names is missing, or has the namespace inserted")
        yield Step("assign_permission_sets", {key: names}, task.reason)

    return convert


def _apex(task: Task) -> Iterator[Step]:
    path, text = task.text("path"), task.options.get("apex")
    if text and not path:
        raise NoStepError("write the text of its option apex to a file, and add run_apex")
    if text:
        raise NoStepError(f"write {path} and its option apex to one file, and add run_apex")
    if not path:
        raise NoStepError("it has no script")
    if _TOKEN.search(task.project.peek(path)):
        raise NoStepError(_INSERTS)
    yield Step("run_apex", {"file": project_path(path)}, task.reason)


def _recipe(task: Task) -> Iterator[Step]:
    path = task.text("recipe", "generator_yaml")
    if not path:
        raise NoStepError("it has no recipe")
    options: dict[str, Any] = {"snowfakery": project_path(path)}
    if task.options.get("seed") is not None:
        options["seed"] = whole(task.options["seed"], 1)
    yield Step("load_data", options, task.reason)


def _install(task: Task) -> Iterator[Step]:
    version = task.text("version_id", "version")
    if not version.startswith("04t"):
        name = task.options.get("name") or task.options.get("namespace") or "the package"
        raise NoStepError(f"write the id (04t…) of the version of {name} to install_package")
    yield Step("install_package", {"version": version, **_key(task.options)}, task.reason)


def _cli(task: Task) -> Iterator[Step]:
    text = f"sf {task.text('command')} {task.text('extra')}".replace("\n", " ")
    text = re.sub(r"^sf (?:sf|sfdx) ", "sf ", text)
    commands = list(commands_in(text, task.file.name, task.use.line))
    if not commands:
        raise NoStepError("its command is not one of the Salesforce CLI")
    for command in commands:
        if not command.is_done_by_build:
            yield from steps_of(command, task.project)


def _dataset(task: Task) -> Iterator[Step]:
    name = posixpath.basename(task.text("sql_path", "database_url", "dataset")) or "its dataset"
    raise NoStepError(f"{name} is SQL; {_EXPORT}")


def _sample_data(task: Task) -> Iterator[Step]:
    """CumulusCI loads a folder of `datasets` with the name of the org, if there is one."""
    for name in [task.text("dataset")] if task.options.get("dataset") else [task.org, "default"]:
        recipe, records = (f"datasets/{name}/{name}.{end}" for end in ("recipe.yml", "dataset.sql"))
        if task.project.has(recipe):
            yield Step("load_data", {"snowfakery": ProjectPath(recipe)}, task.reason)
            return
        if task.project.has(records):
            raise NoStepError(f"{records} is SQL; {_EXPORT}")


def _profile(_: Task) -> Iterator[Step]:
    text = "it changes the profile of administrators; deploy a permission set instead"
    raise NoStepError(text)


_CONVERTERS: Mapping[str, Callable[[Task], Iterator[Found]]] = {
    "Deploy": _deploy,
    "DeployBundles": _bundles,
    "UpdateDependencies": _dependencies,
    "AssignPermissionSets": _sets("sets"),
    "AssignPermissionSetGroups": _sets("groups"),
    "AssignPermissionSetLicenses": _sets("licenses"),
    "AnonymousApexTask": _apex,
    "Snowfakery": _recipe,
    "GenerateAndLoadDataFromYaml": _recipe,
    "InstallPackageVersion": _install,
    "SFDXOrgTask": _cli,
    "LoadData": _dataset,
    "LoadSampleData": _sample_data,
    "ProfileGrantAllAccess": _profile,
}
