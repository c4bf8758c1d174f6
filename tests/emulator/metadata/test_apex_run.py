"""What anonymous Apex does to the org: values, collections, loops, queries, DML, exceptions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.world import World
from tests.emulator.metadata.builders import (
    XMLNS,
    custom_field,
    custom_object,
    object_part,
    package,
)
from tests.emulator.metadata.conftest import OrgClient, serve
from tests.emulator.metadata.test_anonymous_apex import run


@pytest.fixture(scope="module")
def shared() -> Iterator[OrgClient]:
    """One org for the tests that leave nothing behind."""
    yield from serve(World(latencies=Latencies(instant=True)))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", "3"),
        ("7 / 2.0", "3.5"),
        ("1 + 2 * 3 - 4", "3"),
        ("(1 + 2) * 3", "9"),
        ("-7 / 2", "-3"),
        ("'a' + 1 + true + null", "'a1truenull'"),
        ("'Ab' == 'aB'", "true"),
        ("1 < 2 && !(3 <= 2) || false", "true"),
        ("true ? 1 : 2", "1"),
        ("null ?? 'b'", "'b'"),
        ("Date.newInstance(2026, 1, 31).addMonths(1)", "Date.newInstance(2026, 2, 28)"),
        ("Date.newInstance(2025, 13, 1)", "Date.valueOf('2026-01-01')"),
        ("String.valueOf(Date.newInstance(2026, 1, 5))", "'2026-01-05'"),
        ("Date.newInstance(2026, 1, 1).daysBetween(Date.newInstance(2026, 2, 1))", "31"),
        ("Datetime.newInstanceGmt(2026, 1, 1, 0, 30, 0).addHours(-1).dateGmt()",
         "Date.newInstance(2025, 12, 31)"),
        ("Datetime.newInstance(2026, 1, 1, 9, 5, 0).format('yyyy-MM-dd HH:mm')",
         "'2026-01-01 09:05'"),
        ("'  Hello '.trim().toUpperCase().substring(1, 3)", "'EL'"),
        ("'a,b,,c'.split(',').size()", "4"),
        ("'7'.leftPad(3, '0')", "'007'"),
        ("'x1y22'.replaceAll('[0-9]+', '-')", "'x-y-'"),
        ("String.join(new List<String>{ 'a', 'b' }, '-')", "'a-b'"),
        ("String.format('{0} of {1}', new List<Object>{ 1, 'b' })", "'1 of b'"),
        ("String.isBlank('  ')", "true"),
        ("Integer.valueOf('12') + 1", "13"),
        ("Math.mod(7, 3) + Math.max(1, 2)", "3"),
        ("new List<Integer>{ 3, 1, 2 }[1]", "1"),
        ("new Set<String>{ 'a', 'a', 'b' }.size()", "2"),
        ("new Map<String, Integer>{ 'a' => 1, 'b' => 2 }.get('b')", "2"),
        ("UserInfo.getUserName()", "'admin@scratch.example'"),
        ("[SELECT COUNT() FROM User WHERE Username = 'admin@scratch.example']", "1"),
        ("[SELECT Profile.Name FROM User LIMIT 1].Profile.Name", "'System Administrator'"),
        ("new Account(Name = 'n').get('Name')", "'n'"),
        ("Account.SObjectType.getDescribe().getName()", "'Account'"),
        ("Limits.getLimitQueries()", "100"),
        ("Blob.valueOf('a').toString() + EncodingUtil.base64Encode(Blob.valueOf('a'))", "'aYQ=='"),
    ],
)  # fmt: skip
def test_values(shared: OrgClient, expression: str, expected: str) -> None:
    """The assertion with another value shows that it is evaluated at all."""
    assert run(shared, f"System.assertEquals({expected}, {expression});")["success"] is True
    wrong = run(shared, f"System.assertNotEquals({expected}, {expression});")
    assert wrong["exceptionMessage"] == "System.AssertException: Assertion Failed"


@pytest.mark.parametrize(
    "code",
    [
        "Integer n = 0; for (Integer i = 0; i < 4; i++) { if (i == 2) continue; n += i; } "
        "return n;",
        "Integer n = 0; while (true) { n++; if (n >= 4) break; } return n;",
        "Integer n = 0; do { n += 2; } while (n < 4); return n;",
        "Integer n = 0; for (String s : 'a,b,c,d'.split(',')) { n++; } return n;",
        "switch on 'b' { when 'a' { return 1; } when 'b', 'c' { return 4; } when else { return 2; }"
        " }",
        "try { Integer[] a = new List<Integer>(); return a[0]; } "
        "catch (ListException e) { return 4; }",
        "try { String s; return s.length(); } catch (NullPointerException e) { return 4; }",
        "try { throw new MyException('4'); } "
        "catch (Exception e) { return Integer.valueOf(e.getMessage()); }",
        "Account a; return a?.Name == null ? 4 : 1;",
        "Decimal d = 8; return (Integer) (d / 2).intValue();",
        "Integer a = 1, b = 3; return a + b;",
        "List<Integer> l = new Integer[]{ 1 }; l.addAll(new List<Integer>{ 3 }); "
        "return l[0] + l[1];",
        "User u = [SELECT Name FROM User LIMIT 1]; update u; return u.Id == null ? 1 : 4;",
        "User[] u = [SELECT Id FROM User]; return 3 + u.size();",
        "Integer n = 0; for (User[] some : [SELECT Id FROM User]) { n += some.size(); } "
        "return 3 + n;",
        "Map<Id, User> m = new Map<Id, User>([SELECT Id FROM User]); return 3 + m.keySet().size();",
    ],
)  # fmt: skip
def test_statements(shared: OrgClient, code: str) -> None:
    """Each method of a block returns 4."""
    call = f"Integer f() {{ {code} }}\nSystem.assertEquals(%d, f());"
    assert run(shared, call % 4)["success"] is True
    assert run(shared, call % 5)["success"] is False
    assert shared.world.notes == []


def test_records_are_made_in_loops(client: OrgClient) -> None:
    code = """
        List<Account> parents = new List<Account>();
        for (Integer i = 0; i < 3; i++) {
            parents.add(new Account(Name = 'Parent ' + i, NumberOfEmployees = i * 10));
        }
        insert parents;
        Map<String, Account> byName = new Map<String, Account>();
        for (Account a : [SELECT Id, Name FROM Account WHERE Id IN :parents]) {
            byName.put(a.Name, a);
        }
        Opportunity o = new Opportunity(Name = 'o', StageName = 'Prospecting');
        o.CloseDate = Date.newInstance(2026, 12, 24).addDays(7);
        o.AccountId = byName.get('Parent 2').Id;
        insert o;
    """
    assert run(client, code)["success"] is True
    [row] = client.query("SELECT CloseDate, Account.Name FROM Opportunity")
    assert (row["CloseDate"], row["Account"]["Name"]) == ("2026-12-31", "Parent 2")
    rows = client.query("SELECT Name, NumberOfEmployees FROM Account ORDER BY Name")
    assert [row["NumberOfEmployees"] for row in rows] == [0, 10, 20]
    assert client.world.notes == []


def test_queried_records_are_updated_and_deleted(client: OrgClient) -> None:
    for name in ("a", "b", "c"):
        client.create("Account", Name=name)
    code = """
        String wanted = 'a';
        Account first = [SELECT Id, Name, Owner.Name FROM Account WHERE Name = :wanted LIMIT 1];
        first.Phone = '1';
        update first;
        delete [SELECT Id FROM Account WHERE Name = 'b'];
        List<Account> rest = Database.query('SELECT Id FROM Account WHERE Phone = null');
        for (Account one : rest) one.put('Phone', '2');
        Database.SaveResult[] results = Database.update(rest, false);
        System.assert(results[0].isSuccess());
    """
    assert run(client, code)["success"] is True
    rows = client.query("SELECT Name, Phone FROM Account ORDER BY Name")
    assert [(row["Name"], row["Phone"]) for row in rows] == [("a", "1"), ("c", "2")]


def test_records_are_upserted_by_an_external_id(client: OrgClient) -> None:
    key = custom_field("Key__c", "Text", "<length>20</length><externalId>true</externalId>")
    files = {"objects/Account.object": object_part(key)}
    client.deploy(package({"CustomField": "Account.Key__c"}, files))
    code = "upsert new List<Account>{ new Account(Name = 'x%d', Key__c = 'k') } Key__c;"
    assert run(client, code % 1)["success"] is True
    assert run(client, code % 2)["success"] is True
    assert [row["Name"] for row in client.query("SELECT Name FROM Account")] == ["x2"]
    child = "insert new Contact(LastName = 'c', Account = new Account(Key__c = 'k'));"
    assert run(client, child)["success"] is True
    assert client.query("SELECT Account.Name FROM Contact")[0]["Account"]["Name"] == "x2"


def test_a_list_is_inserted_as_a_whole_or_in_part(client: OrgClient) -> None:
    two = "new List<Account>{ new Account(Name = 'a'), new Account() }"
    failed = run(client, f"insert {two};")
    assert failed["exceptionMessage"] == (
        "System.DmlException: Insert failed. First exception on row 1; first error: "
        "REQUIRED_FIELD_MISSING, Required fields are missing: [Name]: [Name]"
    )
    assert client.query("SELECT Id FROM Account") == []
    partly = f"""
        List<Database.SaveResult> all = Database.insert({two}, false);
        System.assertEquals(true, all[0].isSuccess());
        System.assertEquals('REQUIRED_FIELD_MISSING',
            String.valueOf(all[1].getErrors()[0].getStatusCode()));
    """
    assert run(client, partly)["success"] is True
    assert len(client.query("SELECT Id FROM Account")) == 1


def test_a_caught_exception_fails_nothing(client: OrgClient) -> None:
    code = """
        try { insert new Account(); } catch (DmlException e) {
            insert new Account(Name = e.getDmlMessage(0));
        } finally { insert new Account(Name = 'finally'); }
    """
    assert run(client, code)["success"] is True
    names = [row["Name"] for row in client.query("SELECT Name FROM Account ORDER BY Name")]
    assert names == ["finally", "Required fields are missing: [Name]"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Account a = [SELECT Id FROM Account WHERE Name = 'no'];",
         "System.QueryException: List has no rows for assignment to SObject"),
        ("User u = [SELECT Id FROM User LIMIT 1]; String n = u.Email;",
         "System.SObjectException: SObject row was retrieved via SOQL without querying the "
         "requested field: User.Email"),
        ("Account a; a.Name = 'x';",
         "System.NullPointerException: Attempt to de-reference a null object"),
        ("Integer i = 1 / 0;", "System.MathException: Divide by 0"),
        ("new List<Integer>().get(2);", "System.ListException: List index out of bounds: 2"),
        ("insert new Account(Name = 'a'); insert new Group(Name = 'g');",
         "System.DmlException: Insert failed. First exception on row 0; first error: "
         "MIXED_DML_OPERATION, DML operation on setup object is not permitted after you have "
         "updated a non-setup object (or vice versa): Group, original object: Account: []"),
    ],
)  # fmt: skip
def test_exceptions_of_the_platform(shared: OrgClient, code: str, message: str) -> None:
    result = run(shared, code)
    assert (result["success"], result["exceptionMessage"]) == (False, message)
    assert shared.query("SELECT Id FROM Account") == []


@pytest.mark.parametrize(
    ("code", "row", "problem"),
    [
        ("for (Bad__c one : [SELECT Id FROM Bad__c]) {}", 0, "Invalid type: Bad__c"),
        ("delete [SELECT Id FROM Bad__c];", 16, "sObject type 'Bad__c' is not supported. "),
        ("Id x; List<Id> y; Integer z = 1; if (z == 2) { "
         "delete [SELECT Id, Bad__c FROM Account WHERE Id = :x OR Id IN :y LIMIT :z]; }",
         12, "No such column 'Bad__c' on entity 'Account'. "),
    ],
)  # fmt: skip
def test_queries_are_compiled_even_where_they_are_not_run(
    shared: OrgClient, code: str, row: int, problem: str
) -> None:
    """The text: UnofficialSF/LightningFlowComponents issue 1085."""
    result = run(shared, f"insert new Account(Name = 'a');\n{code}")
    text = result["compileProblem"]
    assert (result["compiled"], result["line"]) == (False, 2)
    assert text.startswith("\nSELECT Id" if row else problem)
    assert f"\nERROR at Row:1:Column:{row}\n{problem}" in text or not row
    assert shared.query("SELECT Id FROM Account") == []


@pytest.mark.parametrize(
    "code",
    [
        "List<Account> all = new List<Account>{ new Account(Name = 'a', Bad__c = 'x') };",
        "void make() { insert new Account(Name = 'a', Bad__c = 'x'); }",
        "if (1 == 2) { Account a = new Account(Name = 'a', Bad__c = 'x'); }",
    ],
)
def test_fields_of_new_records_are_compiled_wherever_they_are(shared: OrgClient, code: str) -> None:
    result = run(shared, code)
    assert result["compiled"] is False
    assert result["compileProblem"] == "Field does not exist: Bad__c on Account"


def test_a_field_that_only_some_orgs_have_is_not_followed(client: OrgClient) -> None:
    code = "insert new Account(Name = 'a', HasPrivacyHold = true); insert new Account(Name = 'b');"
    assert run(client, code)["success"] is True
    assert "HasPrivacyHold" in client.world.notes[-1]
    assert [one["Name"] for one in client.query("SELECT Name FROM Account")] == ["b"]


def test_queries_that_exist_compile_with_bound_values_of_every_position(shared: OrgClient) -> None:
    code = """
        Set<Id> ids = new Set<Id>(); Integer most = 5, from_ = 0; String name = 'a';
        System.assertEquals(0, [SELECT COUNT() FROM Account WHERE Id IN :ids]);
        System.assertEquals(0, [SELECT Id, (SELECT Id FROM Contacts LIMIT :most) FROM Account
            WHERE Id NOT IN :ids AND Name = :name LIMIT :most OFFSET :from_].size());
        System.assertEquals(0, [SELECT Name, COUNT(Id) n FROM Account GROUP BY Name].size());
    """
    assert run(shared, code)["success"] is True


def test_numbers_enums_and_the_objects_of_the_org(shared: OrgClient) -> None:
    code = """
        System.assertEquals(2.34, (2.349).setScale(2, RoundingMode.DOWN));
        System.assertEquals(2.35, (2.349).setScale(2, System.RoundingMode.CEILING));
        System.assertEquals(2.35, (2.345).setScale(2));
        System.assertEquals(2.0, Math.rint(2.5));
        System.assertEquals('INFO', System.LoggingLevel.INFO.name());
        System.assertEquals(97, 'ab'.getChars()[0]);
        Map<String, Schema.SObjectType> all = Schema.getGlobalDescribe();
        System.assertEquals(Account.SObjectType, all.get('account'));
        System.assertEquals(null, all.get('bad__c'));
        System.assertEquals(true, all.containsKey('ACCOUNT'));
        System.assertEquals('Account', all.get('Account').getDescribe().getName());
    """
    result = run(shared, code)
    assert result["success"] is True, result["exceptionMessage"]
    assert shared.world.notes == []


def test_users_may_change_together_with_records_if_their_role_and_rights_stay(
    client: OrgClient,
) -> None:
    """As the set-up of trailheadapps/ready-to-fly does."""
    code = """
        User other = new User(Username = 'o@x.example', LastName = 'o', Email = 'o@x.example',
            Alias = 'o', TimeZoneSidKey = 'GMT', LocaleSidKey = 'en_US',
            EmailEncodingKey = 'UTF-8', LanguageLocaleKey = 'en_US',
            ProfileId = [SELECT Id FROM Profile WHERE Name = 'Standard Platform User'].Id);
        insert other;
        insert new Account(Name = 'a');
        User me = [SELECT Id FROM User WHERE Id = :UserInfo.getUserId()];
        me.ManagerId = other.Id;
        update me;
    """
    result = run(client, code)
    assert result["success"] is True, result
    [row] = client.query("SELECT Manager.Name FROM User WHERE ManagerId != null")
    assert row["Manager"]["Name"] == "o"
    code = """
        insert new Account(Name = 'b');
        User me = [SELECT Id FROM User WHERE Id = :UserInfo.getUserId()];
        me.Username = 'new@x.example';
        update me;
    """
    refused = run(client, code)
    assert "MIXED_DML_OPERATION" in refused["exceptionMessage"]


def test_record_types_settings_and_custom_metadata(client: OrgClient) -> None:
    setting = custom_object(label="S").replace(
        "<nameField><label>Name</label><type>Text</type></nameField>"
        "<sharingModel>ReadWrite</sharingModel>",
        "<customSettingsType>Hierarchy</customSettingsType>"
        + custom_field("On__c", "Checkbox", "<defaultValue>false</defaultValue>"),
    )
    kind = (
        "<recordTypes><fullName>Partner</fullName><label>A partner</label><active>true</active>"
        "</recordTypes>"
    )
    metadata = {
        "objects/S__c.object": setting,
        "objects/Account.object": object_part(kind),
        "objects/T__mdt.object": f"<CustomObject {XMLNS}><label>T</label></CustomObject>",
        "customMetadata/T.One.md": (
            f"<CustomMetadata {XMLNS}><label>The one</label></CustomMetadata>"
        ),
    }
    members = {"CustomObject": "S__c T__mdt", "RecordType": "Account.Partner",
               "CustomMetadata": "T.One"}  # fmt: skip
    result = client.deploy(package(members, metadata))
    assert result["status"] == "Succeeded", result["details"]
    code = """
        S__c s = S__c.getOrgDefaults();
        s.On__c = true;
        upsert s;
        Id kind = Schema.SObjectType.Account.getRecordTypeInfosByDeveloperName()
            .get('Partner').getRecordTypeId();
        insert new Account(Name = T__mdt.getInstance('One').MasterLabel, RecordTypeId = kind);
        System.assertEquals(true, S__c.getInstance().On__c);
    """
    assert run(client, code)["success"] is True, client.world.notes
    [row] = client.query("SELECT Name, RecordType.Name FROM Account")
    assert (row["Name"], row["RecordType"]["Name"]) == ("The one", "A partner")
    assert client.query("SELECT SetupOwnerId FROM S__c")[0]["SetupOwnerId"] == client.org.id
    assert client.world.notes == []


# --- what is not followed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "line", "reason"),
    [
        ("SampleData.create();", 1, "the method SampleData.create"),
        ("\nId job = System.enqueueJob(new Loader());", 2, "the class Loader"),
        ("Integer n = Helper.count(); System.assertEquals(5, n);", 1, "the method Helper.count"),
        ("if (Helper.isNew()) { insert new Account(); }", 1, "the method Helper.isNew"),
        ("List<List<SObject>> f = [FIND 'a' IN ALL FIELDS];", 1, "SOSL"),
        ("Helper h = new Helper(); h.Name = 'x'; insert h.record;", 1, "the class Helper"),
        ("while (true) { Integer i = 1; }", 1, "more than 200,000 statements"),
    ],
)  # fmt: skip
def test_what_is_not_followed_is_said_and_fails_nothing(
    client: OrgClient, code: str, line: int, reason: str
) -> None:
    assert run(client, code)["success"] is True
    [note] = client.world.notes
    assert note.startswith(
        f"The emulator cannot follow the anonymous Apex from line {line} ({reason}"
    )


def test_what_can_be_followed_around_it_is_done(client: OrgClient) -> None:
    code = """
        insert new Account(Name = 'before');
        List<Account> made = new List<Account>();
        made.add(Factory.account());
        insert made;
        insert new Account(Name = 'after');
        System.assertEquals(3, [SELECT COUNT() FROM Account]);
    """
    assert run(client, code)["success"] is True
    names = [row["Name"] for row in client.query("SELECT Name FROM Account ORDER BY Name")]
    assert names == ["after", "before"], "the exception at the end is not trusted"
    assert len(client.world.notes) == 1


def test_a_rollback_keeps_nothing(client: OrgClient) -> None:
    code = """
        Savepoint s = Database.setSavepoint();
        insert new Account(Name = 'a');
        Database.rollback(s);
    """
    assert run(client, code)["success"] is True
    assert client.query("SELECT Id FROM Account") == []
    assert "Database.rollback" in client.world.notes[0]
