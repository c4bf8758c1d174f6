"""The lines of `provisioner status` for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.causes import parsed
from provisioner.cli.times import moment, relative
from provisioner.ledger.base import TO_DELETE, State
from provisioner.plain_text import cell, quantity
from provisioner.report.columns import fitted
from provisioner.report.last_build import result_text

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.ledger.base import Org, Run
    from provisioner.output import Colour, Output
    from provisioner.report.status import PoolStatus
    from provisioner.report.unfinished_builds import UnfinishedBuild

HEADERS = ("username", "state", "expires", "held by", "note")
_NOTHING = "No pools: neither pool.yaml nor the ledger has one."
_COLOURS: dict[str, Colour] = {
    "available": "green",
    "claimed": "cyan",
    "failed": "red",
    "expired": "dim",
    "released": "dim",
}


@dataclass(frozen=True)
class Layout:
    """How wide lines may be, and how a text gets its colour."""

    width: int | None
    paint: Callable[[str, Colour], str]

    @classmethod
    def of(cls, output: Output) -> Layout:
        """That of the stream of results."""
        return cls(output.width, lambda text, colour: output.paint(text, colour, on=output.out))


def pool_lines(
    summary: Sequence[PoolStatus],
    is_shown: Callable[[Org], bool] | None,
    now: datetime,
    layout: Layout,
) -> list[str]:
    """A block for each pool. With `is_shown`, only its orgs, and no pool without any."""
    lines: list[str] = []
    for pool in summary:
        orgs = [org for org in pool.orgs if is_shown is None or is_shown(org)]
        if orgs or is_shown is None:
            lines += [*([""] if lines else []), layout.paint(cell(title(pool)), "bold")]
            lines += _table(orgs, now, layout) if orgs else []
    if lines:
        return lines
    return [_NOTHING if is_shown is None else "No org of this kind."]


def title(pool: PoolStatus) -> str:
    """The pool and its counts: `morning: 50 wanted; 48 available, …`."""
    wanted = "not in pool.yaml" if pool.size is None else f"{pool.size} wanted"
    kept = sum(org.kept for org in pool.orgs if org.state in TO_DELETE)
    failed = f"{pool.failed} failed" + (f" ({kept} kept)" if kept else "")
    counts = f"{pool.available} available, {pool.claimed} claimed, {pool.building} building"
    waiting = f"; waiting claims: {pool.waiting}" if pool.waiting else ""
    return f"{pool.name}: {wanted}; {counts}, {failed}{waiting}"


def last_build_line(run: Run, now: datetime) -> str:
    """When the last build was, how it ended, and the causes of its failures."""
    if run.finished_at is None:
        return cell(f"last build: started {moment(run.started_at, now)}; {result_text(run)}")
    return cell(f"last build: {moment(run.finished_at, now)}, {result_text(run)}")


def unfinished_build_line(build: UnfinishedBuild, now: datetime) -> str:
    """Which pools another build is building, or has left, and since when."""
    pools = ", ".join(build.pools)
    since = moment(build.run.started_at, now)
    return cell(f"build of {pools}: started {since}; {result_text(build.run)}")


def _table(orgs: Sequence[Org], now: datetime, layout: Layout) -> Iterator[str]:
    rows = [_row(org, now) for org in orgs]
    header, *blocks = fitted(HEADERS, rows, layout.width)
    yield from header
    for org, (first, *more) in zip(orgs, blocks, strict=True):
        state = org.state.replace("_", " ")
        before, found, after = first.partition(f"  {state}")
        colour = _COLOURS.get(org.state, "yellow")
        yield f"{before}  {layout.paint(state, colour)}{after}" if found else first
        yield from more


def _row(org: Org, now: datetime) -> tuple[str, ...]:
    expires = relative(org.expires_at, now) if org.expires_at else ""
    return org.username, org.state.replace("_", " "), expires, _holder(org, now), _note(org)


def _holder(org: Org, now: datetime) -> str:
    if org.state is not State.CLAIMED:
        return ""
    purpose = f" ({org.purpose})" if org.purpose else ""
    if org.lease_until is None:
        return f"{org.owner}{purpose}"
    verb = "lease ends" if org.lease_until > now else "lease ended"
    return f"{org.owner}{purpose}, {verb} {relative(org.lease_until, now)}"


def _note(org: Org) -> str:
    """What is wrong with the org, in one line; else the step that it is in, and its snapshot."""
    if org.error or org.kept:
        cause = parsed(org.error)
        more = len(cause.details) - 1
        lines = f" (and {quantity(more, 'more line')})" if more > 0 else ""
        return f"{cause.what}{lines}" + (" (kept)" if org.kept else "")
    step = [f"step {org.step + 1}"] if org.state is State.BUILDING else []
    return ", ".join([*step, *([f"from snapshot {org.snapshot}"] if org.snapshot else [])])
