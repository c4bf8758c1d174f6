"""What must be true after every build, however it was disturbed. Each check names what is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager

from provisioner.ledger.base import LIVE, Org, State
from tests.proof.contents import Complete, faults_of
from tests.proof.ledgers import Readable
from tests.proof.processes import Ended
from tests.proof.whole_night import WholeNight


def ledger_of(night: WholeNight) -> AbstractContextManager[Readable | None]:
    """The current ledger; None where there is none yet."""
    return night.ledger.read(night)


def rows(night: WholeNight, *states: State) -> list[Org]:
    """The ledger's rows."""
    with ledger_of(night) as ledger:
        return ledger.orgs(states=states or LIVE) if ledger else []


def leaks(night: WholeNight) -> Iterator[str]:
    """Orgs that count against the Dev Hub's limits and that the ledger does not know as active."""
    known = {org.username for org in rows(night)}
    for username in sorted(set(night.active()) - known):
        yield f"{username} is active on the Dev Hub and unknown to the ledger"


def doubles(night: WholeNight) -> Iterator[str]:
    """Usernames that were signed up twice."""
    names = Counter(row["Username"] for row in night.hub_rows("ScratchOrgInfo"))
    for username, count in names.items():
        if count > 1:
            yield f"{username} was signed up {count} times"


def unfit(night: WholeNight, whole: Complete) -> Iterator[str]:
    """Orgs that are offered and are not complete."""
    for org in rows(night, State.AVAILABLE):
        yield from faults_of(night, org, whole)


def unfull(night: WholeNight, size: int, *, claimed: int = 0) -> Iterator[str]:
    """What keeps the pool from holding exactly `size` available orgs, and the claimed ones."""
    found = Counter(org.state for org in rows(night))
    if found != +Counter({State.AVAILABLE: size, State.CLAIMED: claimed}):
        counts = {state.value: count for state, count in found.items()}
        yield f"the ledger holds {counts} instead of {size} available and {claimed} claimed"
    if (active := len(night.active())) != size + claimed:
        yield f"{active} orgs are active instead of {size + claimed}"


def crashes(night: WholeNight, *ended: Ended) -> Iterator[str]:
    """Tracebacks, on the streams and in crash files."""
    for each in ended:
        if "Traceback" in each.err + each.out or each.code == 1:
            yield f"a traceback (exit {each.code}): {each.err[-2000:]}"
    for folder in (".provisioner", "tmp"):
        for path in (night.folder / folder).glob("provisioner-*.txt"):
            yield f"a crash file: {path.read_text(encoding='utf-8')[-2000:]}"
