"""Assignment rules: who owns a new case or lead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.metadata.builders import XMLNS, package
from tests.emulator.metadata.conftest import API, OrgClient


def criterion(field: str, operation: str, value: str) -> str:
    """One criterion of an entry."""
    return (
        f"<criteriaItems><field>{field}</field><operation>{operation}</operation>"
        f"<value>{value}</value></criteriaItems>"
    )


def deploy_rule(client: OrgClient, *criteria: str, logic: str = "", active: str = "true") -> str:
    """Deploy a queue, and a rule of cases with one entry for it; the queue's id."""
    found = f"<booleanFilter>{logic}</booleanFilter>" if logic else ""
    rules = (
        f"<AssignmentRules {XMLNS}><assignmentRule><fullName>Route</fullName>"
        f"<active>{active}</active><ruleEntry><assignedTo>Desk</assignedTo>"
        f"<assignedToType>Queue</assignedToType>{found}{''.join(criteria)}</ruleEntry>"
        "</assignmentRule></AssignmentRules>"
    )
    queue = (
        f"<Queue {XMLNS}><name>Desk</name><queueSobject><sobjectType>Case</sobjectType>"
        "</queueSobject></Queue>"
    )
    files = {"assignmentRules/Case.assignmentRules": rules, "queues/Desk.queue": queue}
    result = client.deploy(package({"AssignmentRules": "Case", "Queue": "Desk"}, files))
    assert result["status"] == "Succeeded", result
    [row] = client.query("SELECT Id FROM Group WHERE DeveloperName = 'Desk'")
    return str(row["Id"])


def owner(client: OrgClient, case_id: str) -> str:
    """The owner of a case."""
    return str(client.query(f"SELECT OwnerId FROM Case WHERE Id = '{case_id}'")[0]["OwnerId"])


def create(client: OrgClient, header: str = "", **values: Any) -> str:
    """The owner of a new case."""
    headers = {"Sforce-Auto-Assign": header} if header else {}
    reply = client.call("POST", f"{API}/sobjects/Case", json=values, headers=headers)
    assert reply.status_code == 201, reply.text
    return owner(client, reply.json()["id"])


def test_the_header_decides_and_the_default_is_true(client: OrgClient) -> None:
    queue = deploy_rule(client, criterion("Case.Subject", "startsWith", "Urgent"))
    assert create(client, Subject="urgent: door") == queue
    assert create(client, "TRUE", Subject="Urgent") == queue
    assert create(client, "FALSE", Subject="Urgent") == client.org.admin_id
    assert create(client, Subject="Not urgent") == client.org.admin_id
    reply = client.call(
        "POST", f"{API}/sobjects/Case", json={}, headers={"Sforce-Auto-Assign": "01QE00000000001"}
    )
    assert reply.status_code == 501


def test_a_change_applies_the_rule_again(client: OrgClient) -> None:
    queue = deploy_rule(client, criterion("Case.Subject", "contains", "door"))
    case_id = client.create("Case", Subject="window").json()["id"]
    path, change = f"{API}/sobjects/Case/{case_id}", {"Subject": "door"}
    client.call("PATCH", path, json=change, headers={"Sforce-Auto-Assign": "false"})
    assert owner(client, case_id) == client.org.admin_id
    client.call("PATCH", path, json=change)
    assert owner(client, case_id) == queue


@pytest.mark.parametrize(
    ("logic", "values", "is_assigned"),
    [
        ("", {"Subject": "a", "Priority": "High"}, True),
        ("", {"Subject": "a", "Priority": "Low"}, False),
        ("1 OR 2", {"Subject": "a", "Priority": "Low"}, True),
        ("1 OR 2 AND 3", {"Subject": "a", "Priority": "Low"}, True),
        ("(1 OR 2) AND 3", {"Subject": "a", "Origin": "Web"}, False),
        ("(1 OR 2) AND 3", {"Subject": "a", "Origin": "Phone"}, True),
        ("NOT 1", {"Subject": "b"}, True),
        ("4", {"Subject": "a"}, False),
        ("((", {"Subject": "a"}, False),
    ],
)
def test_criteria_are_combined(
    client: OrgClient, logic: str, values: dict[str, str], is_assigned: bool
) -> None:
    criteria = [
        criterion("Case.Subject", "equals", "a"),
        criterion("Case.Priority", "equals", "High, Medium"),
    ]
    if "3" in logic:
        criteria.append(criterion("Case.Origin", "notEqual", "Web"))
    queue = deploy_rule(client, *criteria, logic=logic)
    assert (create(client, **{"Priority": "Low", **values}) == queue) is is_assigned


def test_only_an_active_rule_applies_and_only_to_requests_of_the_rest_api(
    client: OrgClient,
) -> None:
    deploy_rule(client, criterion("Case.Subject", "equals", "a"), active="false")
    assert create(client, Subject="a") == client.org.admin_id
    queue = deploy_rule(client, criterion("Case.Subject", "equals", "a"))
    inner = {"method": "POST", "url": f"{API}/sobjects/Case", "referenceId": "a",
             "body": {"Subject": "a"}}  # fmt: skip
    skipped = {**inner, "referenceId": "b", "httpHeaders": {"Sforce-Auto-Assign": "FALSE"}}
    whole = {"compositeRequest": [inner, skipped]}
    answers = client.call("POST", f"{API}/composite", json=whole).json()["compositeResponse"]
    owners = [owner(client, one["body"]["id"]) for one in answers]
    assert owners == [queue, client.org.admin_id]
    script = {"anonymousBody": "insert new Case(Subject = 'a');"}
    client.call("GET", f"{API}/tooling/executeAnonymous", params=script)
    rows = client.query("SELECT OwnerId FROM Case WHERE Subject = 'a'")
    admin = client.org.admin_id
    assert [row["OwnerId"] for row in rows] == [admin, queue, admin, admin]
