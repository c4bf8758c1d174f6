"""Fifteen nights of scripts/prove-faults: seeds that draw many kinds of trouble."""

from __future__ import annotations

import pytest

from provisioner.emulator.keys import KeyPair
from tests.proof import here
from tests.proof.contents import Complete
from tests.proof.fault_nights import carry_out

SEEDS = (1, 2, 3, 8, 10, 11, 14, 20, 24, 26)
NIGHTS = (
    *(("sqlite", seed) for seed in SEEDS),
    *(("postgresql", seed) for seed in (18, 22)),
    *(("devhub", seed) for seed in (3, 30, 40)),
)


@pytest.mark.parametrize(("ledger", "seed"), NIGHTS)
def test_a_night_with_faults_is_reported_as_it_is_and_repaired_by_the_next(
    key_pair: KeyPair, whole: Complete, ledger: str, seed: int
) -> None:
    verdict = carry_out(seed, key_pair, whole, here.run, ledger)
    assert not verdict.violations, "\n".join([str(verdict.troubles), *verdict.violations])
