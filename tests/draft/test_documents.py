"""A set-up that a project documents becomes the steps; what else was found is a comment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.draft.commands.reading import commands_in
from provisioner.draft.commands.steps import NoStepError, steps_of
from provisioner.draft.project import Project
from tests.cli.conftest import Done
from tests.draft.conftest import DEFINITION, PROJECT, SETS, Make, pool, text

Init = Callable[..., Done]

SCRIPT = """\
#!/bin/bash
ORG=clinic
echo "Cleaning previous scratch org..." && sf org delete scratch -p -o $ORG &> /dev/null
sf org create scratch -f config/dev-scratch-def.json -a $ORG -d -y 30 && \\
sf project deploy start && \\
sf org assign permset -n Planner && sf org assign permset -n Other && \\
sf data tree import --plan ./data/small-plan.json && \\
sf org open
# sf apex run -f scripts/not-this.apex
sf frobnicate the org
"""
README = """\
Create an org:

    sf org create scratch -f config/project-scratch-def.json
    sf project deploy start
    sf org assign permset -n Planner
    sf apex run -f scripts/a.apex
    sf apex run -f scripts/b.apex
    sf apex run -f scripts/c.apex
"""
PLAN = [{"sobject": "Account", "files": ["Account.json"]}]
FILES: dict[str, Any] = {
    "config/dev-scratch-def.json": DEFINITION,
    "data/small-plan.json": PLAN,
    "data/large-plan.json": PLAN,
    "data/Account.json": {"records": []},
    f"{SETS}/Viewer.permissionset-meta.xml": "<PermissionSet/>",
    f"{SETS}/Other.permissionset-meta.xml": "<PermissionSet/>",
}


def test_a_script_counts_more_than_a_text(make: Make, init: Init) -> None:
    make({**FILES, "bin/install.sh": SCRIPT, "README.md": README})

    done = init()

    assert pool()["definitions"] == ["config/dev-scratch-def.json"]
    assert pool()["steps"] == [
        {"deploy_source": {"path": "."}},
        {"assign_permission_sets": {"sets": ["Planner", "Other"]}},
        {"load_data": {"plan": "data/small-plan.json"}},
    ]
    assert pool()["duration_days"] == 2
    assert "bin/install.sh:5: sf project deploy start\n" in text()
    assert "bin/install.sh:6: sf org assign permset -n Planner; bin/install.sh:6: sf" in text()
    assert "      # - assign_permission_sets: { sets: [Viewer] }" in text()
    assert "A data plan with Account. bin/install.sh does not do this." in text()
    assert "      # - load_data: { plan: data/large-plan.json }" in text()
    assert "bin/install.sh:10: sf frobnicate the org: no step of pool.yaml does this" in done.out


def test_paths_may_start_at_the_folder_of_the_script(make: Make, init: Init) -> None:
    script = """\
sf org create scratch -f ../config/dev-scratch-def.json
sf package install -p 04t5Y000000AbCdQAK -k $3
sf project deploy start -d ../force-app
sf data import tree -p ../data/small-plan.json
sf apex run -f set-up.apex
"""
    make({**FILES, "scripts/install.sh": script, "scripts/set-up.apex": "x"})

    init(variables={"INSTALLATION_KEY": "k"})

    assert pool()["definitions"] == ["config/dev-scratch-def.json"]
    assert pool()["steps"] == [
        {"install_package": {"version": "04t5Y000000AbCdQAK",
                             "installation_key": "${INSTALLATION_KEY}"}},
        {"deploy_source": {"path": "."}},
        {"load_data": {"plan": "data/small-plan.json"}},
        {"run_apex": {"file": "scripts/set-up.apex"}},
    ]  # fmt: skip


def test_dependencies_of_the_project_come_first(make: Make, init: Init) -> None:
    directory = {
        **PROJECT["packageDirectories"][0],
        "dependencies": [{"package": "Billing", "versionNumber": "1.2.0.LATEST"}],
    }
    make({**FILES, "sfdx-project.json": {**PROJECT, "packageDirectories": [directory]},
          "bin/install.sh": SCRIPT})  # fmt: skip

    init()

    assert [kind for step in pool()["steps"] for kind in step][:2] == [
        "install_dependencies", "deploy_source",
    ]  # fmt: skip


def test_scripts_of_package_json_are_inserted(make: Make, init: Init) -> None:
    scripts = {
        "org": "npm run org:create && npm run org:fill",
        "org:create": "sf org create scratch -f config/project-scratch-def.json",
        "org:fill": 'sf project deploy start && sf org assign permset -n "Planner"',
    }
    make({"package.json": {"scripts": scripts}, "bin/install.sh": "npm ci\nnpm run org\n"})

    init()

    assert pool()["steps"] == [
        {"deploy_source": {"path": "."}},
        {"assign_permission_sets": {"sets": ["Planner"]}},
    ]
    assert "bin/install.sh:2: sf project deploy start" in text()


def test_where_parts_of_the_source_are_deployed_all_of_it_is(make: Make, init: Init) -> None:
    part = "sf project deploy start -m ApexClass"
    make({**FILES, "bin/install.sh": SCRIPT.replace("sf project deploy start", part)})

    done = init()

    assert pool()["steps"][0] == {"deploy_source": {"path": "."}}
    assert "bin/install.sh:5 deploys parts of the source; this deploys all of it." in text()
    assert f"bin/install.sh:5: {part}: it deploys single components" in done.out


def test_without_a_script_the_readme_counts(make: Make, init: Init) -> None:
    make({**FILES, "README.md": README, "scripts/a.apex": "x", "scripts/b.apex": "y"})

    init()

    assert [step for step in pool()["steps"] if "run_apex" in step] == [
        {"run_apex": {"file": "scripts/a.apex"}},
        {"run_apex": {"file": "scripts/b.apex"}},
    ]
    assert "says: the file scripts/c.apex does not exist" in text()


def test_a_document_that_brings_nothing_into_the_org_does_not_count(make: Make, init: Init) -> None:
    make({"README.md": "sf org create scratch -f config/project-scratch-def.json"})

    init()

    assert len(pool()["steps"]) == 2
    assert "README.md" not in text()


def test_package_directories_are_deployed_in_order_if_the_project_asks(
    make: Make, init: Init
) -> None:
    directories = [{"path": "force-app", "default": True}, {"path": "more"}]
    content = {**PROJECT, "packageDirectories": directories,
               "pushPackageDirectoriesSequentially": True}  # fmt: skip
    make({"sfdx-project.json": content, "more/x.txt": "x", "bin/install.sh": SCRIPT, **FILES})

    init()

    assert pool()["steps"][:2] == [
        {"deploy_source": {"path": ".", "package_dirs": ["force-app"]}},
        {"deploy_source": {"path": ".", "package_dirs": ["more"]}},
    ]


def test_a_permission_set_that_nothing_brings_is_a_comment(make: Make, init: Init) -> None:
    script = SCRIPT.replace("-n Other", "-n Elsewhere")
    make({**FILES, "bin/install.sh": script,
          "unpackaged/permissionsets/Elsewhere.permissionset-meta.xml": ""})  # fmt: skip

    init()

    assert {"assign_permission_sets": {"sets": ["Planner"]}} in pool()["steps"]
    assert "says: no step before this one brings the permission set Elsewhere" in text()
    assert "      # - assign_permission_sets: { sets: [Elsewhere] }" in text()


COMMANDS: list[tuple[str, Any]] = [
    ("sf project deploy start", {"deploy_source": {"path": "."}}),
    ("sf project deploy start -d force-app", {"deploy_source": {"path": "."}}),
    ("sfdx force:source:push -f", {"deploy_source": {"path": "."}}),
    ("sfdx force:source:deploy -p ./force-app", {"deploy_source": {"path": "."}}),
    ("npx sf project:deploy:start --source-dir=force-app/", {"deploy_source": {"path": "."}}),
    ("sf project deploy start --metadata-dir mdapi", {"deploy_source": {"path": "mdapi"}}),
    ("sfdx force:mdapi:deploy -d mdapi -w 10", {"deploy_source": {"path": "mdapi"}}),
    ("sfdx force:mdapi:deploy -f out/a.zip", {"deploy_metadata": {"zip": "out/a.zip"}}),
    ("sf project deploy start -d mdapi", {"deploy_source": {"path": "mdapi"}}),
    ("sf deploy metadata --target-org x", {"deploy_source": {"path": "."}}),
    ("sf project deploy start -d .", {"deploy_source": {"path": "."}}),
    ("sf project deploy start -d force-app/main", "part of a package directory"),
    ("sf project deploy start -d other", "other is not one of packageDirectories"),
    ("sf project deploy start -x manifest/package.xml", "it deploys single components"),
    ("sf project deploy start -d $DIR", "it has a value that is only known when"),
    ("sf org assign permset -n A,B", {"assign_permission_sets": {"sets": ["A", "B"]}}),
    ("sf org assign permset -n A -n B", {"assign_permission_sets": {"sets": ["A", "B"]}}),
    ('sfdx force:user:permset:assign -n "A"', {"assign_permission_sets": {"sets": ["A"]}}),
    ('"scripts": { "x": "sf org assign permset -n A", }',
     {"assign_permission_sets": {"sets": ["A"]}}),
    ("bash -c 'sf apex run -f \"a b.apex\"'", {"run_apex": {"file": "a b.apex"}}),
    ("Run `sf apex run -f s.apex`.", {"run_apex": {"file": "s.apex"}}),
    ("sf org assign permset -n A -b u1", "it is for other users"),
    ("sf org assign permsetlicense -n L", {"assign_permission_sets": {"licenses": ["L"]}}),
    ("sf data import tree -p data/p.json", {"load_data": {"plan": "data/p.json"}}),
    ("sfdx force:data:tree:import -p data\\p.json", {"load_data": {"plan": "data/p.json"}}),
    ("sf data import tree -f a.json,b.json", "it imports files without a plan"),
    ("sf data import bulk -f a.csv -s Account",
     {"load_data": {"csv": "a.csv", "object": "Account"}}),
    ("sf data upsert bulk -f a.csv -s Account -i Key__c",
     {"load_data": {"csv": "a.csv", "object": "Account", "operation": "upsert",
                    "external_id": "Key__c"}}),
    ("sf apex run -f s.apex", {"run_apex": {"file": "s.apex"}}),
    ("sfdx force:apex:execute -f s.apex -u org", {"run_apex": {"file": "s.apex"}}),
    ("echo x | sf apex run", "it reads the script from its input"),
    ("sf package install -p 04t5Y000000AbCdQAK -r", {"install_package": {
        "version": "04t5Y000000AbCdQAK"}}),
    ("sf package install --package Acme@1.0.0-1 -s AllUsers -k $KEY_X -w 9", {"install_package": {
        "version": "Acme@1.0.0-1", "installation_key": "KEY_X", "security_type": "full"}}),
    ("sf sfdmu run -p data/x -s csvfile -u org", {"load_data": {"sfdmu": "data/x/export.json"}}),
    ("sfdx sfdmu:run -p data/set --sourceusername prod", "it copies records from another org"),
    ("sf org create user -f config/u.json", {"create_users": {"definitions": ["config/u.json"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), COMMANDS)
def test_a_command_is_recognised(tmp_path: Path, make: Make, command: str, expected: Any) -> None:
    make({"mdapi/package.xml": "<Package/>", "other/x": "x"})
    [found] = commands_in(command, "ci.sh")

    if isinstance(expected, str):
        with pytest.raises(NoStepError, match=expected):
            steps_of(found, Project(tmp_path))
    else:
        [step] = steps_of(found, Project(tmp_path))
        assert {step.kind: step.options} == expected


@pytest.mark.parametrize(
    "command",
    [
        "sf org login jwt -f server.key", "sfdx auth:jwt:grant -i x", "sf org open",
        "sfdx force:org:delete -p", "sf plugins install sfdmu", "sf --version && sf version",
        "sf config set target-org x", "sf project retrieve start", "sfdx force:org:list",
    ],
)  # fmt: skip
def test_commands_that_change_no_org_are_not_reported(command: str) -> None:
    assert all(one.is_done_by_build for one in commands_in(command, "ci.sh"))


def test_prose_is_no_command() -> None:
    prose = "See sf-docs, or the file x.sf in /usr/bin/sf and ask @sf about SF things."
    assert [one for one in commands_in(prose, "README.md") if one.name] == []
