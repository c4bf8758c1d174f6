"""Apex classes and triggers: what compiles, and what the platform's compiler says else."""

from __future__ import annotations

import pytest

from tests.emulator.metadata.builders import apex, custom_object, package
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
      private void set(Object o) { CACHE = o instanceof A ? null : CACHE; if (size > = 0) return; }
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


def test_a_deployed_class_has_no_symbol_table(client: OrgClient) -> None:
    """An org compiles a class when it is used, not when it is deployed."""
    client.deploy(package({"ApexClass": "A"}, apex("A", "public class A { }")))
    [row] = client.query("SELECT Name, SymbolTable FROM ApexClass", tooling=True)
    assert (row["Name"], row["SymbolTable"]) == ("A", None)


def test_fields_of_the_tooling_api_are_not_in_the_data_api(client: OrgClient) -> None:
    path = "/services/data/v66.0/{}sobjects/ApexClass/describe"
    names = [
        {field["name"] for field in client.call("GET", path.format(api)).json()["fields"]}
        for api in ("", "tooling/")
    ]
    assert names[1] - names[0] == {"FullName", "ManageableState", "Metadata", "SymbolTable"}
    query = {"q": "SELECT Id, SymbolTable FROM ApexClass"}
    refused = client.call("GET", "/services/data/v66.0/query", params=query)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


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
