"""One content of orgs, and its snapshot in this build. Memory only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.builder.snapshot_survey import SnapshotState

if TYPE_CHECKING:
    from provisioner.plan import Creation
    from provisioner.salesforce.org_contents import OrgContents
    from provisioner.salesforce.org_snapshots import OrgSnapshot


@dataclass
class Content:
    """The snapshot of one content. The caller holds the build's lock to change it."""

    state: SnapshotState  # as the build has found it
    wait: float  # seconds that orgs wait for a new snapshot
    usable: OrgSnapshot | None = None
    pending: OrgSnapshot | None = None  # an earlier build has requested it
    may_make: bool = False
    source: str = ""  # username of the org that makes it
    has_source: bool = False  # an org that may become the source is in progress
    given_up: bool = False  # in this build, orgs of this content are built in full
    since: float = 0.0  # when the first org began to wait
    waiting: list[Creation] = field(default_factory=list)
    contents: OrgContents | None = None  # of the source, in this process

    @property
    def name(self) -> str:
        """The name of the snapshot that this build makes, or uses."""
        return self.state.name

    def takes_source(self) -> bool:
        """Whether the next org is to make the snapshot; one org at a time is."""
        if not self.may_make or self.has_source or self.source or self.pending:
            return False
        self.has_source = True
        return True

    def choose(self, username: str) -> bool:
        """Whether this org makes the snapshot: the first one that comes to the marker does."""
        if self.may_make and not self.source:
            self.source, self.has_source = username, True
        return self.may_make and self.source == username

    def lose(self, username: str) -> None:
        """An org is no longer in progress: another one may make the snapshot."""
        if self.source in ("", username):
            self.source, self.has_source = "", False

    def expect(self) -> None:
        """An org in progress has not come to the marker yet."""
        self.has_source = True

    def keep(self, contents: OrgContents | None) -> None:
        """What the source contains; None if it is an org of another build."""
        self.contents = contents

    def use(self, snapshot: OrgSnapshot | None) -> None:
        """The snapshot is Active."""
        self.usable = snapshot or self.usable
        self.may_make, self.pending = False, None

    def give_up(self) -> None:
        """No snapshot is made any more; without one, orgs are built in full."""
        self.may_make, self.given_up = False, self.usable is None

    def stop_waiting(self) -> list[Creation]:
        """The orgs that have waited. From now on, others wait only for a snapshot that is there."""
        self.given_up = self.given_up or self.usable is None
        return self.take_all()

    def build_in_full(self) -> None:
        """Orgs do not wait for the snapshot that this build makes; later ones may use it."""
        self.given_up = True

    def reject(self, name: str) -> None:
        """Orgs are not signed up from this snapshot any more; from a newer one they are."""
        if self.usable is None or self.usable.name == name:
            self.given_up = True

    def forget_pending(self) -> None:
        """What an earlier build has requested is not there any more."""
        self.pending = None

    def hold(self, creation: Creation, now: float) -> None:
        """An org waits, from `now` by time.monotonic."""
        self.since = self.since or now
        self.waiting.append(creation)

    def take_first(self) -> list[Creation]:
        """The org that waits first, which is to make the snapshot when it is admitted."""
        self.has_source = False
        return [self.waiting.pop(0)]

    def take_all(self) -> list[Creation]:
        """All that wait."""
        waiting, self.waiting = self.waiting, []
        return waiting


def content_from(state: SnapshotState, wait: float) -> Content:
    """The content as the build starts with it."""
    return Content(
        state,
        wait,
        usable=state.usable,
        pending=state.pending,
        may_make=state.may_make,
        given_up=bool(state.why_not) and state.usable is None,
    )
