"""Finds the permission sets and the groups of them in the source."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from provisioner.draft.model import Step
from provisioner.draft.project import Project
from provisioner.source.ignore import Ignore, nearest
from provisioner.source.problems import Refusal
from provisioner.source.tree import Tree

_SET = re.compile(r"(.+)\.permissionset(?:-meta\.xml)?")
_GROUP = re.compile(r"(.+)\.permissionsetgroup(?:-meta\.xml)?")
_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_LICENSE = re.compile(r"<license>\s*([^<]{1,80}?)\s*</license>")
_SESSION = re.compile(r"<hasActivationRequired>\s*true\s*<")
_ANY_USER = frozenset({"Salesforce", "Salesforce Platform"})


def find(project: Project) -> Iterator[Step]:
    """One assignment of all that the user of an org can have; the others are comments."""
    sets: list[str] = []
    groups: list[str] = []
    others: dict[str, str] = {}
    for file in _source_files(project):
        name = posixpath.basename(file)
        if match := _GROUP.fullmatch(name):
            _add(match[1], file, groups, project)
        elif match := _SET.fullmatch(name):
            if reason := _obstacle(file, project):
                others[match[1]] = reason
            else:
                _add(match[1], file, sets, project)
    options = {key: names for key, names in (("sets", sets), ("groups", groups)) if names}
    if options:
        reason = "All permission sets in the source; remove those that the user must not have."
        yield Step("assign_permission_sets", options, reason, needs="deploy_source")
    for name, reason in others.items():
        if _NAME.fullmatch(name):
            yield Step("assign_permission_sets", {"sets": [name]}, reason, is_on=False)


def _source_files(project: Project) -> Iterator[str]:
    """The files of permission sets in package directories that .forceignore does not exclude."""
    ignores: dict[str, Ignore] = {}
    tree = Tree(project.root)
    for folder in project.package_dirs:
        try:
            ignores[folder] = nearest(tree, folder)[1]
        except Refusal:  # the check of deploy_source reports it
            ignores[folder] = Ignore()
    for file in project.files:
        name = posixpath.basename(file)
        if ".permissionset" in name and project.is_source(file):
            denied = any(each.denies(file, is_folder=False) for each in ignores.values())
            if not denied:
                yield file


def _add(name: str, file: str, names: list[str], project: Project) -> None:
    if not _NAME.fullmatch(name):
        project.leave_out(file, "its name is not the API name of a permission set")
    elif name not in names:
        names.append(name)


def _obstacle(file: str, project: Project) -> str:
    """Why the user of an org may not be able to have this permission set, or ""."""
    text = project.text(file) or ""
    if (match := _LICENSE.search(text)) and match[1] not in _ANY_USER:
        return f"It needs the licence {match[1]}, which the user of the org may not have."
    if _SESSION.search(text):
        return "It is activated for a session."
    return ""
