"""Whatever is in pool.yaml, `check` ends with problems or without, and never with a traceback."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.cli.main import run
from tests.cli.wrong_files import ALL, GOOD
from tests.config.test_whole_file import FULL

pytestmark = pytest.mark.slow

PARTS = st.sampled_from(
    ["\t", "\n", "  ", ":", "- ", "{", "}", "[", "]", "&a", "*a", "<<: ", "'", '"', "${", "|",
     "!x ", "? ", "---\n", "#", "~", "\x00", "\ufeff", "\u2028", "\x85", "\r", "名", "\x1b[1m",
     "::error::", "-----BEGIN PRIVATE KEY-----", "force://a", "99", "installation_key: x\n"]
)  # fmt: skip
SOURCES = st.sampled_from([FULL, GOOD, *(wrong.text for wrong in ALL.values())])
FORMATS = st.sampled_from([["--format", "text"], ["--format", "github"], ["--json"]])


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A file with text inserted or removed in a few places."""
    text = draw(SOURCES)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(PARTS) + text[end:]
    return text


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=edited() | st.text(max_size=60), options=FORMATS)
def test_no_text_gives_a_traceback(tmp_path: Path, text: str, options: list[str]) -> None:
    (tmp_path / "pool.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    (tmp_path / "def.json").write_text('{"edition": "Developer"}')
    out, err = io.StringIO(), io.StringIO()

    with (
        contextlib.chdir(tmp_path),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(["check", *options])

    assert code in (0, 2), (text, out.getvalue(), err.getvalue())
    assert "Traceback" not in err.getvalue()
    assert "internal_error" not in out.getvalue()
    if options == ["--json"]:
        problems = json.loads(out.getvalue())["problems"]
        assert any(not problem["warning"] for problem in problems) == (code == 2)
    for line in out.getvalue().splitlines() if options[1:] == ["github"] else ():
        assert line.startswith(("::error file=", "::warning file="))
