"""What an undisturbed night gives, once for all proofs of a process; and a night for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.emulator.keys import KeyPair, make_key_pair
from tests.proof import here
from tests.proof.contents import Complete
from tests.proof.kills import undisturbed
from tests.proof.whole_night import WholeNight, whole_night


@pytest.fixture(scope="session")
def key_pair() -> KeyPair:
    """The key of the Dev Hub's app."""
    return make_key_pair()


@pytest.fixture(scope="session")
def whole(key_pair: KeyPair) -> Complete:
    """What a complete org holds."""
    return undisturbed(key_pair, here.run)


@pytest.fixture
def night(tmp_path: Path, key_pair: KeyPair) -> Iterator[WholeNight]:
    """A pool of three with every kind of step, on an emulator of its own."""
    with whole_night(tmp_path, key_pair) as made:
        yield made
        made.world.holds.close()
