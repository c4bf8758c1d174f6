"""Whether the report of a build says what the ledger says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from provisioner.ledger.base import Org, State
from tests.proof.processes import Ended
from tests.proof.truth import ledger_of
from tests.proof.whole_night import WholeNight

IS_NOT_COPIED = "Each org gets a login app of its own from now on"


def lies(night: WholeNight, ended: Ended, wanted: int) -> Iterator[str]:
    """Where the report of a build that set out for `wanted` orgs differs from the ledger."""
    document = ended.document
    if ended.code and not all(document.get("error", {}).get(k) for k in ("code", "message")):
        yield f"exit code {ended.code} without an error in the report"
    if "run" not in document:
        return
    with ledger_of(night) as ledger:
        assert ledger is not None
        events = ledger.events(run=document["run"])
        known = {org["username"]: ledger.get(org["username"]) for org in document["orgs"]}
    moves = Counter(event.to_state for event in events)
    refused = sum(e.to_state == State.FAILED and _is_limit(e.note) for e in events)
    refused += IS_NOT_COPIED in ended.err  # the sign-up that has shown it is no failed org
    counts = {
        "wanted": wanted,
        "built": moves[State.AVAILABLE],
        "failed": moves[State.FAILED] - refused,
    }
    said = {key: document[key] for key in counts}
    if said != counts:
        yield f"the report says {said}, the ledger {counts}"
    yield from _orgs(document, known)


def _is_limit(note: str) -> bool:
    """A sign-up that the Dev Hub's limits refuse is no failure of an org."""
    return "limit" in note.lower()


def _orgs(document: Any, known: dict[str, Org | None]) -> Iterator[str]:
    for said in document["orgs"]:
        row = known[said["username"]]
        if row is None:
            yield f"{said['username']} is in the report and not in the ledger"
        elif said["state"] == State.AVAILABLE and row.state is not State.AVAILABLE:
            yield f"{row.username} is {row.state} and said to be available"
        elif said["state"] == State.FAILED and not row.error:
            yield f"{row.username} failed without a reason"
