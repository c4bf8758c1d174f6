"""Feed posts, comments, likes and attachments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.data.conftest import Client


def create(client: Client, kind: str, **values: Any) -> str:
    reply = client.call("POST", f"sobjects/{kind}", json=values)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


@pytest.fixture
def account(client: Client) -> str:
    return create(client, "Account", Name="Acme")


@pytest.fixture
def post(client: Client, account: str) -> str:
    return create(client, "FeedItem", ParentId=account, Body="hello")


def test_the_type_of_a_post_follows_from_its_fields(client: Client, account: str) -> None:
    create(client, "FeedItem", ParentId=account, Body="text")
    create(client, "FeedItem", ParentId=account, LinkUrl="https://acme.example", Title="link")
    create(client, "FeedItem", ParentId=account, Type="QuestionPost", Title="why?")
    create(client, "FeedItem", ParentId=client.org.admin_id, Body="on a profile")
    rows = client.query(
        "SELECT Type, Status, HasLink, HasContent, LikeCount, CommentCount, Revision, "
        "InsertedById, Parent.Name FROM FeedItem ORDER BY CreatedDate, Id"
    )
    assert [one["Type"] for one in rows] == ["TextPost", "LinkPost", "QuestionPost", "TextPost"]
    assert [one["HasLink"] for one in rows] == [False, True, False, False]
    assert [one["Parent"]["Name"] for one in rows] == ["Acme", "Acme", "Acme", "User User"]
    first = {name: value for name, value in rows[0].items() if name not in ("attributes", "Parent")}
    assert first == {
        "Type": "TextPost",
        "Status": "Published",
        "HasLink": False,
        "HasContent": False,
        "LikeCount": 0,
        "CommentCount": 0,
        "Revision": 1,
        "InsertedById": client.org.admin_id,
    }


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({}, "Body"),
        ({"Type": "LinkPost", "Body": "x"}, "LinkUrl"),
        ({"Type": "QuestionPost", "Body": "x"}, "Title"),
        ({"ParentId": None, "Body": "x"}, "ParentId"),
    ],
)
def test_what_a_post_requires(
    client: Client, account: str, values: dict[str, Any], missing: str
) -> None:
    reply = client.call("POST", "sobjects/FeedItem", json={"ParentId": account, **values})
    [error] = reply.json()
    assert (error["errorCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", [missing])


def test_comments_and_likes_are_counted(client: Client, account: str, post: str) -> None:
    first = create(client, "FeedComment", FeedItemId=post, CommentBody="one")
    create(client, "FeedComment", FeedItemId=post, CommentBody="two")
    like = create(client, "FeedLike", FeedItemId=post)
    [row] = client.query(
        "SELECT CommentCount, LikeCount, (SELECT CommentBody, CommentType, ParentId, FeedItem.Body "
        "FROM FeedComments ORDER BY CommentBody) FROM FeedItem"
    )
    assert (row["CommentCount"], row["LikeCount"]) == (2, 1)
    comment = row["FeedComments"]["records"][0]
    assert (comment["CommentBody"], comment["CommentType"]) == ("one", "TextComment")
    assert (comment["ParentId"], comment["FeedItem"]["Body"]) == (account, "hello")
    for kind, record_id, counts in (("FeedComment", first, (1, 1)), ("FeedLike", like, (1, 0))):
        assert client.call("DELETE", f"sobjects/{kind}/{record_id}").status_code == 204
        [row] = client.query("SELECT CommentCount, LikeCount FROM FeedItem")
        assert (row["CommentCount"], row["LikeCount"]) == counts
    assert client.call("DELETE", f"sobjects/FeedItem/{post}").status_code == 204
    assert client.count("FeedComment") == 0


def test_a_comment_needs_a_post_and_a_text(client: Client, account: str, post: str) -> None:
    empty = client.call("POST", "sobjects/FeedComment", json={"FeedItemId": post})
    assert empty.json()[0]["fields"] == ["CommentBody"]
    lost = client.call("POST", "sobjects/FeedComment", json={"CommentBody": "x"})
    assert lost.json()[0]["fields"] == ["FeedItemId"]
    wrong = {"CommentBody": "x", "FeedItemId": account}
    assert client.call("POST", "sobjects/FeedComment", json=wrong).status_code == 400


def test_an_edited_post_has_a_new_revision(client: Client, post: str) -> None:
    path = f"sobjects/FeedItem/{post}"
    assert client.call("PATCH", path, json={"Body": "hello again"}).status_code == 204
    row = client.get(path)
    assert (row["Revision"], row["LastEditById"]) == (2, client.org.admin_id)
    comment = (
        f"sobjects/FeedComment/{create(client, 'FeedComment', FeedItemId=post, CommentBody='x')}"
    )
    assert client.call("PATCH", comment, json={"CommentBody": "y"}).status_code == 204
    assert client.get(comment)["Revision"] == 2
    moved = client.call("PATCH", path, json={"ParentId": client.org.admin_id})
    assert moved.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_files_and_links_are_attached(client: Client, post: str) -> None:
    version = create(
        client, "ContentVersion", PathOnClient="a.txt", VersionData="aGVsbG8=", Title="a"
    )
    create(client, "FeedAttachment", FeedEntityId=post, Type="Content", RecordId=version)
    create(client, "FeedAttachment", FeedEntityId=post, Type="Link", Value="https://acme.example")
    [row] = client.query(
        "SELECT HasContent, HasLink, (SELECT Type, RecordId, Value FROM FeedAttachments) "
        "FROM FeedItem"
    )
    assert (row["HasContent"], row["HasLink"]) == (True, True)
    assert row["FeedAttachments"]["totalSize"] == 2
    for values, code in (
        ({"Type": "Content"}, "REQUIRED_FIELD_MISSING"),
        ({"Type": "Link"}, "REQUIRED_FIELD_MISSING"),
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"Type": "InlineImage", "RecordId": version}, "FIELD_INTEGRITY_EXCEPTION"),
    ):
        whole = {"FeedEntityId": post, **values}
        reply = client.call("POST", "sobjects/FeedAttachment", json=whole)
        assert reply.json()[0]["errorCode"] == code


def test_a_data_plan_brings_posts_and_their_comments(client: Client, account: str) -> None:
    records = [
        {"attributes": {"type": "FeedItem", "referenceId": "p"}, "ParentId": account, "Body": "x",
         "FeedComments": {"records": [
             {"attributes": {"type": "FeedComment", "referenceId": "c"}, "CommentBody": "y"}]}},
    ]  # fmt: skip
    reply = client.call("POST", "composite/tree/FeedItem", json={"records": records})
    assert reply.status_code == 201, reply.text
    assert client.count("FeedItem WHERE CommentCount = 1") == 1
