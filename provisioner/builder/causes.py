"""The failures of a build by cause: fifty orgs that fail in the same way are one cause.

Two failures have the same cause when the same step gave the same message. What differs from org to
org (usernames, record ids, hosts, times) does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.ledger.base import Org

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile

MOST_CAUSES = 20  # in the record of a run
MOST_ORGS = 20  # usernames that a cause names in the record
MOST_DETAILS = 10  # lines
LONGEST_LINE = 500  # characters

_VARIABLE = re.compile(
    r"""
      https?://\S+
    | [^\s@]+@[^\s@]+\.[^\s@]+                          # usernames
    | \b(?=[0-9A-Za-z]*[0-9])[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\b  # ids of records
    | \b[0-9a-f]{8}-[0-9a-f-]{27}\b                     # ids of requests
    | \b\d{4}-\d\d-\d\dT[\d:.]+Z?                       # times
    | \b\d+(?:\.\d+)?\ ?(?:ms|s|m|h|min|seconds?|minutes?|%)(?![\w])
    """,
    re.VERBOSE,
)

_DEPLOY = re.compile(r"deploy 0Af\w+ ")
_COUNT = re.compile(r" (?:was|were) refused\b| were not assigned$")
_COMMAND = re.compile(r" exits with \d+$")


@dataclass(frozen=True)
class Cause:
    """Why orgs failed: the step, and what its first org reported."""

    step: str  # as reports call it: "sign-up", "deploy_source", the name in pool.yaml
    message: str
    count: int = 0
    details: tuple[str, ...] = ()  # further lines, for example the components of a deploy
    hint: str = ""
    pools: tuple[str, ...] = ()
    location: str = ""  # of the step: "pool.yaml:31"; "" for a step that pool.yaml does not list
    orgs: tuple[str, ...] = ()  # usernames, at most MOST_ORGS in the record of a run

    @property
    def what(self) -> str:
        """The step and the one line that says what is wrong.

        The message of a deploy has only its id and a count, so that its first component says it;
        that of refused rows says how many, and the first row why; a command says it at its end.
        """
        message = self.message
        if self.details and _DEPLOY.match(message):
            message = self.details[0]
        elif self.details and _COUNT.search(message):
            message = f"{message}: {self.details[0]}"
        elif self.details and _COMMAND.search(message):
            message = f"{message}: {self.details[-1]}"
        return f"{self.step}: {message}" if self.step else message

    def document(self) -> dict[str, Any]:
        """The cause as JSON; within bounds, for the ledger."""
        return {
            "step": self.step,
            "message": self.message[:LONGEST_LINE],
            "count": self.count,
            "details": [line[:LONGEST_LINE] for line in self.details[:MOST_DETAILS]],
            "hint": self.hint[:LONGEST_LINE],
            "pools": list(self.pools),
            "location": self.location,
            "orgs": list(self.orgs[:MOST_ORGS]),
        }


def causes_in(summary: Mapping[str, Any]) -> tuple[Cause, ...]:
    """The causes in the record of a run; empty for a record that has none."""
    found = summary.get("causes")
    listed = found if isinstance(found, list) else []
    return tuple(_cause(document) for document in listed if isinstance(document, dict))


def _cause(document: Mapping[str, Any]) -> Cause:
    def texts(key: str) -> tuple[str, ...]:
        value = document.get(key)
        return tuple(map(str, value)) if isinstance(value, list) else ()

    count = document.get("count")
    return Cause(
        step=str(document.get("step", "")),
        message=str(document.get("message", "")),
        count=count if isinstance(count, int) else 0,
        details=texts("details"),
        hint=str(document.get("hint", "")),
        pools=texts("pools"),
        location=str(document.get("location", "")),
        orgs=texts("orgs"),
    )


def step_locations(config: PoolFile) -> dict[tuple[str, str], str]:
    """The position in pool.yaml of each step, by the names of its pool and of the step."""
    return {
        (pool.name, entry.title): f"{Path(entry.file).name}:{entry.line}"
        for pool in config.pools.values()
        for entry in reversed(pool.steps)
        if entry.line
    }


def causes(
    failed: Iterable[Org], locations: Mapping[tuple[str, str], str] | None = None
) -> tuple[Cause, ...]:
    """The causes of these orgs, the most frequent first.

    The text of an org is in its `error`. `locations` has the position in pool.yaml of a pool's
    step, by the name of the pool and that of the step.
    """
    found: dict[str, Cause] = {}
    for org in failed:
        cause = parsed(org.error)
        key = common_form("\n".join([cause.step, cause.message, *cause.details]))
        location = (locations or {}).get((org.pool, cause.step), "")
        known = found.get(key) or replace(cause, location=location)
        found[key] = replace(
            known,
            count=known.count + 1,
            orgs=(*known.orgs, org.username),
            pools=known.pools if org.pool in known.pools else (*known.pools, org.pool),
        )
    return tuple(sorted(found.values(), key=lambda cause: -cause.count))


def common_form(text: str) -> str:
    """A text without what differs from org to org, so that equal ones can be counted."""
    return _VARIABLE.sub("…", text)


def parsed(error: str) -> Cause:
    """The parts of an org's `error`: `STEP: MESSAGE`, further lines, `hint: …`."""
    first, *rest = error.split("\n")
    step, separator, message = first.partition(": ")
    if not separator:
        step, message = "", first
    hints = [line.removeprefix("hint: ") for line in rest if line.startswith("hint: ")]
    details = tuple(line for line in rest if not line.startswith("hint: "))
    return Cause(step, message, details=details, hint=" ".join(hints))
