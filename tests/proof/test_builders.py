"""Builders that share a ledger and are disturbed: the smallest cases of scripts/prove-builders."""

from __future__ import annotations

import re

import pytest

from provisioner.emulator.keys import KeyPair
from tests.ledger import postgresql_server
from tests.proof.builders.nights import Case, carry_out
from tests.proof.builders.sizes import Size
from tests.proof.contents import Complete

pytestmark = pytest.mark.slow

SEED = 1
SMALL = Size(orgs=4, pools=4, builders=2, speed=100)


@pytest.mark.parametrize(
    ("scenario", "story"),
    [
        ("kill", r"builder \d killed with \d orgs, standby (waits|later)"),
        ("terminate", r"session of builder \d ended with \d"),
    ],
)
def test_builders_that_are_disturbed_lose_and_repeat_nothing(
    key_pair: KeyPair, whole: Complete, scenario: str, story: str
) -> None:
    verdict = carry_out(Case(scenario, SEED, SMALL), key_pair, whole, postgresql_server.shared())
    assert not verdict.violations, "\n".join([verdict.story, *verdict.violations])
    assert re.match(story, verdict.story), verdict.story
    assert verdict.most_at_once <= SMALL.slots
    assert verdict.replaced <= 1, "only an org in which a step may have run twice"
