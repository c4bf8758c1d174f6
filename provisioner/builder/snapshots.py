"""Org snapshots in one build: which orgs are signed up from one, make one, or wait for one.

The Dev Hub is the record: a snapshot is found by its name. Where there is none, the first org of
the content makes it (`provisioner.steps.snapshot`), and the others wait for it, at most as long as
the marker says. Whatever goes wrong, they are built in full.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.builder import snapshot_names as names
from provisioner.builder.crashes import guarded
from provisioner.builder.snapshot_content import Content, content_from
from provisioner.builder.snapshot_source import SourceOfSnapshot
from provisioner.builder.snapshot_survey import read_survey
from provisioner.builder.snapshot_trust import Comparison, SnapshotTrust
from provisioner.builder.snapshot_waiting import skip_waiting
from provisioner.builder.unused_snapshots import of_no_pool, superseded

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.ledger.base import Org
    from provisioner.plan import Creation, PoolPlan
    from provisioner.salesforce.org_snapshots import OrgSnapshot, OrgSnapshots

WATCH = "snapshots"
"""The key of the job that ends the waiting for a snapshot."""
EVERY = 15.0  # seconds between two of its runs


class Snapshots:
    """The snapshots of one build. Safe to use from several threads."""

    def __init__(self, context: BuildContext, plans: Sequence[PoolPlan]) -> None:
        """Read what the Dev Hub has, if a pool has the marker and orgs are to be built."""
        self._context = context
        self._request: Callable[[Iterable[Creation]], None] | None = None
        self._by_key: dict[names.Key, Content] = {}
        self._contents: dict[str, Content] = {}  # by base
        self._old: Sequence[OrgSnapshot] = ()  # ours, of contents that these pools do not have
        wanted = names.bases(
            context.config, [plan.pool for plan in plans if plan.create or plan.resume]
        )
        self._trust = SnapshotTrust(context, context.past_orgs.verified_snapshots)
        if wanted:
            self._read(wanted)
        job = guarded(
            context.reporter,
            self._watch,
            lambda error: context.reporter.warn(f"waiting for a snapshot: {error.message}"),
        )
        context.scheduler.register(WATCH, job)
        for org in (org for plan in plans for org in plan.resume):
            self._resume(org)

    def connect(self, request: Callable[[Iterable[Creation]], None]) -> None:
        """`request` gets the orgs that need not wait any more; they are admitted once more."""
        self._request = request

    def _read(self, wanted: Mapping[names.Key, str]) -> None:
        """The snapshots of this project on the Dev Hub, and what may be made."""
        context = self._context
        survey = read_survey(
            context.config,
            context.connections,
            wanted.values(),
            context.past_orgs.snapshots,
            context.now().date(),
        )
        if survey.unreadable:
            context.reporter.warn(f"orgs are built without snapshots: {survey.unreadable}")
            return
        self._old = survey.old
        for key, base in wanted.items():
            options = names.marker(context.config.pools[key[0]])
            content = content_from(
                survey.states[base], options.wait.total_seconds() if options else 0.0
            )
            self._by_key[key] = self._contents.setdefault(base, content)
        skip_waiting(context, self._by_key)
        for why in {c.state.why_not for c in self._contents.values() if c.state.why_not}:
            context.reporter.warn(f"no org snapshot is made: {why}")

    def _resume(self, org: Org) -> None:
        """An org of an earlier build that has not passed the marker yet may be the source."""
        content = self._content(org)
        if content is not None and content.may_make and not org.snapshot:
            upper = names.upper_steps(self._context.config.pools[org.pool], org.definition)
            if org.step <= len(upper) + 1:
                content.expect()

    # --- sign-ups -----------------------------------------------------------------------------

    def admit(self, creations: Iterable[Creation]) -> list[Creation]:
        """Those that may be signed up now, with the snapshot of each; the others wait."""
        admitted: list[Creation] = []
        with self._context.lock:
            for creation in creations:
                content = self._by_key.get((creation.pool, creation.definition))
                in_full = replace(creation, snapshot="")
                if content is None or content.takes_source():
                    admitted.append(in_full)
                elif content.usable and not self._trust.is_rejected(content.usable.name):
                    admitted.append(replace(creation, snapshot=content.usable.name))
                elif content.given_up or not content.may_make:
                    admitted.append(in_full)
                else:
                    self._hold(content, in_full)
        return admitted

    def waiting(self, pool: str) -> int:
        """How many orgs of a pool wait for a snapshot."""
        with self._context.lock:
            held = (c for content in self._contents.values() for c in content.waiting)
            return sum(creation.pool == pool for creation in held)

    def _hold(self, content: Content, creation: Creation) -> None:
        content.hold(creation, time.monotonic())
        self._context.scheduler.wake(WATCH, self._context.wait(EVERY))

    def _watch(self) -> float | None:
        """End the waiting where it has taken too long, or where no org makes the snapshot."""
        for content in list(self._contents.values()):
            if content.waiting:
                self._watch_one(content)
        has_waiting = any(content.waiting for content in self._contents.values())
        return self._context.wait(EVERY) if has_waiting else None

    def _watch_one(self, content: Content) -> None:
        if content.pending and not content.source:
            self._poll(content)
        age = (time.monotonic() - content.since) / self._context.options.time_scale
        if content.waiting and age > content.wait:
            with self._context.lock:
                waiting = content.stop_waiting()
            self._context.reporter.warn(
                f"the org snapshot {content.name} is not Active yet: the orgs that waited for it "
                "are built in full"
            )
            self._send_in_full(content, waiting)
        elif content.waiting and content.takes_source():
            with self._context.lock:
                first = content.take_first()
            self._send(first)

    def _poll(self, content: Content) -> None:
        """A snapshot that an earlier build has requested, in an org that nobody resumes."""
        pending = content.pending
        found = self._hub.read(pending.id) if pending else None
        if found is not None and found.is_pending:
            return
        with self._context.lock:
            content.use(found) if found and found.is_active else content.forget_pending()
        if content.usable:
            self._release(content)

    def _release(self, content: Content) -> None:
        """The orgs that wait for a snapshot of this content are signed up."""
        with self._context.lock:
            waiting = content.take_all()
        if content.usable is None:
            self._send_in_full(content, waiting)
        else:
            self._send(waiting)

    def _send_in_full(self, content: Content, creations: Sequence[Creation]) -> None:
        """The org that was to make the snapshot is in progress: it is the canary of the others."""
        if creations and (content.source or content.has_source):
            self._context.circuit_breaker.follow(creations)
        self._send(creations)

    def _send(self, creations: Sequence[Creation]) -> None:
        if self._request is not None and creations and not self._context.progress.limit:
            self._request(creations)

    def has_marker(self, creation: Creation) -> bool:
        """Whether orgs of this content may be signed up from a snapshot."""
        return (creation.pool, creation.definition) in self._by_key

    # --- orgs ---------------------------------------------------------------------------------

    def source(self, org: Org) -> SourceOfSnapshot | None:
        """What the marker needs in this org; None where no snapshot is made."""
        content = self._content(org)
        if content is None or not content.may_make or org.snapshot:
            return None
        return SourceOfSnapshot(self._context, content, org.username, self._release)

    def comparison(self, org: Org) -> Comparison | None:
        """How the first org from a snapshot is compared with the source of the snapshot."""
        return self._trust.comparison(org, self._content(org))

    def available(self, org: Org) -> None:
        """An org is available, and so is the snapshot that it is from."""
        self._trust.verify(org)
        self.ended(org)

    def reject(self, org: Org, why: str, code: str = "") -> bool:
        """An org has failed: whether that ends the use of its snapshot."""
        return self._trust.reject(org, self._content(org), why, code)

    def ended(self, org: Org) -> None:
        """An org is no longer in progress. If it was to make the snapshot, another one is."""
        content = self._content(org)
        if content is None or org.snapshot or not content.may_make:
            return
        with self._context.lock:
            content.lose(org.username)
        if content.waiting:
            self._context.scheduler.wake(WATCH)

    def clean_up(self) -> None:
        """Delete rejected snapshots, and those that others have replaced.

        A snapshot of an earlier content stays until an org from each new one has been available,
        and an earlier generation until one from the next generation has.
        """
        contents = list(self._contents.values())
        used = [content.usable for content in contents if content.usable]
        doomed = [one for one in used if self._trust.is_rejected(one.name)]
        verified = {one.name for one in used if self._trust.is_verified(one.name)}
        known = {one.id: one for content in contents for one in content.state.all}
        known |= {one.id: one for one in used}
        doomed += superseded(known.values(), verified)
        if len(verified) == len(contents):
            context = self._context
            doomed += of_no_pool(self._old, context.config, context.connections)
        ids = {one.id: None for one in doomed}
        for why in self._hub.delete(list(ids)):
            self._context.reporter.warn(f"an org snapshot was not deleted: {why}")

    def _content(self, org: Org) -> Content | None:
        return self._by_key.get((org.pool, org.definition))

    @property
    def _hub(self) -> OrgSnapshots:
        return self._context.connections.snapshots
