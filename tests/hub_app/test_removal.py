"""`--remove`: the app and its permission set leave the Dev Hub as it was."""

from __future__ import annotations

from tests.hub_app.hub import APP, Hub


def left(hub: Hub) -> list[str]:
    """What of the app is still in the Dev Hub."""
    set_rows = hub.query(f"SELECT Id FROM PermissionSet WHERE Name = '{APP}'")
    app_rows = hub.query("SELECT Id FROM ExternalClientApplication")
    names = [str(one.full_name) for one in hub.world.hub.components.values() if one is not None]
    return [row["Id"] for row in [*set_rows, *app_rows]] + [n for n in names if n.startswith(APP)]


def test_the_app_that_pool_yaml_logs_in_with_is_removed_only_with_yes(hub: Hub) -> None:
    hub.installed()
    done = hub.app("--remove", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "app_in_use")
    assert "pass --yes" in done.json["error"]["hint"]
    assert hub.provisioner("check", "--online").code == 0

    done = hub.app("--remove", "--yes", "--json")
    assert (done.code, done.json) == (0, {"removed": True}), done.err
    assert left(hub) == []
    assert hub.provisioner("check", "--online").code == 5


def test_an_app_that_pool_yaml_does_not_use_is_removed_at_once(hub: Hub) -> None:
    hub.installed()
    hub.write_pool()
    assert hub.app("--remove").out == f"The app {APP} was removed.\n"
    assert left(hub) == []


def test_a_second_removal_finds_nothing(hub: Hub) -> None:
    done = hub.app("--remove", "--json")
    assert (done.code, done.json) == (0, {"removed": False})


def test_a_removed_app_can_be_deployed_again(hub: Hub) -> None:
    first = hub.installed()
    assert hub.app("--remove", "--yes").code == 0
    hub.write_pool()
    assert hub.installed() != first
    assert hub.provisioner("check", "--online").code == 0


def test_what_an_interrupted_removal_has_left_is_removed(hub: Hub) -> None:
    hub.installed()
    [row] = hub.query(
        "SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = '" + APP + "'"
    )
    hub.world.hub.store.remove("PermissionSetAssignment", row["Id"])
    hub.write_pool()
    assert hub.app("--remove").code == 0
    assert left(hub) == []
