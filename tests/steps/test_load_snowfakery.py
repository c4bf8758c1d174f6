"""load_data with snowfakery: generated records with their references, the same or other ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ErrorKind, UsageError
from provisioner.steps import snowfakery_data
from provisioner.steps.base import Done, StepFailed
from provisioner.steps.load_data import LoadData
from provisioner.steps.snowfakery_form import SnowfakeryForm
from tests.salesforce.world import Emulated
from tests.steps.project import write
from tests.steps.step_runner import KilledError, StepRunner

RECIPE = """\
- snowfakery_version: 3
- object: Account
  count: 3
  nickname: first
  fields:
    Name: {fake: Company}
    NumberOfEmployees: {random_number: {min: 1, max: 1000000}}
    Site: {random_number: {min: 1, max: 9}}
  friends:
    - object: Contact
      count: 2
      fields:
        LastName: {fake: LastName}
        AccountId: {reference: Account}
        Birthdate: {date: 1990-05-01}
- object: Case
  fields:
    Subject: Late
    ContactId: {random_reference: Contact}
    Comments:
- object: Account
  fields:
    Name: Child
    ParentId: {reference: first}
"""
NAME = Path("data/recipe.yml")


def step(runner: StepRunner, recipe: str = RECIPE, seed: int | None = None) -> LoadData:
    write(runner.directory / NAME, recipe)
    return LoadData(snowfakery=NAME, seed=seed)


def problems(runner: StepRunner, load: LoadData) -> list[str]:
    return [found.message for found in load.check(runner.directory)]


def accounts(runner: StepRunner) -> list[tuple[Any, ...]]:
    rows = runner.emulated_org.store.rows("Account")
    return sorted((row["Name"], row["NumberOfEmployees"], row["Site"]) for row in rows)


def assert_complete(runner: StepRunner) -> None:
    people = runner.org.query("SELECT Birthdate, Account.Name FROM Contact")
    assert len({row["Account"]["Name"] for row in people}) == 3
    assert [row["Birthdate"] for row in people] == ["1990-05-01"] * 6
    (case,) = runner.org.query("SELECT Subject, ContactId FROM Case")
    assert case["ContactId"]
    (child,) = runner.org.query("SELECT Parent.Name FROM Account WHERE Name = 'Child'")
    assert child["Parent"]
    assert runner.count("Account") == 4


def test_generated_records_are_loaded_with_their_references(runner: StepRunner) -> None:
    load = step(runner, seed=7)
    assert problems(runner, load) == []
    assert runner.finish(load) == Done("loaded 11 records")
    assert_complete(runner)
    assert all(isinstance(site, str) for _, _, site in accounts(runner) if site)


def test_a_seed_gives_each_org_the_same_data(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        with Emulated() as emulated:
            runner = StepRunner(emulated, tmp_path)
            runner.finish(step(runner, seed=7))
            found.append(accounts(runner))
    assert found[0] == found[1]


def test_without_a_seed_the_org_determines_the_data(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another org gets other data; the same org gets the same after a kill, on any host."""
    seeds: list[int] = []
    real = snowfakery_data.generated

    def generated(recipe: Path, seed: int, *others: Any) -> dict[str, Any]:
        seeds.append(seed)
        return real(recipe, seed, *others)

    monkeypatch.setattr("provisioner.steps.snowfakery_form.generated", generated)
    load = step(runner)
    runner.is_killed_by = "1/"
    with pytest.raises(KilledError):
        runner.finish(load)
    runner.restart()
    assert runner.finish(step(runner)) == Done("loaded 11 records")
    assert_complete(runner)
    assert len(set(seeds)) == 1
    runner.emulated_org.id = "00D000000000099"
    runner.restart()
    runner.finish(step(runner))
    assert len(set(seeds)) == 2


@pytest.mark.parametrize("text", ["0/", "1/", "2/", "3/"])
def test_a_killed_load_continues_and_loads_nothing_twice(runner: StepRunner, text: str) -> None:
    runner.is_killed_by = text
    with pytest.raises(KilledError):
        runner.finish(step(runner, seed=7))
    runner.restart()
    assert runner.finish(step(runner, seed=7)) == Done("loaded 11 records")
    assert_complete(runner)


def test_record_types_are_found_by_their_api_name(runner: StepRunner) -> None:
    store = runner.emulated_org.store
    ids = {
        sobject: store.add(
            "RecordType",
            {"Name": "Main partner", "DeveloperName": "Partner", "SobjectType": sobject},
        )
        for sobject in ("Account", "Contact", "Lead", "Case")
    }
    runner.finish(
        step(
            runner,
            f"""\
- object: Account
  fields: {{ Name: A, RecordType: Partner }}
- object: Contact
  fields: {{ LastName: A, record_type: Main partner }}
- object: Lead
  fields: {{ LastName: A, Company: A, RecordTypeId: Partner }}
- object: Case
  fields: {{ Subject: A, RecordTypeId: {ids["Case"]} }}
""",
        )
    )
    for sobject, record_type in ids.items():
        assert [row["RecordTypeId"] for row in store.rows(sobject)] == [record_type]


# --- problems -----------------------------------------------------------------------------


def test_problems_of_a_recipe_name_the_line(runner: StepRunner) -> None:
    (problem,) = problems(
        runner, step(runner, "- object: Account\n  fields:\n    Name: {nothing: 5}\n")
    )
    assert problem.startswith("data/recipe.yml: ")
    assert "recipe.yml:3" in problem
    assert str(runner.directory) not in problem
    (problem,) = problems(runner, step(runner, "- object: [\n"))
    assert problem.startswith("data/recipe.yml: ")
    assert problems(runner, step(runner, "- snowfakery_version: 3\n")) == [
        "data/recipe.yml: the recipe generates no records"
    ]


def test_what_is_not_loaded_is_refused_by_name(runner: StepRunner) -> None:
    recipe = """\
- object: Contact
  update_key: Email
  fields: {LastName: A, Email: a@b.example}
- object: some-thing
  fields: {Name: A}
- object: User
  fields: {LastName: A}
"""
    write(runner.directory / "data/recipe.load.yml", "[]")
    assert problems(runner, step(runner, recipe)) == [
        "data/recipe.yml: update_key is not supported; remove it from Contact; "
        "'some-thing' is not the API name of an object; "
        "users are not loaded; write the step create_users"
    ]


def test_a_recipe_that_queries_an_org_is_refused(runner: StepRunner) -> None:
    recipe = """\
- plugin: snowfakery.standard_plugins.Salesforce.SalesforceQuery
- object: Contact
  fields:
    LastName: A
    AccountId:
      SalesforceQuery.random_record: Account
"""
    (problem,) = problems(runner, step(runner, recipe))
    assert problem.startswith(
        "data/recipe.yml: recipe.yml:5: the recipe queries an org (SalesforceQuery or "
        "SOQLDataset), which is not supported: "
    )


@pytest.mark.parametrize("name", ["recipe.yml", "recipe.recipe.yml"])
def test_a_load_file_of_cumulusci_is_a_warning(
    runner: StepRunner, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SnowfakeryForm, "_checked", lambda *_: {})  # another test generates data
    write(runner.directory / "data/recipe.load.yml", "[]")
    load = LoadData(snowfakery=write(runner.directory / f"data/{name}", RECIPE))
    (found,) = load.check(runner.directory)
    assert found.is_warning
    assert found.message.endswith(
        "data/recipe.load.yml is not used; references determine the order of the load"
    )


def test_without_the_library_the_command_that_installs_it_is_named(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snowfakery_data, "PACKAGE", "no_such_library")
    load = step(runner, seed=7)
    message = "Snowfakery is not installed; install the library: pip install "
    assert problems(runner, load) == [f"{message}'provisioner[snowfakery]'"]
    with pytest.raises(UsageError, match="Snowfakery is not installed"):
        list(load.inputs(runner.directory))


def test_records_that_refer_to_themselves_cannot_be_loaded(runner: StepRunner) -> None:
    recipe = "- object: Account\n  fields:\n    Name: A\n    ParentId: {reference: Account}\n"
    (problem,) = problems(runner, step(runner, recipe))
    assert problem == (
        "data/recipe.yml: Account: record 1 (Account_1): it refers to itself through @Account_1"
    )


def test_an_unknown_object_is_named(runner: StepRunner) -> None:
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(runner, "- object: Nothing__c\n  fields:\n    Name: A\n"))
    assert caught.value.message == "data/recipe.yml: the org has no object Nothing__c"


def test_a_refusal_names_the_record(runner: StepRunner) -> None:
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(runner, "- object: Account\n  count: 2\n  fields:\n    Odd__c: A\n"))
    assert caught.value.message.startswith("Account: record 1 (Account_1): ")
    assert caught.value.kind is ErrorKind.CONTENT


def test_a_recipe_gets_no_secret(runner: StepRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_PRIVATE_KEY", "secret-of-the-hub")
    monkeypatch.setenv("MY_KEY", "another-secret-9")
    monkeypatch.setenv("PLAIN", "seen")
    plugin = (
        "import os\nfrom snowfakery import SnowfakeryPlugin\n"
        "class Env(SnowfakeryPlugin):\n    class Functions:\n        def all(self):\n"
        "            return ' '.join(sorted(os.environ))\n"
    )
    write(runner.directory / "data/plugins/env.py", plugin)
    recipe = "- plugin: env.Env\n- object: Account\n  fields:\n    Name: A\n"
    recipe += "    Description: ${{Env.all()}}\n"
    write(runner.directory / NAME, recipe)
    load = LoadData(snowfakery=NAME, secret_variables=frozenset({"MY_KEY"}))
    runner.finish(load)
    (row,) = runner.emulated_org.store.rows("Account")
    names = row["Description"].split()
    assert "PLAIN" in names
    assert not {"SF_PRIVATE_KEY", "MY_KEY"} & set(names)


def test_the_fingerprint_depends_on_recipe_included_files_and_seed(runner: StepRunner) -> None:
    recipe = f"- include_file: more.yml\n{RECIPE}"
    write(runner.directory / "data/more.yml", "- snowfakery_version: 3\n")

    def inputs(seed: int | None = None) -> list[bytes]:
        return list(step(runner, recipe, seed).inputs(runner.directory))

    first = inputs()
    assert inputs() == first
    assert inputs(seed=7) != first
    write(runner.directory / "data/more.yml", "- snowfakery_version: 3\n# changed\n")
    assert inputs() != first
