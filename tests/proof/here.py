"""`provisioner` in this very process: what a proof runs where nothing is to be killed.

It costs half of what a process of its own does; the scripts use real ones throughout.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from pathlib import Path
from unittest.mock import patch

from provisioner.cli import main
from tests.builder.night import Night
from tests.proof.processes import TIME_SCALE, Ended, environment


def run(night: Night, *arguments: str) -> Ended:
    """One command in the night's folder, to its end; what it says also goes into a file there."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(night.folder),
        patch.dict(os.environ, environment(night), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main.run(arguments)
    said = Path(night.folder / f"said-{time.monotonic_ns()}.txt")
    said.write_text(out.getvalue() + err.getvalue(), encoding="utf-8")
    return Ended(code, out.getvalue(), err.getvalue())


def build(night: Night, *arguments: str) -> Ended:
    """One `provisioner build --json` at the emulator's speed, to its end."""
    return run(night, "build", "--json", "--time-scale", TIME_SCALE, *arguments)
