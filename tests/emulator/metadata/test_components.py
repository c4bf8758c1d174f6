"""Bundles, settings, layouts and the many types that are kept as they are."""

from __future__ import annotations

import pytest

from provisioner.emulator.metadata.component_types import all_types
from provisioner.emulator.metadata.external_apps.elements import TYPES as APP_TYPES
from tests.emulator.metadata.builders import (
    XMLNS,
    Files,
    apex,
    custom_field,
    custom_object,
    object_part,
    package,
    package_xml,
    zipped,
)
from tests.emulator.metadata.conftest import OrgClient, failures, successes

CONFIGURATION = (
    f"<LightningComponentBundle {XMLNS}><apiVersion>66.0</apiVersion></LightningComponentBundle>"
)
LWC: Files = {"lwc/hello/hello.js": "x", "lwc/hello/hello.js-meta.xml": CONFIGURATION}


def test_a_lightning_bundle(client: OrgClient) -> None:
    files = {**LWC, "lwc/hello/hello.html": "<template></template>", "lwc/hello/sub/x.css": ""}
    result = client.deploy(package({"LightningComponentBundle": "hello"}, files))
    assert successes(result) == ["hello"]
    assert result["details"]["componentSuccesses"][1]["fileName"] == "lwc/hello"


def test_the_configuration_of_a_lightning_bundle_may_have_another_name(client: OrgClient) -> None:
    files = {"lwc/hello/hello.js": "x", "lwc/hello/helo.js-meta.xml": CONFIGURATION}
    assert successes(client.deploy(package({"LightningComponentBundle": "hello"}, files)))


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ("lwc/hello/hello.js", "No base file for markup://c:hello"),
        ("lwc/hello/hello.js-meta.xml", "Cannot find Lightning Component Bundle hello."),
    ],
)
def test_a_lightning_bundle_that_lacks_a_file(
    client: OrgClient, missing: str, problem: str
) -> None:
    files = {path: text for path, text in LWC.items() if path != missing}
    result = client.deploy(package({"LightningComponentBundle": "hello"}, files))
    assert failures(result) == [("lwc/hello", "hello", problem)]


def test_an_aura_bundle(client: OrgClient) -> None:
    files: Files = {
        "aura/Old/Old.cmp": "<aura:component/>",
        "aura/Old/OldController.js": "({})",
        "aura/Old/Old.cmp-meta.xml": f"<AuraDefinitionBundle {XMLNS}/>",
    }
    assert successes(client.deploy(package({"AuraDefinitionBundle": "Old"}, files))) == ["Old"]
    del files["aura/Old/Old.cmp"]
    result = client.deploy(package({"AuraDefinitionBundle": "Old"}, files))
    assert failures(result) == [("aura/Old", "Old", "No base file for markup://c:Old")]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "Nonsense",
            "<NonsenseSettings><enableIt>true</enableIt></NonsenseSettings>",
            "Not available for deploy for this organization: NonsenseSettings",
        ),
        (
            "Language",
            "<LanguageSettings><enableNonsense>true</enableNonsense></LanguageSettings>",
            "Error parsing file: Element {http://soap.sforce.com/2006/04/metadata}enableNonsense "
            "invalid at this location in type LanguageSettings",
        ),
        (
            "Language",
            "<ChatterSettings/>",
            "Not available for deploy for this organization: ChatterSettings",
        ),
    ],
)
def test_settings_that_are_none(client: OrgClient, name: str, text: str, problem: str) -> None:
    result = client.deploy(package({"Settings": name}, {f"settings/{name}.settings": text}))
    assert failures(result) == [(f"settings/{name}.settings", name, problem)]


def test_settings_as_the_salesforce_cli_names_them(client: OrgClient) -> None:
    settings = {
        "DocumentGenerationSetting": "DocumentGenerationSetting",
        "EAC": "EACSettings",
        "IoT": "IoTSettings",
        "AIReplyRecommendations": "AIReplyRecommendationsSettings",
    }
    files = {f"settings/{name}.settings": f"<{root}/>" for name, root in settings.items()}
    result = client.deploy(package({"Settings": " ".join(settings)}, files))
    assert result["status"] == "Succeeded", failures(result)


def layout(*fields: str) -> str:
    """A layout that shows these fields."""
    items = "".join(f"<layoutItems><field>{one}</field></layoutItems>" for one in fields)
    columns = f"<layoutColumns>{items}</layoutColumns>"
    return f"<Layout {XMLNS}><layoutSections>{columns}</layoutSections></Layout>"


def test_a_layout_shows_fields_that_are_there(client: OrgClient) -> None:
    path, members = "layouts/Account-Mine.layout", {"Layout": "Account-Mine"}
    good = client.deploy(package(members, {path: layout("Name", "Industry")}))
    assert good["status"] == "Succeeded"
    bad = client.deploy(package(members, {path: layout("Name", "Nope__c")}))
    expected = "In field: field - no CustomField named Account.Nope__c found"
    assert failures(bad) == [(path, "Account-Mine", expected)]
    nobody = client.deploy(package({"Layout": "Nope__c-L"}, {"layouts/Nope__c-L.layout": layout()}))
    assert "'Nope__c' cannot be found" in failures(nobody)[0][2]


def test_layouts_of_aliases(client: OrgClient) -> None:
    files: Files = {
        "layouts/CaseClose-Close.layout": layout("F__c"),
        "objects/Case.object": object_part(custom_field("F__c")),
    }
    members = {"Layout": "CaseClose-Close", "CustomField": "Case.F__c"}
    assert client.deploy(package(members, files))["status"] == "Succeeded"


@pytest.mark.parametrize(
    "name",
    ["Global-Global", "UserAlt-Profile", "ConsumptionRate-Rate"],
)
def test_layouts_of_a_whole_org(client: OrgClient, name: str) -> None:
    """Of no object, and of an object to which only published fields of others refer.

    Source: the layouts that yolgan67/tutorApp retrieved.
    """
    sent = package({"Layout": name}, {f"layouts/{name}.layout": layout("Name")})
    result = client.deploy(sent)
    assert result["status"] == "Succeeded", failures(result)
    reply = client.call("GET", "/services/data/v66.0/query?q=SELECT+Id+FROM+ConsumptionRate")
    assert (reply.status_code, "ConsumptionRate" in reply.text) == (501, True)


def test_list_views_compact_layouts_and_field_sets(client: OrgClient) -> None:
    view = "<listViews><fullName>V</fullName><columns>{}</columns><label>V</label></listViews>"
    compact = "<compactLayouts><fullName>L</fullName><fields>{}</fields></compactLayouts>"
    field_set = (
        "<fieldSets><fullName>S</fullName><displayedFields><field>{}</field></displayedFields>"
        "</fieldSets>"
    )
    for part in (view, compact, field_set):
        for field, status in (("F__c", "Succeeded"), ("Nope__c", "Failed")):
            text = custom_object(custom_field("F__c"), more=part.format(field))
            files = {"objects/Thing__c.object": text}
            assert client.deploy(package({"CustomObject": "Thing__c"}, files))["status"] == status


def test_tabs_and_apps(client: OrgClient) -> None:
    tab = f"<CustomTab {XMLNS}><customObject>true</customObject></CustomTab>"
    tabs = "<tabs>standard-Account</tabs><tabs>Thing__c</tabs>"
    app = f"<CustomApplication {XMLNS}>{tabs}</CustomApplication>"
    files = {"tabs/Thing__c.tab": tab, "applications/Sales.app": app}
    members = {"CustomTab": "Thing__c", "CustomApplication": "Sales"}
    failed = client.deploy(package(members, files))
    assert [problem for _, _, problem in failures(failed)] == [
        "In field: customObject - no CustomObject named Thing__c found",
        "In field: tabs - no CustomTab named Thing__c found",
    ]
    files["objects/Thing__c.object"] = custom_object()
    result = client.deploy(package({**members, "CustomObject": "Thing__c"}, files))
    assert result["status"] == "Succeeded"


def test_labels_are_known_by_their_own_names(client: OrgClient) -> None:
    label = "<labels><fullName>Hi</fullName><language>en_US</language><value>Hi</value></labels>"
    files = {"labels/CustomLabels.labels": f"<CustomLabels {XMLNS}>{label}</CustomLabels>"}
    members = {"CustomLabels": "CustomLabels", "CustomLabel": "Hi"}
    assert successes(client.deploy(package(members, files))) == ["CustomLabels", "Hi"]


def test_the_files_of_sites(client: OrgClient) -> None:
    files: Files = {
        "digitalExperiences/site/S/S.digitalExperience-meta.xml": (
            f"<DigitalExperienceBundle {XMLNS}/>"
        ),
        "digitalExperiences/site/S/sfdc_cms__view/home/_meta.json": "{}",
        "digitalExperiences/site/S/sfdc_cms__view/home/content.json": "{}",
        "experiences/Old.site-meta.xml": f"<ExperienceBundle {XMLNS}/>",
        "experiences/Old/routes/home.json": "{}",
    }
    members = {
        "DigitalExperienceBundle": "site/S",
        "DigitalExperience": "site/S.sfdc_cms__view/home",
        "ExperienceBundle": "Old",
    }
    result = client.deploy(package(members, files))
    assert result["status"] == "Succeeded", failures(result)
    assert len(successes(result)) == 3


def test_documents_go_with_or_without_their_suffix(client: OrgClient) -> None:
    folder = f"<DocumentFolder {XMLNS}><name>F</name></DocumentFolder>"
    files: Files = {
        "documents/F-meta.xml": folder,
        "documents/F/a.png": b"png",
        "documents/F/a.png-meta.xml": f"<Document {XMLNS}><name>a</name></Document>",
    }
    for member in ("F/a.png", "F/a"):
        result = client.deploy(package({"Document": f"F {member}"}, files))
        assert result["status"] == "Succeeded", failures(result)


def test_descriptions_in_the_namespace_of_the_tooling_api(client: OrgClient) -> None:
    files = apex("A", "public class A { }")
    path = "classes/A.cls-meta.xml"
    text = str(files[path]).replace(XMLNS, 'xmlns="urn:metadata.tooling.soap.sforce.com"')
    result = client.deploy(package({"ApexClass": "A"}, {**files, path: text}))
    assert result["status"] == "Succeeded"


def test_queues_own_records(client: OrgClient) -> None:
    queue = f"<Queue {XMLNS}><name>Hot Leads</name></Queue>"
    client.deploy(package({"Queue": "Hot"}, {"queues/Hot.queue": queue}))
    [row] = client.query(
        "SELECT Id, Name FROM Group WHERE Type = 'Queue' AND DeveloperName = 'Hot'"
    )
    assert row["Name"] == "Hot Leads"
    assert client.create("Lead", LastName="a", Company="b", OwnerId=row["Id"]).status_code == 201


def test_every_plain_type_of_the_table_can_be_kept(client: OrgClient) -> None:
    """Types with rules of their own may refuse an empty file; all others take it."""
    own_rules = {"CustomObject", "CustomField", "Layout", "PermissionSet", "PermissionSetGroup"}
    own_rules |= {"Profile", "Settings", "CustomMetadata", "CustomTab", "CustomApplication"}
    own_rules |= {"MutingPermissionSet", *APP_TYPES}
    plain = [one for one in all_types() if one.kind == "file" and not one.is_in_folder]
    kinds = [one for one in plain if one.name not in own_rules]
    files = {f"{one.folder}/X.{one.suffix}": f"<{one.name} {XMLNS}/>" for one in kinds}
    xml = package_xml({one.name: "X" for one in kinds})
    result = client.deploy(zipped({"package.xml": xml, **files}), rollbackOnError=False)
    assert result["status"] == "Succeeded", failures(result)[:5]
    assert result["numberComponentsTotal"] > 450


def test_a_component_with_an_object_of_its_name_is_a_record(client: OrgClient) -> None:
    text = (
        f"<MessagingChannel {XMLNS}><isActive>false</isActive><masterLabel>Chat</masterLabel>"
        "<messagingChannelType>EmbeddedMessaging</messagingChannelType></MessagingChannel>"
    )
    files = {"messagingChannels/Agent_Channel.messagingChannel": text}
    result = client.deploy(package({"MessagingChannel": "Agent_Channel"}, files))
    assert result["status"] == "Succeeded", result["details"]
    [row] = client.query(
        "SELECT Id, MasterLabel, IsActive FROM MessagingChannel "
        "WHERE DeveloperName = 'Agent_Channel'"
    )
    assert (row["MasterLabel"], row["IsActive"]) == ("Chat", False)
    [found] = [one for one in result["details"]["componentSuccesses"] if one["componentType"]]
    assert found["id"] == row["Id"]


def test_settings_that_fail_are_named_after_their_own_type(client: OrgClient) -> None:
    """Source: a comment in source-deploy-retrieve, deployMessages.ts."""
    files = {
        "settings/Language.settings": f"<LanguageSettings {XMLNS}><no>1</no></LanguageSettings>"
    }
    result = client.deploy(package({"Settings": "Language"}, files))
    (entry,) = result["details"]["componentFailures"]
    assert (entry["componentType"], entry["fullName"]) == ("LanguageSettings", "Language")
