"""Every covering project becomes what the official library made of it (see official.json)."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from provisioner.source import SourceError
from tests.source.comparing import meaning
from tests.source.covering import PROJECTS
from tests.source.projects import converted, write

OFFICIAL = json.loads(Path(__file__).with_name("official.json").read_text())
OUR_NAMES = {
    # Names of the official library's that say less than ours, or are the file system's.
    "Error_parsing_xmlError": "ConversionError",
    "Error_directory_name_path_traversalError": "RegistryError",
    "Error": "unreadable",
}


def test_each_covering_project_has_its_official_record() -> None:
    assert OFFICIAL.keys() == PROJECTS.keys(), "run scripts/compare-source --covering --record"


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_becomes_what_it_becomes_officially(name: str, tmp_path: Path) -> None:
    project, official = PROJECTS[name], OFFICIAL[name]
    root = write(project, tmp_path / "project")
    if project.only_we_refuse or "refused" in official:
        with pytest.raises(SourceError) as refusal:
            converted(root)
        if not project.only_we_refuse:
            wanted = official["refused"]
            assert f"({OUR_NAMES.get(wanted, wanted)})" in refusal.value.message
        assert all(problem.line > 0 and problem.file for problem in refusal.value.problems)
        return
    buffer = io.BytesIO()
    converted(root).write_zip(buffer)
    with zipfile.ZipFile(buffer) as archive:
        assert archive.testzip() is None
        found = {name: meaning(name, archive.read(name)) for name in archive.namelist()}
    assert found == official
