"""Topics and their assignments."""

from __future__ import annotations

from tests.emulator.data.conftest import Client
from tests.emulator.data.test_feeds import create


def test_topics_are_assigned_to_records_of_any_type(client: Client) -> None:
    topic = create(client, "Topic", Name="Weather", Description="rain")
    account = create(client, "Account", Name="Acme")
    post = create(client, "FeedItem", ParentId=account, Body="hello")
    for entity in (account, post):
        create(client, "TopicAssignment", TopicId=topic, EntityId=entity)
    rows = client.query(
        "SELECT EntityKeyPrefix, EntityType, Topic.Name, Topic.TalkingAbout FROM TopicAssignment"
    )
    assert [(one["EntityKeyPrefix"], one["EntityType"]) for one in rows] == [
        ("001", "Account"),
        ("0D5", "FeedItem"),
    ]
    assert (rows[0]["Topic"]["Name"], rows[0]["Topic"]["TalkingAbout"]) == ("Weather", 1)
    [of_account] = client.query("SELECT (SELECT Topic.Name FROM TopicAssignments) FROM Account")
    assert of_account["TopicAssignments"]["totalSize"] == 1
    [of_topic] = client.query("SELECT (SELECT EntityId FROM TopicAssignments) FROM Topic")
    assert of_topic["TopicAssignments"]["totalSize"] == 2
    assert client.call("DELETE", f"sobjects/Topic/{topic}").status_code == 204
    assert client.count("TopicAssignment") == 0


def test_names_and_assignments_are_unique(client: Client) -> None:
    topic = create(client, "Topic", Name="Weather")
    again = client.call("POST", "sobjects/Topic", json={"Name": "weather"})
    assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    values = {"TopicId": topic, "EntityId": create(client, "Account", Name="Acme")}
    assignment = create(client, "TopicAssignment", **values)
    twice = client.call("POST", "sobjects/TopicAssignment", json=values).json()[0]
    assert (twice["errorCode"], twice["message"]) == (
        "DUPLICATE_VALUE",
        "duplicate value found: <unknown> duplicates value on record with id: <unknown>",
    )
    path = f"sobjects/TopicAssignment/{assignment}"
    assert client.call("PATCH", path, json={"TopicId": topic}).status_code == 400
    assert client.call("DELETE", path).status_code == 204
    assert client.get(f"sobjects/Topic/{topic}")["TalkingAbout"] == 0


def test_what_is_required(client: Client) -> None:
    for kind, values, missing in (
        ("Topic", {"Description": "x"}, "Name"),
        ("TopicAssignment", {"EntityId": client.org.admin_id}, "TopicId"),
        ("TopicAssignment", {"TopicId": create(client, "Topic", Name="x")}, "EntityId"),
    ):
        reply = client.call("POST", f"sobjects/{kind}", json=values)
        assert reply.json()[0]["fields"] == [missing]
    long = client.call("POST", "sobjects/Topic", json={"Name": "x" * 100})
    assert long.json()[0]["errorCode"] == "STRING_TOO_LONG"
