"""The marker `- snapshot: {}`: what the steps above it make is kept as an org snapshot.

One org, the source org, makes the snapshot when it comes to the marker. It has run the steps above
like any other org, and continues with those below. An org that is signed up from a snapshot starts
below the marker, so it never comes here. Without a snapshot nothing is lost: every problem is a
warning, and the orgs are built in full.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from provisioner.declare.options import option
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.steps.base import Done, Outcome, Pending, SnapshotSource, StartAgain, StepContext
from provisioner.steps.components import NO_COMPONENTS, Components

LONGEST = 3600.0  # seconds; a snapshot takes 7 to 15 minutes (docs/reference/durations.md)
WAIT = 30.0  # seconds between two polls
REQUESTED = "requested"


@dataclass(frozen=True)
class SnapshotState:
    """A snapshot that was requested; `id` is "" while that is not confirmed."""

    id: str = ""

    def text(self) -> str:
        """`0Oo…`, or `requested`."""
        return self.id or REQUESTED


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Keeps what the steps above it have made; other orgs are signed up from that.

    Safe to run twice: a snapshot is found by its name before another one is requested.
    """

    kind: ClassVar[str] = "snapshot"
    is_marker: ClassVar[bool] = True

    wait: timedelta = option(
        "how long the other orgs wait for a new snapshot before they are built in full",
        default=timedelta(minutes=30),
        minimum=0,
        maximum=86_400,
        example="30m",
    )

    def start(self, context: StepContext) -> Outcome:
        """In the first org that comes here, request the snapshot, unless there is one."""
        source = context.snapshot_source
        if source is None or not source.is_chosen():
            return Done("no snapshot is made of this org")
        context.remember(SnapshotState())
        return self._request(context, source)

    def poll(self, context: StepContext, state: SnapshotState | StartAgain) -> Outcome:
        """Continue until the snapshot is Active."""
        source = context.snapshot_source
        if isinstance(state, StartAgain) or source is None or not source.is_chosen():
            return self.start(context)
        if not state.id:
            return self._request(context, source)
        return self._poll(source, state)

    def read_state(self, text: str) -> SnapshotState | StartAgain:
        """What `text` wrote; to start again is safe, because a snapshot is found by its name."""
        if text == REQUESTED:
            return SnapshotState()
        return SnapshotState(text) if text.startswith("0Oo") else StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """Nothing: an org has the same content with and without a snapshot."""
        return ()

    def components(self, directory: Path) -> Components:  # noqa: ARG002 - the contract
        """Nothing is added to the org."""
        return NO_COMPONENTS

    def _request(self, context: StepContext, source: SnapshotSource) -> Outcome:
        """Find the snapshot by its name, or request it."""
        try:
            snapshot_id = source.request(context.org, context.org_id)
        except SalesforceError as error:
            return self._given_up(source, error.message, error.hint, error.kind)
        return Pending(SnapshotState(snapshot_id), wait=WAIT)

    def _poll(self, source: SnapshotSource, state: SnapshotState) -> Outcome:
        try:
            status, error = source.status(state.id)
        except SalesforceError as failure:
            return self._given_up(source, failure.message, failure.hint, failure.kind)
        if status == "Active":
            source.made()
            return Done(f"snapshot {source.name}")
        if status in ("Error", "Expired", ""):
            text = error or f"its status is {status or 'unknown: it was deleted'}"
            return self._given_up(source, text, "", ErrorKind.CONTENT)
        note = f"snapshot {source.name}: {status}"
        return Pending(state, note=note, wait=WAIT, is_progress=True, phase=status)

    def _given_up(self, source: SnapshotSource, why: str, hint: str, kind: ErrorKind) -> Outcome:
        """The org continues without a snapshot. A transient error is retried by the build."""
        if kind is ErrorKind.TRANSIENT:
            raise SalesforceError(why, kind=kind, hint=hint)
        source.failed(why)
        advice = f"; {hint}" if hint else ""
        return Done(warnings=(f"the snapshot {source.name} was not made: {why}{advice}",))
