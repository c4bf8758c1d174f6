"""The offline rules of a scratch org definition (docs/reference/sign-up.md#definition-files)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.config.org_definitions.catalogue import features, settings
from provisioner.salesforce.definition import upper_first
from tests.config.project import HUB, POOL, Project

NAME = "config/project-scratch-def.json"

FINE: Mapping[str, Mapping[str, Any]] = {
    "the least": {"edition": "Developer"},
    "everything": {
        "$schema": "https://…",
        "orgName": "Acme",
        "edition": "Partner Enterprise",
        "country": "DE",
        "language": "de",
        "adminEmail": "admin@acme.example",
        "description": "text",
        "hasSampleData": True,
        "namespace": "acme",
        "release": "preview",
        "features": [
            "Communities",
            "sites",
            "MaxCustomLabels:15",
            "ServiceCloudVoicePartnerTelephony",
        ],
        "settings": {
            "mobileSettings": {"enableS1EncryptedStoragePref2": False},
            "CommunitiesSettings": {"enableNetworksEnabled": True},
        },
        "objectSettings": {"account": {"defaultRecordType": "default"}},
    },
    "features in one text": {"edition": "Developer", "features": "Knowledge; Sites,API"},
    "a snapshot": {"snapshot": "Nightly", "settings": {}},
    "an org shape": {"sourceOrg": "00D000000000001", "features": []},
    "fields of the team's own": {"edition": "Developer", "pooltag__c": "x", "somethingNew": 1},
}

WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "no edition": ({}, '1:1: the key edition is missing; write "edition": "Developer"'),
    "upper case": (
        {"Edition": "Developer"},
        "1:2: Edition: must start with a lower-case letter; write edition",
    ),
    "org preferences": (
        {"edition": "Developer", "orgPreferences": {}},
        "1:26: orgPreferences: is no longer supported by Salesforce; write the same under settings",
    ),
    "duration": (
        {"edition": "Developer", "durationDays": 3},
        "1:26: durationDays: is not allowed in a definition; set duration_days of the pool",
    ),
    "ancestors": (
        {"edition": "Developer", "package2AncestorIds": []},
        "1:26: package2AncestorIds: is computed and must not be written; remove it",
    ),
    "edition beside a shape": (
        {"sourceOrg": "00D000000000001", "edition": "Developer"},
        "1:34: edition: is not allowed with sourceOrg, which determines it; remove it",
    ),
    "features of no text": (
        {"edition": "Developer", "features": ["API", 3]},
        "1:26: features: has an entry that is not a text; write each name in quotes",
    ),
    "features of the wrong type": (
        {"edition": "Developer", "features": {}},
        "1:26: features: has the wrong type; write a text or a list of texts",
    ),
    "a flag in quotes": (
        {"edition": "Developer", "hasSampleData": "yes"},
        "1:26: hasSampleData: has the wrong type; write true or false",
    ),
    "settings that are gone": (
        {"edition": "Developer", "settings": {"orgPreferenceSettings": {"s1DesktopEnabled": True}}},
        "1:26: settings: orgPreferenceSettings can no longer be deployed; write the settings "
        'that replace it, such as "lightningExperienceSettings": '
        '{"enableS1DesktopEnabled": true}',
    ),
    "settings as a list": (
        {"edition": "Developer", "settings": []},
        "1:26: settings: has the wrong type; write an object",
    ),
    "a setting that is no object": (
        {"edition": "Developer", "settings": {"enableS1DesktopEnabled": True}},
        "1:26: settings: enableS1DesktopEnabled is not an object; write {…}",
    ),
    "an unknown release": (
        {"edition": "Developer", "release": "next"},
        "1:26: release: is not a release; write one of: preview, previous",
    ),
    "no e-mail": (
        {"edition": "Developer", "adminEmail": "admin"},
        "1:26: adminEmail: is not an e-mail address; sign-ups would fail with S-1006",
    ),
    "a country in words": (
        {"edition": "Developer", "country": "Germany"},
        "1:26: country: is not a code of two letters such as US or DE; sign-ups would fail with "
        "S-2006",
    ),
    "a namespace": (
        {"edition": "Developer", "namespace": "acme__pool"},
        "1:26: namespace: is not a namespace: at most 15 letters, digits and single underscores, "
        "first a letter; sign-ups would fail with C-1017",
    ),
    "a type of settings in another case": (
        {"edition": "Developer", "settings": {"apexsettings": {}}},
        "1:39: settings.apexsettings: upper and lower case matter; write apexSettings",
    ),
    "a setting in another case": (
        {
            "edition": "Developer",
            "settings": {"mobileSettings": {"enables1encryptedstoragepref2": 1}},
        },
        "1:58: settings.mobileSettings.enables1encryptedstoragepref2: upper and lower case matter; "
        "write enableS1EncryptedStoragePref2",
    ),
    "a shape's id": (
        {"sourceOrg": "3SR000000000001"},
        "1:2: sourceOrg: is not an org id; write the id (00D…) of the org that has the shape",
    ),
}


@pytest.mark.parametrize("definition", FINE.values(), ids=FINE.keys())
def test_what_the_salesforce_cli_accepts_is_accepted(
    project: Project, definition: Mapping[str, Any]
) -> None:
    assert project.definition(definition) == []
    assert project.load(HUB + POOL).pools["morning"].definitions[0].content == definition


@pytest.mark.parametrize(("definition", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_it_refuses_is_a_problem(
    project: Project, definition: Mapping[str, Any], message: str
) -> None:
    assert project.definition(definition) == [f"{NAME}:{message}"]


@pytest.mark.parametrize("key", ["edition", "features", "hasSampleData", "release", "sourceOrg"])
def test_a_snapshot_excludes_the_keys_that_it_determines(project: Project, key: str) -> None:
    values = {
        "edition": "Developer",
        "features": [],
        "hasSampleData": True,
        "release": "preview",
        "sourceOrg": "00D000000000001",
    }

    [message] = project.definition({"snapshot": "Nightly", key: values[key]})

    assert message.endswith(f"{key}: is not allowed with snapshot, which determines it; remove it")


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            {"edition": "Developer", "hasSampleData": "true"},
            "hasSampleData: is a text, which Salesforce accepts; write true without quotes",
        ),
        (
            {"edition": "Developer", "country": None},
            "country: is null and has no effect; the Salesforce CLI warns about it",
        ),
        (
            {"template": "0TT000000000001"},
            "template: is used without edition; the Salesforce CLI warns about it",
        ),
        (
            {"edition": "Developper"},
            "edition: 'Developper' is not an edition that Salesforce documents; did you mean "
            "Developer?",
        ),
        (
            {"edition": "Developer", "fetures": []},
            "fetures: is unknown and sent to the Dev Hub as a field; did you mean features?",
        ),
        (
            {"sourceOrg": "00D000000000001AAA"},
            "1:2: sourceOrg: has 18 characters; Salesforce documents the first 15: 00D000000000001",
        ),
        (
            {"edition": "Developer", "language": "English"},
            "language: is not a language code such as en_US, de or pt_BR",
        ),
        (
            {"edition": "Developer", "features": ["Sites", "Knowlege"]},
            "1:48: features: 'Knowlege' is not a feature that Salesforce documents; did you mean "
            "Knowledge?",
        ),
        (
            {"edition": "Developer", "features": "Sites;Zyx"},
            "1:26: features: 'Zyx' is not a feature that Salesforce documents; check its name",
        ),
        (
            {"edition": "Developer", "features": ["AddCustomApps"]},
            "features: AddCustomApps needs a number; write AddCustomApps:N with 1 to 30",
        ),
        (
            {"edition": "Developer", "features": ["MaxApexCodeSize:many"]},
            "features: MaxApexCodeSize needs a number; write MaxApexCodeSize:N with at least 1",
        ),
        (
            {"edition": "Developer", "features": ["ADDCUSTOMTABS:31"]},
            "features: AddCustomTabs:31 is out of range; write 1 to 30",
        ),
        (
            {"edition": "Developer", "features": ["Sites:3"]},
            "features: Sites takes no number; write Sites",
        ),
        (
            {"edition": "Developer", "features": ["Sites", "API", "sites"]},
            "1:55: features: sites is listed twice; keep one of them",
        ),
        (
            {"edition": "Developer", "features": ["Sites", ""]},
            "1:48: features: an entry is empty; remove it",
        ),
        (
            {"edition": "Developer", "features": ["SalesWave"]},
            "features: SalesWave is sent as DevelopmentWave; write that name",
        ),
        (
            {"edition": "Developer", "features": ["PopOutUtilities"]},
            "features: PopOutUtilities is retired and left out of the sign-up; remove it",
        ),
        (
            {"edition": "Developer", "features": ["RetainFieldHistory"]},
            "features: RetainFieldHistory is an earlier name; write FieldAuditTrail",
        ),
        (
            {"edition": "Developer", "features": ["BYOOTT", "ServiceCloud"]},
            "features: BYOOTT needs Scrt2Conversation as well; add it to features",
        ),
        (
            {"edition": "Developer", "features": ["BYOCCaaS"]},
            "features: BYOCCaaS needs ServiceCloud and Scrt2Conversation as well; add them to "
            "features",
        ),
        (
            {"edition": "Developer", "features": ["Communities"]},
            "features: Communities needs the setting communitiesSettings.enableNetworksEnabled; "
            "set it to true",
        ),
        (
            {"edition": "Partner Group", "features": ["PersonAccounts"]},
            "features: PersonAccounts is documented for Developer and Enterprise editions, not for "
            "Group",
        ),
        (
            {"edition": "Developer", "settings": {"apexSetings": {}}},
            "1:39: settings.apexSetings: is not a type of settings that Salesforce documents; did "
            "you mean apexSettings?",
        ),
        (
            {"edition": "Developer", "settings": {"qqq": {"a": 1}}},
            "settings.qqq: is not a type of settings that Salesforce documents; its deploy may "
            "fail; check the name",
        ),
        (
            {"edition": "Developer", "settings": {"chatterSettings": {"enableChater": True}}},
            "settings.chatterSettings.enableChater: is not an element of ChatterSettings that "
            "Salesforce documents; did you mean enableChatter?",
        ),
        (
            {"edition": "Developer", "objectSettings": {"account": {"sharing": "private"}}},
            "objectSettings.account.sharing: has no effect; did you mean sharingModel?",
        ),
        (
            {"edition": "Developer", "objectSettings": {"account": {"owd": "private"}}},
            "objectSettings.account.owd: has no effect; known: defaultRecordType, sharingModel",
        ),
        (
            {"edition": "Developer", "username": "a@b.c"},
            "username: is not used: each org of a pool gets a username of its own",
        ),
    ],
)
def test_what_is_unusual_is_a_warning(
    project: Project, definition: Mapping[str, Any], message: str
) -> None:
    [found] = project.definition(definition)

    assert found.endswith(message)
    assert project.problems(HUB + POOL)[0].is_warning


def test_a_shape_brings_what_features_need(project: Project) -> None:
    definition = {"sourceOrg": "00D000000000001", "features": ["Communities", "RateManagement"]}

    assert project.definition(definition) == []


def test_the_features_and_settings_that_are_known_are_complete() -> None:
    """What one feature needs is a feature or a setting that is known as well."""
    for feature in features().values():
        assert all(name.lower() in features() for name in feature.with_features)
        kind, _, element = feature.with_setting.partition(".")
        known = settings()[upper_first(kind)] if kind else ()
        assert element in known or not known
    assert len(features()) > 320
    assert sum(map(len, settings().values())) > 1900


BROKEN = {
    "a comma too many": (
        '{\n  "edition": "Developer",\n}',
        "3:1: the file is not JSON: Expecting property name enclosed in double quotes",
    ),
    "cut off": ('{"edition": "Dev', "1:13: the file is not JSON: Unterminated string starting at"),
    "a comment": (
        '// ours\n{"edition": "Developer"}',
        "1:1: the file is not JSON: Expecting value",
    ),
    "nothing": ("", "1:1: the file is not JSON: Expecting value"),
    "a list": ("[]", "1:1: the file is not a JSON object; it must start with {"),
    "not a number": ('{"edition": NaN}', "1:13: the file is not JSON: NaN is not a JSON value"),
    "a duplicate": (
        '{"edition": "Developer",\n "edition": "Group"}',
        "2:2: edition: duplicate key; keep one of them",
    ),
    "a duplicate below": (
        '{"edition": "Developer", "settings":\n {"apexSettings": {}, "apexSettings": {}}}',
        "2:23: settings.apexSettings: duplicate key; keep one of them",
    ),
    "the same key in two objects": (
        '{"settings": {"apexSettings": {}}, "objectSettings": {"apexSettings": {}}}',
        '1:1: the key edition is missing; write "edition": "Developer"',
    ),
    "nested without end": (
        '{"a":\n' * 100_000,
        "101:1: the file is not JSON: nested more than 100 levels deep",
    ),
    "a number without end": (
        '{"edition":\n  ' + "9" * 5000 + "}",
        "2:3: the file is not JSON: a number has thousands of digits",
    ),
    "half a character": (
        '{"edition": "Developer",\n "orgName": "\\ud83d"}',
        "2:14: the file is not JSON: a \\u escape is half of a character (a lone surrogate)",
    ),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_reported_with_its_own_position(
    project: Project, text: str, message: str
) -> None:
    assert project.definition(text) == [f"{NAME}:{message}"]


def test_a_broken_file_is_reported_where_pool_yaml_names_it(project: Project) -> None:
    project.definition("{")

    [problem] = project.problems(HUB + POOL)

    assert (problem.line, problem.column) == (9, 15)
    assert problem.key_path == "pools.morning.definitions.0.file"


def test_another_encoding_is_refused(project: Project) -> None:
    assert project.definition(b'{"edition":\n "D\xff"}') == [
        f"{NAME}:2:1: the file is not UTF-8 text; save it as UTF-8"
    ]


def test_a_byte_order_mark_is_accepted(project: Project) -> None:
    assert project.definition('\ufeff{"edition": "Developer"}') == []


def test_positions_are_those_of_the_keys_that_are_wrong(project: Project) -> None:
    text = (
        '{\n  "settings": {"x": {"durationDays": "}"}},\n'
        '  "edition": "Developer",\n  "durationDays": 3\n}'
    )

    messages = project.definition(text)

    assert [message.split(" ")[:2] for message in messages] == [
        [f"{NAME}:2:16:", "settings.x:"],
        [f"{NAME}:4:3:", "durationDays:"],
    ]
