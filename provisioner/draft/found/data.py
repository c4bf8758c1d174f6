"""Finds data that can be loaded: plans, export.json of SFDMU, Snowfakery recipes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.draft.model import ProjectPath, Step
from provisioner.draft.project import Project

_FROM = re.compile(r"\bFROM\s+([A-Za-z]\w*)", re.IGNORECASE)
_RECIPE = re.compile(r"^- +(?:object|snowfakery_version|plugin|macro|option|include_file)\b", re.M)
_OBJECT = re.compile(r"^\s*(?:- +)?object: *([A-Za-z]\w*)", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """A file with data, the key of load_data for it, and the objects of its records."""

    file: str
    form: str  # plan, sfdmu, snowfakery
    objects: frozenset[str]


def find(project: Project) -> Iterator[Step]:
    """The sources in order; one that brings objects of an earlier one is a comment."""
    loaded: dict[str, str] = {}
    for source in _sources(project):
        again = sorted(source.objects & loaded.keys())
        reason = f"{_TITLES[source.form]} with {_listed(source.objects)}."
        is_on = not again and source.form != "snowfakery"
        if again:
            reason += f" {loaded[again[0]]} has {again[0]}, too: load one of them, or both."
        elif source.form == "snowfakery":
            reason += " It may generate any number of records, and plug-ins of it are programs."
        if is_on:
            loaded |= dict.fromkeys(source.objects, source.file)
        options = {source.form: ProjectPath(source.file)}
        yield Step("load_data", options, reason, is_on=is_on, needs="deploy_source")


_TITLES = {
    "plan": "A data plan",
    "sfdmu": "A script of SFDMU",
    "snowfakery": "A Snowfakery recipe",
}


def _listed(objects: frozenset[str]) -> str:
    names = sorted(objects)
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _sources(project: Project) -> Iterator[Source]:
    for file in project.others(".json"):
        if posixpath.basename(file) == "export.json":
            yield from _sfdmu(file, project)
        elif "plan" in file.lower():
            yield from _plan(file, project)
    for file in project.others(".yml", ".yaml"):
        if not file.startswith(".github/"):
            yield from _recipe(file, project)


def _plan(file: str, project: Project) -> Iterator[Source]:
    content = project.json(file)
    if not isinstance(content, list) or not content:
        return
    if all(isinstance(part, Mapping) and {"sobject", "files"} <= part.keys() for part in content):
        objects = frozenset(part["sobject"] for part in content if _is_name(part["sobject"]))
        yield Source(file, "plan", objects)


def _sfdmu(file: str, project: Project) -> Iterator[Source]:
    content = project.json(file)
    objects = content.get("objects") if isinstance(content, Mapping) else None
    if not isinstance(objects, list):
        return
    queries = [str(each.get("query")) for each in objects if isinstance(each, Mapping)]
    names = [match[1] for query in queries if (match := _FROM.search(query))]
    if names:
        yield Source(file, "sfdmu", frozenset(names))


def _recipe(file: str, project: Project) -> Iterator[Source]:
    text = project.peek(file)
    if text and _RECIPE.search(text):
        objects = frozenset(_OBJECT.findall(text))
        if objects:
            yield Source(file, "snowfakery", objects)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
