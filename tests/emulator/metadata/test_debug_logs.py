"""Debug logs of traced users, their trace flags, and the events of the Streaming API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime as http_date
from typing import Any

import pytest
import requests

from provisioner.emulator.objects.values import parse_datetime
from tests.emulator.metadata.builders import package
from tests.emulator.metadata.conftest import API, OrgClient
from tests.emulator.metadata.test_apex_test_runs import META, OTHER_TEST, deployed, items, start

LOGS = (
    "SELECT Id, Application, DurationMilliseconds, Location, LogLength, LogUser.Name, Operation, "
    "Request, StartTime, Status FROM ApexLog ORDER BY StartTime DESC"
)
SOBJECTS = f"{API}/tooling/sobjects"


def trace(client: OrgClient, **values: Any) -> requests.Response:
    """Create a trace flag of the admin, as the CLI does it."""
    level = client.query("SELECT Id FROM DebugLevel", tooling=True)[0]["Id"]
    now = datetime.now(UTC)
    body = {
        "tracedentityid": client.org.admin_id,
        "logtype": "DEVELOPER_LOG",
        "debuglevelid": level,
        "StartDate": int(now.timestamp() * 1000),
        "ExpirationDate": http_date(now + timedelta(minutes=30), usegmt=True),
        **values,
    }
    return client.call("POST", f"{SOBJECTS}/TraceFlag", json=body)


def run(client: OrgClient, code: str = "System.debug('Hello');") -> None:
    path = f"{API}/tooling/executeAnonymous"
    assert client.call("GET", path, params={"anonymousBody": code}).status_code == 200


def test_a_new_org_has_one_trace_flag_that_is_over(client: OrgClient) -> None:
    """The query of the CLI (apex-node, `utils/traceFlags`)."""
    rows = client.query(
        "SELECT Id, logtype, startdate, expirationdate, debuglevelid, debuglevel.apexcode, "
        "debuglevel.visualforce FROM TraceFlag WHERE logtype='DEVELOPER_LOG' AND "
        f"TracedEntityId='{client.org.admin_id}' ORDER BY CreatedDate DESC LIMIT 1",
        tooling=True,
    )
    assert rows[0]["DebugLevel"]["ApexCode"] == "DEBUG"
    assert parse_datetime(rows[0]["ExpirationDate"]) < client.world.now()


def test_anonymous_apex_of_a_traced_user_leaves_a_log(client: OrgClient) -> None:
    run(client)
    assert client.query(LOGS, tooling=True) == []
    assert trace(client).status_code == 201
    run(client)
    run(client, "throw new DmlException('Broken');")
    logs = {row["Status"]: row for row in client.query(LOGS, tooling=True)}
    assert len(logs) == 2
    row = logs["Success"]
    assert (row["Operation"], row["Request"], row["Location"]) == ("Api", "Api", "Monitoring")
    assert row["LogUser"]["Name"] == "User User"
    for base in (SOBJECTS, f"{API}/sobjects"):
        reply = client.call("GET", f"{base}/ApexLog/{row['Id']}/Body")
        assert len(reply.content) == row["LogLength"]
        assert "|USER_DEBUG|[1]|DEBUG|Hello" in reply.text
        for part in ("Number of SOQL queries:", "|CUMULATIVE_LIMIT_USAGE_END",
                     "CODE_UNIT_STARTED|[EXTERNAL]|execute_anonymous_apex"):  # fmt: skip
            assert part in reply.text
        assert reply.text.rstrip().endswith("|EXECUTION_FINISHED")
    shown = client.call("GET", f"{SOBJECTS}/ApexLog/{row['Id']}").json()
    assert "Body" not in shown
    path = f"{SOBJECTS}/ApexLog/{row['Id']}"
    assert client.call("DELETE", path).status_code == 204
    assert client.call("GET", f"{path}/Body").status_code == 404


def test_tests_of_a_traced_user_leave_a_log(client: OrgClient) -> None:
    files = {"classes/OtherTest.cls": OTHER_TEST, "classes/OtherTest.cls-meta.xml": META}
    client.deploy(package({"ApexClass": "OtherTest"}, files))
    trace(client)
    items(client, start(client, {"classNames": "OtherTest"}))
    rows = client.query("SELECT ApexLogId, ApexLog.Operation FROM ApexTestResult", tooling=True)
    assert rows[0]["ApexLog"]["Operation"] == "ApexTestHandler"
    path = f"{API}/tooling/runTestsSynchronous"
    result = client.call("POST", path, json={"classNames": "OtherTest"}).json()
    assert result["apexLogId"].startswith("07L")


def test_two_trace_flags_of_one_kind_must_not_overlap(client: OrgClient) -> None:
    assert trace(client).status_code == 201
    assert trace(client, logtype="USER_DEBUG").status_code == 201
    refused = trace(client)
    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert refused.json()[0]["fields"] == ["TracedEntityId"]


def test_a_trace_flag_is_extended(client: OrgClient) -> None:
    """With the formats of the CLI: milliseconds, and the date of HTTP."""
    flag = client.query("SELECT Id FROM TraceFlag", tooling=True)[0]["Id"]
    now = datetime.now(UTC)
    values = {"StartDate": int(now.timestamp() * 1000),
              "ExpirationDate": http_date(now + timedelta(hours=1), usegmt=True)}  # fmt: skip
    assert client.call("PATCH", f"{SOBJECTS}/TraceFlag/{flag}", json=values).status_code == 204
    run(client)
    assert len(client.query(LOGS, tooling=True)) == 1


@pytest.mark.parametrize("value", ["soon GMT", 10**30, True, {"a": 1}])
def test_a_broken_date_of_a_trace_flag_is_refused(client: OrgClient, value: Any) -> None:
    reply = trace(client, ExpirationDate=value)
    assert reply.status_code == 400, reply.text


def test_debug_levels_have_unique_names_and_defaults(client: OrgClient) -> None:
    body = {"developerName": "Own", "MasterLabel": "Own", "ApexCode": "FINEST"}
    made = client.call("POST", f"{SOBJECTS}/DebugLevel", json=body)
    assert made.status_code == 201, made.text
    row = client.call("GET", f"{SOBJECTS}/DebugLevel/{made.json()['id']}").json()
    assert (row["ApexCode"], row["System"]) == ("FINEST", "DEBUG")
    again = client.call("POST", f"{SOBJECTS}/DebugLevel", json=body)
    assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"


class Stream:
    """A client of the Streaming API."""

    def __init__(self, client: OrgClient) -> None:
        self.client = client
        self.id = self.send("/meta/handshake", supportedConnectionTypes=["long-polling"])[0][
            "clientId"
        ]

    def send(self, channel: str, **values: Any) -> list[dict[str, Any]]:
        sent = [{"channel": channel, "id": "1", "clientId": getattr(self, "id", None), **values}]
        reply = self.client.call("POST", "/cometd/66.0", json=sent)
        assert reply.status_code == 200, reply.text
        return list(reply.json())


def test_a_new_log_is_an_event_for_those_who_wait(client: OrgClient) -> None:
    trace(client)
    stream = Stream(client)
    assert stream.send("/meta/connect", connectionType="long-polling")[0]["successful"] is True
    assert stream.send("/meta/subscribe", subscription="/systemTopic/Logging")[0]["successful"]
    run(client)
    event, answer = stream.send("/meta/connect", connectionType="long-polling")
    log_id = client.query(LOGS, tooling=True)[0]["Id"]
    assert event["channel"] == "/systemTopic/Logging"
    assert event["data"]["sobject"]["Id"] == log_id
    assert (answer["successful"], answer["advice"]["reconnect"]) == (True, "retry")
    stream.send("/meta/disconnect")
    forgotten = stream.send("/meta/connect", connectionType="long-polling")[0]
    assert forgotten["error"] == "403::Unknown client"
    assert forgotten["advice"]["reconnect"] == "handshake"


def test_tests_progress_for_those_who_wait(slow: OrgClient) -> None:
    """`sf apex get test` of a run that is not over asks again only once a minute."""
    slow.world.latencies.override({"apex_tests": 10})
    job = start(deployed(slow), {"classNames": "OtherTest"})
    stream = Stream(slow)
    stream.send("/meta/connect", connectionType="long-polling")
    stream.send("/meta/subscribe", subscription="/systemTopic/TestResult")
    for status in ("Processing", "Completed"):
        slow.world.clock.advance(11)
        event = stream.send("/meta/connect", connectionType="long-polling")[0]
        assert event["data"]["sobject"]["Id"][:15] == job
        assert items(slow, job) == {"OtherTest": status}


def test_a_stream_needs_a_session(client: OrgClient) -> None:
    sent = [{"channel": "/meta/handshake", "id": "1"}]
    headers = {"Authorization": "OAuth nothing"}
    reply = client.call("POST", "/cometd/66.0", json=sent, headers=headers)
    assert reply.status_code == 401
    assert reply.json()[0]["error"] == "401::Authentication invalid"


@pytest.mark.parametrize("body", [[], [1], "text", None])
def test_what_is_no_message_is_refused(client: OrgClient, body: Any) -> None:
    for headers in ({}, {"Authorization": "OAuth nothing"}):
        reply = client.call("POST", "/cometd/66.0", json=body, headers=headers)
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_other_channels_are_not_emulated(client: OrgClient) -> None:
    stream = Stream(client)
    for message in (
        {"channel": "/meta/subscribe", "clientId": stream.id, "subscription": "/event/A__e"},
        {"channel": "/event/A__e", "clientId": stream.id, "data": {}},
    ):
        reply = client.call("POST", "/cometd/66.0", json=[message])
        assert reply.status_code == 501
        assert "/event/A__e" in reply.text
