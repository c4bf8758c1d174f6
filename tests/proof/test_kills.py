"""A build that is killed at any call is finished by the next: a sample of scripts/prove-kills."""

from __future__ import annotations

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.steps import STEPS as KINDS
from tests.proof import here
from tests.proof.contents import Complete
from tests.proof.kills import AFTER, BEFORE, SIZE, Kill, carry_out
from tests.proof.whole_night import WholeNight

WRITES = (
    ("sobjects.create", 2),
    ("deploy.start", 2),
    ("tooling.sobjects.create", 3),
    ("deploy.start", 5),
    ("collections.create", 2),
    ("tree.create", 1),
    ("tree.create", 6),
    ("tooling.executeAnonymous", 2),
)
SHARES = (0.02, 0.3, 0.6, 0.97)  # of all requests


def test_the_night_has_a_step_of_every_kind(night: WholeNight) -> None:
    kinds = {entry.kind for entry in night.config().pools["sample"].steps}
    assert kinds == set(KINDS), "a new kind of step belongs into the proofs, too"


@pytest.mark.parametrize("at", [BEFORE, AFTER])
@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write[0]}-{write[1]}")
def test_killed_at_a_write(
    key_pair: KeyPair, whole: Complete, write: tuple[str, int], at: str
) -> None:
    route, number = write
    verdict = carry_out(Kill(number, at, SIZE, route=route), key_pair, whole, here.build)
    assert verdict.place, "the build came as far as that"
    assert not verdict.violations, "\n".join(verdict.violations)


@pytest.mark.parametrize("at", [BEFORE, AFTER])
@pytest.mark.parametrize("share", SHARES)
def test_killed_anywhere(
    key_pair: KeyPair, requests: int, whole: Complete, share: float, at: str
) -> None:
    number = max(1, round(requests * share))
    verdict = carry_out(Kill(number, at, 1 + number % SIZE), key_pair, whole, here.build)
    assert not verdict.violations, "\n".join(verdict.violations)
