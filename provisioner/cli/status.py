"""`provisioner status`: shows the pools and their orgs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import LoginError

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.ledger.base import Ledger, Org
    from provisioner.ledger.broken import BrokenRow
    from provisioner.output import Output
    from provisioner.report.status import PoolStatus
    from provisioner.upkeep.health import Health

_HEADERS = ("username", "state", "expires", "held by", "note")
_COLORS = {
    "available": "green",
    "claimed": "cyan",
    "failed": "red",
    "expired": "dim",
    "released": "dim",
}


def command(
    call: Invocation,
    pools: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[POOL…]", help="Names of pools; by default all.", show_default=False
        ),
    ] = None,
    prove: Annotated[
        bool,
        typer.Option(
            "--prove",
            help="Log in to the available orgs. The next build replaces those that are deleted, or "
            "whose login opens another org.",
        ),
    ] = False,
    manifest: Annotated[
        bool,
        typer.Option("--manifest", help="Print a JSON manifest without secrets, safe to share."),
    ] = False,
) -> None:
    """Show the pools and their orgs: state, owner, expiry, and why an org failed."""
    from provisioner.cli.pools import given, pools_and_ledger
    from provisioner.config.unknown_pool import unknown_pool
    from provisioner.ledger.rows import utc_now
    from provisioner.report.manifest import ledger_manifest
    from provisioner.report.status import summarise

    only = [given(name, "POOL") for name in pools or ()]
    found: list[Health] = []
    with pools_and_ledger(call, for_claims=False, warns=manifest) as (part, ledger):
        orgs = ledger.orgs()
        if prove:
            chosen = [org for org in orgs if not only or org.pool in only]
            found = _verify(call, ledger, chosen)
            orgs = ledger.orgs()
        waiters = [] if call.output.as_json or manifest else ledger.waiters()
        broken = ledger.broken(orgs)
        listed = ledger_manifest(ledger, only or [*part.pools]) if manifest else None
    known = {*part.pools, *(org.pool for org in orgs)}
    for name in only:
        if name not in known:
            raise unknown_pool(name, known)
    sizes = {name: pool.size for name, pool in part.pools.items()}
    summary = summarise(sizes, orgs, only, waiters)
    if listed is not None:
        call.output.json(listed)
    elif call.output.as_json:
        call.output.json(_document(summary, broken))
    elif call.output.out.isatty():
        _draw(call.output, summary, utc_now())
        call.output.result(_broken_text(broken), None)
    else:
        lines, more = _plain(summary, utc_now()), _broken_text(broken)
        call.output.result([*lines, *([""] if lines and more else []), *more], None)
    if found and not any(health.is_reached for health in found):
        raise LoginError(
            f"no org was verified: none of the available orgs ({len(found)}) could be reached",
            code="unreachable",
            hint="check the network and HTTPS_PROXY, then try again",
        )


def _document(summary: Sequence[PoolStatus], broken: Sequence[BrokenRow]) -> dict[str, object]:
    document: dict[str, object] = {"pools": [pool.document() for pool in summary]}
    return {**document, "broken": [row.document() for row in broken]} if broken else document


def _broken_text(broken: Sequence[BrokenRow]) -> list[str]:
    """The lines about rows that cannot be claimed, with what to do about each."""
    from provisioner.output import table

    if not broken:
        return []
    rows = [(row.name, row.pool, row.why, row.advice) for row in broken]
    title = "Broken rows of the ledger (not available for claims):"
    return [title, *table(("username", "pool", "what is wrong", "what to do"), rows)]


def _verify(call: Invocation, ledger: Ledger, orgs: Sequence[Org]) -> list[Health]:
    """Log in to each available org, eight at a time; the next build replaces unusable ones."""
    from concurrent.futures import ThreadPoolExecutor
    from functools import partial

    from provisioner.claim.verification import gone_from_hub
    from provisioner.ledger.base import State
    from provisioner.upkeep.health import confirmed, examine, record

    pool_file = call.load("hub_and_ledger")
    available = [org for org in orgs if org.state is State.AVAILABLE]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda org: examine(org, pool_file), available))
    for health in confirmed(found, partial(gone_from_hub, pool_file)):
        record(ledger, health, ledger.now())
        if health.is_active is None:
            call.output.warn(f"{health.org.username} could not be verified: {health.why}")
        elif not health.is_active:
            call.output.warn(
                f"{health.org.username} is unusable; the next build replaces it: {health.why}"
            )
    return found


def _plain(summary: Sequence[PoolStatus], now: datetime) -> list[str]:
    from provisioner.output import table

    lines: list[str] = []
    for pool in summary:
        rows = table(_HEADERS, [_row(org, now) for org in pool.orgs])
        lines += [*([""] if lines else []), _title(pool), *rows]
    return lines or [_NOTHING]


def _draw(output: Output, summary: Sequence[PoolStatus], now: datetime) -> None:
    """Print the pools on a terminal, in tables of its width."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from provisioner.plain_text import cell

    colors: Literal["auto"] | None = "auto" if output.shows_color(output.out) else None
    console = Console(file=output.out, color_system=colors, highlight=False)
    for pool in summary:
        console.print(Text(cell(_title(pool)), style="bold"))
        if not pool.orgs:
            continue
        drawn = Table(*_HEADERS, box=SIMPLE_HEAD, pad_edge=False)
        for org in pool.orgs:
            cells = [Text(cell(text)) for text in _row(org, now)]
            cells[1].stylize(_COLORS.get(org.state, "yellow"))
            drawn.add_row(*cells)
        console.print(drawn)
    if not summary:
        console.print(_NOTHING)


_NOTHING = "No pools: neither pool.yaml nor the ledger has one."


def _title(pool: PoolStatus) -> str:
    from provisioner.ledger.base import TO_DELETE

    wanted = "not in pool.yaml" if pool.size is None else f"{pool.size} wanted"
    kept = sum(org.kept for org in pool.orgs if org.state in TO_DELETE)
    failed = f"{pool.failed} failed" + (f" ({kept} kept)" if kept else "")
    counts = f"{pool.available} available, {pool.claimed} claimed, {pool.building} building"
    waiting = f"; waiting claims: {pool.waiting}" if pool.waiting else ""
    return f"{pool.name}: {wanted}; {counts}, {failed}{waiting}"


def _row(org: Org, now: datetime) -> tuple[str, ...]:
    from provisioner.cli.times import relative

    expires = relative(org.expires_at, now) if org.expires_at else ""
    return org.username, org.state.replace("_", " "), expires, _holder(org, now), _note(org)


def _holder(org: Org, now: datetime) -> str:
    from provisioner.cli.times import relative
    from provisioner.ledger.base import State

    if org.state is not State.CLAIMED:
        return ""
    purpose = f" ({org.purpose})" if org.purpose else ""
    if org.lease_until is None:
        return f"{org.owner}{purpose}"
    verb = "lease ends" if org.lease_until > now else "lease ended"
    return f"{org.owner}{purpose}, {verb} {relative(org.lease_until, now)}"


def _note(org: Org) -> str:
    from provisioner.ledger.base import State

    if org.error or org.kept:
        return org.error.partition("\n")[0] + (" (kept)" if org.kept else "")
    return f"step {org.step + 1}" if org.state is State.BUILDING else ""
