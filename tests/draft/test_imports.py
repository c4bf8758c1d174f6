"""`init --from FILE` imports what other tools say, and lists by line what it cannot import."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.draft.imports.cumulusci_conditions import holds
from tests.cli.conftest import Cli, Done
from tests.draft.conftest import DEFINITION, PROJECT, Make, pool, pools, text

Init = Callable[..., Done]

SFP = """\
{
  "tag": "Dev_Pool",
  "maxAllocation": 4,
  "expiry": 10,
  "batchSize": 2,
  "installAll": true,
  "retryOnFailure": true,
  "relaxAllIPRanges": true,
  "enableSourceTracking": false,
  "colour": "blue"
}
"""

HARDIS = """\
projectName: clinic
scratchOrgDuration: 20
poolConfig:
  maxScratchOrgsNumber: 4
  minScratchOrgRemainingDays: 15
  storageService: kvdb.io
installedPackages:
  - SubscriberPackageName: Billing
    SubscriberPackageVersionId: 04t5Y000000AbCdQAK
    installOnScratchOrgs: true
    installationkey: a-very-secret-key
  - SubscriberPackageName: Elsewhere
    SubscriberPackageVersionId: 04t5Y000000AbCeQAK
    installOnScratchOrgs: false
initPermissionSets:
  - Planner
scratchOrgInitApexScripts: [scripts/apex/init.apex]
"""

CUMULUSCI = """\
minimum_cumulusci_version: 3.74.0
project:
  name: Clinic
  dependencies:
    - version_id: 04t5Y000000AbCdQAK
    - namespace: npsp
      version: 3.200
tasks:
  give_sets:
    class_path: cumulusci.tasks.salesforce.users.permsets.AssignPermissionSets
    options:
      api_names: Planner
  run_script:
    class_path: cumulusci.tasks.apex.anon.AnonymousApexTask
    options:
      path: scripts/apex/init.apex
  community:
    class_path: cumulusci.tasks.salesforce.CreateCommunity
flows:
  config_dev:
    steps:
      2:
        task: None
      3:
        task: give_sets
      4:
        task: run_script
        when: "'npsp' not in org_config.installed_packages"
      5:
        task: community
      6:
        flow: npsp:config_dev
orgs:
  scratch:
    dev:
      config_file: config/project-scratch-def.json
      days: 5
    trial:
      config_file: orgs/trial.json
"""

WORKFLOW = """\
name: CI
on: push
env: { PLAN: data/plan.json }
jobs:
  lint:
    steps:
      - run: npm run lint
  org:
    runs-on: ubuntu-latest
    steps:
      - run: echo "$AUTH" > auth.txt
      - run: sf org login sfdx-url -f auth.txt -d
      - run: |
          npm ci
          sf org create scratch -d -f config/project-scratch-def.json -y 3 --no-namespace
      - run: sf package install -p 04t5Y000000AbCdQAK -k ${{ secrets.BILLING_KEY }} -w 10
      - run: sf project deploy start && sf org assign permset -n Planner
      - run: sf data import tree -p $PLAN
      - run: sf apex run -f scripts/apex/init.apex
        if: github.event_name == 'schedule'
      - run: node scripts/seed.js
      - run: sf community publish -n Portal
      - run: sf package install -p ${{ steps.version.outputs.id }}
      - run: sf apex test run -l RunLocalTests
      - uses: ./.github/actions/fill
"""

PLAN = [{"sobject": "Account", "files": ["Account.json"]}]
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
FILES: dict[str, Any] = {
    "pool.json": SFP,
    ".sfdx-hardis.yml": HARDIS,
    "cumulusci.yml": CUMULUSCI,
    "ci.yml": WORKFLOW,
    "scripts/apex/init.apex": "System.debug(1);",
    "data/plan.json": PLAN,
    "data/Account.json": {"records": []},
}


def test_sfp(make: Make, init: Init) -> None:
    make(FILES)

    done = init("--from", "pool.json")

    assert list(pools()) == ["dev-pool"]
    found = pool()
    assert (found["size"], found["maximum"], found["duration_days"]) == (4, 4, 10)
    assert found["steps"] == [{"deploy_source": {"path": ".", "retry": 2}}]
    assert "  concurrent_signups: 2 #" in Path("pool.yaml").read_text()
    assert listed(done) == [
        "pool.json:2: tag: the pool is called dev-pool here",
        "pool.json:8: relaxAllIPRanges: deploy the settings for IP ranges with the source",
        "pool.json:10: colour: not a key of sfp that init knows",
    ]


def test_sfdx_hardis(make: Make, init: Init) -> None:
    make(FILES)

    done = init("--from", ".sfdx-hardis.yml", variables={"KEY_BILLING": "a-very-secret-key"})

    found = pool()
    assert (found["size"], found["duration_days"], found["refresh_after"]) == (4, 20, "5d")
    package = {"version": "04t5Y000000AbCdQAK", "installation_key": "${KEY_BILLING}"}
    assert found["steps"] == [
        {"install_package": package},
        {"deploy_source": {"path": "."}},
        {"assign_permission_sets": {"sets": ["Planner"]}},
        {"run_apex": {"file": "scripts/apex/init.apex"}},
    ]
    assert "a-very-secret-key" not in Path("pool.yaml").read_text() + done.out + done.err
    assert "export KEY_BILLING=…   # the installation key in .sfdx-hardis.yml:11" in done.out
    assert listed(done) == [
        ".sfdx-hardis.yml:6: poolConfig.storageService: the ledger keeps the orgs; no other "
        "service is needed"
    ]


def test_cumulusci(make: Make, init: Init) -> None:
    make({**FILES, "orgs/dev.json": DEFINITION})

    done = init("--from", "cumulusci.yml")

    assert list(pools()) == ["dev", "qa"]
    assert pools()["dev"]["duration_days"] == 5
    assert pools()["dev"]["steps"] == [
        {"install_package": {"version": "04t5Y000000AbCdQAK"}},
        {"deploy_source": {"path": "."}},
        {"assign_permission_sets": {"sets": ["Planner"]}},
    ]
    assert "the task run_script. CumulusCI runs it when: 'npsp' not in" in text()
    assert listed(done) == [
        "cumulusci.yml: update_admin_profile in qa_org: it changes the profile of administrators; "
        "deploy a permission set instead",
        "cumulusci.yml:6: the dependency npsp 3.200: write the id (04t…) of its version to "
        "install_package",
        "cumulusci.yml:30: community in dev_org: no step does what CreateCommunity does; "
        "run_command can run a program for it",
        "cumulusci.yml:32: npsp:config_dev in dev_org: it is of another project, which init does "
        "not read",
        "cumulusci.yml:38: the org trial: nothing says which flow sets it up; add a pool for it",
    ]


def test_a_github_workflow(make: Make, init: Init) -> None:
    make(FILES)

    done = init("--from", "ci.yml", variables={"BILLING_KEY": "k"})

    found = pool()
    package = {"version": "04t5Y000000AbCdQAK", "installation_key": "${BILLING_KEY}"}
    assert found["duration_days"] == 3
    assert found["definitions"] == [{"file": "config/project-scratch-def.json", "namespace": False}]
    assert found["steps"] == [
        {"install_package": package},
        {"deploy_source": {"path": "."}},
        {"assign_permission_sets": {"sets": ["Planner"]}},
        {"load_data": {"plan": "data/plan.json"}},
    ]
    assert "ci.yml:15 creates a scratch org with it." in text()
    assert "(only if: github.event_name == 'schedule')" in text()
    assert "      # - run_apex: { file: scripts/apex/init.apex }" in text()
    assert listed(done) == [
        "ci.yml:21: node scripts/seed.js: if it changes the org, write it as run_command",
        "ci.yml:22: sf community publish -n Portal: no step of pool.yaml does this; run_command "
        "can run a program",
        "ci.yml:23: sf package install -p ${{ steps.version.outputs.id }}: it has a value that is "
        "only known when the command runs",
        "ci.yml:24: tests are no part of the set-up of an org: sf apex test run -l RunLocalTests",
        "ci.yml:25: ./.github/actions/fill: init does not read actions",
    ]


def listed(done: Done) -> list[str]:
    """What was not imported."""
    lines = done.out.partition("Not in pool.yaml:\n")[2].partition("\n\n")[0].split("\n")
    return [line.removeprefix("  ") for line in lines if line]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [1", "in.yml:2:1: the file is not valid YAML: "),
        (b"\xff\xfe\x00", "in.yml cannot be read: it is not UTF-8 text"),
        (b"\x00" * 10, "in.yml: the file is not valid YAML"),
        ("[1, 2]", "in.yml is not a file that init can import"),
        ("", "in.yml is not a file that init can import"),
        ("[" * 5000, "in.yml"),
        ("jobs: { a: 1, b: { steps: [1, { run: 2 }] } }", "in.yml: no command in it brings"),
        ("&a a: { <<: *a, jobs: 1 }", "in.yml"),
        (BOMB, "in.yml: the file has too many values, or is nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_imported(
    make: Make, cli: Cli, content: str | bytes, message: str
) -> None:
    make({"in.yml": content})

    done = cli("init", "--from", "in.yml")

    assert done.code == 2
    assert f"error: {message}" in done.err
    assert not Path("pool.yaml").exists()


@pytest.mark.parametrize(
    "content",
    [
        {"tag": ["x"], "maxAllocation": "many", "expiry": -1, "configFilePath": 7},
        {"poolConfig": "x", "installedPackages": {"a": 1}, "initPermissionSets": "x"},
        {"minimum_cumulusci_version": 1, "flows": [1], "orgs": "x", "project": []},
    ],
)
def test_values_of_wrong_types(make: Make, cli: Cli, content: Any) -> None:
    make({"in.json": content, "orgs/dev.json": DEFINITION})

    assert cli("init", "--from", "in.json").code in (0, 2)


def test_a_project_in_metadata_format(make: Make, init: Init) -> None:
    """CumulusCI also sets up projects without sfdx-project.json."""
    package = "<Package><types><members>A</members><name>ApexClass</name></types></Package>"
    classes = "src/classes/A.cls"
    make({"sfdx-project.json": None, "config/project-scratch-def.json": None,
          "orgs/dev.json": DEFINITION, "orgs/trial.json": DEFINITION, "src/package.xml": package,
          classes: "public class A {}", f"{classes}-meta.xml": "<ApexClass/>",
          "unpackaged/pre/one/package.xml": "<Package/>", "unpackaged/post/two/package.xml":
          "<Package/>", "unpackaged/post/two/a.txt": "%%%NAMESPACE%%%",
          "datasets/dev/dev.recipe.yml": "- object: Account\n  fields:\n    Name: a\n",
          "cumulusci.yml": "minimum_cumulusci_version: 1\norgs: {scratch: {qa: {days: 99}}}"},
    )  # fmt: skip

    done = init("--from", "cumulusci.yml")

    assert pools()["dev"]["steps"] == [
        {"deploy_source": {"path": "unpackaged/pre/one"}},
        {"deploy_source": {"path": "src"}},
        {"load_data": {"snowfakery": "datasets/dev/dev.recipe.yml"}},
    ]
    assert pools()["qa"]["duration_days"] == 30
    assert (
        "deploy_post in dev_org, qa_org: unpackaged/post/two: it inserts the namespace" in done.out
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("org_config.scratch", True),
        ("not org_config.scratch", False),
        ("not org_config.namespaced", True),
        ("org_config.scratch and project_config.project__source_format == 'sfdx'", True),
        ('project_config.project__source_format != "sfdx"', False),
        ("org_config.namespace or 'a' in org_config.installed_packages", None),
        ("not org_config.scratch and 'a' in org_config.installed_packages", False),
        ("org_config.scratch or 'a' in org_config.installed_packages", True),
        ("x" * 1000, None),
    ],
)
def test_conditions_of_cumulusci(condition: str, expected: bool | None) -> None:
    assert holds(condition, source_format="sfdx", is_namespaced=False) is expected


def test_files_that_can_be_imported_are_named(make: Make, cli: Cli) -> None:
    make({**FILES, "config/dev-pool.json": SFP, "config/pool-notes.json": {"tag": 1}})

    out = cli("init").out

    for name in ("cumulusci.yml", ".sfdx-hardis.yml", "config/dev-pool.json", "pool.json"):
        assert f"  {name}: `provisioner init --from {name}` imports it\n" in out
    assert "pool-notes" not in out


def test_json_lists_what_is_left_out(make: Make, cli: Cli) -> None:
    make(FILES)

    document = cli("init", "--from", "pool.json", "--json").json

    assert document["files"] == ["pool.yaml"]
    assert document["left_out"][0] == {
        "file": "pool.json", "line": 2, "text": "tag: the pool is called dev-pool here",
    }  # fmt: skip


def test_a_project_in_source_format_may_replace_the_deploy(make: Make, init: Init) -> None:
    """deploy_unmanaged has two deploys; step 3.1 is that of a project in source format."""
    flow = {"steps": {"3.1": {"task": "dx", "options": {"command": "project deploy start"}}}}
    content = {**PROJECT, "packageDirectories": [{"path": "dlrs"}]}
    make({"sfdx-project.json": content, "dlrs/x.txt": "x",
          "orgs/dev.json": DEFINITION, "cumulusci.yml": json.dumps(
        {"minimum_cumulusci_version": "3", "project": {"source_format": "sfdx"},
         "flows": {"deploy_unmanaged": flow}})})  # fmt: skip

    done = init("--from", "cumulusci.yml")

    assert pools()["dev"]["steps"] == [{"deploy_source": {"path": "."}}]
    assert [line for line in listed(done) if "deploy" in line and "profile" not in line] == []
