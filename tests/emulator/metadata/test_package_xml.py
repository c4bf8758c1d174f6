"""package.xml against the files: what the platform says of each difference."""

from __future__ import annotations

import pytest

from tests.emulator.metadata.builders import (
    XMLNS,
    apex,
    custom_field,
    custom_object,
    object_part,
    package,
    package_xml,
    permission_set,
    zipped,
)
from tests.emulator.metadata.conftest import OrgClient, failures, successes

A = apex("A", "public class A { }")


def test_a_member_without_a_file(client: OrgClient) -> None:
    result = client.deploy(package({"ApexClass": "A B"}, A))
    assert result["status"] == "Failed"
    [failure] = result["details"]["componentFailures"]
    assert failure["problem"] == (
        "An object 'B' of type ApexClass was named in package.xml, but was not found in zipped "
        "directory"
    )
    assert failure["fileName"] == "package.xml"
    assert failure["componentType"] == "ApexClass"
    assert failure["lineNumber"] == 1


def test_a_member_without_a_file_may_be_allowed(client: OrgClient) -> None:
    result = client.deploy(package({"ApexClass": "A B"}, A), allowMissingFiles=True)
    assert result["status"] == "Succeeded"


def test_a_file_that_no_member_names(client: OrgClient) -> None:
    files = {**A, **apex("B", "public class B { }")}
    result = client.deploy(package({"ApexClass": "A"}, files))
    assert failures(result) == [("classes/B.cls", "B", "Not in package.xml")]
    assert result["status"] == "Failed"


def test_names_in_package_xml_are_case_sensitive(client: OrgClient) -> None:
    result = client.deploy(package({"ApexClass": "a"}, A))
    assert [problem for _, _, problem in failures(result)] == [
        "An object 'a' of type ApexClass was named in package.xml, but was not found in zipped "
        "directory",
        "Not in package.xml",
    ]


def test_a_wildcard_names_all_of_a_type(client: OrgClient) -> None:
    files = {**A, **apex("B", "public class B { }")}
    assert successes(client.deploy(package({"ApexClass": "*"}, files))) == ["A", "B"]


def test_naming_an_object_names_its_fields(client: OrgClient) -> None:
    files = {"objects/Thing__c.object": custom_object(custom_field("A__c"))}
    result = client.deploy(package({"CustomObject": "Thing__c"}, files))
    assert successes(result) == ["Thing__c", "Thing__c.A__c"]


def test_a_field_of_an_object_that_is_not_named(client: OrgClient) -> None:
    parts = object_part(custom_field("A__c"), custom_field("B__c"))
    files = {"objects/Account.object": parts}
    result = client.deploy(package({"CustomField": "Account.A__c"}, files))
    assert failures(result) == [("objects/Account.object", "Account.B__c", "Not in package.xml")]


def test_an_object_file_that_only_holds_fields_need_not_be_named(client: OrgClient) -> None:
    files = {"objects/Account.object": object_part(custom_field("A__c"))}
    result = client.deploy(package({"CustomField": "Account.A__c"}, files))
    assert successes(result) == ["Account.A__c"]


def test_a_child_without_a_name(client: OrgClient) -> None:
    nameless = "<sharingReasons><label>x</label></sharingReasons>"
    files = {"objects/Thing__c.object": custom_object(nameless)}
    result = client.deploy(package({"CustomObject": "Thing__c"}, files))
    expected = "element fullName missing for a child of type SharingReason"
    assert failures(result) == [("objects/Thing__c.object", "Thing__c", expected)]


def test_an_unknown_type(client: OrgClient) -> None:
    result = client.deploy(package({"ApexKlass": "A"}, A))
    expected = "Unknown type name 'ApexKlass' specified in package.xml"
    assert failures(result) == [("package.xml", "package.xml", expected)]
    assert result["numberComponentsTotal"] == 0


def test_a_file_in_an_unknown_folder(client: OrgClient) -> None:
    result = client.deploy(package({"ApexClass": "A"}, {**A, "klasses/B.cls": "x"}))
    assert failures(result) == [("klasses/B.cls", "klasses/B.cls", "Not in package.xml")]


def test_loose_files_beside_package_xml_are_passed_over(client: OrgClient) -> None:
    files = {**A, "README.md": "x", ".forceignore": "x"}
    assert client.deploy(package({"ApexClass": "A"}, files))["status"] == "Succeeded"


@pytest.mark.parametrize("version", ["99.0", "66", "66.5", "abc", "6.0"])
def test_a_version_that_is_none(client: OrgClient, version: str) -> None:
    files = {"package.xml": package_xml({"ApexClass": "A"}, version), **A}
    result = client.deploy(zipped(files))
    assert failures(result) == [("package.xml", "package.xml", f"Invalid api version:{version}")]


def test_no_package_xml(client: OrgClient) -> None:
    result = client.deploy(zipped(dict(A)))
    assert failures(result) == [("package.xml", "package.xml", "No package.xml found")]


def test_each_top_folder_is_a_package_of_its_own(client: OrgClient) -> None:
    files = {"package.xml": package_xml({"ApexClass": "A"}), **A}
    result = client.deploy(zipped(files, root="shape_1/"), singlePackage=False)
    assert result["status"] == "Succeeded"
    names = [one["fileName"] for one in result["details"]["componentSuccesses"]]
    assert names == ["shape_1/package.xml", "shape_1/classes/A.cls"]


def test_a_single_package_without_saying_so(client: OrgClient) -> None:
    result = client.deploy(package({"ApexClass": "A"}, A), singlePackage=False)
    assert failures(result) == [("classes/package.xml", "package.xml", "No package.xml found")]


def test_broken_xml_in_package_xml_says_where(client: OrgClient) -> None:
    text = f"<?xml version='1.0'?>\n<Package {XMLNS}>\n  <version>66.0</Package>"
    result = client.deploy(zipped({"package.xml": text, **A}))
    [failure] = result["details"]["componentFailures"]
    assert failure["problem"] == (
        'Error parsing file: The element type "version" must be terminated by the matching '
        'end-tag "</version>".'
    )
    assert (failure["lineNumber"], failure["columnNumber"]) == (3, 18)


def test_broken_xml_in_a_component_says_where(client: OrgClient) -> None:
    files = {"permissionsets/P.permissionset": "<PermissionSet>\n  <label>x</labl>\n"}
    result = client.deploy(package({"PermissionSet": "P"}, files))
    [failure] = result["details"]["componentFailures"]
    assert failure["problem"].startswith('Error parsing file: The element type "label"')
    assert (failure["lineNumber"], failure["fullName"]) == (2, "P")


def test_a_text_file_in_a_metadata_folder(client: OrgClient) -> None:
    files = {"customMetadata/README.md": "# How to\n"}
    result = client.deploy(package({"CustomMetadata": "README"}, files))
    expected = "Error parsing file: Content is not allowed in prolog."
    assert failures(result) == [("customMetadata/README.md", "README", expected)]


def test_a_file_of_another_type_than_its_folder(client: OrgClient) -> None:
    files = {"permissionsets/P.permissionset": f"<Profile {XMLNS}><label>x</label></Profile>"}
    result = client.deploy(package({"PermissionSet": "P"}, files))
    assert failures(result)[0][2] == "Error parsing file: Unexpected element Profile"


def test_a_file_in_another_namespace(client: OrgClient) -> None:
    text = permission_set().replace("soap.sforce.com", "soap.example.com")
    result = client.deploy(
        package({"PermissionSet": "P"}, {"permissionsets/P.permissionset": text})
    )
    assert "Unexpected namespace http://soap.example.com" in failures(result)[0][2]


def test_folders_of_reports_are_named_with_or_without_a_slash(client: OrgClient) -> None:
    folder = f"<ReportFolder {XMLNS}><name>F</name></ReportFolder>"
    report = f"<Report {XMLNS}><name>R</name></Report>"
    files = {"reports/F-meta.xml": folder, "reports/F/R.report": report}
    for member in ("F/", "F"):
        result = client.deploy(package({"Report": f"{member} F/R"}, files))
        assert (result["status"], successes(result)) == ("Succeeded", ["F", "F/R"])


def test_percent_escapes_mean_their_characters(client: OrgClient) -> None:
    layout = f"<Layout {XMLNS}></Layout>"
    files = {"layouts/Account-A %28B%29.layout": layout}
    xml = package_xml({"Layout": "Account-A@(B)"}).replace("@", " ")
    assert client.deploy(zipped({"package.xml": xml, **files}))["status"] == "Succeeded"
