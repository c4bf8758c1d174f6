"""`provisioner source convert` as people and scripts call it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from provisioner.cli.main import run
from tests.source.projects import Covering, D, apex, write, xml

ODD = Covering({**apex("A"), f"{D}classes/B.cls": "b"})
BROKEN = Covering({f"{D}classes/B.cls-meta.xml": xml("ApexClass"), f"{D}x.nosuch-meta.xml": "<x/>"})


def test_a_zip_is_written_and_what_is_odd_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new/out.zip"
    assert run(["source", "convert", str(write(ODD, tmp_path / "p")), "--out", str(out)]) == 0
    with zipfile.ZipFile(out) as archive:
        assert "classes/A.cls" in archive.namelist()
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{out}: 3 files, 1 member, sha256 ")
    assert f"{D}classes/B.cls:1:1: warning: left out" in shown.err
    assert list(out.parent.iterdir()) == [out]


def test_a_folder_is_written_but_never_into_another_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(write(ODD, tmp_path / "p"))
    out = tmp_path / "out"
    assert run(["source", "convert", root, "--out", str(out)]) == 0
    assert (out / "classes/A.cls").read_text() == "public class A {}\n"
    assert run(["source", "convert", root, "--out", str(out)]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_a_path_that_is_no_source_says_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    project = write(ODD, tmp_path / "p")
    wanted = "write the path of an SFDX project, or of a folder with package.xml"
    for path, problem in (
        (tmp_path / "none", f"the folder does not exist; {wanted}"),
        (tmp_path / "file", f"it is not a folder; {wanted}"),
        (
            tmp_path / "empty",
            f"the folder has neither sfdx-project.json nor package.xml; {wanted}",
        ),
        (
            project / "force-app",
            "the folder has neither sfdx-project.json nor package.xml; did you mean the project "
            f"{project}?",
        ),
    ):
        assert run(["source", "convert", str(path), "--out", str(tmp_path / "o.zip")]) == 2
        assert capsys.readouterr().err == f"{path}:1:1: {problem}\n"


def test_json_holds_members_digest_and_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = str(write(ODD, tmp_path / "p")), str(tmp_path / "o.zip")
    assert run(["source", "convert", root, "--out", out, "--json", "--api-version", "60.0"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["members"] == {"ApexClass": ["A"]}
    assert document["files"] == 3
    assert len(document["digest"]) == 64
    assert document["warnings"][0]["kind"] == "content_without_meta"
    with zipfile.ZipFile(out) as archive:
        assert b"<version>60.0</version>" in archive.read("package.xml")


def test_what_is_deleted_is_named_by_the_options_of_the_salesforce_cli(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = str(write(ODD, tmp_path / "p")), str(tmp_path / "o.zip")
    types = "<types><members>Old</members><name>ApexClass</name></types>"
    (tmp_path / "gone.xml").write_text(xml("Package", types))
    deleting = ["--pre-destructive-changes", str(tmp_path / "gone.xml")]
    assert run(["source", "convert", root, "--out", out, "--json", *deleting]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["deletions"] == {"destructiveChangesPre.xml": {"ApexClass": ["Old"]}}
    deleting[0] = "--post-destructive-changes"
    assert run(["source", "convert", root, "--out", out, *deleting]) == 0
    with zipfile.ZipFile(out) as archive:
        assert b"<members>Old</members>" in archive.read("destructiveChangesPost.xml")
        assert "destructiveChangesPre.xml" not in archive.namelist()


def test_strict_refuses_and_explain_gives_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = str(write(ODD, tmp_path / "p")), tmp_path / "o.zip"
    assert run(["source", "convert", root, "--out", str(out), "--strict"]) == 2
    assert not out.exists()
    assert run(["source", "convert", root, "--out", str(out), "--explain"]) == 0
    assert "a content file without its -meta.xml is left out" in capsys.readouterr().err


def test_each_problem_is_a_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = str(write(BROKEN, tmp_path / "p")), tmp_path / "o.zip"
    assert run(["source", "convert", root, "--out", str(out)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].rpartition("/")[2] for line in lines[:2]] == [
        "B.cls-meta.xml",
        "x.nosuch-meta.xml",
    ]
    assert not out.exists()
    assert run(["source", "convert", root, "--out", str(out), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "source"


def test_a_place_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file/out.zip"
    assert run(["source", "convert", str(write(ODD, tmp_path / "p")), "--out", str(out)]) == 2
    assert "cannot be written" in capsys.readouterr().err
