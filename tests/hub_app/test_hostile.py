"""What stops `provisioner hub app`: each error says why, and what to do now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from provisioner.emulator.latencies import Latencies
from tests.hub_app.hub import APP, BUILD, Hub


def refused(hub: Hub, *arguments: str) -> tuple[int, str, str, str]:
    """Exit code, code, message and hint of a command that fails."""
    done = hub.app("--json", *arguments)
    error = done.json["error"]
    assert hub.token not in done.out + done.err
    return done.code, error["code"], error["message"], error["hint"]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SF_ACCESS_TOKEN": ""}, "SF_ACCESS_TOKEN is not set"),
        ({"SF_INSTANCE_URL": ""}, "SF_INSTANCE_URL is not set"),
        ({"SF_ACCESS_TOKEN": "", "SF_INSTANCE_URL": ""},
         "SF_ACCESS_TOKEN and SF_INSTANCE_URL are not set"),
        ({"SF_ACCESS_TOKEN": "[REDACTED] Use 'sf org auth show-access-token' to view"},
         "SF_ACCESS_TOKEN is not an access token"),
        ({"SF_ACCESS_TOKEN": "force://PlatformCLI::5Aep861planted@acme.my.salesforce.com"},
         "SF_ACCESS_TOKEN is not an access token"),
    ],
)  # fmt: skip
def test_a_session_that_is_missing_says_how_to_get_one(
    hub: Hub, variables: dict[str, str], message: str
) -> None:
    hub.set(**variables)
    code, word, text, hint = refused(hub)
    assert (code, word, text) == (2, "no_session", message)
    assert "sf org auth show-access-token --target-org HUB --json" in hint
    assert "sf org display --target-org HUB --json" in hint
    assert "5Aep861planted" not in "".join(hub.outputs)


@pytest.mark.parametrize(
    "address",
    [
        "https://acme.my.salesforce.com",  # login_url is an emulator on this machine
        "https://evil.example",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://user:password@127.0.0.1",
        "ftp://127.0.0.1",
        "nonsense value",
    ],
)
def test_the_token_is_not_sent_to_another_host(hub: Hub, address: str) -> None:
    hub.set(SF_INSTANCE_URL=address)
    before = len(hub.world.log.entries())
    code, word, text, _ = refused(hub)
    assert (code, word) == (2, "instance_url")
    assert "nothing was sent to it" in text
    assert "password" not in text
    assert len(hub.world.log.entries()) == before


def test_a_pool_file_of_salesforce_sends_nothing_to_this_machine(hub: Hub) -> None:
    text = (
        (hub.folder / "pool.yaml")
        .read_text()
        .replace(hub.server.url, "https://login.salesforce.com")
    )
    (hub.folder / "pool.yaml").write_text(text)
    before = len(hub.world.log.entries())
    assert refused(hub)[:2] == (2, "instance_url")
    assert len(hub.world.log.entries()) == before


def test_a_host_without_an_answer_is_unreachable(hub: Hub) -> None:
    hub.set(SF_INSTANCE_URL="http://127.0.0.1:9")
    assert refused(hub)[:2] == (9, "unreachable")


def test_a_session_that_has_ended_is_a_refused_login(hub: Hub) -> None:
    hub.set(SF_ACCESS_TOKEN=hub.token[:-4] + "AAAA")
    code, word, text, hint = refused(hub)
    assert (code, word) == (5, "session_ended")
    assert "SF_ACCESS_TOKEN has ended" in text
    assert "show-access-token" in hint


def test_a_session_of_another_org_does_not_find_the_user(hub: Hub) -> None:
    hub.write_pool(username="someone@else.example")
    code, word, text, hint = refused(hub)
    assert (code, word) == (2, "unknown_user")
    assert "no user someone@else.example" in text
    assert "whether the session is one of the Dev Hub" in hint


def test_an_inactive_user_is_named(hub: Hub) -> None:
    hub.world.hub.store.set_fields("User", hub.world.usernames[BUILD][1], {"IsActive": False})
    assert refused(hub)[:2] == (2, "inactive_user")


def test_the_right_that_a_user_lacks_is_named(hub: Hub) -> None:
    hub.set(SF_ACCESS_TOKEN=hub.session(BUILD))
    code, word, text, hint = refused(hub)
    assert (code, word) == (2, "hub_refused")
    assert "INSUFFICIENT_ACCESS" in text
    assert "Customize Application, Modify All Data" in hint


def test_without_a_session_and_without_a_consumer_key_there_is_no_login(hub: Hub) -> None:
    done = hub.app("--json", from_env=False)
    assert (done.code, done.json["error"]["code"]) == (2, "no_session")
    assert "--session-from-env" in done.json["error"]["hint"]


def test_other_commands_need_the_consumer_key(hub: Hub) -> None:
    done = hub.provisioner("check")
    assert done.code == 2
    assert "the key consumer_key is missing" in done.err


def test_a_user_without_the_permission_set_license_gets_the_name_of_it(
    make_hub: Callable[..., Hub],
) -> None:
    hub = make_hub()
    code, word, text, hint = refused(hub)
    assert (code, word) == (2, "hub_permission")
    assert "The user license doesn't allow the permission" in text
    assert "Salesforce API Integration" in hint
    hub.give_license()
    assert hub.app().code == 0


def test_an_app_of_this_name_that_is_not_ours_is_not_touched(hub: Hub) -> None:
    hub.installed()
    [app] = hub.query("SELECT Id FROM ExternalClientApplication")
    hub.world.hub.store.set_fields(
        "ExternalClientApplication", app["Id"], {"MasterLabel": "Theirs"}
    )
    for arguments in ((), ("--remove", "--yes")):
        code, word, text, _ = refused(hub, *arguments)
        assert (code, word) == (2, "name_taken")
        assert text == (
            f"the Dev Hub has an External Client App {APP}, which provisioner did not create; "
            "nothing was changed"
        )


def test_a_permission_set_of_this_name_that_is_not_ours_is_not_touched(hub: Hub) -> None:
    hub.create("PermissionSet", Name=APP, Label="Theirs")
    code, word, text, _ = refused(hub)
    assert (code, word) == (2, "name_taken")
    assert f"a permission set {APP}" in text


def test_the_key_of_another_app_is_refused_with_what_to_do(hub: Hub) -> None:
    from provisioner.emulator.apps import app_from_certificate

    app = app_from_certificate("3MVG9Classic", hub.keys[0].certificate)
    hub.world.register_app(app, approved=[])
    hub.use("3MVG9Classic")
    code, word, text, hint = refused(hub)
    assert (code, word) == (2, "consumer_key_taken")
    assert "The consumer key is already taken" in text
    assert "remove consumer_key" in hint


def test_every_problem_of_a_refused_deploy_is_shown(make_hub: Callable[..., Hub]) -> None:
    """An org that is not a Dev Hub has none of the objects."""
    hub = make_hub(is_dev_hub=False, hub_user="administrator")
    code, word, text, hint = refused(hub)
    assert (code, word) == (2, "deploy")
    assert len(text.splitlines()) > 1
    assert "ScratchOrg" in text
    assert "enable Dev Hub" in hint


def test_an_app_that_never_becomes_usable_ends_with_its_key(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(latencies=Latencies(1, overrides={"deploy": 0, "retrieve": 0}))
    hub.give_license()
    code, word, _, hint = refused(hub)
    assert (code, word) == (5, "login_unknown_key")
    assert "run the command again later" in hint
    assert "3MVG9" in hint


def test_no_output_and_no_file_holds_a_secret(hub: Hub) -> None:
    """The administrator's token, the consumer secret, a private key."""
    hub.installed()
    consumer_secret = hub.secret
    hub.app()
    hub.use("another.key.than.the.apps")
    hub.app("--rotate")
    hub.app("--remove")
    secrets = [hub.token, consumer_secret, hub.keys[0].private_key.splitlines()[2]]
    written = [path.read_text() for path in hub.folder.rglob("*") if path.suffix != ".key"]
    for text in [*hub.outputs, *filter(None, written)]:
        for secret in secrets:
            assert secret not in text


def test_a_switch_of_the_platform_that_makes_its_own_key_is_followed(hub: Hub) -> None:
    hub.world.behavior = replace(hub.world.behavior, requested_key="replaced")
    hub.use("my.own.consumer.key")
    done = hub.app()
    assert done.code == 0, done.err
    assert "whose key never changes" in done.err
