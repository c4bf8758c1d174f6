"""A plan as text: what happens to each org and why, how low the pool falls, the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from provisioner.builder.fingerprint import is_marker
from provisioner.builder.step_list import StepLists
from provisioner.ledger.base import State
from provisioner.plain_text import quantity, wrapped
from provisioner.plan import CONTENT
from provisioner.report.changes import changes_text
from provisioner.report.plan_document import Totals, package_versions, totals

if TYPE_CHECKING:
    from provisioner.builder.pool_preview import PoolPreview
    from provisioner.builder.preview import Preview
    from provisioner.builder.snapshot_preview import SnapshotPlan
    from provisioner.config.model import PoolFile, StepEntry
    from provisioner.ledger.base import Org
    from provisioner.plan import Removal
    from provisioner.report.estimate import Estimate

MARKS: Mapping[str, Literal["green", "yellow", "red", "cyan", "dim"]] = {
    "+": "green",
    "~": "yellow",
    "-": "red",
    ">": "cyan",
    "=": "dim",
    "!": "red",
}
"""The first character of a line, and its colour on a terminal."""

MOST_LINES = 10  # about orgs to which the same happens for the same reason


def plan_text(found: Preview, cost: Estimate, *, width: int | None = None) -> list[str]:
    """The plan as text, with a block for each pool; the last line has the totals.

    With `width`, the number of columns of a terminal, longer lines are continued on the next one.
    """
    lines: list[str] = []
    for pool in found.pools:
        lines += [*_block(found, pool), ""]
    if found.others:
        lines += ["orgs of no pool", *_deletions(found, found.others), ""]
    for name, orgs in found.removed_pools.items():
        lines += [*_removed_pool(name, orgs), ""]
    if found.old_snapshots:
        why = "no pool uses it; a build deletes it when an org from each new one is available"
        lines += ["org snapshots of no pool"]
        lines += [*(f"  - delete {name}: {why}" for name in found.old_snapshots), ""]
    plans, sign_ups = found.plans, sum(len(plan.create) for plan in found.plans)
    if any(plan.create or plan.resume for plan in plans):
        lines.append(f"Cost: {quantity(sign_ups, 'sign-up')}, {cost.text()}")
    else:
        lines.append("Nothing to build.")
    lines.append(totals_text(totals(found)))
    return [part for line in lines for part in (wrapped(line, width) if width else [line])]


def totals_text(found: Totals) -> str:
    """`Plan: 4 to create, 2 to replace, 1 to delete, 43 to keep.`"""
    parts = [f"{found.create} to create"]
    parts += [f"{found.resume} to resume"] if found.resume else []
    parts += [f"{found.replace} to replace", f"{found.delete} to delete", f"{found.keep} to keep"]
    missing = f" {quantity(found.missing, 'org')} cannot be built." if found.missing else ""
    return f"Plan: {', '.join(parts)}.{missing}"


def _block(found: Preview, pool: PoolPreview) -> list[str]:
    plan, config = pool.plan, found.config
    available = len(plan.available) + len(plan.outdated)
    outdated = f" ({len(plan.outdated)} outdated)" if plan.outdated else ""
    lines = [f"{plan.pool}: {plan.size} wanted, {available} available{outdated}"]
    for definition, count in Counter(c.definition for c in pool.created).items():
        lines.append(f"  + create {count} from {definition}")
    lines += [f"  > resume {org.username} ({_progress(config, org)})" for org in plan.resume]
    lines += _replacements(found, pool)
    lines += _deletions(found, pool.deleted)
    lines += _kept(pool)
    if plan.not_more_because:
        lines.append(f"  ! cannot create {plan.missing}: {plan.not_more_because}")
    lines += [f"    {snapshot_text(one)}" for one in found.snapshots if one.pool == plan.pool]
    lines += [f"    {text}" for text in _remarks(config, pool)]
    return lines + [f"    {text}" for text in _steps_of_copies(found, plan.pool)]


def _progress(config: PoolFile, org: Org) -> str:
    """How far an unfinished org has come."""
    state = org.state.replace("_", " ")
    if org.state is not State.BUILDING:
        return state
    names = [step.name for step in StepLists(config).of(org)]
    name = f": {names[org.step]}" if org.step < len(names) else ""
    return f"{state}, step {org.step + 1} of {len(names)}{name}"


def _replacements(found: Preview, pool: PoolPreview) -> Iterator[str]:
    lines = []
    for removal, creation in pool.replaced:
        other = creation.definition if creation.definition != removal.org.definition else ""
        by = f"; by one from {other}" if other else ""
        lines.append((removal.org.username, f" ({_reason(found, removal)}{by})"))
    return _grouped("~ replace", lines)


def _deletions(found: Preview, removals: Iterable[Removal]) -> Iterator[str]:
    lines = [(removal.org.username, f": {_reason(found, removal)}") for removal in removals]
    return _grouped("- delete", lines)


def _reason(found: Preview, removal: Removal) -> str:
    """Why an org goes; of one with other content, what has changed."""
    changes = found.changes.get(removal.org.username)
    if removal.reason == CONTENT:
        return changes_text(changes) if changes else "content changed"
    first_line = removal.reason.partition("\n")[0]
    return f"{first_line} ({changes_text(changes)})" if changes else first_line


def _grouped(mark: str, lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A line for each username; of many with the same reason, a few and how many more."""
    reasons: dict[str, list[str]] = {}
    for username, reason in lines:
        reasons.setdefault(reason, []).append(username)
    for reason, usernames in reasons.items():
        more = len(usernames) - MOST_LINES
        shown = usernames if more <= 1 else usernames[:MOST_LINES]
        yield from (f"  {mark} {username}{reason}" for username in shown)
        if more > 1:
            yield f"  {mark} {more} more{reason}"


def _kept(pool: PoolPreview) -> Iterator[str]:
    plan = pool.plan
    parts = [f"{pool.kept} available"] if pool.kept else []
    parts += [f"{len(plan.claimed)} claimed"] if plan.claimed else []
    parts += [f"{len(plan.kept)} failed (kept by --keep-failed)"] if plan.kept else []
    if parts:
        yield f"  = keep {', '.join(parts)}"
    if (outdated := len(plan.outdated) - len(plan.retire)) > 0:
        yield f"    {outdated} of them outdated, until new ones can replace them"
    surplus = len(plan.available) - plan.size
    if surplus > 0:
        yield (
            f"    {surplus} more than wanted: a build does not delete them; they stay until they "
            "are claimed, outdated or expired"
        )


def _remarks(config: PoolFile, pool: PoolPreview) -> Iterator[str]:
    plan = pool.plan
    versions = (version for _, version in package_versions(config, plan.pool))
    yield from (f"package {version.title}" for version in versions if version.title != version.id)
    yield from _order(pool)
    if pool.held and not plan.is_short_of_room:
        yield (
            f"canary: one org of the new content is built first; {pool.held} more follow when it "
            "is available"
        )
    if plan.create:
        yield f"available during the build: at least {pool.lowest}"
    if plan.create or plan.resume:
        titles = [_title(entry) for entry in config.pools[plan.pool].steps]
        yield f"steps of each: {', '.join(['sign-up', *titles, 'verification'])}"


def _steps_of_copies(found: Preview, pool: str) -> Iterator[str]:
    """The steps of orgs that are signed up from a snapshot: those below the marker."""
    if any(one.pool == pool and one.orgs > one.in_full for one in found.snapshots):
        entries = found.config.pools[pool].steps
        number = next(number for number, entry in enumerate(entries) if is_marker(entry))
        titles = [_title(entry) for entry in entries[number + 1 :]]
        yield f"steps of each from a snapshot: {', '.join(['sign-up', *titles, 'verification'])}"


def snapshot_text(plan: SnapshotPlan) -> str:
    """What a build does about the org snapshot of one content."""
    if plan.is_used:
        orgs = quantity(plan.orgs - plan.in_full, "org")
        text = f"snapshot: {orgs} from {plan.definition} signed up from it"
        return (
            f"{text}; it will expire, so the first org makes {plan.name}"
            if plan.is_made
            else (f"{text}: {plan.name}")
        )
    if plan.is_made:
        more = plan.orgs - plan.in_full
        return f"snapshot {plan.name}: the first org makes it, and {more} more wait for it"
    return f"snapshot: none, so that {quantity(plan.orgs, 'org')} run all steps: {plan.why_not}"


def _title(entry: StepEntry) -> str:
    """The title of a step, with the definitions to which it is limited."""
    only = f" (only {', '.join(entry.when.definition)})" if entry.when else ""
    return entry.title + only


def _order(pool: PoolPreview) -> list[str]:
    """The line about the order in which outdated orgs are deleted and new ones are created."""
    plan = pool.plan
    if not pool.replaced:
        return []
    if not plan.is_short_of_room:
        return ["each outdated org is deleted only after its replacement is available"]
    without = quantity(len(plan.create) - plan.slots, "new org")
    canary = "first one, for the canary; after it is available, " if pool.held else ""
    batch = f"{canary}{quantity(plan.swap, 'org')} at a time"
    return [f"there is no room for {without} until outdated orgs are deleted: {batch}"]


def _removed_pool(name: str, orgs: Sequence[Org]) -> list[str]:
    counts = Counter(org.state.replace("_", " ") for org in orgs)
    listed = ", ".join(f"{count} {state}" for state, count in counts.items())
    return [
        f"{name}: not in pool.yaml",
        f"  = keep {listed}",
        "    a build does not touch them; `provisioner reap` deletes those that are failed, "
        f"released or expired; with `--removed-pool {name}` also the others, except claimed ones",
    ]
