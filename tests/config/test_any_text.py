"""Any text in the file gives a PoolFile or a ConfigError, never another exception."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.config.load import load
from provisioner.config.model import PoolFile
from provisioner.config.org_definitions import read_definition
from provisioner.errors import ConfigError
from tests.config.project import Project
from tests.config.test_whole_file import FULL

pytestmark = pytest.mark.slow

QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PARTS = st.sampled_from(
    ["\t", "\n", "  ", ":", "- ", "{", "}", "[", "]", "&a", "*a", "<<: ", "'", '"', "${", "}", "|",
     "!x ", "? ", "---\n", "#", "~", "0", "é", "\x00", "\ufeff", "%", "@", "x: "]
)  # fmt: skip


def outcome(path: Path, need: str) -> PoolFile | ConfigError:
    """What came of the file; another exception than ConfigError fails the test."""
    try:
        return load(path, environ={"KEY": "x"}, need=need)  # type: ignore[arg-type]
    except ConfigError as error:
        return error


def assert_placed(found: PoolFile | ConfigError) -> None:
    problems = found.problems if isinstance(found, ConfigError) else found.warnings
    assert problems or isinstance(found, PoolFile)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@QUICK
@given(text=st.text(max_size=200))
def test_random_text(project: Project, text: str) -> None:
    project.write("pool.yaml", text.encode("utf-8", "surrogatepass"))

    assert isinstance(outcome(project.path, "all"), ConfigError)


@QUICK
@given(content=st.binary(max_size=100))
def test_random_bytes(project: Project, content: bytes) -> None:
    project.write("pool.yaml", content)

    assert isinstance(outcome(project.path, "all"), ConfigError)


@QUICK
@pytest.mark.parametrize("need", ["all", "hub_and_ledger"])
@given(data=st.data())
def test_a_valid_file_with_inserted_or_removed_text(
    project: Project, need: str, data: st.DataObject
) -> None:
    text = FULL
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 20)))
        text = text[:start] + data.draw(PARTS) + text[end:]
    project.write("pool.yaml", text)

    assert_placed(outcome(project.path, need))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
keys = st.sampled_from(
    ["edition", "features", "settings", "snapshot", "sourceOrg", "release", "username", "Edition",
     "adminEmail", "objectSettings", "durationDays", "", "x__c", "$schema", "feature"]
)  # fmt: skip


@QUICK
@given(definition=st.dictionaries(keys, values))
def test_any_definition_can_be_checked(project: Project, definition: dict[str, object]) -> None:
    path = project.write("config/any.json", json.dumps(definition))

    _, problems = read_definition(path)

    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)
