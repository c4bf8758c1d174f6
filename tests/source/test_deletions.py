"""Manifests of what an org loses: read with their lines, written anew, wrong ones refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from provisioner.source import Package, SourceError, package
from tests.source.projects import Covering, apex, write, xml

ONE = Covering(apex("A"))


def types(name: str, *members: str) -> str:
    lines = "".join(f"<members>{member}</members>\n" for member in members)
    return f"<types>\n{lines}<name>{name}</name>\n</types>"


def contents(made: Package) -> dict[str, str]:
    buffer = io.BytesIO()
    made.write_zip(buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return tmp_path / "gone.xml"


def refusals(tmp_path: Path, manifest: Path) -> list[str]:
    """What is wrong, each without the folder of the manifest."""
    root = write(ONE, tmp_path / "project")
    with pytest.raises(SourceError) as refusal:
        package(root, api_version="58.0", delete_before=manifest)
    return [str(problem).replace(f"{tmp_path}/", "") for problem in refusal.value.problems]


def test_it_has_the_version_of_package_xml_whatever_it_says_itself(
    tmp_path: Path, manifest: Path
) -> None:
    manifest.write_text(xml("Package", types("ApexClass", "B") + "<version>12.0</version>"))
    root = write(ONE, tmp_path / "project")
    made = contents(package(root, api_version="0.0", delete_before=manifest))
    assert "<version>62.0</version>" in made["destructiveChangesPre.xml"]
    folder = tmp_path / "mdapi"
    folder.mkdir()
    (folder / "package.xml").write_text(xml("Package", "<version>61.0</version>"))
    made = contents(package(folder, api_version="0.0", delete_after=manifest))
    assert "<version>61.0</version>" in made["destructiveChangesPost.xml"]


def test_types_are_spelt_as_the_registry_does_and_children_are_known(
    tmp_path: Path, manifest: Path
) -> None:
    manifest.write_text(
        xml("Package", types("apexclass", "B") + types("CustomField", "A.b", "A.a"))
    )
    root = write(ONE, tmp_path / "project")
    made = package(root, api_version="58.0", delete_before=manifest)
    assert made.deletions == {
        "destructiveChangesPre.xml": {"ApexClass": ("B",), "CustomField": ("A.a", "A.b")}
    }
    assert made.members == {"ApexClass": ("A",)}
    assert made.deletes
    assert not package(root, api_version="58.0").deletes


def test_a_manifest_changes_the_digest_and_its_formatting_does_not(
    tmp_path: Path, manifest: Path
) -> None:
    root = write(ONE, tmp_path / "project")
    manifest.write_text(xml("Package", types("ApexClass", "B", "C")))
    digests = {
        package(root, api_version="58.0").digest(),
        package(root, api_version="58.0", delete_before=manifest).digest(),
        package(root, api_version="58.0", delete_after=manifest).digest(),
    }
    assert len(digests) == 3
    manifest.write_text(xml("Package", "<!-- old -->" + types("ApexClass", "C", "B")))
    assert package(root, api_version="58.0", delete_after=manifest).digest() in digests


def test_a_manifest_without_members_goes_into_no_package(tmp_path: Path, manifest: Path) -> None:
    manifest.write_text(xml("Package", types("ApexClass")))
    made = package(write(ONE, tmp_path / "project"), api_version="58.0", delete_before=manifest)
    assert made.deletions == {"destructiveChangesPre.xml": {}}
    assert "destructiveChangesPre.xml" not in made.names


def test_a_package_that_only_deletes_is_not_called_empty(tmp_path: Path, manifest: Path) -> None:
    manifest.write_text(xml("Package", types("ApexClass", "B")))
    root = write(Covering({"force-app/": ""}), tmp_path / "project")
    assert package(root, api_version="58.0").warnings[0].kind == "no_components"
    assert package(root, api_version="58.0", delete_before=manifest).warnings == ()


def test_all_that_is_wrong_is_said_at_once_with_its_line(tmp_path: Path, manifest: Path) -> None:
    manifest.write_text(
        xml(
            "Package",
            types("ApexClas", "A")
            + types("ApexPage", "B", "", "*")
            + "<types>\n<members>C</members>\n</types>",
        )
    )
    assert refusals(tmp_path, manifest) == [
        "gone.xml:5:1: unknown metadata type ApexClas; did you mean ApexClass? (RegistryError)",
        "gone.xml:8:1: ApexPage: a member has no name; write the component's full name",
        "gone.xml:9:1: ApexPage *: name each component to delete; wildcards are not allowed",
        "gone.xml:11:1: the list of members has no type; add one, for example "
        "<name>ApexClass</name>",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<Package>\n<types>", "2:8: malformed XML: no element found (LibraryError)"),
        (
            "\n<Pack/>",
            "2:1: not a manifest: the root element must be "
            '<Package xmlns="http://soap.sforce.com/2006/04/metadata"> (LibraryError)',
        ),
        (
            '<!DOCTYPE a [\n<!ENTITY x "y">]>\n<Package/>',
            "2:1: the XML declares an entity, x; replace it by its text (LibraryError)",
        ),
        (
            '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">\n<Package>&x;</Package>',
            "2:1: the XML uses an entity that is not declared (LibraryError)",
        ),
        (
            "<Package><types>\n<name>Report</name><members>../a</members></types></Package>",
            "2:1: the path of Report ../a leads out of the package",
        ),
    ],
)
def test_what_is_no_manifest_is_refused(
    text: str, problem: str, tmp_path: Path, manifest: Path
) -> None:
    manifest.write_text(text)
    assert refusals(tmp_path, manifest) == [f"gone.xml:{problem}"]


def test_a_manifest_that_is_not_there_hides_no_other_problem(tmp_path: Path) -> None:
    broken = Covering({**apex("A"), "force-app/x.nosuch-meta.xml": "<x/>"})
    with pytest.raises(SourceError) as refusal:
        package(
            write(broken, tmp_path / "project"),
            api_version="58.0",
            delete_before=tmp_path / "none.xml",
            delete_after=tmp_path,
        )
    found = [problem.message.partition(":")[0] for problem in refusal.value.problems]
    assert len(found) == 3
    assert found.count("cannot be read") == 2


def test_a_folder_that_has_such_a_manifest_takes_no_second_one(
    tmp_path: Path, manifest: Path
) -> None:
    manifest.write_text(xml("Package", types("ApexClass", "B")))
    for name in ("package.xml", "destructiveChangesPre.xml"):
        (tmp_path / name).write_text(xml("Package"))
    assert package(tmp_path, api_version="58.0").deletes
    with pytest.raises(SourceError, match=r"the folder already has a destructiveChangesPre\.xml"):
        package(tmp_path, api_version="58.0", delete_before=manifest)
