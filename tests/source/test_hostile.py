"""What a source tree may hold that is not meant well, or is only large."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path

import pytest

from provisioner.source import SourceError, package
from tests.source.projects import Covering, D, apex, in_app, object_file, write, xml

pytestmark = pytest.mark.slow

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
    '<{0} xmlns="http://soap.sforce.com/2006/04/metadata"><label>&b;</label></{0}>'
)
PEAK = """
import re, sys
from pathlib import Path
from provisioner.source import package
made = package(Path(sys.argv[1]), api_version="58.0")
with open(sys.argv[2], "wb") as file:
    made.write_zip(file)
status = Path("/proc/self/status").read_text()  # ru_maxrss counts what the parent had at the fork
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1024)
"""


def refused(root: Path) -> list[str]:
    with pytest.raises(SourceError) as refusal:
        package(root, api_version="58.0")
    return [str(problem) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("objects/X__c/X__c.object-meta.xml", "CustomObject"),
        ("objects/X__c/fields/F__c.field-meta.xml", "CustomField"),
        ("labels/CustomLabels.labels-meta.xml", "CustomLabels"),
        ("workflows/W.workflow-meta.xml", "Workflow"),
        ("permissionsets/P.permissionset-meta.xml", "PermissionSet"),
        ("layouts/L.layout-meta.xml", "Layout"),
    ],
)
def test_an_entity_bomb_is_refused_wherever_it_lies(name: str, root: str, tmp_path: Path) -> None:
    problems = refused(write(in_app({name: BOMB.format(root)}), tmp_path))
    assert len(problems) == 1
    assert problems[0].startswith(f"{D}{name}:1:")
    assert "the XML declares an entity" in problems[0]


def test_a_link_out_of_the_project_is_refused_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.cls").write_text("secret")
    links = {f"{D}classes/B.cls": "/etc/passwd", f"{D}more": "../../../..", f"{D}c": "/"}
    problems = refused(write(Covering(apex("A"), links=links), tmp_path / "project"))
    assert len(problems) == 3
    assert all("the link leads out of the project, to " in problem for problem in problems)


def test_a_link_that_is_ignored_does_no_harm(tmp_path: Path) -> None:
    files = {**apex("A"), ".forceignore": "**/outside\n"}
    root = write(Covering(files, links={f"{D}outside": "/etc"}), tmp_path)
    assert package(root, api_version="58.0").members == {"ApexClass": ("A",)}


def test_a_package_directory_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    project = Covering(
        {"x": ""},
        {"packageDirectories": [{"path": "app", "default": True}]},
        links={"app": "../outside"},
    )
    (problem,) = refused(write(project, tmp_path / "project"))
    assert f"app: the link leads out of the project, to {tmp_path}/outside" in problem


def in_git(root: Path) -> Path:
    (root / ".git").write_text("gitdir: elsewhere\n")  # as in a work tree beside its repository
    return root


def test_links_inside_the_git_work_tree_are_followed(tmp_path: Path) -> None:
    """Projects of one repository share their folders, and the official converter follows them."""
    write(Covering(apex("Shared", "")), in_git_folder := tmp_path / "shared")
    in_git(tmp_path)
    project = Covering(
        apex("A"),
        {"packageDirectories": [{"path": "app", "default": True}, {"path": "force-app"}]},
        links={"app": "../shared", f"{D}more": "../../../../shared/classes"},
    )
    made = package(write(project, tmp_path / "project"), api_version="58.0")
    assert made.members == {"ApexClass": ("A", "Shared")}
    assert in_git_folder.is_dir()


def test_a_link_that_leaves_the_git_work_tree_is_refused_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    settings = {"packageDirectories": [{"path": "app", "default": True}]}
    project = Covering({"x": ""}, settings, links={"app": "../outside"})
    (problem,) = refused(in_git(write(project, tmp_path / "project")))
    assert "app: the link leads out of the project's git work tree, to " in problem


def test_a_link_to_a_folder_above_the_project_is_refused(tmp_path: Path) -> None:
    in_git(tmp_path)
    project = Covering(apex("A"), links={f"{D}all": "../../../.."})
    (problem,) = refused(write(project, tmp_path / "project"))
    assert "the link leads to a folder that contains it" in problem


def test_links_that_double_at_every_step_come_to_an_end(tmp_path: Path) -> None:
    """Thirty folders with two links each to the next one are a thousand million paths."""
    links = {f"{D}f{n}/{side}": f"../f{n + 1}" for n in range(30) for side in "ab"}
    problems = refused(write(Covering({**apex("A"), f"{D}f30/x": ""}, links=links), tmp_path))
    assert any("links lead to more than 10,000 folders" in problem for problem in problems)


def test_three_thousand_folders_in_each_other_are_refused(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path)
    folder = os.open(root / D, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    (problem,) = refused(root)
    assert "folders are nested more than 200 levels deep" in problem
    subprocess.run(["rm", "-r", str(root / D / "d")], check=True)


def test_a_sparse_file_of_six_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    files = {f"{D}staticresources/S.resource-meta.xml": xml("StaticResource")}
    for name in ("staticresources/S.json", "classes/A.cls", "classes/A.cls-meta.xml"):
        root = write(Covering({**apex("A"), **files, f"{D}staticresources/S.json": ""}), tmp_path)
        os.truncate(root / D / name, 6_000_000_000)
        (problem,) = refused(root)
        assert problem.startswith(f"{D}{name}:1:1: cannot be read: it has more than ")


@pytest.mark.parametrize("name", [".forceignore", "sfdx-project.json", "package.xml"])
def test_a_pipe_in_place_of_a_file_that_rules_the_project_is_refused(
    name: str, tmp_path: Path
) -> None:
    root = write(Covering(apex("A")), tmp_path)
    if name == "package.xml":
        (root / "sfdx-project.json").unlink()
    (root / name).unlink(missing_ok=True)
    os.mkfifo(root / name)
    (problem,) = refused(root)
    assert problem.startswith(f"{name}:1:1: neither a file nor a folder")


def test_link_loops_are_refused(tmp_path: Path) -> None:
    links = {f"{D}lwc/foo/loop": ".", f"{D}a/b": "../c", f"{D}c/d": "../a"}
    files = {**apex("A"), f"{D}lwc/foo/foo.js": "1", f"{D}a/x.txt": "", f"{D}c/x.txt": ""}
    problems = refused(write(Covering(files, links=links), tmp_path))
    assert problems
    assert all("the link leads to a folder that contains it" in problem for problem in problems)


def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path)
    os.mkfifo(root / f"{D}classes/pipe.cls")
    assert "neither a file nor a folder" in refused(root)[0]


def test_names_that_a_zip_cannot_hold_are_refused(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path)
    (root / f"{D}classes" / "..\\..\\x.cls").write_text("x")
    (root / f"{D}classes" / os.fsdecode(b"\xff.cls")).write_text("x")
    problems = refused(root)
    assert "its name has a backslash" in problems[0]
    assert "its name is not UTF-8" in problems[1]


def test_replacements_read_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for path in ("../secret", str(tmp_path / "secret"), "link"):
        entry = {"glob": "**/*.cls", "stringToReplace": "A", "replaceWithFile": path}
        root = tmp_path / f"project-{len(path)}"
        project = Covering(apex("A"), {"replacements": [entry]}, links={"link": "../secret"})
        (problem,) = refused(write(project, root))
        assert "leads out of" in problem


@pytest.mark.parametrize("path", ["..", "../other", "a/../../b", "/etc"])
def test_package_directories_outside_are_refused(path: str, tmp_path: Path) -> None:
    settings = {"packageDirectories": [{"path": path, "default": True}]}
    (problem,) = refused(write(Covering(apex("A"), settings), tmp_path / "project"))
    assert "InvalidPackageDirectoryError" in problem


def test_a_forceignore_that_ignores_all_leaves_an_empty_package(tmp_path: Path) -> None:
    root = write(Covering({**apex("A"), ".forceignore": "**\n"}), tmp_path)
    made = package(root, api_version="58.0")
    assert made.names == ("package.xml",)
    assert [warning.kind for warning in made.warnings] == ["no_components"]


def test_both_normal_forms_of_a_name_stay_as_they_are(tmp_path: Path) -> None:
    names = [unicodedata.normalize(form, "Zö é %41 b") for form in ("NFC", "NFD")]
    files = {f"layouts/{name}.layout-meta.xml": xml("Layout", name) for name in names}
    made = package(write(in_app(files), tmp_path), api_version="58.0")
    assert set(made.members["Layout"]) == set(names)
    buffer = io.BytesIO()
    made.write_zip(buffer)
    with zipfile.ZipFile(buffer) as archive:
        assert {f"layouts/{name}.layout" for name in names} < set(archive.namelist())


def test_a_large_resource_is_streamed(tmp_path: Path) -> None:
    """200 MB go through without being held: the whole process stays below 100 MB."""
    files = {
        "staticresources/big.bin": "",
        "staticresources/big.resource-meta.xml": xml(
            "StaticResource", "<contentType>application/octet-stream</contentType>"
        ),
    }
    root = write(in_app(files), tmp_path / "project")
    os.truncate(root / f"{D}staticresources/big.bin", 200 << 20)
    out = tmp_path / "out.zip"
    run = subprocess.run(
        [sys.executable, "-c", PEAK, str(root), str(out)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) < 100
    with zipfile.ZipFile(out) as archive:
        assert archive.getinfo("staticresources/big.resource").file_size == 200 << 20


def test_ten_thousand_files_are_one_package(tmp_path: Path) -> None:
    text = "class A {}"
    root = write(Covering({f"{D}objects/X__c/X__c.object-meta.xml": object_file()}), tmp_path)
    for folder in range(10):
        classes = root / f"{D}f{folder}/classes"
        classes.mkdir(parents=True)
        for number in range(500):
            (classes / f"C{folder}_{number}.cls").write_text(text)
            (classes / f"C{folder}_{number}.cls-meta.xml").write_text("<ApexClass/>")
    made = package(root, api_version="58.0")
    assert made.file_count == 10_002
    assert len(made.members["ApexClass"]) == 5_000


def test_more_files_than_an_old_zip_can_count(tmp_path: Path) -> None:
    from provisioner.archive import Archive

    archive = Archive()
    for number in range(70_000):
        archive.add(f"f/{number:05}", b"x")
    with (tmp_path / "many.zip").open("wb") as file:
        archive.write_zip(file)
    with zipfile.ZipFile(tmp_path / "many.zip") as found:
        assert len(found.namelist()) == 70_000
        assert found.read("f/69999") == b"x"
