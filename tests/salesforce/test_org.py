"""The API of an org, by simple-salesforce where that serves."""

from __future__ import annotations

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.apex import execute_anonymous
from provisioner.salesforce.fields import row
from provisioner.salesforce.org import OrgClient, newest_api_version
from provisioner.salesforce.packages import availability
from provisioner.salesforce.session import OrgSession
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import Answer, ScriptedServer
from tests.salesforce.test_session import grant
from tests.salesforce.world import Emulated


@pytest.fixture
def org(emulated: Emulated) -> OrgClient:
    emulated.scratch_org()
    return emulated.client()


def scripted(server: ScriptedServer, transport: Transport) -> OrgClient:
    return scripted_at(server.url, transport)


def scripted_at(url: str, transport: Transport) -> OrgClient:
    session = OrgSession(transport, "org", "me", grant(url), lambda: grant(url))
    return OrgClient(session, "68.0")


def test_the_newest_api_version_is_by_number_and_not_by_letter(
    server: ScriptedServer, transport: Transport
) -> None:
    versions = [{"version": v, "url": f"/services/data/v{v}"} for v in ("9.0", "68.0", "8.0")]
    server.plays(Answer(200, versions))
    assert newest_api_version(scripted(server, transport).session) == "68.0"
    server.plays(Answer(200, {"odd": 1}))
    with pytest.raises(SalesforceError, match="expected a list"):
        newest_api_version(scripted(server, transport).session)


def test_the_emulated_org_is_asked_for_its_newest_version(org: OrgClient) -> None:
    assert float(newest_api_version(org.session)) >= 67.0


def test_a_long_query_is_read_page_after_page(server: ScriptedServer, transport: Transport) -> None:
    more = "/services/data/v68.0/query/01g-2000"
    server.plays(
        Answer(200, {"records": [{"Id": "1"}], "done": False, "nextRecordsUrl": more}),
        Answer(200, {"records": [{"Id": "2"}], "done": True}),
    )
    assert scripted(server, transport).query("SELECT Id FROM A") == [{"Id": "1"}, {"Id": "2"}]
    assert server.seen[1].path == more


def test_a_long_tooling_query_is_too(server: ScriptedServer, transport: Transport) -> None:
    more = "/services/data/v68.0/tooling/query/01g-2000"
    server.plays(
        Answer(200, {"records": [{"Id": "1"}], "done": False, "nextRecordsUrl": more}),
        Answer(200, {"records": [{"Id": "2"}], "done": True}),
    )
    found = scripted(server, transport).tooling_query_as("SELECT Id FROM A", row)
    assert found == [{"Id": "1"}, {"Id": "2"}]
    assert server.seen[0].path.startswith("/services/data/v68.0/tooling/query?q=SELECT+Id+FROM+A")
    assert server.seen[1].path == more


@pytest.mark.parametrize("answer", [Answer(200, {"odd": 1}), Answer(200, [])])
def test_an_answer_of_another_shape_is_an_error_of_the_server(
    server: ScriptedServer, transport: Transport, answer: Answer
) -> None:
    server.plays(answer)
    with pytest.raises(SalesforceError, match="me: GET query: HTTP 200, but the answer") as caught:
        scripted(server, transport).query("SELECT Id FROM A")
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_records_are_created_counted_found_and_deleted(org: OrgClient) -> None:
    first = org.create("Account", {"Name": "O'Hara"})
    results = org.create_many(
        [{"attributes": {"type": "Account"}, "Name": "B"}, {"attributes": {"type": "Account"}}]
    )
    assert [result["success"] for result in results] == [True, False]
    assert org.count("SELECT COUNT() FROM Account") == 2
    assert [r["Id"] for r in org.query("SELECT Id FROM Account WHERE Name = 'O\\'Hara'")] == [first]
    org.delete("Account", first)
    assert [result["success"] for result in org.delete_many([results[0]["id"]])] == [True]
    assert org.count("SELECT COUNT() FROM Account") == 0


def test_an_error_names_org_call_and_reason(org: OrgClient) -> None:
    with pytest.raises(SalesforceError) as caught:
        org.create("Account", {"Name": "A", "Nonsense__c": 1})
    assert caught.value.error_code == "INVALID_FIELD"
    assert caught.value.message.startswith(
        "morning-abc123@acme.example: POST sobjects/Account: HTTP 400: INVALID_FIELD: "
    )


def test_the_session_that_ends_between_two_calls_is_not_noticed(
    emulated: Emulated, org: OrgClient
) -> None:
    emulated.fault({"org": "scratch"}, {"do": "expire_session"})
    assert org.count("SELECT COUNT() FROM Account") == 0
    assert emulated.requests("query") == 2


def test_a_version_is_available_or_not_known() -> None:
    with Emulated(packages={"04t000000000001AAA": {"name": "Billing"}}) as emulated:
        emulated.scratch_org()
        org = emulated.client()
        assert availability(org, "04t000000000001AAA") == "NO_ERRORS_DETECTED"
        assert availability(org, "04t000000000009AAA") == ""


def test_a_short_script_runs_over_rest_and_a_long_one_over_soap(
    emulated: Emulated, org: OrgClient
) -> None:
    short = "insert new Account(Name = 'A');"
    assert execute_anonymous(org, short).is_success
    long = f"// {'<&> ' * 5000}\n{short}"
    result = execute_anonymous(org, long)
    assert (result.is_compiled, result.is_success, result.problem) == (True, True, "")
    assert org.count("SELECT COUNT() FROM Account") == 2
    routes = [entry.route for entry in emulated.world.log.entries()]
    assert routes.count("tooling.executeAnonymous") == 1
    assert sum("soap" in route for route in routes) == 1


def test_an_ended_session_is_renewed_for_soap_as_well(emulated: Emulated, org: OrgClient) -> None:
    emulated.world.sessions.end(org.session.grant.access_token)
    assert execute_anonymous(org, f"// {'x' * 13_000}\nSystem.debug(1);").is_success


def test_apex_that_answers_nothing_is_an_error_of_the_server(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(Answer(200, "null", {"Content-Type": "application/json"}))
    with pytest.raises(SalesforceError, match="expected an object, got null"):
        execute_anonymous(scripted(server, transport), "x();")
