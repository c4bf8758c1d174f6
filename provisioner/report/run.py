"""The record of one run: its summary, and the changes of state of its orgs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.ledger.base import Event, Run


def run_document(run: Run, events: Sequence[Event]) -> dict[str, Any]:
    """The record as JSON."""
    return {
        "run": run.id,
        "host": run.host,
        "pid": run.pid,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "summary": dict(run.summary),
        "events": [
            {
                "at": event.at,
                "username": event.username,
                "from": event.from_state,
                "to": event.to_state,
                "note": event.note,
            }
            for event in events
        ],
    }


def run_text(run: Run, events: Sequence[Event]) -> list[str]:
    """The record as text."""
    lines = [f"run {run.id} on {run.host}, started {run.started_at:%Y-%m-%d %H:%M:%S} UTC"]
    lines.append(_end(run))
    lines += [f"deleted: {r['username']}: {r['reason']}" for r in run.summary.get("deleted") or ()]
    for event in events:
        note = f"  {event.note}" if event.note else ""
        state = event.to_state if event.to_state != event.from_state else "note"
        lines.append(f"{event.at:%H:%M:%S}  {event.username}  {state}{note}")
    return lines


def _end(run: Run) -> str:
    """When and how the run ended, as far as the ledger knows."""
    if run.finished_at is None:
        return (
            "no end is recorded: the run is still in progress, or it was killed or lost the "
            "ledger; the next build resumes its orgs"
        )
    summary = run.summary
    end = f"finished {run.finished_at:%H:%M:%S} with exit code {summary.get('exit_code')}"
    if error := summary.get("error"):
        return f"{end}: {error}"
    return (
        f"{end}: {summary.get('built')} of {summary.get('wanted')} built, "
        f"{summary.get('failed')} failed"
    )
