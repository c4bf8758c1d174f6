"""`provisioner hub app` gives a Dev Hub without any app the login of the build user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import yaml

from provisioner.emulator.latencies import Latencies
from tests.hub_app.hub import APP, BUILD, Hub


def test_the_block_that_is_printed_is_all_that_a_build_needs(hub: Hub) -> None:
    done = hub.app()
    assert done.code == 0, done.err
    block = yaml.safe_load(done.out)["dev_hub"]
    assert list(block) == ["username", "consumer_key", "private_key", "login_url"]
    assert block["username"] == BUILD
    assert block["private_key"] == "0.key"
    assert block["login_url"] == hub.server.url
    assert block["consumer_key"].startswith("3MVG9")

    (hub.folder / "pool.yaml").write_text(done.out)
    checked = hub.provisioner("check", "--online")
    assert checked.code == 0, checked.err
    assert "is a Dev Hub" in checked.err


def test_the_json_is_one_document(hub: Hub) -> None:
    done = hub.app("--json")
    key = done.json["dev_hub"]["consumer_key"]
    assert done.json == {
        "app": APP,
        "permission_set": APP,
        "new": True,
        "rotated": False,
        "dev_hub": {
            "username": BUILD,
            "consumer_key": key,
            "private_key": "0.key",
            "login_url": hub.server.url,
        },
    }


def test_variables_and_other_keys_stay_as_they_are_written(hub: Hub) -> None:
    pem = (hub.folder / "0.key").read_text()
    hub.set(MY_KEY=pem, SF_CONSUMER_KEY="", MY_USER=BUILD)
    (hub.folder / "pool.yaml").write_text(
        "dev_hub:\n  username: ${MY_USER}\n  consumer_key: ${SF_CONSUMER_KEY}\n"
        "  private_key: ['${MY_KEY}', 1.key]\n  api_version: '66.0'\n"
        f"  login_url: {hub.server.url}\n"
    )
    done = hub.app()
    assert done.code == 0, done.err
    block = yaml.safe_load(done.out)["dev_hub"]
    assert block["username"] == "${MY_USER}"
    assert block["private_key"] == ["${MY_KEY}", "1.key"]
    assert block["api_version"] == "66.0"
    assert pem.splitlines()[3] not in done.out + done.err


def test_a_key_in_plain_text_is_refused_and_not_printed(hub: Hub) -> None:
    pem = (hub.folder / "0.key").read_text()
    indented = "".join(f"    {line}\n" for line in pem.splitlines())
    hub.write_pool(f"|\n{indented}".rstrip("\n"))
    done = hub.app()
    assert done.code == 2
    assert "dev_hub.private_key: the secret is written in plain text; write ${NAME}" in done.err
    assert pem.splitlines()[3] not in done.out + done.err


def test_the_permission_set_grants_what_a_build_needs_and_no_more(hub: Hub) -> None:
    hub.installed()
    [found] = hub.query(f"SELECT Id FROM PermissionSet WHERE Name = '{APP}'")
    names = ("Create", "Read", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    fields = ", ".join(f"Permissions{name}" for name in names)
    rows = hub.query(
        f"SELECT SobjectType, {fields} FROM ObjectPermissions WHERE ParentId = '{found['Id']}'"
    )
    granted = {
        row["SobjectType"]: {name for name in names if row[f"Permissions{name}"]} for row in rows
    }
    assert granted == {
        "ActiveScratchOrg": {"Read", "Edit", "Delete"},
        "ScratchOrgInfo": {"Create", "Read", "Edit", "Delete"},
    }


def test_a_second_run_prints_the_same_key_and_changes_no_assignment(hub: Hub) -> None:
    first = hub.app("--json").json
    second = hub.app("--json").json
    assert (first["new"], second["new"]) == (True, False)
    assert second["dev_hub"] == first["dev_hub"]
    where = f"PermissionSet.Name = '{APP}'"
    assert len(hub.query(f"SELECT Id FROM PermissionSetAssignment WHERE {where}")) == 1
    [app] = hub.query("SELECT Id FROM ExternalClientApplication")
    where = f"SetupEntityId = '{app['Id']}'"
    assert len(hub.query(f"SELECT Id FROM SetupEntityAccess WHERE {where}")) == 1


def test_a_second_run_repairs_what_was_changed(hub: Hub) -> None:
    key = hub.installed()
    where = f"PermissionSet.Name = '{APP}'"
    [row] = hub.query(f"SELECT Id FROM PermissionSetAssignment WHERE {where}")
    hub.world.hub.store.remove("PermissionSetAssignment", row["Id"])
    assert hub.provisioner("check", "--online").code == 5
    assert hub.installed() == key
    assert hub.provisioner("check", "--online").code == 0


def test_an_org_that_gives_the_app_a_new_id_at_each_deploy_is_linked_again(hub: Hub) -> None:
    hub.world.behavior = replace(
        hub.world.behavior, new_app_id_on_redeploy="yes", setup_entity_access="inserted"
    )
    assert hub.installed() == hub.installed()


def test_the_key_of_pool_yaml_is_requested_for_a_new_app(hub: Hub) -> None:
    hub.use("my.own.consumer.key")
    assert hub.installed() == "my.own.consumer.key"


def test_another_key_than_that_of_pool_yaml_is_a_warning(hub: Hub) -> None:
    key = hub.installed()
    hub.use("my.own.consumer.key")
    done = hub.app()
    assert done.code == 0, done.err
    assert "is not that of the app, whose key never changes" in done.err
    assert yaml.safe_load(done.out)["dev_hub"]["consumer_key"] == key


def test_the_command_waits_until_a_new_app_is_usable(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(latencies=Latencies(200, overrides={"deploy": 0, "retrieve": 0}))
    hub.give_license()
    done = hub.provisioner("hub", "app", "--session-from-env", "--time-scale", "0.02")
    assert done.code == 0, done.err
    assert "a new one is usable after 2 to 10 minutes" in done.err
    assert f"{BUILD} can log in through the app" in done.err


def test_an_administrator_may_build_and_install_by_their_own_login(
    make_hub: Callable[..., Hub],
) -> None:
    """The second run needs no session from outside: the app itself logs the administrator in."""
    hub = make_hub(hub_user="administrator")
    key = hub.installed()
    hub.set(SF_ACCESS_TOKEN="", SF_INSTANCE_URL="")
    done = hub.app("--json", from_env=False)
    assert done.code == 0, done.err
    assert done.json["dev_hub"]["consumer_key"] == key


def test_the_session_of_the_environment_is_not_revoked(hub: Hub) -> None:
    hub.installed()
    assert not [entry for entry in hub.world.log.entries() if "revoke" in entry.path]
    assert hub.app().code == 0
