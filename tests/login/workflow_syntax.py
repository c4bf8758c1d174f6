"""What GitHub Actions takes for a workflow, as far as the docs use it: keys, steps, contexts.

From GitHub's "Workflow syntax for GitHub Actions" and "Contexts reference" (which context may be
used where). Anything that is not known here is a problem, so the docs keep to what is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.login.action_metadata import metadata
from tests.login.workflow import EXPRESSION, OUR_ACTION, Workflow

_TOP = {"name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"}
_JOB = {
    *("name", "permissions", "needs", "if", "runs-on", "environment", "concurrency", "outputs"),
    *("env", "defaults", "steps", "timeout-minutes", "strategy", "continue-on-error"),
    *("container", "services"),
}
_STEP = {"id", "if", "name", "env", "continue-on-error", "timeout-minutes"}
_KINDS = {"run": {"run", "working-directory", "shell"}, "uses": {"uses", "with"}}
_INPUT = {"description", "required", "default", "type", "options", "deprecationMessage"}
_INPUT_TYPES = {"string", "boolean", "choice", "number", "environment"}
_EVENTS = {"push", "pull_request", "workflow_dispatch", "workflow_call", "schedule"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ACTION = re.compile(r"[\w.-]+/[\w./-]+@[\w./-]+")
_OF_WORKFLOW = {"github", "secrets", "inputs", "vars"}
_OF_STEP = {*_OF_WORKFLOW, "needs", "strategy", "matrix", "job", "runner", "env", "steps"}


def problems(workflow: Workflow) -> list[str]:
    """What Actions would refuse, or would take for something that does not exist."""
    return list(_problems(workflow))


def _problems(workflow: Workflow) -> Iterator[str]:
    yield from _unknown("workflow", workflow, _TOP)
    yield from (f"workflow: no {key}" for key in ("on", "jobs") if not workflow.get(key))
    on = workflow.get("on", {})
    events = on if isinstance(on, list | dict) else [on]
    yield from (f"on: {event} is not known" for event in events if event not in _EVENTS)
    inputs = (on.get("workflow_dispatch") or {}).get("inputs", {}) if isinstance(on, dict) else {}
    for name, given in inputs.items():
        yield from _unknown(f"input {name}", given, _INPUT)
        if given.get("type", "string") not in _INPUT_TYPES:
            yield f"input {name}: type {given['type']} is not known"
    yield from _expressions("env", workflow.get("env", {}), _OF_WORKFLOW, inputs, {})
    for name, job in workflow.get("jobs", {}).items():
        yield from _job(name, job, inputs)


def _job(name: str, job: Mapping[str, Any], inputs: Mapping[str, Any]) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"job {name}: no name for a job"
    yield from _unknown(f"job {name}", job, _JOB)
    yield from (f"job {name}: no {key}" for key in ("runs-on", "steps") if not job.get(key))
    earlier: dict[str, set[str]] = {}  # step id → its outputs
    for number, step in enumerate(job.get("steps", []), start=1):
        where = f"step {number}"
        yield from _step(where, step)
        values = {**step.get("env", {}), **step.get("with", {})}
        yield from _expressions(where, values, _OF_STEP, inputs, earlier)
        condition = re.sub(r"\b(always|success|failure|cancelled)\(\)", "", step.get("if", ""))
        for path in re.findall(r"[a-z]+\.[\w.-]+", condition):
            yield from _path(f"{where}, if", path, _OF_STEP - {"secrets"}, inputs, earlier)
        if "id" in step:
            if step["id"] in earlier or not _NAME.fullmatch(step["id"]):
                yield f"{where}: id {step['id']} is taken, or no id"
            earlier[step["id"]] = _outputs(step)


def _step(where: str, step: Mapping[str, Any]) -> Iterator[str]:
    kinds = [kind for kind in _KINDS if kind in step]
    if len(kinds) != 1:
        yield f"{where}: either `run` or `uses`"
        return
    yield from _unknown(where, step, _STEP | _KINDS[kinds[0]])
    if OUR_ACTION.fullmatch(step.get("uses", "")):
        yield from _unknown(f"{where}, with", step["with"], set(metadata()["inputs"]))
    if "uses" in step and not _ACTION.fullmatch(step["uses"]):
        yield f"{where}: {step['uses']} is not OWNER/NAME@REF"
    if EXPRESSION.search(step.get("run", "")):
        yield f"{where}: an expression in `run` lets its value write the script: use `env`"


def _outputs(step: Mapping[str, Any]) -> set[str]:
    if OUR_ACTION.fullmatch(step.get("uses", "")):
        return set(metadata()["outputs"])
    return set(re.findall(r'"([\w-]+)=', step.get("run", "")))


def _unknown(where: str, given: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    return (f"{where}: {key} is not known" for key in given if key not in known)


def _expressions(
    where: str,
    values: Mapping[str, str],
    allowed: set[str],
    inputs: Mapping[str, Any],
    earlier: Mapping[str, set[str]],
) -> Iterator[str]:
    for value in values.values():
        for path in EXPRESSION.findall(value):
            yield from _path(where, path, allowed, inputs, earlier)


def _path(
    where: str,
    path: str,
    allowed: set[str],
    inputs: Mapping[str, Any],
    earlier: Mapping[str, set[str]],
) -> Iterator[str]:
    context, *rest = path.split(".")
    if context not in allowed or not rest:
        yield f"{where}: {path} cannot be used here"
    elif context == "inputs" and rest[0] not in inputs:
        yield f"{where}: no input {rest[0]}"
    elif context == "steps":
        step, _, output = (*rest, "", "")[:3]
        if output not in earlier.get(step, set()):
            yield f"{where}: no earlier step {step} with an output {output}"
