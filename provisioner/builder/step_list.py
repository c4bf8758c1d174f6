"""The steps of an org in their order: the definition's settings, pool.yaml's steps, the proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.steps.base import Outcome, Step, StepContext
from provisioner.steps.proof import Proof
from provisioner.steps.settings import Settings

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org

DEFAULT_TIMEOUT = 7200.0  # seconds; installs have taken hours on bad days (facts §9)


@dataclass(frozen=True)
class ListedStep:
    """A step in its place, as reports call it; `timeout` in seconds."""

    name: str
    step: Step
    timeout: float = DEFAULT_TIMEOUT

    def run(self, build: BuildContext, org: Org, remember: Callable[[str], None]) -> Outcome:
        """Start the step, or look at its request when the row holds one."""
        pool = build.config.pools[org.pool]
        definition = next(d for d in pool.definitions if d.name == org.definition)
        context = StepContext(
            org=build.connections.org(org),
            username=org.username,
            directory=build.config.directory,
            definition=definition.content,
            org_id=org.org_id,
            sign_in=lambda: build.connections.sign_in(org),
            remember=remember,
        )
        if org.request_id:
            return self.step.poll(context, org.request_id)
        return self.step.start(context)


def listed_steps(config: PoolFile, org: Org) -> list[ListedStep]:
    """The steps of an org of this pool and definition."""
    entries = config.pools[org.pool].steps
    own = [
        ListedStep(
            entry.title,
            entry.step,
            entry.timeout.total_seconds() if entry.timeout else DEFAULT_TIMEOUT,
        )
        for entry in entries
    ]
    return [ListedStep("settings", Settings()), *own, ListedStep("proof", Proof())]
