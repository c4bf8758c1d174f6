"""destructiveChanges*.xml: what is deleted, in what order, and what is only warned of."""

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
)
from tests.emulator.metadata.conftest import OrgClient, failures


def test_destructive_changes(client: OrgClient) -> None:
    files = {
        "objects/Thing__c.object": custom_object(custom_field("A__c"), custom_field("B__c")),
        "objects/Account.object": object_part(custom_field("Ext__c")),
        **apex("A", "public class A { }"),
    }
    members = {"CustomObject": "Thing__c", "CustomField": "Account.Ext__c", "ApexClass": "A"}
    assert client.deploy(package(members, files))["status"] == "Succeeded"
    pre = package_xml({"CustomField": "Account.Ext__c Thing__c.A__c"})
    post = package_xml({"ApexClass": "A", "CustomObject": "Nobody__c"})
    changes = {"destructiveChangesPre.xml": pre, "destructiveChangesPost.xml": post}
    result = client.deploy(package({}, changes), ignoreWarnings=True)
    assert result["status"] == "Succeeded"
    messages = result["details"]["componentSuccesses"]
    deleted = [one["fullName"] for one in messages if one["deleted"]]
    assert deleted == ["Account.Ext__c", "Thing__c.A__c", "A"]
    [warning] = [one for one in messages if one["problemType"] == "Warning"]
    assert warning["problem"] == "No CustomObject named: Nobody__c found"
    assert result["numberComponentsTotal"] == 3, "what was not there is not counted"
    assert client.query("SELECT Id FROM ApexClass") == []
    assert client.create("Account", Name="a", Ext__c="x").status_code == 400
    assert client.create("Thing__c", Name="a", B__c="x").status_code == 201
    client.deploy(
        package({}, {"destructiveChanges.xml": package_xml({"CustomObject": "Thing__c"})})
    )
    assert client.create("Thing__c", Name="a").status_code == 404


def test_what_is_deleted_and_created_again_counts_once(client: OrgClient) -> None:
    client.deploy(package({"ApexClass": "A"}, apex("A", "public class A { }")))
    files = {
        "destructiveChangesPre.xml": package_xml({"ApexClass": "A"}),
        **apex("A", "public class A { }"),
    }
    result = client.deploy(package({"ApexClass": "A"}, files))
    counts = (result["numberComponentsDeployed"], result["numberComponentsTotal"])
    assert (result["status"], counts) == ("Succeeded", (1, 1))


def test_a_destructive_deploy_that_fails_deletes_nothing(client: OrgClient) -> None:
    client.deploy(package({"ApexClass": "A"}, apex("A", "public class A { }")))
    files = {
        "destructiveChangesPre.xml": package_xml({"ApexClass": "A"}),
        **apex("B", "public class B {"),
    }
    assert client.deploy(package({"ApexClass": "B"}, files))["status"] == "Failed"
    assert len(client.query("SELECT Id FROM ApexClass WHERE Name = 'A'")) == 1


def test_a_component_that_is_not_there_fails_a_deploy_that_minds_warnings(
    client: OrgClient,
) -> None:
    client.deploy(package({"ApexClass": "A"}, apex("A", "public class A { }")))
    changes = {"destructiveChangesPost.xml": package_xml({"ApexClass": "A Gone"})}
    result = client.deploy(package({}, changes))
    assert result["status"] == "Failed"
    [failure] = result["details"]["componentFailures"]
    assert (failure["problemType"], failure["fileName"]) == (
        "Warning",
        "destructiveChangesPost.xml",
    )
    assert failure["fullName"] == "destructiveChangesPost.xml"
    assert failure["componentType"] == "ApexClass"
    assert failure["problem"] == "No ApexClass named: Gone found"
    assert len(client.query("SELECT Id FROM ApexClass WHERE Name = 'A'")) == 1


def test_what_is_deleted_before_may_come_again_and_what_is_deleted_after_does_not(
    client: OrgClient,
) -> None:
    files = {**apex("A", "public class A { }"), **apex("B", "public class B { }")}
    client.deploy(package({"ApexClass": "A B"}, files))
    [before] = client.query("SELECT Id FROM ApexClass WHERE Name = 'A'")
    changes = {
        "destructiveChangesPre.xml": package_xml({"ApexClass": "A"}),
        "destructiveChangesPost.xml": package_xml({"ApexClass": "B"}),
    }
    assert client.deploy(package({"ApexClass": "A B"}, files | changes))["status"] == "Succeeded"
    [after] = client.query("SELECT Id, Name FROM ApexClass")
    assert after["Name"] == "A"
    assert after["Id"] != before["Id"]


def test_everything_of_a_type_cannot_be_deleted_by_a_wildcard(client: OrgClient) -> None:
    client.deploy(package({"ApexClass": "A"}, apex("A", "public class A { }")))
    changes = {"destructiveChangesPre.xml": package_xml({"ApexClass": "*"})}
    assert client.deploy(package({}, changes))["status"] == "Failed"
    assert len(client.query("SELECT Id FROM ApexClass")) == 1


def test_a_manifest_of_deletions_that_names_no_type_there_is_fails(client: OrgClient) -> None:
    changes = {"destructiveChangesPre.xml": package_xml({"Nothing": "A"})}
    result = client.deploy(package({}, changes), ignoreWarnings=True)
    assert result["status"] == "Failed"
    [(_, name, problem)] = failures(result)
    assert name == "destructiveChangesPre.xml"
    assert "Unknown type name 'Nothing'" in problem


def bundle_on_a_page(component_name: str) -> dict[str, str]:
    """A Lightning component and a page that shows it."""
    page = (
        f"<FlexiPage {XMLNS}><flexiPageRegions><itemInstances><componentInstance>"
        f"<componentName>{component_name}</componentName></componentInstance></itemInstances>"
        "</flexiPageRegions><masterLabel>Property Record Page</masterLabel></FlexiPage>"
    )
    return {
        "lwc/card/card.js": "",
        "lwc/card/card.js-meta.xml": f"<LightningComponentBundle {XMLNS}/>",
        "flexipages/Property.flexipage": page,
    }


@pytest.mark.parametrize("name", ["card", "c:card"])
def test_a_lightning_component_that_a_page_uses_cannot_be_deleted(
    client: OrgClient, name: str
) -> None:
    members = {"LightningComponentBundle": "card", "FlexiPage": "Property"}
    assert client.deploy(package(members, bundle_on_a_page(name)))["status"] == "Succeeded"
    alone = package_xml({"LightningComponentBundle": "card"})
    result = client.deploy(package({}, {"destructiveChangesPost.xml": alone}))
    assert result["status"] == "Failed"
    [(_, component, problem)] = failures(result)
    assert (component, problem) == (
        "card",
        "Referenced by a component instance inside the Lightning page Property Record Page : "
        "Lightning Page.",
    )
    together = {"destructiveChangesPost.xml": package_xml(members)}
    assert client.deploy(package({}, together))["status"] == "Succeeded"


def test_a_layout_of_a_new_org_can_be_deleted_once(client: OrgClient) -> None:
    name = "Account-Account %28Marketing%29 Layout"
    changes = {"destructiveChangesPost.xml": layout(name)}
    result = client.deploy(package({}, changes))
    assert (result["status"], result["numberComponentsTotal"]) == ("Succeeded", 1)
    [failure] = client.deploy(package({}, changes))["details"]["componentFailures"]
    assert failure["problem"] == f"No Layout named: {name} found"


def layout(name: str) -> str:
    """A manifest with one layout, whose name has blanks."""
    return (
        f"<Package {XMLNS}><types><members>{name}</members><name>Layout</name></types>"
        "<version>66.0</version></Package>"
    )


def test_what_is_deleted_before_the_deploy_is_named_before_its_manifest(client: OrgClient) -> None:
    """Deleted and created again are two entries; destructiveChangesPre.xml has none of its own."""
    client.deploy(package({"ApexClass": "A"}, apex("A", "class A { }")))
    pre = {"destructiveChangesPre.xml": package_xml({"ApexClass": "A"})}
    result = client.deploy(package({"ApexClass": "A"}, apex("A", "class A { }") | pre))
    entries = result["details"]["componentSuccesses"]
    assert [(one["fullName"], one["deleted"]) for one in entries] == [
        ("A", True),
        ("package.xml", False),
        ("A", False),
    ]


def test_each_component_that_is_not_there_counts(client: OrgClient) -> None:
    changes = {"destructiveChanges.xml": package_xml({"ApexClass": "A B"})}
    result = client.deploy(package({}, changes))
    assert (result["numberComponentErrors"], result["numberComponentsTotal"]) == (2, 2)
