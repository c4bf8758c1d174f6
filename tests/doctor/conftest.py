"""Each test has its own folder and emulator, as a build's; the key is in a file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioner.emulator.keys import KeyPair
from tests.builder.conftest import key_pair, make_night, night
from tests.builder.night import Night

__all__ = ["key_pair", "make_night", "night"]

MakeNight = Callable[..., Night]


@pytest.fixture
def make_with_files(make_night: MakeNight, key_pair: KeyPair) -> MakeNight:
    """Makes a night whose private key and certificate are the files `hub.key` and `hub.crt`."""

    def make(**world: object) -> Night:
        night = make_night(**world)
        put_key(night, key_pair)
        return night

    return make


def put_key(night: Night, pair: KeyPair, name: str = "hub") -> None:
    """Write a key pair as the files NAME.key and NAME.crt."""
    (night.folder / f"{name}.key").write_text(pair.private_key, encoding="utf-8")
    (night.folder / f"{name}.key").chmod(0o600)
    (night.folder / f"{name}.crt").write_text(pair.certificate, encoding="utf-8")
    night.environ["KEY"] = "hub.key"
