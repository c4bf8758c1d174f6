"""Whether orgs wait for a new snapshot, by what past builds took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.snapshot_names import Key, upper_steps
from provisioner.steps.snapshot import Snapshot

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.history import History
    from provisioner.builder.snapshot_content import Content
    from provisioner.config.model import PoolFile


@dataclass(frozen=True)
class PastTimes:
    """Seconds that the steps above the marker take, and that a snapshot takes."""

    upper: float
    snapshot: float

    @property
    def is_sooner_in_full(self) -> bool:
        """Whether orgs that run all steps are available before a snapshot could be Active."""
        return self.upper < self.snapshot


def past_times(config: PoolFile, key: Key, past: History) -> PastTimes | None:
    """The times of one content; None if past builds have not measured all of them."""
    pool, definition = key
    known = [
        past.expected(pool, entry.title) for entry in upper_steps(config.pools[pool], definition)
    ]
    snapshot = past.longest(Snapshot.kind)
    if snapshot is None or None in known:
        return None
    return PastTimes(sum(one.p50 for one in known if one), snapshot)


def skip_waiting(context: BuildContext, contents: Mapping[Key, Content]) -> None:
    """Where past builds show that orgs are sooner built in full, they do not wait.

    Reads the records of past builds, if a snapshot is to be made for which orgs would wait.
    """
    made = {
        content.name: (key, content)
        for key, content in contents.items()
        if content.may_make and not (content.usable or content.pending) and content.wait
    }
    for name, (key, content) in made.items():
        times = past_times(context.config, key, context.past.history)
        if times is not None and times.is_sooner_in_full:
            content.build_in_full()
            context.reporter.inform(
                f"orgs do not wait for the org snapshot {name}: in past builds the steps above the "
                f"marker took {times.upper:.0f} s, and a snapshot {times.snapshot:.0f} s"
            )
