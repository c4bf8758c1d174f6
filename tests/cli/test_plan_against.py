"""`plan --against FILE` says what a pull request changes, from the files of both branches alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.cli import main

POOL = """\
dev_hub: {{ username: "${{HUB}}", consumer_key: "${{KEY}}", private_key: "${{PEM}}" }}
ledger: ${{LEDGER}}
pools:
  morning:
    size: {size}
    definitions: [{{ file: a.json, weight: 2 }}, b.json]
    refresh_after: {refresh}
    steps:
      - deploy_source: {{ path: src }}
      - run_apex: {{ file: setup.apex }}
        when: {{ definition: [a] }}
{more}"""
FILES = {
    "a.json": '{"edition": "Developer", "features": ["API"]}',
    "b.json": '{"edition": "Enterprise"}',
    "setup.apex": "System.debug('ready');\n",
    "src/package.xml": """\
<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
    <types><members>Visit</members><name>ApexClass</name></types>
    <version>62.0</version>
</Package>
""",
    "src/classes/Visit.cls": "public class Visit {}\n",
    "src/classes/Visit.cls-meta.xml": """\
<?xml version="1.0" encoding="UTF-8"?>
<ApexClass xmlns="http://soap.sforce.com/2006/04/metadata"><apiVersion>62.0</apiVersion></ApexClass>
""",
    "sfdx-project.json": json.dumps(
        {
            "packageDirectories": [
                {
                    "path": "src",
                    "dependencies": [{"package": "Core", "versionNumber": "1.0.0.LATEST"}],
                }
            ],
            "packageAliases": {"Core": "0Ho000000000001AAA", "Tax@1": "04t000000000001AAA"},
        }
    ),
}


@dataclass(frozen=True)
class Ended:
    """The end of a command."""

    code: int
    out: str
    err: str


class Branches:
    """Two branches, each in a folder of its own: `base`, and `new`, which is the proposed one."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        for branch in ("base", "new"):
            for name, text in FILES.items():
                self.write(name, text, branch)
            self.write_pool(branch)

    def write(self, name: str, text: str, branch: str = "new") -> None:
        """Write a file of a branch."""
        path = self.folder / branch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_pool(
        self, branch: str = "new", *, size: int = 6, refresh: str = "20h", more: str = ""
    ) -> None:
        """Write pool.yaml; `more` are further lines."""
        self.write("pool.yaml", POOL.format(size=size, refresh=refresh, more=more), branch)

    def plan(self, *arguments: str) -> Ended:
        """`plan --against` the base, of the new branch."""
        base = self.folder / "base" / "pool.yaml"
        new = self.folder / "new" / "pool.yaml"
        code = main.run(["--config", str(new), "plan", "--against", str(base), *arguments])
        out, err = self._capsys.readouterr()
        return Ended(code, out.replace(str(self.folder), "…"), err.replace(str(self.folder), "…"))


@pytest.fixture
def branches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Branches:
    """Two equal branches, without any variable of the environment."""
    return Branches(tmp_path, capsys)


def test_equal_files_change_nothing(branches: Branches) -> None:
    ended = branches.plan("--exit-code")
    assert (ended.code, ended.err) == (0, "")
    assert (
        ended.out
        == """\
Compared with …/base/pool.yaml, for full pools:

Not known without the Dev Hub and the ledger: how many orgs there are.
Plan: 0 to create, 0 to replace, 0 to delete, 6 to keep.
"""
    )
    left = {path.name for path in (branches.folder / "new").iterdir()}
    assert left == {"pool.yaml", *(name.partition("/")[0] for name in FILES)}, "no ledger is made"


def test_what_is_replaced_and_why_is_said_for_each_definition(branches: Branches) -> None:
    branches.write("src/classes/Visit.cls", "public class Visit { }\n")
    branches.write("b.json", '{"edition": "Enterprise", "features": ["API"]}')
    branches.write_pool(size=9, refresh="10h", more="limits: { keep_daily: 2 }\n")
    ended = branches.plan("--exit-code")
    assert (ended.code, ended.err) == (10, "")
    assert (
        ended.out
        == """\
Compared with …/base/pool.yaml, for full pools:

morning: 9 wanted
    size: 6 → 9
    refresh_after: 20h → 10h
  + create 2 from a.json
  + create 1 from b.json
  ~ replace 4 of a.json (source: src/classes/Visit.cls, steps[0])
  ~ replace 2 of b.json (definition: features; source: src/classes/Visit.cls, steps[0])

all pools
    limits.keep_daily: 0 → 2

Not known without the Dev Hub and the ledger: how many orgs there are.
Cost: 9 sign-ups, about 27 Dev Hub and 159 scratch org requests, 5 minutes (typical values)
Plan: 3 to create, 6 to replace, 0 to delete, 0 to keep.
"""
    )


def test_a_step_of_one_definition_replaces_no_org_of_another(branches: Branches) -> None:
    branches.write("setup.apex", "System.debug('set up');\n")
    document = json.loads(branches.plan("--json").out)
    (pool,) = document["pools"]
    assert (pool["replace"], pool["keep"]) == ({"a.json": 4}, 2)
    change = {"what": "script", "names": ["setup.apex"], "step": "steps[1]", "how": "changed"}
    assert pool["changes"] == {"a.json": [change]}
    assert (document["sign_ups"], document["changes"]) == (4, True)
    assert document["totals"] == {
        "create": 0, "resume": 0, "replace": 4, "delete": 0, "keep": 2, "missing": 0,
    }  # fmt: skip


def test_pools_that_are_new_removed_or_smaller(branches: Branches) -> None:
    branches.write_pool("base", more="  old: { size: 2, definitions: [a.json] }\n")
    branches.write_pool(size=4, more="  evening: { size: 1, definitions: [b.json] }\n")
    text = branches.plan().out
    assert (
        """\
morning: 4 wanted
    size: 6 → 4
  = keep 6, 2 more than wanted: a build does not delete them

evening (new): 1 wanted
  + create 1 from b.json

old: removed
  = keep 2: a build does not touch them
"""
        in text
    )
    only = branches.plan("evening").out
    assert "evening (new)" in only
    assert "morning" not in only


def test_in_a_smaller_pool_outdated_orgs_are_deleted_without_a_replacement(
    branches: Branches,
) -> None:
    branches.write("src/classes/Visit.cls", "public class Visit { }\n")
    branches.write_pool(size=4)
    text = branches.plan().out
    deleted = [line for line in text.splitlines() if line.startswith("  - delete ")]
    reason = "source: src/classes/Visit.cls, steps[0]"
    assert deleted == [f"  - delete 1 of {name}: {reason}" for name in ("a.json", "b.json")]
    assert "Plan: 0 to create, 4 to replace, 2 to delete, 0 to keep." in text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("Tax@1", "Tax@1.2.0", "package: Tax@1.2.0, Tax@1 removed, steps[2]"),
        ("Tax@1.1.0", "Tax@1.2.0", "package: Tax@1.2.0, Tax@1.1.0 removed, steps[2]"),
    ],
)
def test_a_package_version_is_compared_by_its_name(
    branches: Branches, old: str, new: str, text: str
) -> None:
    """The Dev Hub would know more, and it is said."""
    step = "      - install_package: {{ version: {}, installation_key: ${{TAX_KEY}} }}\n"
    branches.write_pool("base", more=step.format(old))
    branches.write_pool(more=step.format(new))
    ended = branches.plan()
    assert ended.code == 0, ended.err
    assert text in ended.out
    assert f"how many orgs there are; the version that {new} names.\n" in ended.out


def test_the_id_of_an_alias_and_the_declared_dependencies_are_compared(branches: Branches) -> None:
    more = "      - install_package: { version: Tax@1 }\n      - install_dependencies: {}\n"
    branches.write_pool("base", more=more)
    branches.write_pool(more=more)
    assert "replace" not in branches.plan().out.partition("Not known")[0]
    project = FILES["sfdx-project.json"]
    branches.write("sfdx-project.json", project.replace("04t000000000001", "04t000000000002"))
    assert "(package: Tax@1, steps[2])" in branches.plan().out
    branches.write("sfdx-project.json", project.replace("1.0.0.", "1.1.0."))
    text = branches.plan().out
    assert "(packages: Core, steps[3])" in text
    assert "the dependencies of the packages in sfdx-project.json" in text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("swap: 2", "swap: 20%", "    swap: 2 → 20%\n"),
        ("canary: false", "reuse: true", "    canary: false → true\n    reuse: false → true\n"),
        (
            'deadline: { at: "07:30" }',
            'deadline: { at: "08:00", available: 3 }',
            "    deadline.at: 07:30 → 08:00\n    deadline.available: none → 3\n",
        ),
        ("duration_days: 2", 'deadline: { at: "08:00" }', "    deadline.at: none → 08:00\n"),
    ],
)
def test_settings_of_a_pool_replace_no_org(
    branches: Branches, old: str, new: str, text: str
) -> None:
    branches.write_pool("base", more=f"    {old}\n")
    branches.write_pool(more=f"    {new}\n")
    ended = branches.plan("--exit-code")
    assert text in ended.out
    assert "  = keep 6\n" in ended.out
    assert ended.code == 0


def test_definitions_and_weights(branches: Branches) -> None:
    text = (branches.folder / "new/pool.yaml").read_text("utf-8")
    branches.write("pool.yaml", text.replace("{ file: a.json, weight: 2 }, b.json", "a.json"))
    out = branches.plan().out
    assert "    weight of a.json: 2 → 1\n    weight of b.json: 1 → none\n" in out
    assert "  ~ replace 2 of b.json (definition b.json removed)\n  = keep 4\n" in out


def test_a_section_that_may_hold_secrets_is_only_said_to_differ(branches: Branches) -> None:
    text = (branches.folder / "new/pool.yaml").read_text("utf-8")
    branches.write("pool.yaml", text.replace("${HUB}", "ann@acme.example").replace("LEDGER", "DB"))
    out = branches.plan().out
    assert "all pools\n  ! dev_hub is different\n  ! ledger is different\n" in out
    assert "ann" not in out


def test_markdown_is_a_table_for_a_pull_request(branches: Branches) -> None:
    branches.write("setup.apex", "System.debug('a|b');\n")
    branches.write_pool(more="  evening: { size: 1, definitions: [b.json] }\n")
    assert (
        branches.plan("--format", "markdown").out
        == """\
### 4 scratch orgs replaced, 1 scratch org created

Scratch org pools compared with `…/base/pool.yaml`, for full pools.

| pool | | change |
|---|---|---|
| morning: 6 wanted | `~` | replace 4 of a.json (script: setup.apex, steps\\[1\\]) |
| morning: 6 wanted | `=` | keep 2 |
| evening (new): 1 wanted | `+` | create 1 from b.json |

- Not known without the Dev Hub and the ledger: how many orgs there are.
- Cost: 5 sign-ups, about 15 Dev Hub and 83 scratch org requests, 5 minutes (typical values)
- Plan: 1 to create, 4 to replace, 0 to delete, 2 to keep.
"""
    )


def test_the_files_of_the_other_branch_must_be_there(branches: Branches) -> None:
    (branches.folder / "base/a.json").unlink()
    ended = branches.plan()
    assert ended.code == 2
    assert "…/base/pool.yaml:6:27: pools.morning.definitions.0.file: the file a.json" in ended.err
    hint = "check out the other branch into a folder of its own: git worktree add ../base"
    assert hint in ended.err


def test_a_file_that_is_not_there_is_named(branches: Branches) -> None:
    (branches.folder / "base/pool.yaml").unlink()
    assert branches.plan() == Ended(
        2,
        "",
        "…/base/pool.yaml:1:1: the file does not exist\n"
        "hint: pass the path of the pool.yaml that is in use: --against FILE\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--format", "html"],
            "error: --format: 'html' is no format\nhint: pass text or markdown\n",
        ),
        (["noon"], "error: there is no pool 'noon'\nhint: the pools are: morning\n"),
    ],
)
def test_wrong_arguments(branches: Branches, arguments: list[str], message: str) -> None:
    ended = branches.plan(*arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", message)


def test_markdown_needs_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main.run(["--config", str(tmp_path / "pool.yaml"), "plan", "--format", "markdown"])
    assert code == 2
    assert capsys.readouterr().err == "error: --format markdown is for --against\n"
