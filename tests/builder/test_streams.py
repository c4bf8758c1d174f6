"""A build continues when its output cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.ledger.base import State
from tests.builder.night import Night

pytestmark = pytest.mark.slow


def build(night: Night, redirections: str) -> int:
    """A build whose streams a shell has redirected; its exit code."""
    command = f'"{sys.executable}" -m provisioner build --time-scale 0.002 {redirections}'
    environ = {**os.environ, **night.environ}
    done = subprocess.run(["bash", "-c", command], cwd=night.folder, env=environ, timeout=60)
    return done.returncode


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_under_the_log_ends_no_night(night: Night) -> None:
    assert build(night, "2>/dev/full >/dev/null") == 0
    assert len(night.orgs(State.AVAILABLE)) == 2


def test_a_build_continues_when_the_reader_of_its_log_is_gone(night: Night) -> None:
    build(night, "2>&1 >/dev/null | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}")
    assert len(night.orgs(State.AVAILABLE)) == 2


def test_closed_streams_end_no_night(night: Night) -> None:
    assert build(night, "</dev/null >&- 2>&-") == 0
    assert len(night.orgs(State.AVAILABLE)) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_result_that_cannot_be_written_is_no_success(night: Night) -> None:
    assert build(night, "--json >/dev/full") == 2
    assert len(night.orgs(State.AVAILABLE)) == 2
