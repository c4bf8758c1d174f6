"""A GitHub Actions workflow of the docs: its jobs run in bash as a runner would run them.

What a runner does is from GitHub's "Workflow syntax for GitHub Actions": a `run` step is a file
that `bash -e` reads; `env` of the workflow, the job and the step are laid over each other; a step
without `if: always()` is passed over once another has failed; `$GITHUB_OUTPUT` takes outputs.
A step that `uses` the action of this repository runs, and its post step after all other steps;
other actions are passed over.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")

Workflow = dict[str, Any]
Contexts = Mapping[str, Any]


def parse(text: str) -> Workflow:
    """The workflow, every value as text: `on` is no truth value for Actions."""
    return dict(yaml.load(text, Loader=yaml.BaseLoader))


OUR_ACTION = re.compile(r"[\w.-]+/provisioner/action@.+")


class UsedAction(Protocol):
    """A step that uses the action of this repository."""

    outputs: dict[str, str]
    log: str

    def run(self, step: str) -> int:
        """Run `main` or `post`; the exit code."""


Use = Callable[[dict[str, str]], UsedAction]


@dataclass
class Ran:
    """A step that was reached, or the post step of an action."""

    name: str
    code: int
    output: str


@dataclass
class Runner:
    """Runs the one job of a workflow in `workspace`, with `temp` for RUNNER_TEMP.

    `environ` is the machine's; `contexts` holds what `${{ secrets.… }}` and the like stand for.
    `use` makes a step of our action from its inputs.
    """

    workspace: Path
    temp: Path
    environ: Mapping[str, str]
    contexts: Contexts
    use: Use | None = None
    ran: list[Ran] = field(default_factory=list)
    _used: list[tuple[str, UsedAction]] = field(default_factory=list)

    def run(self, workflow: Workflow) -> list[Ran]:
        """All steps in order; those that ran."""
        ((name, job),) = workflow["jobs"].items()
        contexts: dict[str, Any] = {**self.contexts, "steps": {}}
        contexts["inputs"] = {**_defaults(workflow), **self.contexts.get("inputs", {})}
        environ = {**self.environ, **self._variables(name)}
        environ |= filled(workflow.get("env", {}), contexts) | filled(job.get("env", {}), contexts)
        has_failed = False
        for number, step in enumerate(job["steps"]):
            if not _applies(step.get("if", ""), contexts, has_failed):
                continue
            if self.use and OUR_ACTION.fullmatch(step.get("uses", "")):
                has_failed = has_failed or self._main(step, self.use, contexts).code != 0
            if "run" not in step:
                continue
            ran = self._step(step, number, {**environ, **filled(step.get("env", {}), contexts)})
            outputs = self.temp / f"output-{number}"
            if "id" in step and outputs.exists():
                lines = outputs.read_text().splitlines()
                contexts["steps"][step["id"]] = {"outputs": dict(x.split("=", 1) for x in lines)}
            has_failed = has_failed or ran.code != 0
        for name, action in reversed(self._used):
            self.ran.append(Ran(f"Post {name}", action.run("post"), action.log))
        return self.ran

    def _main(self, step: Mapping[str, Any], use: Use, contexts: dict[str, Any]) -> Ran:
        action = use(filled(step.get("with", {}), contexts))
        self._used.append((step["name"], action))
        self.ran.append(Ran(step["name"], action.run("main"), action.log))
        contexts["steps"][step["id"]] = {"outputs": action.outputs}
        return self.ran[-1]

    def _step(self, step: Mapping[str, str], number: int, environ: dict[str, str]) -> Ran:
        script = self.temp / f"step-{number}.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "-e", str(script)],
            cwd=self.workspace,
            env={**environ, "GITHUB_OUTPUT": str(self.temp / f"output-{number}")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        script.unlink()
        self.ran.append(Ran(step.get("name", step["run"].strip()), done.returncode, done.stdout))
        return self.ran[-1]

    def _variables(self, job: str) -> dict[str, str]:
        """What GitHub sets for every job."""
        return {
            "CI": "true",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_JOB": job,
            "GITHUB_RUN_ID": "1658821493",
            "GITHUB_REPOSITORY": "acme/shop",
        }


def filled(values: Mapping[str, str], contexts: Contexts) -> dict[str, str]:
    """Each value with its expressions replaced by what they stand for."""
    return {
        name: EXPRESSION.sub(lambda found: evaluated(found[1], contexts), value)
        for name, value in values.items()
    }


def evaluated(path: str, contexts: Contexts) -> str:
    """`secrets.NAME` and the like; "" for what is not there, as with Actions."""
    found: Any = contexts
    for part in path.split("."):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, str) else ""


def _defaults(workflow: Workflow) -> dict[str, str]:
    on = workflow["on"]
    inputs = (on.get("workflow_dispatch") or {}).get("inputs", {}) if isinstance(on, dict) else {}
    return {name: given["default"] for name, given in inputs.items() if "default" in given}


def _applies(condition: str, contexts: Contexts, has_failed: bool) -> bool:
    terms = [term.strip() for term in condition.split("&&") if term.strip()]
    if has_failed and "always()" not in terms:
        return False
    return all(term == "always()" or evaluated(term, contexts) for term in terms)
