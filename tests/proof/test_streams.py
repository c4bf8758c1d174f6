"""Nobody reads what a build says, or there is no room for it: the build continues."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import IO, Any

import pytest

from tests.proof.contents import Complete
from tests.proof.processes import TIME_SCALE, TIMEOUT, environment
from tests.proof.truth import doubles, leaks, unfit, unfull
from tests.proof.whole_night import WholeNight

SIZE = 3
Talk = Callable[[], tuple[int | IO[Any], int]]


def full_device() -> tuple[IO[Any], int]:
    """Every write fails for want of room."""
    return open("/dev/full", "w"), 0


def pipe_of_nobody() -> tuple[int, int]:
    """A pipe whose reader has gone away."""
    return subprocess.PIPE, 1


@pytest.mark.parametrize("talk", [full_device, pipe_of_nobody], ids=lambda talk: talk.__name__)
def test_a_build_that_nobody_can_hear_fills_the_pool(
    night: WholeNight, whole: Complete, talk: Talk
) -> None:
    stream, is_pipe = talk()
    process = subprocess.Popen(
        [sys.executable, "-m", "provisioner", "build", "--time-scale", TIME_SCALE],
        cwd=night.folder,
        env=environment(night),
        stdout=subprocess.DEVNULL,
        stderr=stream,
    )
    if is_pipe:
        assert process.stderr
        process.stderr.readline()
        process.stderr.close()
    elif not isinstance(stream, int):
        stream.close()
    assert process.wait(TIMEOUT) == 0
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]
