"""Apex, bundles, settings, layouts and the many types that are kept as they are."""

from __future__ import annotations

import pytest

from provisioner.emulator.metadata.component_types import all_types
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


def compile_problem(client: OrgClient, body: str, name: str = "A") -> tuple[str, int, int]:
    """Problem, line and column of a class that does not compile."""
    result = client.deploy(package({"ApexClass": name}, apex(name, body)))
    [found] = result["details"]["componentFailures"]
    return found["problem"], found["lineNumber"], found["columnNumber"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("public class A {\n  void f() { f()\n }\n}", ("Missing ';' at '}'", 3, 2)),
        ("public class A {\n  void f() { f() f(); }\n}", ("Missing ';' at 'f'", 2, 18)),
        ("public class A {\n  void f() {\n", ("Expecting '}' but was: '<EOF>'", 3, 1)),
        ("public class A { } }", ("Extra '}', at '}'.", 1, 20)),
        ("public class A { void f( { } }", ("Unexpected token '{'.", 1, 26)),
        ("public class A { Integer i = ; }", ("Unexpected token ';'.", 1, 30)),
        ("privat class A { }", ("Unexpected token 'privat'.", 1, 1)),
        (
            "public class A { String s = 'a; }",
            ("Missing closing quote character ' on string.", 1, 29),
        ),
        ("public class A { /* }", ("Missing closing mark */ on multi-line comment.", 1, 18)),
        (
            'public class A { String s = "a"; }',
            ("Unrecognized symbol '\"', which is not a valid Apex identifier.", 1, 29),
        ),
        (
            "public class A {\n  Object o = new Foo__c(Name = 'x');\n}",
            ("Invalid type: Foo__c", 2, 18),
        ),
        ("public class A { List<Foo__c> all; }", ("Invalid type: Foo__c", 1, 23)),
        ("public class A { void f(Foo__mdt x) { } }", ("Invalid type: Foo__mdt", 1, 25)),
        ("public class B { }", ("Invalid class name: expected A, found B", 1, 14)),
    ],
)
def test_classes_that_do_not_compile(
    client: OrgClient, body: str, problem: tuple[str, int, int]
) -> None:
    assert compile_problem(client, body) == problem


def test_a_class_uses_an_object_of_the_same_deploy(client: OrgClient) -> None:
    files = {
        **apex("A", "public class A { Thing__c t = new Thing__c(Name = 'x'); }"),
        "objects/Thing__c.object": custom_object(),
    }
    result = client.deploy(package({"ApexClass": "A", "CustomObject": "Thing__c"}, files))
    assert result["status"] == "Succeeded"
    [row] = client.query("SELECT Name, ApiVersion, Status, Body FROM ApexClass")
    assert (row["Name"], row["ApiVersion"], row["Status"]) == ("A", 66.0, "Active")
    assert "new Thing__c" in row["Body"]
    assert len(client.query("SELECT Id FROM ApexClass WHERE Name = 'A'", tooling=True)) == 1


def test_modern_and_odd_apex_compiles(client: OrgClient) -> None:
    body = """
    @IsTest(SeeAllData=false)
    public with sharing virtual class A extends Base implements Comparable, Iterable<Object> {
      public static final Map<Id, List<Account>> CACHE = new Map<Id, List<Account>>{ null => null };
      public Integer size { get { return this.size ?? 0; } private set; }
      public enum Colour { RED, GREEN }
      static { CACHE.clear(); }
      public A(Integer i) { this(); }
      public override Integer compareTo(Object o) { return o instanceof A ? ((A) o).size : -1; }
      private Account[] find(Set<Id> ids) {
        for (Account a : [SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id IN :ids]) {
          if (a?.Name == 'it''s' || !ids.contains(a.Id)) continue; else break;
        }
        switch on ids.size() {
          when 1, 2 { return null; }
          when else { insert as user new Account(); }
        }
        do { size++; } while (size < 3 && true);
        try { upsert new Account() Name; } catch (DmlException e) { throw e; } finally { size = 0; }
        System.runAs(new User()) { delete [SELECT Id FROM Account]; }
        Object o = (Account[]) JSON.deserialize('[]', Account[].class);
        return new Account[]{ new Account(Name = 'x', Phone = '1'), null };
      }
      interface Inner { void run(List<String> names); }
    }""".replace("'it''s'", r"'it\'s'")
    assert successes(client.deploy(package({"ApexClass": "A"}, apex("A", body)))) == ["A"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("trigger T on Foo__c (before insert) { }", "Invalid type: Foo__c"),
        ("trigger T on Account (before insert) { x }", "Missing ';' at '}'"),
        ("trigger T on Account (sometimes) { }", "Unexpected token 'sometimes'."),
        (
            "trigger T on Account (after insert, after insert) { }",
            "Duplicate Trigger Usage: AFTER INSERT",
        ),
        (
            "trigger T on PermissionSetAssignment (after insert) { }",
            "SObject type does not allow triggers: PermissionSetAssignment",
        ),
        ("trigger U on Account (before insert) { }", "Invalid trigger name: expected T, found U"),
    ],
)
def test_triggers_that_do_not_compile(client: OrgClient, body: str, problem: str) -> None:
    result = client.deploy(package({"ApexTrigger": "T"}, apex("T", body, folder="triggers")))
    assert failures(result) == [("triggers/T.trigger", "T", problem)]


def test_a_trigger_of_an_object_of_the_same_deploy(client: OrgClient) -> None:
    body = "trigger T on Thing__c (before insert, after update) { System.debug(Trigger.new); }"
    files = {**apex("T", body, folder="triggers"), "objects/Thing__c.object": custom_object()}
    result = client.deploy(package({"ApexTrigger": "T", "CustomObject": "Thing__c"}, files))
    assert result["status"] == "Succeeded"
    assert client.query("SELECT TableEnumOrId FROM ApexTrigger")[0]["TableEnumOrId"] == "Thing__c"


def test_the_api_version_of_a_class(client: OrgClient) -> None:
    files = apex("A", "public class A { }", version="88.0")
    [found] = client.deploy(package({"ApexClass": "A"}, files))["details"]["componentFailures"]
    assert found["problem"] == "Invalid api version:88.0"
    assert found["fullName"] == "classes/A.cls-meta.xml"


def test_a_class_without_its_description_and_the_other_way_round(client: OrgClient) -> None:
    whole = apex("A", "public class A { }")
    only_body = {"classes/A.cls": whole["classes/A.cls"]}
    result = client.deploy(package({"ApexClass": "A"}, only_body))
    assert "classes/A.cls-meta.xml" in failures(result)[0][2]
    only_meta = {"classes/A.cls-meta.xml": whole["classes/A.cls-meta.xml"]}
    result = client.deploy(package({"ApexClass": "A"}, only_meta))
    assert "classes/A.cls" in failures(result)[0][2]


CONFIGURATION = (
    f"<LightningComponentBundle {XMLNS}><apiVersion>66.0</apiVersion></LightningComponentBundle>"
)
LWC: Files = {"lwc/hello/hello.js": "x", "lwc/hello/hello.js-meta.xml": CONFIGURATION}


def test_a_lightning_bundle(client: OrgClient) -> None:
    files = {**LWC, "lwc/hello/hello.html": "<template></template>", "lwc/hello/sub/x.css": ""}
    result = client.deploy(package({"LightningComponentBundle": "hello"}, files))
    assert successes(result) == ["hello"]
    assert result["details"]["componentSuccesses"][1]["fileName"] == "lwc/hello"


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


def test_an_external_client_app_is_kept(client: OrgClient) -> None:
    files: Files = {
        "externalClientApps/App.eca": f"<ExternalClientApplication {XMLNS}/>",
        "extlClntAppOauthSettings/App.ecaOauth": f"<ExtlClntAppOauthSettings {XMLNS}/>",
    }
    members = {"ExternalClientApplication": "App", "ExtlClntAppOauthSettings": "App"}
    assert client.deploy(package(members, files))["status"] == "Succeeded"


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
    own_rules |= {"MutingPermissionSet"}
    plain = [one for one in all_types() if one.kind == "file" and not one.is_in_folder]
    kinds = [one for one in plain if one.name not in own_rules]
    files = {f"{one.folder}/X.{one.suffix}": f"<{one.name} {XMLNS}/>" for one in kinds}
    xml = package_xml({one.name: "X" for one in kinds})
    result = client.deploy(zipped({"package.xml": xml, **files}), rollbackOnError=False)
    assert result["status"] == "Succeeded", failures(result)[:5]
    assert result["numberComponentsTotal"] > 450


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
    result = client.deploy(package({}, changes))
    assert result["status"] == "Succeeded"
    messages = result["details"]["componentSuccesses"]
    deleted = [one["fullName"] for one in messages if one["deleted"]]
    assert deleted == ["Account.Ext__c", "Thing__c.A__c", "A"]
    [warning] = [one for one in messages if one["problemType"] == "Warning"]
    assert warning["problem"] == "No CustomObject named: Nobody__c found"
    assert client.query("SELECT Id FROM ApexClass") == []
    assert client.create("Account", Name="a", Ext__c="x").status_code == 400
    assert client.create("Thing__c", Name="a", B__c="x").status_code == 201
    client.deploy(
        package({}, {"destructiveChanges.xml": package_xml({"CustomObject": "Thing__c"})})
    )
    assert client.create("Thing__c", Name="a").status_code == 404


def test_a_destructive_deploy_that_fails_deletes_nothing(client: OrgClient) -> None:
    client.deploy(package({"ApexClass": "A"}, apex("A", "public class A { }")))
    files = {
        "destructiveChangesPre.xml": package_xml({"ApexClass": "A"}),
        **apex("B", "public class B {"),
    }
    assert client.deploy(package({"ApexClass": "B"}, files))["status"] == "Failed"
    assert len(client.query("SELECT Id FROM ApexClass WHERE Name = 'A'")) == 1
