"""What a package is: its bytes, its names, its warnings, and where its version comes from."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.source import Package, SourceError, package
from tests.source.projects import (
    Covering,
    D,
    apex,
    field_file,
    in_app,
    object_file,
    write,
    xml,
)

MANY = Covering(
    {
        **{k: v for n in range(300) for k, v in apex(f"C{n}").items()},
        f"{D}objects/X__c/X__c.object-meta.xml": object_file(),
        **{
            f"{D}objects/X__c/fields/F{n}__c.field-meta.xml": field_file(f"F{n}__c")
            for n in range(9)
        },
        f"{D}staticresources/r/a.txt": "a" * 100_000,
        f"{D}staticresources/r.resource-meta.xml": xml(
            "StaticResource", "<contentType>application/zip</contentType>"
        ),
    }
)


def zipped(made: Package) -> bytes:
    buffer = io.BytesIO()
    made.write_zip(buffer)
    return buffer.getvalue()


def contents(made: Package) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(zipped(made))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.slow
def test_equal_sources_give_equal_bytes_wherever_they_lie(tmp_path: Path) -> None:
    one = package(write(MANY, tmp_path / "one"), api_version="58.0")
    other = package(write(MANY, tmp_path / "deeper/lwc/other"), api_version="58.0")
    assert zipped(one) == zipped(other)
    assert one.digest() == other.digest()
    assert one.names == tuple(sorted(one.names))


def test_a_changed_file_changes_the_digest(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path)
    before = package(root, api_version="58.0").digest()
    (root / f"{D}classes/A.cls").write_text("changed")
    assert package(root, api_version="58.0").digest() != before


def test_a_package_is_a_snapshot(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path)
    made = package(root, api_version="58.0")
    (root / f"{D}classes/A.cls").unlink()
    assert contents(made)["classes/A.cls"] == b"public class A {}\n"


def test_copied_files_keep_every_byte(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfclass A {}\r\n\0\xff"
    files = {"classes/A.cls": content, "classes/A.cls-meta.xml": b"\xef\xbb\xbf<a>\r\n</b>"}
    made = contents(package(write(in_app(files), tmp_path), api_version="58.0"))
    assert made["classes/A.cls"] == content
    assert made["classes/A.cls-meta.xml"] == files["classes/A.cls-meta.xml"]


@pytest.mark.slow
def test_a_folder_holds_what_the_zip_holds(tmp_path: Path) -> None:
    made = package(write(MANY, tmp_path / "source"), api_version="58.0")
    made.write_folder(tmp_path / "out")
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert found == contents(made)


def test_a_folder_in_metadata_format_passes_as_it_is(tmp_path: Path) -> None:
    manifest = xml("Package", "<types><members>A</members><name>ApexClass</name></types>")
    files = {"package.xml": manifest, "classes/A.cls": "a", "destructiveChanges.xml": "<d/>"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    made = package(tmp_path, api_version="58.0")
    assert contents(made) == {name: text.encode() for name, text in files.items()}
    assert made.members == {"ApexClass": ("A",)}
    assert made.manifest.decode() == manifest


@pytest.mark.parametrize("member", ["../../x", "/etc/passwd", r"..\x"])
def test_a_manifest_that_leads_out_is_refused(member: str, tmp_path: Path) -> None:
    types = f"<types><members>{member}</members><name>Report</name></types>"
    (tmp_path / "package.xml").write_text(xml("Package", types))
    with pytest.raises(SourceError, match="leads out of the package"):
        package(tmp_path, api_version="58.0")


def test_the_projects_own_version_wins_unless_it_must_not(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path)
    assert b"<version>62.0</version>" in package(root, api_version="58.0").manifest
    forced = package(root, api_version="58.0", prefer_project_version=False)
    assert b"<version>58.0</version>" in forced.manifest


def test_a_project_without_version_takes_the_one_given(tmp_path: Path) -> None:
    root = write(Covering(apex("A"), {"sourceApiVersion": None}), tmp_path)
    assert b"<version>61.0</version>" in package(root, api_version="61.0").manifest


TWO = Covering(
    {**apex("A", "one/"), **apex("B", "two/")},
    {
        "packageDirectories": [
            {"path": "one", "default": True, "package": "First"},
            {"path": "./two/"},
        ]
    },
)


@pytest.mark.parametrize(
    ("names", "classes"),
    [((), ("A", "B")), (("First",), ("A",)), (("two",), ("B",)), (("two", "one"), ("A", "B"))],
)
def test_package_directories_are_chosen_by_path_or_package(
    names: tuple[str, ...], classes: tuple[str, ...], tmp_path: Path
) -> None:
    made = package(write(TWO, tmp_path), api_version="58.0", package_dirs=names)
    assert made.members == {"ApexClass": classes}


def test_an_unknown_package_directory_is_refused_with_a_near_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no package directory twoo; did you mean two\?"):
        package(write(TWO, tmp_path), api_version="58.0", package_dirs=["twoo"])


def test_all_problems_come_at_once_with_file_and_line(tmp_path: Path) -> None:
    files = {
        **apex("A"),
        f"{D}objects/Y__c/fields/A__c.field-meta.xml": "<CustomField>",
        f"{D}objects/Y__c/fields/B__c.field-meta.xml": "\n\n<a></b>",
        f"{D}classes/B.cls-meta.xml": xml("ApexClass"),
        f"{D}x/C.nosuch-meta.xml": xml("X"),
        f"{D}objects/X__c/X__c.object-meta.xml": object_file("<a>\n<b></a>"),
        f"{D}workflows/W.workflow-meta.xml": xml("Workflow", "<rules/>"),
    }
    with pytest.raises(SourceError) as refusal:
        package(write(Covering(files), tmp_path), api_version="58.0")
    assert isinstance(refusal.value, UsageError)
    assert refusal.value.exit_code == 2
    places = [(problem.file.rpartition("/")[2], problem.line) for problem in refusal.value.problems]
    assert places == [
        ("B.cls-meta.xml", 1),
        ("X__c.object-meta.xml", 4),
        ("A__c.field-meta.xml", 1),
        ("B__c.field-meta.xml", 3),
        ("W.workflow-meta.xml", 3),
        ("C.nosuch-meta.xml", 1),
    ]


def test_warnings_are_problems_when_strict(tmp_path: Path) -> None:
    root = write(Covering({**apex("A"), f"{D}classes/B.cls": "b"}), tmp_path)
    made = package(root, api_version="58.0")
    (warning,) = made.warnings
    assert (warning.file, warning.line, warning.is_warning) == (f"{D}classes/B.cls", 1, True)
    assert warning.kind == "content_without_meta"
    assert "left out: the ApexClass has no" in str(warning)
    assert warning.reason
    with pytest.raises(SourceError, match="left out: the ApexClass has no"):
        package(root, api_version="58.0", strict=True)


def test_deletions_become_manifests_of_the_package(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path / "project")
    types = "<types><members>b</members><members>B</members><name>ApexClass</name></types>"
    for name in ("before.xml", "after.xml"):
        (tmp_path / name).write_text(xml("Package", types))
    made = contents(
        package(
            root,
            api_version="58.0",
            delete_before=tmp_path / "before.xml",
            delete_after=tmp_path / "after.xml",
        )
    )
    text = made["destructiveChangesPre.xml"].decode()
    assert text == made["destructiveChangesPost.xml"].decode()
    assert text.index("<members>B</members>") < text.index("<members>b</members>")
    assert b"<members>A</members>" in made["package.xml"]


def test_a_deletion_of_everything_is_refused(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path / "project")
    types = "<types><members>*</members><name>ApexClass</name></types>"
    (tmp_path / "all.xml").write_text(xml("Package", types))
    with pytest.raises(SourceError, match=r"all\.xml:3:1: ApexClass \*: name each component"):
        package(root, api_version="58.0", delete_after=tmp_path / "all.xml")


def test_a_folder_that_is_neither_is_refused_and_the_project_around_it_named(
    tmp_path: Path,
) -> None:
    root = write(Covering(apex("A")), tmp_path / "project")
    with pytest.raises(SourceError, match=r"did you mean the project .*/project\?"):
        package(root / "force-app", api_version="58.0")
    with pytest.raises(SourceError, match="the folder does not exist"):
        package(tmp_path / "nowhere", api_version="58.0")


def test_a_broken_project_file_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "sfdx-project.json").write_text('{\n "packageDirectories": [\n}')
    with pytest.raises(
        SourceError,
        match=r"sfdx-project\.json:3:1: the file is not JSON: "
        "Expecting",
    ):
        package(tmp_path, api_version="58.0")
