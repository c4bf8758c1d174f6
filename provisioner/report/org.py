"""The history of one org: its row, its steps, its claims, and all its events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.errors import NoOrgError
from provisioner.ledger.base import State
from provisioner.ledger.document import org_document
from provisioner.report.run import event_document
from provisioner.report.step_times import spent
from provisioner.report.timeline import OrgSpan, recorded_spans

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.ledger.base import Event, Ledger, Org

RUNS = 1000  # that are read for the steps of the org


@dataclass(frozen=True)
class OrgHistory:
    """What the ledger knows of one org."""

    username: str
    org: Org | None  # None for an org that has only events
    events: tuple[Event, ...]
    spans: Mapping[str, tuple[OrgSpan, ...]]  # by the id of the run

    @property
    def claims(self) -> list[tuple[Event, datetime | None]]:
        """Each claim, and when it ended; the note of its event is the owner."""
        found = []
        for index, event in enumerate(self.events):
            if event.to_state == State.CLAIMED != event.from_state:
                later = self.events[index + 1 :]
                end = next((e.at for e in later if e.to_state != State.CLAIMED), None)
                found.append((event, end))
        return found


def find_org(ledger: Ledger, username: str) -> OrgHistory:
    """The history of an org. Raises NoOrgError for a username that the ledger never had."""
    org, events = ledger.get(username), ledger.events(username=username)
    if org is None and not events:
        raise NoOrgError(
            f"the ledger has no scratch org {username}",
            code="unknown_org",
            hint="`provisioner status` lists the orgs; a report names those of its run",
        )
    name = org.username if org else events[0].username  # as it was signed up
    wanted = {event.run for event in events}
    runs = [run for run in ledger.runs(limit=RUNS) if run.id in wanted]
    spans = {run.id: recorded_spans(run).get(name, ()) for run in reversed(runs)}
    return OrgHistory(name, org, tuple(events), {run: each for run, each in spans.items() if each})


def history_document(history: OrgHistory) -> dict[str, Any]:
    """The history as JSON; `seconds` since the start of the run."""
    return {
        "username": history.username,
        "org": org_document(history.org) if history.org else None,
        "steps": [
            {"run": run, "step": span.step, "start": span.start, "end": span.end}
            for run, spans in history.spans.items()
            for span in spans
        ],
        "claims": [
            {"owner": event.note, "from": event.at, "until": end} for event, end in history.claims
        ],
        "events": [{**event_document(event), "run": event.run} for event in history.events],
    }


def history_text(history: OrgHistory) -> list[str]:
    """The history as text."""
    return [
        *_facts(history),
        *_section("Steps", _steps(history)),
        *_section("Claims", _claims(history)),
        *_section("Events", _events(history.events)),
    ]


def _facts(history: OrgHistory) -> Iterator[str]:
    org = history.org
    if org is None:
        yield f"{history.username}: only its events are in the ledger"
        return
    kept = " (kept)" if org.kept else ""
    yield f"{org.username}: {org.state.replace('_', ' ')}{kept}, of the pool {org.pool}"
    facts = (
        ("org id", org.org_id),
        ("instance", org.instance_url),
        ("definition", org.definition),
        ("fingerprint", org.fingerprint),
        ("snapshot", org.snapshot),
        ("created", _minute(org.created_at)),
        ("available", _minute(org.available_at)),
        ("expires", _minute(org.expires_at)),
        ("users", ", ".join(str(user.get("username", "")) for user in org.users)),
        ("error", org.error),
    )
    yield from (f"  {name:<13}{value}" for name, value in facts if value)


def _steps(history: OrgHistory) -> Iterator[str]:
    indent = "  " if len(history.spans) > 1 else ""
    width = max((len(span.step) for spans in history.spans.values() for span in spans), default=0)
    for run, spans in history.spans.items():
        if indent:
            yield f"in run {run}:"
        for span in spans:
            took = "no end" if span.end is None else spent(span.end - span.start)
            yield f"{indent}{span.step:<{width}}  {took}"


def _claims(history: OrgHistory) -> Iterator[str]:
    for event, end in history.claims:
        until = f"until {_minute(end)}" if end else "until now"
        yield f"{event.note}  from {_minute(event.at)} {until}"


def _events(events: Sequence[Event]) -> Iterator[str]:
    for event in events:
        note = f"  {event.note}" if event.note else ""
        state = event.to_state if event.to_state != event.from_state else "note"
        yield f"{event.at:%Y-%m-%d %H:%M:%S}  {state}{note}"


def _section(title: str, lines: Iterator[str]) -> list[str]:
    found = [f"  {line}" for line in lines]
    return ["", f"{title}:", *found] if found else []


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
