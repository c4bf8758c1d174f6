"""When each org of a run was in which step, in seconds since the run began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.ledger.base import State
from provisioner.report.summary import mapping, texts

if TYPE_CHECKING:
    from provisioner.ledger.base import Event, Run
    from provisioner.report.record import RunRecord

_PHASES = {"intended": "sign-up", "signing_up": "sign-up", "building": "steps"}
"""State → what its time is shown as, where the steps themselves are not recorded."""


@dataclass(frozen=True)
class OrgSpan:
    """A step of an org; `end` is None for one that has no end in the run."""

    step: str
    start: float
    end: float | None


@dataclass(frozen=True)
class OrgLine:
    """One org of a run: its steps in order, and what became of it."""

    username: str
    spans: tuple[OrgSpan, ...]
    outcome: State | None  # AVAILABLE or FAILED; None for an org that has neither yet


def org_lines(record: RunRecord) -> list[OrgLine]:
    """The orgs of a run in the order in which they began.

    Their steps are those of the run's record. An org that this leaves out has two: the sign-up and
    `steps`, from its events.
    """
    recorded = recorded_spans(record.run)
    lines = []
    for username, events in _by_org(record.events).items():
        spans = recorded.get(username) or _from_events(record.run, events)
        if spans:
            lines.append(OrgLine(username, spans, _outcome(events)))
    return sorted(lines, key=lambda line: line.spans[0].start)


def recorded_spans(run: Run) -> dict[str, tuple[OrgSpan, ...]]:
    """Username → the steps in the record of a run (`StepTimes.timeline`)."""
    timeline = mapping(run.summary, "timeline")
    names = texts(timeline, "steps")
    return {
        username: tuple(span for item in spans if (span := _span(item, names)))
        for username, spans in mapping(timeline, "orgs").items()
        if isinstance(spans, list)
    }


def _span(item: Any, names: list[str]) -> OrgSpan | None:
    """The span that `[step, start, end]` describes; None for what another program wrote."""
    match item:
        case [int(step), int() | float() as start, int() | float() | None as end]:
            if 0 <= step < len(names) and (end is None or end >= start >= 0):
                return OrgSpan(names[step], float(start), None if end is None else float(end))
    return None


def _by_org(events: Iterable[Event]) -> Mapping[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.username, []).append(event)
    return found


def _from_events(run: Run, events: list[Event]) -> tuple[OrgSpan, ...]:
    """The sign-up ends when the org is in `building`; its steps end with its outcome."""
    spans: list[OrgSpan] = []
    step, start = "", 0.0
    for event in events:
        next_step = _PHASES.get(event.to_state, "")
        if next_step == step:
            continue
        at = max(0.0, (event.at - run.started_at).total_seconds())
        spans += [OrgSpan(step, start, at)] if step else []
        step, start = next_step, at
    return (*spans, OrgSpan(step, start, None)) if step else tuple(spans)


def _outcome(events: list[Event]) -> State | None:
    for event in reversed(events):
        if event.to_state in (State.AVAILABLE, State.FAILED):
            return State(event.to_state)
    return None
