"""What must be true after builders were disturbed: by the records of the emulators and the ledger.

Nothing lost, nothing twice, no limit overrun. Each check names what is not so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from provisioner.emulator.ids import to_18
from provisioner.emulator.resources.signup import daily_count
from provisioner.ledger.base import UNFINISHED, Event, Org, State
from tests.proof.builders.stage import Site, Stage
from tests.proof.contents import Complete, faults_of
from tests.proof.kills import IN_DOUBT, REPLACED_ON_DOUBT
from tests.proof.truth import crashes, doubles

FENCES = "SELECT key FROM meta WHERE key LIKE '%builder%'"
DEPLOYS = 2  # of a builder to an org: the settings of the org definition, and the source
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


def judge(stage: Stage, whole: Complete, *, keep: int = 0) -> Iterator[str]:
    """All checks of a case, when each process has ended; `keep` of both limits are for people."""
    with stage.ledger(stage.sites[0]) as ledger:
        assert ledger is not None
        rows, events = ledger.orgs(), ledger.events()
    for site in stage.sites:
        own = [org for org in rows if org.pool in site.pools]
        yield from _nothing_lost(stage, site, own)
        yield from _nothing_twice(site, own, events)
        yield from limits_kept(stage, site, keep=keep)
        yield from _sign_ups_spent(site, own, events)
        for org in own:
            yield from faults_of(site.night, org, whole)
        yield from crashes(site.night)
    yield from crashes(stage.sites[0].night, *stage.ended.values())
    yield from _handed_over(events)
    yield from _failures(events)
    yield from _nothing_left(stage)


def _nothing_lost(stage: Stage, site: Site, rows: Sequence[Org]) -> Iterator[str]:
    """Each org of the Dev Hub has a row, and each row an org and an end."""
    known, active = {org.username for org in rows}, set(site.night.active())
    for username in sorted(active - known):
        yield f"{username} is active on the Dev Hub and unknown to the ledger"
    for username in sorted(known - active):
        yield f"{username} is in the ledger and not active on the Dev Hub"
    for org in rows:
        if org.state in UNFINISHED or org.builder_id:
            yield f"{org.username} is {org.state} of builder {org.builder_id!r} at the end"
    counts = Counter(org.pool for org in rows if org.state is State.AVAILABLE)
    if counts != dict.fromkeys(site.pools, stage.size.each):
        yield f"the pools have {dict(counts)} available orgs instead of {stage.size.each} each"


def _nothing_twice(site: Site, rows: Sequence[Org], events: Sequence[Event]) -> Iterator[str]:
    """Each username is signed up once, and each org deployed to once by each of its builders."""
    yield from doubles(site.night)
    deploys = Counter(
        to_18(entry.org)
        for entry in site.night.world.log.entries()
        if entry.route == "deploy.start" and 200 <= entry.status < 300
    )
    for org in rows:
        builders = {e.run for e in events if e.username == org.username and e.run}
        if (count := deploys[org.org_id]) > DEPLOYS * max(1, len(builders)):
            yield f"{org.username} had {count} deploys of {len(builders)} builders"


def limits_kept(stage: Stage, site: Site, *, keep: int = 0) -> Iterator[str]:
    """The most sign-ups in progress, active orgs and sign-ups of the day, as the Dev Hub counts."""
    limits, counted = site.night.world.limits, site.sign_ups
    if counted.most_at_once > stage.size.slots:
        yield f"{counted.most_at_once} sign-ups were in progress, {stage.size.slots} are allowed"
    if counted.most_active > limits.active - keep:
        yield f"{counted.most_active} orgs were active, {limits.active - keep} are allowed"
    if (daily := daily_count(site.night.world.hub)) > limits.daily - keep:
        yield f"{daily} sign-ups of the day, {limits.daily - keep} are allowed"
    refused = [
        entry
        for entry in site.night.world.log.entries()
        if (entry.route, entry.org, entry.status) == ("sobjects.create", "hub", 400)
    ]
    if refused:
        yield f"the Dev Hub has refused {len(refused)} sign-ups"


def _sign_ups_spent(site: Site, rows: Sequence[Org], events: Sequence[Event]) -> Iterator[str]:
    """As many as there are orgs, and one for each org that was replaced."""
    names = {row["Username"] for row in site.night.hub_rows("ScratchOrgInfo")}
    failed = {e.username for e in events if e.to_state == State.FAILED and e.username in names}
    spare = len(site.night.hub_rows("ScratchOrgInfo")) - len(rows)
    if spare > len(failed):
        yield f"{spare} sign-ups more than orgs, {len(failed)} orgs had to be replaced"


def _handed_over(events: Sequence[Event]) -> Iterator[str]:
    """No builder changes an org after another one has changed it."""
    by_org: dict[str, list[str]] = {}
    for event in events:
        runs = by_org.setdefault(event.username, [])
        if event.username and event.run and event.run not in runs[-1:]:
            if event.run in runs:
                yield f"{event.username} was changed by {event.run} after {runs[-1]} had it"
            runs.append(event.run)


def _failures(events: Sequence[Event]) -> Iterator[str]:
    """Orgs that were given up, other than those of which it is unknown what happened."""
    for event in events:
        step, _, reason = event.note.partition(": ")
        is_allowed = step in REPLACED_ON_DOUBT and IN_DOUBT in reason
        if event.to_state == State.FAILED and not is_allowed:
            yield f"{event.username} was given up: {event.note}"


def _nothing_left(stage: Stage) -> Iterator[str]:
    """No lock, and no row that names a builder."""
    if fences := stage.server.sql(FENCES, database=stage.database):
        yield f"rows of builders are left: {fences}"
    if (locks := stage.server.sql(LOCKS, database=stage.database)[0][0]) != 0:
        yield f"{locks} locks are left"
