"""The last build in short, for `status`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from provisioner.plain_text import quantity
from provisioner.report.summary import Summary, read_summary

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger, Run

LIMITS = (1, 20, 1000)  # runs that are read, while none of them had something to build
MOST_CAUSES = 3
LONGEST = 100  # characters of a cause; `report` shows it whole


def last_build(ledger: Ledger) -> Run | None:
    """The last build that had something to build, or else the last run; None without any.

    Usually one run is read.
    """
    runs = newest_runs(ledger, LIMITS)
    index = last_of_interest(runs)
    return None if index is None else runs[index]


def newest_runs(ledger: Ledger, limits: Iterable[int]) -> Sequence[Run]:
    """As many runs as the first limit, or more until one of them had something to build.

    A job may run `build` every ten minutes, which usually has nothing to do.
    """
    runs: Sequence[Run] = ()
    for limit in limits:
        runs = ledger.runs(limit=limit)
        if len(runs) < limit or any(read_summary(run).is_of_interest for run in runs):
            break
    return runs


def last_of_interest(runs: Sequence[Run]) -> int | None:
    """The index of the newest build that is not idle; else of the newest run; None without any."""
    for index, run in enumerate(runs):
        if read_summary(run).is_of_interest:
            return index
    return 0 if runs else None


def result_text(run: Run) -> str:
    """`exit code 6: 48 of 50 built, 2 failed: 2 orgs: deploy_source: X.cls:3:9: no type Y`."""
    summary = read_summary(run)
    verdict = summary.verdict()
    causes = "; ".join(_causes(summary, verdict))
    return verdict + (f" ({causes})" if causes else "")


def _causes(summary: Summary, verdict: str) -> Iterator[str]:
    """The causes, except a single one that the verdict has: that of a canary."""
    if len(summary.causes) == 1 and summary.causes[0].what in verdict:
        return
    for cause in summary.causes[:MOST_CAUSES]:
        what = cause.what if len(cause.what) <= LONGEST else f"{cause.what[:LONGEST]}…"
        yield f"{quantity(cause.count, 'org')}: {what}"
    if (more := len(summary.causes) - MOST_CAUSES) > 0:
        yield quantity(more, "more cause")
