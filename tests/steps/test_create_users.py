"""create_users: from definition files, once, each logged in, and what goes wrong on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.declare.options import Finding
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce import users
from provisioner.salesforce.reads import answered
from provisioner.steps.base import Done, StepFailed
from provisioner.steps.create_users import CreateUsers
from provisioner.steps.deploy_source import DeploySource
from provisioner.steps.persona_names import LONGEST_USERNAME, persona_of, persona_username
from tests.salesforce.world import USERNAME, Emulated
from tests.steps.project import metadata_folder, write
from tests.steps.step_runner import StepRunner

AGENT = f"agent.{USERNAME}"
ROWS = [{"persona": "agent", "username": AGENT}]


def define(runner: StepRunner, name: str = "agent-user.json", **fields: Any) -> CreateUsers:
    write(runner.directory / name, json.dumps(fields))
    return CreateUsers(definitions=(Path(name),))


def user(runner: StepRunner, username: str = AGENT) -> dict[str, Any]:
    [found] = runner.emulated_org.store.find_by("User", "Username", username)
    return dict(found)


def sets_of(runner: StepRunner, username: str = AGENT) -> list[str]:
    rows = runner.org.query(
        "SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE Assignee.Username = "
        f"'{username}' AND PermissionSet.IsOwnedByProfile = false"
    )
    return sorted(row["PermissionSet"]["Name"] for row in rows)


def with_sets(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "mdapi", sets=["Sales_Rep", "Other"])
    runner.finish(DeploySource(path=Path("mdapi")))


def test_a_user_has_the_fields_of_the_definition_and_logs_in(runner: StepRunner) -> None:
    with_sets(runner)
    step = define(
        runner,
        lastName="Agent",
        FirstName="Anna",
        alias="anna",
        profileName="standard platform user",
        permsets=["Sales_Rep", "Other"],
        localeSidKey="fr_FR",
        generatePassword=False,
    )
    assert runner.finish(step) == Done("created 1 user", {"users": tuple(ROWS)})
    found = user(runner)
    given = ("LastName", "FirstName", "Alias", "LocaleSidKey", "Email")
    assert [found[name] for name in given] == [
        "Agent",
        "Anna",
        "anna",
        "fr_FR",
        "admin@acme.example",
    ]
    profile = runner.emulated_org.store.peek("Profile", found["ProfileId"])
    assert profile is not None
    assert profile["Name"] == "Standard Platform User"
    assert sets_of(runner) == ["Other", "Sales_Rep"]
    assert runner.emulated.sign_in(AGENT).user_id == found["Id"]


def test_an_empty_definition_is_a_standard_user_with_the_settings_of_the_admin(
    runner: StepRunner,
) -> None:
    runner.finish(define(runner, "night_clerk.json"))
    found = user(runner, f"night_clerk.{USERNAME}")
    assert [found["LastName"], found["Alias"]] == ["night_clerk", "night_cl"]
    assert found["TimeZoneSidKey"] == "America/Los_Angeles"
    profile = runner.emulated_org.store.peek("Profile", found["ProfileId"])
    assert profile is not None
    assert profile["Name"] == "Standard User"


def test_permission_sets_may_be_a_text_with_commas(runner: StepRunner) -> None:
    with_sets(runner)
    runner.finish(define(runner, permsets="Sales_Rep, Other"))
    assert sets_of(runner) == ["Other", "Sales_Rep"]


def test_users_of_an_earlier_step_are_kept_in_the_row(runner: StepRunner) -> None:
    runner.finish(define(runner))
    other = define(runner, "boss-user-def.json", profileName="Standard Platform User")
    runner.finish(other)
    assert [row["persona"] for row in runner.users] == ["agent", "boss"]
    runner.finish(define(runner))
    assert sorted(row["persona"] for row in runner.users) == ["agent", "boss"]


@pytest.mark.parametrize("route", ["scim.create", "composite"])
def test_what_a_killed_step_has_left_is_completed(runner: StepRunner, route: str) -> None:
    """Two permission sets, and a field that SCIM does not have."""
    with_sets(runner)
    step = define(runner, Title="Clerk", permsets=["Sales_Rep"])
    nth = 2 if route == "composite" else 1  # the first one only reads
    runner.emulated.fault({"route": route, "nth": nth}, {"do": "reset", "at": "after"})
    with pytest.raises(SalesforceError):
        runner.advance(step)
    runner.restart()
    assert runner.finish(step).note == "created 1 user"
    assert runner.count("User") == 2
    assert user(runner)["Title"] == "Clerk"
    assert sets_of(runner) == ["Sales_Rep"]


def test_an_unknown_profile_costs_no_licence(runner: StepRunner) -> None:
    step = define(runner, profileName="Standard Usr")
    with pytest.raises(StepFailed) as caught:
        runner.finish(step)
    assert caught.value.message == "profiles not found in the org: Standard Usr"
    assert caught.value.details[0].startswith("Standard Usr: did you mean Standard User")
    assert caught.value.kind is ErrorKind.CONTENT
    assert runner.count("User") == 1


def test_an_unknown_permission_set_costs_no_licence(runner: StepRunner) -> None:
    with_sets(runner)
    with pytest.raises(
        StepFailed, match="permission sets not found in the org: Sale_Rep"
    ) as caught:
        runner.finish(define(runner, permsets=["Sale_Rep"]))
    assert caught.value.details == ("Sale_Rep: did you mean Sales_Rep?",)
    assert runner.count("User") == 1


def test_a_permission_set_group_costs_no_licence(runner: StepRunner) -> None:
    store = runner.emulated_org.store
    group = store.add("PermissionSetGroup", {"DeveloperName": "Team", "Status": "Updated"})
    store.add(
        "PermissionSet",
        {"Name": "Team", "Label": "Team", "IsOwnedByProfile": False, "PermissionSetGroupId": group},
    )
    failure = runner.failure(define(runner, permsets=["Team"]))
    assert failure.message == "not a permission set but a permission set group: Team"
    assert failure.hint == (
        "leave it out of permsets, and write after this step: assign_permission_sets: "
        "{ groups: [Team], users: [...] }"
    )
    assert runner.count("User") == 1


def test_a_used_up_licence_is_said_in_words(runner: StepRunner) -> None:
    runner.finish(define(runner))
    with pytest.raises(StepFailed) as caught:
        runner.finish(define(runner, "boss-user.json"))
    assert caught.value.message == (
        "boss: the org has no free Salesforce licence for the profile Standard User: "
        "2 of 2 are in use"
    )
    assert "a Developer scratch org has 2 Salesforce licences" in caught.value.hint
    assert caught.value.kind is ErrorKind.CONTENT


def test_a_value_that_salesforce_refuses_is_named(runner: StepRunner) -> None:
    with pytest.raises(StepFailed, match=r"^agent: Salesforce refuses the user: .*Shoe_Size__c"):
        runner.finish(define(runner, Shoe_Size__c=44))


def test_a_nickname_that_is_taken_is_a_failure(runner: StepRunner) -> None:
    runner.finish(define(runner, CommunityNickname="Nick"))
    step = define(runner, "b.json", CommunityNickname="Nick", profileName="Standard Platform User")
    with pytest.raises(StepFailed, match=r"^b: Salesforce refuses the user: DUPLICATE_COMM_NICK"):
        runner.finish(step)


def test_a_username_of_another_org_replaces_the_org(runner: StepRunner) -> None:
    runner.emulated.scratch_org(AGENT)
    with pytest.raises(StepFailed) as caught:
        runner.finish(define(runner))
    assert caught.value.message == f"agent: another Salesforce org has the username {AGENT}"
    assert caught.value.kind is ErrorKind.REPLACE


def test_an_app_that_is_not_approved_for_the_user_names_the_fix(runner: StepRunner) -> None:
    refused = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    step = define(runner)
    runner.org  # noqa: B018 - log in before the fault
    runner.emulated.fault(
        {"route": "oauth.token"}, {"do": "answer", "status": 400, "body": refused}, times=0
    )
    failure = runner.failure(step)
    assert str(failure).startswith(
        "agent: the Dev Hub's app in the org is not approved for the user: login of agent."
    )
    assert failure.kind is ErrorKind.CONFIGURATION
    assert failure.hint == (
        "write dev_hub.login_app: deployed; then each org gets an app of its own, which is "
        "approved for its users"
    )


def test_a_refusal_of_scim_without_a_text_is_a_failure(runner: StepRunner) -> None:
    runner.emulated.fault(
        {"route": "scim.create"}, {"do": "answer", "status": 400, "body": {"Errors": []}}
    )
    with pytest.raises(StepFailed, match="refuses the user without a reason"):
        runner.finish(define(runner))


def test_the_refresh_token_of_scim_is_in_no_text(runner: StepRunner) -> None:
    done = runner.finish(define(runner))
    assert "5Aep" not in repr(done) + repr(runner.remembered) + repr(runner.memory)


# --- check --------------------------------------------------------------------------------


def findings(runner: StepRunner, content: str, name: str = "agent-user.json") -> list[Finding]:
    write(runner.directory / name, content)
    return list(CreateUsers(definitions=(Path(name),)).check(runner.directory))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"generatePassword": true}',
            "generatePassword is not supported: no passwords are stored. Users log in by JWT "
            "(provisioner login USERNAME --user PERSONA); remove it",
        ),
        ('{"Password": "x"}', "Password is not supported: no passwords are stored; remove it"),
        ('{"profileId": "00e"}', "profileId differs from org to org; write profileName"),
        ('{"id": "005"}', "id is given by Salesforce; remove it"),
        ('{"profileName": 7}', "profileName must be the name of a profile, in quotes"),
        (
            '{"permsets": [1]}',
            "permsets must be a list of API names, or a text with them, separated by commas",
        ),
        ('{"IsActive": false}', "IsActive must be true: a persona has to be able to log in"),
        ('{"Title": null}', "Title must be a text, a number, true or false"),
        ('{"Title": ["x"]}', "Title must be a text, a number, true or false"),
        ('{"alias": "much too long"}', "alias has 13 characters; Salesforce accepts 8"),
        ('{"First Name": "x"}', "First Name is not the API name of a field of User; correct or "
         "remove it"),
        ('{"alias": "a", "Alias": "b"}', "Alias is there twice, in another spelling; keep one of "
         "them"),
        ("[]", "the file is not a JSON object; it must start with {"),
        ("{", "the file is not JSON (line 1, column 2): Expecting property name enclosed in double "
         "quotes"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_found_offline(
    runner: StepRunner, content: str, message: str
) -> None:
    assert findings(runner, content) == [Finding("definitions.0", f"agent-user.json: {message}")]


def test_a_username_is_only_a_warning(runner: StepRunner) -> None:
    (finding,) = findings(runner, '{"Username": "a@b.example"}')
    assert finding.is_warning
    assert "gets a username of its own" in finding.message


def test_two_files_of_one_persona_and_a_file_without_one_are_refused(runner: StepRunner) -> None:
    for name in ("a/agent-user.json", "b/Agent.json"):
        write(runner.directory / name, "{}")
    step = CreateUsers(definitions=(Path("a/agent-user.json"), Path("b/Agent.json")))
    (finding,) = step.check(runner.directory)
    assert finding.message == (
        "b/Agent.json and a/agent-user.json both give the persona Agent; rename one of them"
    )
    (finding,) = findings(runner, "{}", "ä.json")
    assert "the name of the file gives the persona 'ä'; use at most 30 letters" in finding.message


def test_the_fingerprint_depends_on_the_content(runner: StepRunner) -> None:
    first = list(define(runner, Title="a").inputs(runner.directory))
    assert list(define(runner, Title="b").inputs(runner.directory)) != first


# --- names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "persona"),
    [
        ("config/agent-user.json", "agent"),
        ("config/agent-user-def.json", "agent"),
        ("agent.json", "agent"),
        ("user-def.json", "user-def"),
    ],
)
def test_a_persona_is_named_after_its_file(file: str, persona: str) -> None:
    assert persona_of(Path(file)) == persona


def test_a_long_username_is_cut_before_the_at_and_stays_its_own() -> None:
    org = f"{'p' * 30}-abcdefghij@{'d' * 30}.example"
    first, second = persona_username("agent-of-the-north", org), persona_username("agent", org)
    assert first.rpartition("@")[2] == org.rpartition("@")[2]
    assert len(first) == LONGEST_USERNAME
    assert first.startswith("agent-of-the-north.ppp")
    assert len({first, second, persona_username("agent", f"x{org[1:]}")}) == 3
    assert persona_username("Agent", USERNAME) == AGENT


def test_profiles_are_found_in_any_case(emulated: Emulated) -> None:
    emulated.scratch_org()
    (found,) = answered(emulated.client(), [users.profiles(["standard user", "No"])])
    assert found.keys() == {"standard user"}
