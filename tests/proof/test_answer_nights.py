"""Seeds of scripts/prove-answers: one odd answer costs at most one org, and nothing is untrue."""

from __future__ import annotations

from random import Random

import pytest

from provisioner.emulator.keys import KeyPair
from tests.proof.answer_nights import Kinds, carry_out, kinds_of_answers
from tests.proof.contents import Complete
from tests.proof.mutations import CHANGES, WHOLE, mutated

SEEDS = range(1, 11)
ON_THE_HUB = range(101, 105)


@pytest.fixture(scope="session")
def kinds(key_pair: KeyPair) -> Kinds:
    return kinds_of_answers(key_pair)


@pytest.fixture(scope="session")
def kinds_on_the_hub(key_pair: KeyPair) -> Kinds:
    return kinds_of_answers(key_pair, "devhub")


@pytest.mark.parametrize("seed", SEEDS)
def test_one_odd_answer_costs_one_org_at_most(
    key_pair: KeyPair, whole: Complete, kinds: Kinds, seed: int
) -> None:
    verdict = carry_out(seed, key_pair, whole, kinds)
    assert not verdict.violations, "\n".join([verdict.change, *verdict.violations])


@pytest.mark.parametrize("seed", ON_THE_HUB)
def test_neither_does_one_of_the_ledger_on_the_dev_hub(
    key_pair: KeyPair, whole: Complete, kinds_on_the_hub: Kinds, seed: int
) -> None:
    verdict = carry_out(seed, key_pair, whole, kinds_on_the_hub, "devhub")
    assert not verdict.violations, "\n".join([verdict.change, *verdict.violations])


def test_answers_of_all_parts_of_a_night_are_drawn(kinds: Kinds) -> None:
    for part in ("POST oauth2/token", "ScratchOrgInfo", "limits", "deployRequest", "tree"):
        assert any(part in kind for kind in kinds["build"]), part


def test_every_way_to_spoil_an_answer_is_drawn() -> None:
    body = b'{"id": "001000000000001AAA", "on": "2026-11-24", "n": 5, "rows": [{"a": null}]}'
    drawn = {mutated(body, Random(seed))[0].partition(" at ")[0] for seed in range(1_000)}
    assert drawn == set(CHANGES) | set(WHOLE)
