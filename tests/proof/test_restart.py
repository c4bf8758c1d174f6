"""The Dev Hub goes away in mid-night and comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.proof import here
from tests.proof.contents import Complete
from tests.proof.processes import TIME_SCALE, Process
from tests.proof.truth import crashes, doubles, leaks, unfit, unfull
from tests.proof.whole_night import PACKAGES, WholeNight

SIZE = 3


@pytest.mark.parametrize("at", [5, 20, 60])
def test_an_emulator_that_is_restarted_in_mid_night(
    tmp_path: Path, key_pair: KeyPair, whole: Complete, at: int
) -> None:
    """Every connection is cut, and nobody listens for a while; the world continues."""
    world = World(certificate=key_pair.certificate, latencies=Latencies(1000), packages=PACKAGES)
    first = EmulatorServer(world).start()
    night = WholeNight(tmp_path, first, key_pair.private_key)
    night.write_pool(pool=f"replacements: {SIZE}")
    night.fault({"nth": at}, {"do": "hold"})
    process = Process(night, "build", "--time-scale", TIME_SCALE)
    assert process.hold()
    first.stop()  # what was held is acted on, and its answer lost
    with EmulatorServer(world, port=first.port):
        ended = process.end()
    assert ended.code == 0, ended.err
    assert not list(crashes(night, ended))
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, "error": "UNKNOWN_EXCEPTION", "message": "1234-5 (67)"},
        {"status": 403, "error": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn"},
        {"status": 200, "body": "<html>Down for maintenance</html>"},
    ],
    ids=lambda answer: str(answer["status"]),
)
def test_a_dev_hub_that_answers_with_errors_for_a_while_costs_no_sign_up(
    night: WholeNight, whole: Complete, answer: dict[str, Any]
) -> None:
    """Polls that fail say nothing about their sign-ups."""
    polls = {"route": "query", "org": "hub", "nth": list(range(2, 12))}
    night.fault(polls, {"do": "answer", **answer}, times=0)
    ended = here.build(night)
    assert ended.code == 0, ended.err
    assert ended.document["failed"] == 0
    assert len(night.hub_rows("ScratchOrgInfo")) == SIZE
    assert not [*unfull(night, SIZE), *leaks(night), *unfit(night, whole)]
