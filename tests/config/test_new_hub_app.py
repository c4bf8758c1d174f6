"""`hub app` reads only `dev_hub`, whose consumer key may be missing, and prints it as written."""

from __future__ import annotations

import yaml

from provisioner.config.written import as_yaml, dev_hub_as_written
from tests.config.project import HUB, Project

WITHOUT = HUB.replace("  consumer_key: 3MVG9consumer\n", "")


def test_the_consumer_key_may_be_missing(project: Project) -> None:
    assert project.load(WITHOUT, need="new_hub_app").dev_hub.consumer_key == ""
    assert project.load(HUB, need="new_hub_app").dev_hub.consumer_key == "3MVG9consumer"


def test_a_variable_that_is_not_set_counts_as_missing(project: Project) -> None:
    text = HUB.replace("3MVG9consumer", "${SF_CONSUMER_KEY}")
    assert project.load(text, need="new_hub_app").dev_hub.consumer_key == ""
    project.environ = {"SF_CONSUMER_KEY": "3MVG9set"}
    assert project.load(text, need="new_hub_app").dev_hub.consumer_key == "3MVG9set"


def test_all_other_readings_need_it(project: Project) -> None:
    for text in (WITHOUT, HUB.replace("3MVG9consumer", "${SF_CONSUMER_KEY}")):
        for need in ("all", "hub_and_ledger"):
            assert project.problems(text, need=need)


def test_the_rest_of_the_file_is_not_read(project: Project) -> None:
    text = f"{WITHOUT}ledger: nonsense\npools: 3\nscratch_app: {{}}\n"
    assert project.problems(text, need="new_hub_app") == []


def test_a_wrong_key_of_the_dev_hub_is_a_problem(project: Project) -> None:
    problems = project.problems(f"{WITHOUT}  login_app: later\n  nonsense: 1\n", need="new_hub_app")
    assert {one.key_path for one in problems} == {"dev_hub.login_app", "dev_hub.nonsense"}


def test_the_block_is_printed_as_it_is_written(project: Project) -> None:
    hub = {
        "username": "${USER_NAME}",
        "private_key": ["${A KEY}", "it's a, key.pem"],
        "private_key_passphrase": "${PASS}",
        "api_version": "68.0",
        "login_url": "http://127.0.0.1:80",
        "certificate": "~/a #1: b",
    }
    project.write("pool.yaml", yaml.safe_dump({"dev_hub": hub}))
    written = dev_hub_as_written(project.path)
    assert written == hub
    assert yaml.safe_load("\n".join(as_yaml(written))) == {"dev_hub": hub}


def test_secrets_in_plain_text_become_variables(project: Project) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n"
    hub = {"private_key": [pem, "old.key"], "private_key_passphrase": "planted"}
    project.write("pool.yaml", yaml.safe_dump({"dev_hub": hub}))
    assert dev_hub_as_written(project.path) == {
        "private_key": ["${SF_PRIVATE_KEY}", "old.key"],
        "private_key_passphrase": "${SF_PRIVATE_KEY_PASSPHRASE}",
    }
