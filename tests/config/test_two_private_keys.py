"""`private_key: [NEW, OLD]`: both keys of an app while its certificate is replaced."""

from __future__ import annotations

import pytest

from provisioner.config.schema import schema
from provisioner.declare.secret import Secret
from tests.config.project import HUB, Project
from tests.config.test_key_pairs import GOOD, NOW, certificate, key_pem, pem, private_key
from tests.config.test_schema import fits

BOTH = HUB.replace("server.key", "[new.key, server.key]")


@pytest.fixture(autouse=True)
def _keys(project: Project) -> None:
    project.write("new.key", key_pem(private_key(1))).chmod(0o600)
    project.write("server.key", key_pem(private_key()))


def test_the_first_key_is_the_new_one(project: Project) -> None:
    hub = project.load(BOTH).dev_hub

    assert hub.private_key == project.folder / "new.key"
    assert hub.former_key == project.folder / "server.key"


@pytest.mark.parametrize("written", ["server.key", "[server.key]"])
def test_one_key_may_be_listed_or_not(project: Project, written: str) -> None:
    hub = project.load(HUB.replace("server.key", written)).dev_hub

    assert (hub.private_key, hub.former_key) == (project.folder / "server.key", None)


def test_each_key_may_be_the_text_itself(project: Project) -> None:
    project.environ = {"NEW": key_pem(private_key(1)).decode()}
    config = project.load(HUB.replace("server.key", '["${NEW}", server.key]'))

    assert config.dev_hub.private_key == Secret(project.environ["NEW"])
    assert config.secret_variables == {"NEW"}


def test_the_second_app_may_have_two_keys_as_well(project: Project) -> None:
    text = f"{HUB}scratch_app: {{consumer_key: x, private_key: [new.key, server.key]}}\n"
    app = project.load(text).scratch_app

    assert app is not None
    assert app.former_key == project.folder / "server.key"


@pytest.mark.parametrize("need", ["all", "hub_and_ledger"])
@pytest.mark.parametrize(
    ("written", "key", "message"),
    [
        ("[]", "", "the list has 0 keys; write one key, or two: [NEW, OLD]"),
        ("[a, b, c]", "", "the list has 3 keys; write one key, or two: [NEW, OLD]"),
        ("[new.key, server.kex]", ".1", "the file server.kex does not exist; did you mean "
         "server.key?"),
        ("[{a: b}, server.key]", ".0", "is a mapping; write a single value"),
    ],
)  # fmt: skip
def test_a_wrong_list_is_reported(
    project: Project, need: str, written: str, key: str, message: str
) -> None:
    problems = project.problems(HUB.replace("server.key", written), need=need)  # type: ignore[arg-type]

    assert (f"dev_hub.private_key{key}", message) in [(p.key_path, p.message) for p in problems]


def test_check_reads_both_keys(project: Project) -> None:
    project.write("server.key", "no key")
    project.write("new.key", "no key")

    problems = project.problems(BOTH, keys_at=NOW)

    assert [p.key_path for p in problems] == ["dev_hub.private_key.0", "dev_hub.private_key.1"]


def test_check_compares_the_certificate_with_the_first_key(project: Project) -> None:
    project.write("hub.crt", pem(certificate(private_key(), **GOOD)))
    text = f"{BOTH}  certificate: hub.crt\n"
    [problem] = project.problems(text, keys_at=NOW)
    assert "does not match the private key" in problem.message

    project.write("hub.crt", pem(certificate(private_key(1), **GOOD)))
    assert project.problems(text, keys_at=NOW) == []


def test_check_warns_about_the_same_key_twice_and_about_keys_that_others_can_read(
    project: Project,
) -> None:
    project.write("new.key", key_pem(private_key())).chmod(0o644)

    problems = project.problems(BOTH, keys_at=NOW)

    assert [(p.key_path, p.is_warning) for p in problems] == [
        ("dev_hub.private_key.0", True),
        ("dev_hub.private_key.1", True),
    ]


def test_the_schema_knows_both_forms() -> None:
    hub = schema()["properties"]["dev_hub"]["properties"]["private_key"]

    assert fits("server.key", hub)
    assert fits(["new.key", "server.key"], hub)
    assert {"minItems": 1, "maxItems": 2}.items() <= hub["anyOf"][1].items()
