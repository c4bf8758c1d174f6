"""The flows of CumulusCI: its own, as the file of a project changes them, as lists of tasks.

Source: docs/reference/other-tools.md#cumulusci.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.draft.imports.source_file import SourceFile

Steps = Mapping[str, tuple[str, str]]  # number → (task or flow, its name)

STANDARD: Mapping[str, Steps] = {
    "dependencies": {"1": ("task", "update_dependencies"), "2": ("task", "deploy_pre")},
    "deploy_unmanaged": {"3": ("task", "deploy"), "3.1": ("task", "deploy")},
    "config_dev": {
        "1": ("task", "deploy_post"),
        "2": ("task", "update_admin_profile"),
        "90": ("task", "load_sample_data"),
    },
    "config_qa": {
        "1": ("task", "deploy_post"),
        "2": ("task", "update_admin_profile"),
        "90": ("task", "load_sample_data"),
    },
    "config_managed": {
        "1": ("task", "deploy_post"),
        "2": ("task", "update_admin_profile"),
        "90": ("task", "load_sample_data"),
    },
    "config_apextest": {"1": ("task", "deploy_post"), "2": ("task", "update_admin_profile")},
    "config_regression": {"1": ("flow", "config_managed")},
    "dev_org": {
        "1": ("flow", "dependencies"),
        "2": ("flow", "deploy_unmanaged"),
        "3": ("flow", "config_dev"),
    },
    "qa_org": {
        "1": ("flow", "dependencies"),
        "2": ("flow", "deploy_unmanaged"),
        "3": ("flow", "config_qa"),
    },
    "install_prod": {
        "1": ("flow", "dependencies"),
        "2": ("task", "install_managed"),
        "3": ("flow", "config_managed"),
    },
}
"""Flows of CumulusCI 4 without the tasks that only keep its own records."""

_DEEPEST = 20
_MOST = 500


@dataclass(frozen=True)
class Use:
    """A task in a flow: its options there, its condition, and its line in the file."""

    task: str
    line: int = 0  # 0: a flow of CumulusCI itself has it
    options: Mapping[str, Any] = field(default_factory=dict)
    condition: str = ""
    fault: str = ""  # why it cannot be followed


def tasks_of(file: SourceFile, flow: str) -> list[Use]:
    """The tasks of a flow in their order, also of the flows in it."""
    found: list[Use] = []
    for use in _uses(file, flow, {}, 0):
        found.append(use)
        if len(found) == _MOST:
            break
    return found


def _uses(file: SourceFile, flow: str, options: Mapping[str, Any], depth: int) -> Iterator[Use]:
    own = file.mapping("flows", flow, "steps")
    numbers = {*STANDARD.get(flow, {}), *own} - _other_format(file, flow, own)
    for number in sorted(numbers, key=_order):
        path = ("flows", flow, "steps", number)
        if number in own:
            step = own[number] if isinstance(own[number], Mapping) else {}
            line = file.line(*path, "flow" if "flow" in step else "task")
            yield from _own(file, step, line, options, depth)
        else:
            kind, name = STANDARD[flow][number]
            yield from _one(file, kind, name, 0, options.get(name), "", depth)


def _other_format(file: SourceFile, flow: str, own: Mapping[str, Any]) -> set[str]:
    """`deploy_unmanaged` has two deploys: 3.1 for a project in source format, 3 for others."""
    if flow != "deploy_unmanaged":
        return set()
    is_source = file.at("project", "source_format") == "sfdx"
    return {"3" if is_source else "3.1"} - own.keys()


def _own(
    file: SourceFile, step: Mapping[str, Any], line: int, options: Mapping[str, Any], depth: int
) -> Iterator[Use]:
    """A step of a flow as the file has it. `task: None` removes a step of the standard flow."""
    kind = "flow" if "flow" in step else "task"
    name = step.get(kind)
    if name in (None, "None", ""):
        return
    given = step.get("options")
    own = given if isinstance(given, Mapping) else {}
    outer = options.get(str(name))
    merged = {**own, **(outer if isinstance(outer, Mapping) else {})}
    yield from _one(file, kind, str(name), line, merged, str(step.get("when") or ""), depth)


def _one(
    file: SourceFile, kind: str, name: str, line: int, options: Any, condition: str, depth: int
) -> Iterator[Use]:
    given: Mapping[str, Any] = options if isinstance(options, Mapping) else {}
    if kind == "task":
        yield Use(name, line, given, condition, _foreign(name))
    elif (
        fault := _foreign(name)
        or _unknown(file, name)
        or ("flows are nested too deeply" if depth >= _DEEPEST else "")
    ):
        yield Use(name, line, given, condition, fault)
    else:
        for use in _uses(file, name, given, depth + 1):
            yield Use(
                use.task, use.line or line, use.options, use.condition or condition, use.fault
            )


def _foreign(name: str) -> str:
    return "it is of another project, which init does not read" if ":" in name else ""


def _unknown(file: SourceFile, flow: str) -> str:
    if flow in STANDARD or file.mapping("flows", flow):
        return ""
    return "init does not know this flow of CumulusCI"


def _order(number: str) -> tuple[float, str]:
    try:
        return float(number), number
    except ValueError:
        return float("inf"), number
