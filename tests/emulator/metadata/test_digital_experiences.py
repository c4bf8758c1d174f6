"""Digital experiences are components of their own, and parts of their bundle."""

from __future__ import annotations

import pytest

from tests.emulator.metadata.builders import XMLNS, Files, package, package_xml
from tests.emulator.metadata.conftest import OrgClient, failures, successes
from tests.emulator.metadata.test_retrieve import retrieved
from tests.emulator.metadata.test_source_members import members

FOLDER = "digitalExperiences/site/Store/"
META = f"{FOLDER}Store.digitalExperience-meta.xml"
HOME = "site/Store.sfdc_cms__view/home"
LOGIN = "site/Store.sfdc_cms__view/login"


def view(name: str, content: str = "{}") -> Files:
    folder = f"{FOLDER}sfdc_cms__view/{name}/"
    return {f"{folder}_meta.json": "{}", f"{folder}content.json": content}


STORE: Files = {
    META: f"<DigitalExperienceBundle {XMLNS}><label>Store</label></DigitalExperienceBundle>",
    **view("home"),
    **view("login"),
}


def deployed(client: OrgClient) -> None:
    result = client.deploy(package({"DigitalExperienceBundle": "site/Store"}, STORE))
    assert failures(result) == []
    assert successes(result) == ["site/Store", HOME, LOGIN]


def paths(client: OrgClient, component_type: str, name: str) -> set[str]:
    """What a retrieve brings, without the manifest."""
    files = retrieved(client, {component_type: name})
    return {path.removeprefix("unpackaged/") for path in files} - {"package.xml"}


@pytest.mark.parametrize(
    ("name", "names"),
    [(HOME, {"home"}), ("site/Store.*", {"home", "login"}), ("site/Other.*", set()),
     ("*", {"home", "login"})],
)  # fmt: skip
def test_digital_experiences_are_retrieved_without_their_bundle(
    client: OrgClient, name: str, names: set[str]
) -> None:
    deployed(client)
    expected = {path for one in names for path in view(one)}
    assert paths(client, "DigitalExperience", name) == expected


def test_one_is_deployed_without_its_bundle(client: OrgClient) -> None:
    deployed(client)
    changed = view("home", '{"title": "Hello"}')
    result = client.deploy(package({"DigitalExperience": HOME}, changed))
    assert failures(result) == []
    assert successes(result) == [HOME]
    files = retrieved(client, {"DigitalExperienceBundle": "site/Store"})
    content = files[f"unpackaged/{FOLDER}sfdc_cms__view/home/content.json"]
    assert content == '{"title": "Hello"}'


def test_a_new_one_belongs_to_the_bundle(client: OrgClient) -> None:
    deployed(client)
    client.deploy(package({"DigitalExperience": "site/Store.*"}, view("news")))
    assert view("news").keys() < paths(client, "DigitalExperienceBundle", "site/Store")


def test_a_deleted_one_leaves_the_bundle(client: OrgClient) -> None:
    deployed(client)
    changes = {"destructiveChangesPost.xml": package_xml({"DigitalExperience": HOME})}
    assert client.deploy(package({}, changes))["status"] == "Succeeded"
    found = paths(client, "DigitalExperienceBundle", "*")
    assert found == {META, *view("login")}
    assert members(client)[f"DigitalExperience:{HOME}"]["IsNameObsolete"] is True


def test_a_bundle_is_deleted_with_its_parts(client: OrgClient) -> None:
    deployed(client)
    changes = {"destructiveChanges.xml": package_xml({"DigitalExperienceBundle": "site/Store"})}
    assert client.deploy(package({}, changes))["status"] == "Succeeded"
    assert paths(client, "DigitalExperience", "*") == set()
