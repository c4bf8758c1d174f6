"""No step sends more requests to its org than it needs. `scripts/bench/requests` prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.steps import STEPS
from provisioner.steps.load_data import FORMS
from tests.proof.requests_per_step import FEWEST, MOST, counted

pytestmark = pytest.mark.slow


def test_each_kind_of_step_sends_at_most_a_fifth_more_requests_than_it_needs(
    tmp_path: Path, key_pair: KeyPair
) -> None:
    counts, _ = counted(tmp_path, key_pair, has_own_app=True)
    exceeded = [f"{one.step}: {one.sent} instead of {one.fewest}" for one in counts
                if one.ratio > MOST]  # fmt: skip
    assert exceeded == []


def test_each_kind_of_step_and_form_of_data_is_counted() -> None:
    """Except `snapshot`, which sends nothing to its org."""
    names = {step for step, _ in FEWEST}
    assert {name.partition(" ")[0] for name in names} >= STEPS.keys() - {"snapshot"}
    assert {name.partition(" ")[2] for name in names} >= set(FORMS)
