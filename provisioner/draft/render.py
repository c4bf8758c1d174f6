"""Writes a draft as the text of a pool.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.draft.model import Draft, PoolDraft, ProjectPath, Setting, Step
from provisioner.draft.yaml_text import comment, commented, entry, flow, scalar
from provisioner.plain_text import quantity

MOST_LEFT_OUT = 200
_HEAD = """\
# The pools of scratch orgs that `provisioner build` fills.
#   provisioner check       checks this file and the files that it names
#   provisioner rehearse    runs a whole build on an emulator, without an account or quota
# ${NAME} reads the environment. Paths are relative to the folder of this file. `provisioner schema`
# describes all keys."""
SCHEMA = "pool.schema.json"  # beside pool.yaml, for editors
_FIRST_LINE = f"# yaml-language-server: $schema={SCHEMA}"
_EDITOR = f"""\
# The line above is for completion in an editor. Write the schema beside this file, once:
#   provisioner schema > {SCHEMA}"""
_HUB = """\
dev_hub:
  username: ${SF_HUB_USERNAME} # the Dev Hub user of the build
  consumer_key: ${SF_CONSUMER_KEY} # of the connected app
"""
_TAG = "tags these orgs on the Dev Hub, so that they are found if the ledger is lost"
_SIGNUPS = Setting(3, "at the same time; a Developer Edition has 3 active and 6 daily orgs")


class Rendering:
    """The text of a draft.

    `has_schema`: the JSON schema is beside pool.yaml already. `prefix` leads from the folder of
    pool.yaml to the project.
    """

    def __init__(
        self, draft: Draft, *, has_schema: bool, key_line: str, project: str, prefix: str
    ) -> None:
        self._draft = draft
        self._has_schema = has_schema
        self._key_line = key_line
        self._project = project
        self._prefix = prefix

    def text(self) -> str:
        """The whole file."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield _FIRST_LINE
        if not self._has_schema:
            yield _EDITOR
        yield _HEAD
        for name, what in self._draft.variables.items():
            yield from comment(f"This file needs the environment variable {name}: {what}.")
        yield ""
        yield _HUB + self._key_line
        yield "  login_url: https://login.salesforce.com # or the Dev Hub's My Domain"
        yield ""
        yield f"project: {scalar(self._project)} # {_TAG}"
        yield "ledger: sqlite:///.provisioner/ledger.db # or postgresql://…, or devhub"
        yield from self._limits()
        yield ""
        yield "pools:"
        for pool in self._draft.pools:
            yield from self._pool(pool)
        yield from self._left_out()

    def _limits(self) -> Iterator[str]:
        yield "limits:"
        for key, setting in {"concurrent_signups": _SIGNUPS, **self._draft.limits}.items():
            yield from _with_reason(f"  {key}: {flow(setting.value)}", setting.reason)

    def _pool(self, pool: PoolDraft) -> Iterator[str]:
        if pool.reason:
            yield from comment(pool.reason, "  ")
        yield f"  {scalar(pool.name)}:"
        for key, setting in pool.settings.items():
            yield from _with_reason(f"    {key}: {flow(setting.value)}", setting.reason)
        yield "    definitions:"
        reason = ""
        for each in pool.definitions:
            if each.reason != reason:
                yield from comment(each.reason, "      ")
            reason = each.reason
            line = f"      - {flow(self._located(each.value))}"
            yield line if each.is_on else commented(line, "      ")
        yield from self._steps(pool)

    def _steps(self, pool: PoolDraft) -> Iterator[str]:
        if not pool.steps:
            return
        if any(step.is_on for step in pool.steps):
            yield "    steps:"
        else:
            yield "    # steps:"
        reason = ""
        for step in pool.steps:
            if step.reason != reason:  # said once for all that follow each other
                yield from comment(step.reason, "      ")
            reason = step.reason
            lines = self._step(step)
            yield from lines if step.is_on else (commented(line, "      ") for line in lines)

    def _step(self, step: Step) -> list[str]:
        lines = list(entry(step.kind, self._located(step.options), "        "))
        return [f"      - {lines[0][8:]}", *lines[1:]]

    def _located(self, value: Any) -> Any:
        """The value with all paths seen from the folder of pool.yaml."""
        if isinstance(value, Mapping):
            return {key: self._located(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._located(item) for item in value]
        if isinstance(value, ProjectPath) and self._prefix and not value.startswith("/"):
            return ProjectPath(self._prefix if value == "." else f"{self._prefix}/{value}")
        return value

    def _left_out(self) -> Iterator[str]:
        notes = self._draft.left_out
        if not notes:
            return
        yield ""
        yield "# Left out:"
        for note in notes[:MOST_LEFT_OUT]:
            yield from comment(f"- {note}", hanging="  ")
        if len(notes) > MOST_LEFT_OUT:
            yield from comment(f"and {quantity(len(notes) - MOST_LEFT_OUT, 'more entry')}")


def _with_reason(line: str, reason: str) -> Iterator[str]:
    text = next(comment(reason), "") if reason else ""
    yield f"{line} {text}".rstrip()
