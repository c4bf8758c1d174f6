"""Zips that mean harm, or are none: refused by name, nothing written, nothing half done."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile

import pytest

from provisioner.emulator.metadata.archive import (
    MAXIMUM_FILES,
    MAXIMUM_UNZIPPED_BYTES,
    MAXIMUM_ZIP_BYTES,
    Archive,
    ArchiveProblem,
)
from tests.emulator.metadata.builders import XMLNS, apex, package, package_xml, zipped
from tests.emulator.metadata.conftest import OrgClient, failures, successes

A = apex("A", "public class A { }")


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x03\x04" + b"\x00" * 40])
def test_what_is_no_zip_has_no_package_xml(client: OrgClient, data: bytes) -> None:
    result = client.deploy(data)
    assert result["status"] == "Failed"
    assert failures(result) == [("package.xml", "package.xml", "No package.xml found")]


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "classes/../../A.cls", "C:\\x/A.cls", "classes//A.cls"],
)
def test_names_that_climb_out_name_no_component(client: OrgClient, name: str) -> None:
    result = client.deploy(package({"ApexClass": "A"}, {**A, name: "x"}))
    assert result["status"] == "Failed"
    assert [problem for _, _, problem in failures(result)] == ["Not in package.xml"]


def test_of_two_entries_with_one_name_the_later_counts(client: OrgClient) -> None:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile warns of what this test is about
        archive.writestr("package.xml", package_xml({"ApexClass": "A"}))
        archive.writestr("classes/A.cls", "public class Other { }")
        for path, content in A.items():
            archive.writestr(path, content)
    assert successes(client.deploy(buffer.getvalue())) == ["A"]


def test_directory_entries_are_no_files(client: OrgClient) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("classes/", "")
        archive.writestr("package.xml", package_xml({"ApexClass": "A"}))
        for path, content in A.items():
            archive.writestr(path, content)
    assert client.deploy(buffer.getvalue())["status"] == "Succeeded"


@pytest.mark.slow
def test_too_many_files(client: OrgClient) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(MAXIMUM_FILES + 1):
            archive.writestr(f"classes/A{number}.cls", "")
    result = client.deploy(buffer.getvalue())
    assert result["status"] == "Failed"
    assert result["errorStatusCode"] == "LIMIT_EXCEEDED"
    assert str(MAXIMUM_FILES) in result["errorMessage"]


def _bomb(declared: int) -> bytes:
    """A small zip whose directory declares one enormous file."""
    data = bytearray(zipped({"staticresources/Bomb.resource": b"\0" * 1000}))
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, declared)
    return bytes(data)


def test_a_bomb_is_refused_by_what_it_declares(client: OrgClient) -> None:
    result = client.deploy(_bomb(MAXIMUM_UNZIPPED_BYTES + 1))
    assert result["errorStatusCode"] == "LIMIT_EXCEEDED"
    assert str(MAXIMUM_UNZIPPED_BYTES) in result["errorMessage"]


def test_an_entry_that_declares_less_than_it_holds_is_damaged() -> None:
    archive = Archive(_bomb(10))
    with pytest.raises(ArchiveProblem, match="invalid entry staticresources/Bomb"):
        archive.read("staticresources/Bomb.resource")
    archive.close()


def test_a_zip_over_the_limit() -> None:
    with pytest.raises(ArchiveProblem) as problem:
        Archive(b"\0" * (MAXIMUM_ZIP_BYTES + 1))
    assert problem.value.code == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("path", ["classes/A.cls", "lwc/x/x.js-meta.xml"])
def test_a_damaged_entry_fails_the_deploy(client: OrgClient, path: str) -> None:
    files = {**A, "lwc/x/x.js": "", path: "public class A { }" * 50}
    members = {"ApexClass": "A", "LightningComponentBundle": "x"}
    data = bytearray(package(members, files))
    start = data.index(path.encode()) + len(path)
    data[start : start + 8] = b"\xff" * 8
    result = client.deploy(bytes(data))
    assert result["status"] == "Failed"
    assert result["errorStatusCode"] == "UNKNOWN_EXCEPTION"
    assert client.org.setup_lock.owner is None
    assert client.org.components == {}


def test_an_encrypted_entry_fails_the_deploy(client: OrgClient) -> None:
    data = bytearray(package({"ApexClass": "A"}, A))
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(b"classes/A.cls-meta.xml"))
    data[central + 8] |= 1  # the flag of encryption
    result = client.deploy(bytes(data))
    assert result["status"] == "Failed"
    assert "encrypted" in result["errorMessage"]


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a>",
        '<!DOCTYPE a [<!ENTITY x "y">]>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">',
    ],
)
def test_entities_are_never_expanded(client: OrgClient, doctype: str) -> None:
    text = f"{doctype}<PermissionSet {XMLNS}><label>x</label></PermissionSet>"
    result = client.deploy(
        package({"PermissionSet": "P"}, {"permissionsets/P.permissionset": text})
    )
    assert "DOCTYPE is disallowed" in failures(result)[0][2]


def test_xml_of_absurd_depth_is_a_problem_of_its_component(client: OrgClient) -> None:
    text = f"<Flow {XMLNS}>" + "<a>" * 20_000 + "</a>" * 20_000 + "</Flow>"
    result = client.deploy(package({"Flow": "F"}, {"flows/F.flow": text}))
    assert "nested in more than 200 levels" in failures(result)[0][2]


def test_code_of_absurd_depth_is_a_compile_problem(client: OrgClient) -> None:
    body = "public class A { Integer i = " + "(" * 5000 + "1" + ")" * 5000 + "; }"
    result = client.deploy(package({"ApexClass": "A"}, apex("A", body)))
    assert "Expression is too long" in failures(result)[0][2]
