"""An org definition becomes the fields that the Salesforce CLI would send."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.salesforce.definition import SignUp, features, sign_up_fields


def fields(definition: dict[str, Any], **options: Any) -> dict[str, Any]:
    return sign_up_fields(
        SignUp(
            definition=definition,
            username="Morning-1@Acme.Example",
            consumer_key="KEY",
            duration_days=2,
            **options,
        )
    )


def test_what_every_sign_up_says() -> None:
    assert fields({}) == {
        "OrgName": "Company",
        "Package2AncestorIds": "",
        "Username": "morning-1@acme.example",
        "DurationDays": 2,
        "ConnectedAppConsumerKey": "KEY",
        "ConnectedAppCallbackUrl": "http://localhost:1717/OauthRedirect",
    }


def test_keys_become_field_names_and_unknown_ones_pass() -> None:
    definition = {
        "orgName": "Acme",
        "edition": "Developer",
        "adminEmail": "a@b.example",
        "hasSampleData": False,
        "country": "US",
        "language": "en_US",
        "pooltag__c": "x",
        "nested": {"lower": [{"deep": 1}]},
        "sourceOrg": "00D000000000001",
        "snapshot": None,
    }
    sent = fields(definition)
    assert sent["OrgName"] == "Acme"
    assert (sent["Edition"], sent["AdminEmail"]) == ("Developer", "a@b.example")
    assert sent["HasSampleData"] is False
    assert (sent["Country"], sent["Language"]) == ("US", "en_US")
    assert sent["Pooltag__c"] == "x"
    assert sent["Nested"] == {"Lower": [{"Deep": 1}]}
    assert sent["SourceOrg"] == "00D000000000001"
    assert "Snapshot" not in sent


def test_settings_and_schema_are_not_sent() -> None:
    sent = fields({"$schema": "x", "settings": {"a": 1}, "objectSettings": {"b": 2}})
    assert not {"$schema", "Settings", "ObjectSettings"} & sent.keys()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("MultiCurrency; API ,  PersonAccounts", "MultiCurrency;API;PersonAccounts"),
        (["AddCustomApps:30", " API "], "AddCustomApps:30;API"),
        (["SalesWave", "servicewave"], "DevelopmentWave;DevelopmentWave"),
        (["ExpandedSourceTracking", "popoututilities", "API"], "API"),
        ("", ""),
    ],
)
def test_features_are_mapped_dropped_and_joined(given: str | list[str], sent: str) -> None:
    assert features(given) == sent


def test_a_release_is_written_as_the_picklist_has_it() -> None:
    assert fields({"release": "preview"})["Release"] == "Preview"


def test_a_flag_that_is_written_as_text_is_sent_as_the_flag() -> None:
    assert fields({"hasSampleData": "true"})["HasSampleData"] is True
    assert fields({"hasSampleData": "false"})["HasSampleData"] is False


def test_a_username_of_the_definition_gives_way_to_ours() -> None:
    assert fields({"username": "other@x.example"})["Username"] == "morning-1@acme.example"


def test_the_ownership_tag_is_the_last_line_of_the_description() -> None:
    tag = '{"provisioner": 1}'
    assert fields({}, ownership_tag=tag)["Description"] == tag
    assert fields({"description": "For QA"}, ownership_tag=tag)["Description"] == f"For QA\n{tag}"
    long = fields({"description": "x" * 3000}, ownership_tag=tag)["Description"]
    assert len(long) <= 2000
    assert long.splitlines()[-1] == tag
