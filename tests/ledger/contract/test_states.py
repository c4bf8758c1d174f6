"""No sequence of operations, with whatever stale knowledge, reaches an illegal state."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from provisioner.ledger import LEDGERS
from provisioner.ledger.base import MOVES, UNFINISHED, Claim, Org, State
from tests.ledger.world import NOW, World

pytestmark = pytest.mark.slow

STATES = st.sampled_from(list(State))
POOLS = st.sampled_from(["morning", "evening"])
OWNERS = st.sampled_from(["ann", "bob"])
KEYS = st.sampled_from(["", "", "job-1", "job-2"])
HOURS = st.integers(min_value=-1, max_value=48)


class Operations(RuleBasedStateMachine):
    """Two programs on one ledger, which remember rows as they were at any earlier time."""

    seen: Bundle[Org] = Bundle("seen")
    scheme = ""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World.of(self.scheme, Path(self.folder.name))
        self.ledgers = [self.world.open(), self.world.open()]
        self.highest: dict[str, int] = {}

    def teardown(self) -> None:
        self.world.close()
        self.folder.cleanup()

    @rule(target=seen, number=st.integers(0, 3), pool=POOLS, run=st.sampled_from(["r1", "r2"]))
    def add(self, number: int, pool: str, run: str) -> Org | MultipleResults[Org]:
        org = Org(f"org-{number}@acme.example", pool, builder_id=run, run=run)
        with suppress(ValueError):  # it is there already: then this is a made-up row
            self.ledgers[0].add(org)
        return org

    @rule(target=seen, org=seen, to=STATES, hours=HOURS, who=st.integers(0, 1))
    def move(self, org: Org, to: State, hours: int, who: int) -> Org | MultipleResults[Org]:
        expires_at = NOW + timedelta(hours=hours)
        if to not in MOVES[org.state]:
            with pytest.raises(ValueError, match="cannot change from"):
                self.ledgers[who].move(org, to, expires_at=expires_at)
            return multiple()
        builder = {"builder_id": "r3"} if to in UNFINISHED and not org.builder_id else {}
        moved = self.ledgers[who].move(org, to, expires_at=expires_at, **builder)
        return multiple() if moved is None else moved

    @rule(target=seen, org=seen, step=st.integers(0, 5))
    def change(self, org: Org, step: int) -> Org | MultipleResults[Org]:
        changed = self.ledgers[1].change(org, step=step)
        return multiple() if changed is None else changed

    @rule(target=seen, owner=OWNERS, pool=POOLS | st.just(""), key=KEYS, hours=HOURS)
    def claim(self, owner: str, pool: str, key: str, hours: int) -> Org | MultipleResults[Org]:
        usable_until = NOW + timedelta(hours=hours)
        claim = Claim(owner, pool, idempotency_key=key, usable_until=usable_until)
        org = self.ledgers[1].claim(claim, now=NOW)
        if org is None:
            return multiple()
        assert org.state is State.CLAIMED
        assert org.expires_at is None or org.expires_at > NOW
        if key:
            assert org.idempotency_key == key
        return org

    @rule(run=st.sampled_from(["r1", "r2", "r3"]))
    def adopt(self, run: str) -> None:
        adopted = self.ledgers[0].adopt(run)
        assert {org.builder_id for org in adopted} <= {run}

    @invariant()
    def every_life_is_a_legal_one(self) -> None:
        orgs = {org.username: org for org in self.ledgers[0].orgs(states=State)}
        lives: dict[str, list[tuple[str, str]]] = {name: [] for name in orgs}
        for event in self.ledgers[1].events():
            if event.from_state != event.to_state:  # an adoption is no move
                lives[event.username].append((event.from_state, event.to_state))
        for name, life in lives.items():
            assert life[0] == ("", State.INTENDED)
            for (_, before), (from_, to) in pairwise(life):
                assert from_ == before
                assert State(to) in MOVES[State(from_)]
            assert life[-1][1] == orgs[name].state
            # `move` may claim as well (a test's shortcut), without raising the fence.
            assert orgs[name].fence <= sum(to == State.CLAIMED for _, to in life)

    @invariant()
    def versions_only_rise_and_only_the_unfinished_have_a_builder(self) -> None:
        for org in self.ledgers[0].orgs(states=State):
            assert org.version >= self.highest.get(org.username, 0)
            self.highest[org.username] = org.version
            assert bool(org.builder_id) == (org.state in UNFINISHED)


EXAMPLES = {"sqlite": 60, "postgresql": 20, "devhub": 10}
"""The rules are the same for all; a server is slower than a file."""


@pytest.mark.parametrize("scheme", sorted(LEDGERS))
def test_no_sequence_of_operations_reaches_an_illegal_state(scheme: str) -> None:
    machine = type("Machine", (Operations,), {"scheme": scheme})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES[scheme],
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
