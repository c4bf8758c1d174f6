"""One picture of the live view: the lines that show a build in a terminal of a given size. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from provisioner.plain_text import cell, quantity
from provisioner.report.overview_text import (
    cause_text,
    org_text,
    span,
    steps_text,
    totals_text,
    waiting_text,
)

if TYPE_CHECKING:
    from provisioner.builder.overview import OrgOverview, Overview, PoolOverview

WIDE = 100  # characters from which a line has room for words in place of symbols
ORG_COLUMN = 64  # characters that an org needs
_GAP = Text("  ")
MOST_CAUSES = 3  # as long as orgs are in progress


def frame(overview: Overview, width: int, height: int, now: datetime) -> list[Text]:
    """At most `height` lines of at most `width` characters. `now` is local time."""
    pools = _pools(overview, width, max(1, height // 3))
    steps = [Text(cell(f"steps  {steps_text(overview)}"))] if overview.orgs and height > 6 else []
    causes = [
        Text.assemble(("✗ ", "red"), cell(cause_text(cause)))
        for cause in overview.causes[: MOST_CAUSES if height > 8 else 1]
    ]
    totals = Text(cell(totals_text(overview, now, is_short=width < WIDE)), "bold")
    room = height - len(pools) - len(steps) - len(causes) - 1
    lines = [*pools, *steps, *causes, *_orgs(overview.orgs, width, room), totals][-height:]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _pools(overview: Overview, width: int, most: int) -> list[Text]:
    """A line for each pool; of more pools than have room, the last line has the number."""
    shown = overview.pools if len(overview.pools) <= most else overview.pools[: most - 1]
    names = max((len(pool.name) for pool in shown), default=0)
    lines = [_pool(pool, min(names, max(8, width // 5)), width) for pool in shown]
    if hidden := len(overview.pools) - len(shown):
        lines.append(Text(cell(f"… and {quantity(hidden, 'more pool')}"), "dim"))
    return lines


def _pool(pool: PoolOverview, names: int, width: int) -> Text:
    """`morning  ████████········  34 of 50 available  10 in progress  1 failed  5 waiting …`."""
    name = Text(cell(pool.name), "bold")
    name.truncate(names, overflow="ellipsis", pad=True)
    length = 24 if width >= WIDE else 8
    part = min(1.0, pool.available / pool.size) if pool.size else 1.0
    full = round(part * length)
    counts = f"{pool.available} of {pool.size}" + (" available" if width >= WIDE else "")
    parts: list[str | tuple[str, str]] = [("█" * full, "green"), ("·" * (length - full), "dim")]
    line = Text.assemble(name, "  ", *parts, "  ", cell(counts))
    if pool.in_progress:
        line.append(f"  {pool.in_progress} in progress")
    if pool.failed:
        line.append(f"  {pool.failed} failed", "red")
    line.append("".join(f"  {cell(text)}" for text in waiting_text(pool.waiting)), "dim")
    return line


def _orgs(orgs: Sequence[OrgOverview], width: int, room: int) -> list[Text]:
    """The slowest orgs, in as many columns as they need; the last line counts those left out."""
    if room < 1 or not orgs:
        return []
    columns = max(1, min(width // ORG_COLUMN, -(-len(orgs) // room)))
    rows = min(room, -(-len(orgs) // columns))
    shown = list(orgs[: rows * columns])
    if len(shown) < len(orgs):
        rows = max(0, rows - 1)
        shown = list(orgs[: rows * columns])
    each = (width - 2 * (columns - 1)) // columns
    lines = []
    for row in range(rows):
        cells = [_org(org, each) for org in shown[row::rows]]
        lines.append(_GAP.join(cells))
    if hidden := len(orgs) - len(shown):
        lines.append(Text(cell(f"… and {hidden:,} more in progress"), "dim"))
    return lines


def _org(org: OrgOverview, width: int) -> Text:
    """`morning-x2k9@acme.example  deploy_source (3/5)  1:05`; the username is never cut."""
    time = span(org.since).rjust(6)
    name = Text(cell(org.username), "cyan")
    step = Text(f"  {cell(org_text(org))}")
    left = width - cell_len(name.plain) - len(time)
    step.truncate(max(0, left), overflow="ellipsis", pad=True)
    return name.append_text(step).append(time)
