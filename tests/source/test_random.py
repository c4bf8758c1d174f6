"""Projects made by chance: whatever they hold, the answer is a sound package or a refusal."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.source import SourceError, package
from tests.source.comparing import manifest_members
from tests.source.projects import write
from tests.source.random_trees import random_tree

pytestmark = pytest.mark.slow


@given(st.integers(0, 10_000_000))
def test_a_tree_made_by_chance_gives_a_sound_package_or_a_refusal(seed: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = write(random_tree(seed), Path(directory))
        try:
            made = package(root, api_version="58.0")
        except SourceError as refusal:
            missing = [p.file for p in refusal.problems if not (root / p.file).exists()]
            assert not missing
            return
        again = package(root, api_version="58.0")
        buffer = io.BytesIO()
        made.write_zip(buffer)
        assert again.digest() == made.digest()
        with zipfile.ZipFile(buffer) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
            listed = manifest_members(archive.read("package.xml"))
        assert len(set(names)) == len(names) == made.file_count
        assert not [name for name in names if name.startswith("/") or ".." in name.split("/")]
        assert len(listed) == 1 + sum(map(len, made.members.values()))
