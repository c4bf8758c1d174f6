"""deploy_metadata: a zip that another program made, checked offline and deployed as it is."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from provisioner.steps.base import Done, StepFailed
from provisioner.steps.deploy_metadata import DeployMetadata
from provisioner.steps.package_zip import PackageZipError
from tests.steps.project import metadata_folder, write, zipped_folder
from tests.steps.step_runner import StepRunner

STEP = DeployMetadata(zip=Path("package.zip"))


def messages(step: DeployMetadata, folder: Path) -> list[str]:
    return [finding.message for finding in step.check(folder)]


@pytest.mark.parametrize("top", ["", "unpackaged/"])
def test_a_zip_is_deployed_with_its_manifest_at_the_root_or_in_a_folder(
    runner: StepRunner, top: str
) -> None:
    folder = metadata_folder(runner.directory / "mdapi")
    zipped_folder(folder, runner.directory / "package.zip", top)
    step = DeployMetadata(zip=Path("package.zip"))
    assert messages(step, runner.directory) == []
    assert runner.finish(step) == Done("deployed 2 components")
    (deployment,) = runner.emulated_org.deployments.values()
    assert deployment.options.single_package is (top == "")
    assert runner.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Sales_Rep'")


def test_the_zip_of_the_fingerprint_is_deployed(runner: StepRunner) -> None:
    folder = metadata_folder(runner.directory / "mdapi")
    zipped_folder(folder, runner.directory / "package.zip")
    step = DeployMetadata(zip=Path("package.zip"))
    list(step.inputs(runner.directory))
    (runner.directory / "package.zip").write_bytes(b"changed meanwhile")
    assert runner.finish(step) == Done("deployed 2 components")


def test_a_zip_that_was_only_made_again_is_the_same_content(tmp_path: Path) -> None:
    folder = metadata_folder(tmp_path / "mdapi")
    first = list(DeployMetadata(zip=zipped_folder(folder, tmp_path / "1.zip")).inputs(tmp_path))
    for file in folder.rglob("*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    again = list(DeployMetadata(zip=zipped_folder(folder, tmp_path / "2.zip")).inputs(tmp_path))
    write(folder / "permissionsets/Sales_Rep.permissionset", "<PermissionSet/>")
    other = list(DeployMetadata(zip=zipped_folder(folder, tmp_path / "3.zip")).inputs(tmp_path))
    assert first == again != other


def zip_of(path: Path, *names: str, content: str = "<Package/>") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "package.zip: it has no package.xml, neither at its root nor in a folder there"),
        (
            ("a/b/package.xml",),
            "package.zip: it has no package.xml, neither at its root nor in a folder there",
        ),
        (
            ("a/package.xml", "b/package.xml"),
            "package.zip: it has a/package.xml and b/package.xml; write one deploy_metadata step "
            "for each package",
        ),
        (
            ("a/package.xml", "README"),
            "package.zip: README is not in the folder a/ of its package.xml",
        ),
    ],
)
def test_the_check_says_where_the_manifest_must_be(
    tmp_path: Path, names: tuple[str, ...], message: str
) -> None:
    zip_of(tmp_path / "package.zip", *names)
    assert messages(STEP, tmp_path) == [message]


def test_the_check_names_what_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(b"no zip")
    assert messages(STEP, tmp_path) == [
        "package.zip: it is not a zip, or it is damaged: File is not a zip file"
    ]
    with pytest.raises(PackageZipError, match=r"package\.zip: it is not a zip"):
        list(STEP.inputs(tmp_path))


def test_the_check_reads_every_member(tmp_path: Path) -> None:
    zip_of(tmp_path / "package.zip", "package.xml", "classes/A.cls", content="x" * 100)
    data = bytearray((tmp_path / "package.zip").read_bytes())
    data[data.index(b"classes/A.cls") + 20] ^= 1
    (tmp_path / "package.zip").write_bytes(data)
    assert messages(STEP, tmp_path) == [
        "package.zip: it is not a zip, or it is damaged: Bad CRC-32 for file 'classes/A.cls'"
    ]


def test_the_check_reads_the_manifest(tmp_path: Path) -> None:
    zip_of(tmp_path / "package.zip", "app/package.xml", content="<Package>")
    (message,) = messages(STEP, tmp_path)
    assert message.startswith("package.zip: app/package.xml:1:")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    zip_of(tmp_path / "package.zip", "package.xml")
    data = bytearray((tmp_path / "package.zip").read_bytes())
    data[6] |= 1  # the flag in the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "package.zip").write_bytes(data)
    (message,) = messages(STEP, tmp_path)
    assert message.startswith("package.zip: it cannot be unpacked: ")
    assert "encrypted" in message


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "package.zip")
    assert messages(STEP, tmp_path) == [
        "package.zip: it cannot be read: it is a pipe, not a regular file"
    ]


def test_a_zip_that_is_too_large_names_its_biggest_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.package_size.LARGEST_ZIP", 1000)
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        for name, size in (("package.xml", 20), ("small", 300), ("big", 900), ("huge", 1000)):
            archive.writestr(name, b"<Package/>".ljust(size))
    (message,) = messages(STEP, tmp_path)
    assert "bytes as a zip; Salesforce accepts at most 1,000; the biggest files are" in message
    assert message.endswith("huge (1,000 bytes), big (900 bytes), small (300 bytes)")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "package.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("package.xml", "<Package/>")
        for number in range(5):
            with archive.open(f"{number}", "w", force_zip64=True) as member:
                for _ in range(260):
                    member.write(b"\0" * (1 << 20))
    (message,) = messages(STEP, tmp_path)
    assert "bytes uncompressed; Salesforce accepts at most 629,145,600" in message


def test_a_failure_is_named_by_the_file_in_the_zip(runner: StepRunner) -> None:
    folder = metadata_folder(runner.directory / "mdapi", classes={"Bad": "public class Bad {"})
    zipped_folder(folder, runner.directory / "package.zip", "src/")
    with pytest.raises(StepFailed, match="Failed: 1 component failed") as caught:
        runner.finish(DeployMetadata(zip=Path("package.zip")))
    assert caught.value.details[0].startswith("src/classes/Bad.cls:1:")
