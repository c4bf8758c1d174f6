"""Territory models: the files of their parts are in folders of their own, below the model's."""

from __future__ import annotations

from tests.emulator.metadata.builders import XMLNS, Files, package
from tests.emulator.metadata.conftest import OrgClient, failures, successes
from tests.emulator.metadata.test_retrieve import retrieved

FOLDER = "territory2Models/World/"
FILES: Files = {
    "territory2Types/Country.territory2Type": (
        f"<Territory2Type {XMLNS}><name>Country</name><priority>1</priority></Territory2Type>"
    ),
    f"{FOLDER}World.territory2Model": (
        f"<Territory2Model {XMLNS}><name>World</name></Territory2Model>"
    ),
    f"{FOLDER}territories/USA.territory2": (
        f"<Territory2 {XMLNS}><name>USA</name><territory2Type>Country</territory2Type></Territory2>"
    ),
    f"{FOLDER}rules/Stores.territory2Rule": (
        f"<Territory2Rule {XMLNS}><name>Stores</name><objectType>Account</objectType>"
        "</Territory2Rule>"
    ),
}
MEMBERS = {
    "Territory2": "World.USA",
    "Territory2Model": "World",
    "Territory2Rule": "World.Stores",
    "Territory2Type": "Country",
}


def test_a_model_is_deployed_with_its_territories_and_rules(client: OrgClient) -> None:
    result = client.deploy(package(MEMBERS, FILES))
    assert failures(result) == []
    assert sorted(successes(result)) == ["Country", "World", "World.Stores", "World.USA"]


def test_a_territory_comes_back_without_its_model(client: OrgClient) -> None:
    client.deploy(package(MEMBERS, FILES))
    files = retrieved(client, {"Territory2": "World.USA"})
    path = f"{FOLDER}territories/USA.territory2"
    assert files[f"unpackaged/{path}"] == FILES[path]
    assert len(files) == 2  # and package.xml


def test_a_rule_outside_of_a_model_is_no_component(client: OrgClient) -> None:
    misplaced: Files = {
        "rules/Stores.territory2Rule": FILES[f"{FOLDER}rules/Stores.territory2Rule"]
    }
    result = client.deploy(package({"Territory2Rule": "*"}, misplaced))
    assert failures(result) == [
        ("rules/Stores.territory2Rule", "rules/Stores.territory2Rule", "Not in package.xml")
    ]


def test_the_xml_of_a_territory_is_read(client: OrgClient) -> None:
    broken: Files = {**FILES, f"{FOLDER}territories/USA.territory2": "<Territory2"}
    ((_, name, problem),) = failures(client.deploy(package(MEMBERS, broken)))
    assert name == "World.USA"
    assert problem.startswith("Error parsing file")
