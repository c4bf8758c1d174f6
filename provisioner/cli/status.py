"""`provisioner status`: shows the pools and their orgs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import LoginError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioner.ledger.base import Ledger, Org, Run
    from provisioner.ledger.broken import BrokenRow
    from provisioner.report.status import PoolStatus
    from provisioner.report.unfinished_builds import UnfinishedBuild
    from provisioner.upkeep.health import Health


def command(
    call: Invocation,
    pools: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[POOL…]", help="Names of pools; by default all.", show_default=False
        ),
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Show only the orgs that you hold.")] = False,
    owner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Show only the orgs that this owner holds."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Show only orgs that failed, and why.")
    ] = False,
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
    """Show the pools and their orgs: state, owner, expiry, why an org failed; and the last build.

    --mine shows the orgs that you have claimed; your owner name is git's user.email or the OS user,
    as for `provisioner claim`.
    """
    from provisioner.cli.pools import given, pools_and_ledger
    from provisioner.report.last_build import last_build
    from provisioner.report.manifest import ledger_manifest
    from provisioner.report.status import summarise
    from provisioner.report.unfinished_builds import unfinished_builds

    only = [given(name, "POOL") for name in pools or ()]
    is_shown = _filter(call, mine=mine, owner=owner, failed=failed)
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
        run = None if manifest else last_build(ledger)
        others = [] if manifest else unfinished_builds(ledger, orgs, run)
    _check_names(only, {*part.pools, *(org.pool for org in orgs)})
    sizes = {name: pool.size for name, pool in part.pools.items()}
    summary = summarise(sizes, orgs, only, waiters)
    if listed is not None:
        call.output.json(listed)
    elif call.output.as_json:
        call.output.json(_document(summary, is_shown, broken, run, others))
    else:
        _show(call, summary, is_shown, broken, run, others)
    _check_reached(found)


def _check_names(pools: Sequence[str], known: set[str]) -> None:
    """Raise UsageError for the first pool that neither pool.yaml nor the ledger has."""
    from provisioner.config.unknown_pool import unknown_pool

    for name in pools:
        if name not in known:
            raise unknown_pool(name, known)


def _check_reached(found: Sequence[Health]) -> None:
    """Raise LoginError when none of the orgs that were to be verified could be reached."""
    if found and not any(health.is_reached for health in found):
        raise LoginError(
            f"no org was verified: none of the available orgs ({len(found)}) could be reached",
            code="unreachable",
            hint="check the network and HTTPS_PROXY, then try again",
        )


def _filter(
    call: Invocation, *, mine: bool, owner: str | None, failed: bool
) -> Callable[[Org], bool] | None:
    """Which orgs the options select; None for all of them. Raises UsageError."""
    from provisioner.cli.pools import owner_of
    from provisioner.ledger.base import State

    if failed and (mine or owner is not None):
        raise UsageError("--failed selects other orgs than --mine", hint="use one of them")
    if failed:
        return lambda org: org.state is State.FAILED
    if not mine and owner is None:
        return None
    name = owner_of(call, owner).casefold()
    return lambda org: org.state is State.CLAIMED and org.owner.casefold() == name


def _document(
    summary: Sequence[PoolStatus],
    is_shown: Callable[[Org], bool] | None,
    broken: Sequence[BrokenRow],
    run: Run | None,
    others: Sequence[UnfinishedBuild],
) -> dict[str, object]:
    from provisioner.report.runs import run_entry

    document: dict[str, object] = {"pools": [pool.document(is_shown) for pool in summary]}
    if broken:
        document["broken"] = [row.document() for row in broken]
    if run is not None:
        document["last_build"] = run_entry(run)
    if others:
        document["unfinished_builds"] = [build.document() for build in others]
    return document


def _show(
    call: Invocation,
    summary: Sequence[PoolStatus],
    is_shown: Callable[[Org], bool] | None,
    broken: Sequence[BrokenRow],
    run: Run | None,
    others: Sequence[UnfinishedBuild],
) -> None:
    """Print the status for people: in lines of the terminal's width, or else in whole tables."""
    from provisioner.cli.status_text import (
        Layout,
        last_build_line,
        pool_lines,
        unfinished_build_line,
    )
    from provisioner.ledger.rows import utc_now

    now = utc_now()
    layout = Layout.of(call.output)
    lines = pool_lines(summary, is_shown, now, layout)
    if is_shown is None:
        builds = [last_build_line(run, now)] if run else []
        builds += [unfinished_build_line(build, now) for build in others]
        sections = [_broken_text(broken), builds]
        for more in filter(None, sections):
            lines += [*([""] if lines else []), *more]
    call.output.drawn(lines)
    kept = [org for pool in summary for org in pool.orgs if org.kept and is_shown and is_shown(org)]
    if kept:
        call.output.say(f"After the step is fixed: provisioner retry {kept[0].username}")


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
