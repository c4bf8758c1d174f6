"""The last build in short, for `status`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provisioner.plain_text import quantity
from provisioner.report.summary import Summary, read_summary

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger, Run

EARLIER = 20  # runs that are read when the last one had nothing to build
MOST_CAUSES = 3
LONGEST = 100  # characters of a cause; `report` shows it whole


def last_build(ledger: Ledger) -> Run | None:
    """The last build that had something to build, or else the last run; None without any.

    Usually one run is read.
    """
    runs: Sequence[Run] = ledger.runs(limit=1)
    if runs and not read_summary(runs[0]).is_of_interest:
        runs = ledger.runs(limit=EARLIER)
    index = last_of_interest(runs)
    return None if index is None else runs[index]


def last_of_interest(runs: Sequence[Run]) -> int | None:
    """The index of the newest build that is not idle; else of the newest run; None without any."""
    for index, run in enumerate(runs):
        if read_summary(run).is_of_interest:
            return index
    return 0 if runs else None


def result_text(run: Run) -> str:
    """`exit code 6: 48 of 50 built, 2 failed: 2 orgs: deploy_source: X.cls:3:9: no type Y`."""
    summary = read_summary(run)
    causes = "; ".join(_causes(summary))
    return summary.verdict() + (f" ({causes})" if causes else "")


def _causes(summary: Summary) -> Iterator[str]:
    for cause in summary.causes[:MOST_CAUSES]:
        what = cause.what if len(cause.what) <= LONGEST else f"{cause.what[:LONGEST]}…"
        yield f"{quantity(cause.count, 'org')}: {what}"
    if (more := len(summary.causes) - MOST_CAUSES) > 0:
        yield quantity(more, "more cause")
