"""Whatever is in a project, `init` writes a pool.yaml that `check` accepts, or an error."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.config.document import compose
from provisioner.draft.yaml_text import comment, entry, scalar
from tests.cli.conftest import Cli, Done
from tests.draft.conftest import DEFINITION, PROJECT, SETS, Make, pool, pools, text

Init = Callable[..., Done]

NAMES = [
    "with space.json", "a#b.json", "a: b.json", "- x.json", "'q'.json", '"dq".json', "{a}.json",
    "[a].json", "ünïcode ✓ 漢字.json", "${HOME}.json", "$${x}.json", "%41.json", "a\\b.json",
    "~.json", "0x12.json", "1e5.json", "@a.json", "&a.json", "*a.json", "!a.json", "|.json",
    ">.json", "?.json", "a,b.json", "x" * 200 + ".json", "\N{RIGHT-TO-LEFT OVERRIDE}a.json",
    "a\tb.json", "a\nb.json", "\x1b[31m.json", "\N{ZERO WIDTH NO-BREAK SPACE}.json",
]  # fmt: skip


def test_files_with_any_name_are_found_or_named(make: Make, cli: Cli, tmp_path: Path) -> None:
    plans = {
        f"data/plans/{name}": [{"sobject": f"Object{number}__c", "files": ["Account.json"]}]
        for number, name in enumerate(NAMES)
    }
    make({"data/plans/Account.json": {"records": []}, **plans})

    done = cli("init", "--config", "in/pool.yaml")

    [found] = pools(tmp_path / "in/pool.yaml").values()
    loads = {step["load_data"]["plan"] for step in found["steps"] if "load_data" in step}
    printable = [name for name in NAMES if name.isprintable()]
    assert loads == {f"../data/plans/{name}".replace("${", "$${") for name in printable}
    notes = done.out.count("its name cannot be written to pool.yaml")
    assert notes == len(NAMES) - len(printable) == 5
    assert compose((tmp_path / "in/pool.yaml").read_text(), tmp_path)


PROJECT_FILES: list[tuple[Any, str]] = [
    ("{", "sfdx-project.json:1:2: the file is not JSON: "),
    ("[]", "sfdx-project.json: the project file must be a JSON object"),
    (b"\xff\xfe{}", "sfdx-project.json is not UTF-8 text; save it as UTF-8"),
    ("", "sfdx-project.json:1:1: the file is not JSON: "),
    ("[" * 3000 + "]" * 3000, "sfdx-project.json:1:101: the file is not JSON: nested more than"),
]


@pytest.mark.parametrize(("content", "message"), PROJECT_FILES)
def test_a_broken_project_file_is_an_error(
    make: Make, cli: Cli, tmp_path: Path, content: Any, message: str
) -> None:
    make({"sfdx-project.json": content})

    done = cli("init")

    assert (done.code, done.out) == (2, "")
    assert f"error: {message}" in done.err
    assert not (tmp_path / "pool.yaml").exists()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"packageDirectories": "force-app", "packageAliases": [], "name": {"a": 1}},
        {"packageDirectories": [1, {"path": 2}, {"path": "../.."}, {"path": "/etc"}]},
        {"packageDirectories": [{"path": ".", "dependencies": "x"}], "packageAliases": {"a": 1}},
        {**PROJECT, "packageAliases": {"A b#c: 'd'": "04t5Y000000AbCdQAK"}, "name": "}: [\n\0"},
        {**PROJECT, "pushPackageDirectoriesSequentially": "yes", "replacements": 7},
    ],
    ids=range(6),
)
def test_values_of_wrong_types_in_the_project_file(make: Make, init: Init, content: Any) -> None:
    make({"sfdx-project.json": content})

    init()

    assert pool()["definitions"] == ["config/project-scratch-def.json"]


def test_files_that_cannot_be_used_are_named(make: Make, init: Init) -> None:
    make({
        "config/broken-scratch-def.json": "{", "config/list-scratch-def.json": [],
        "data/plan-binary.json": b"\xff\x00", "data/export.json": {"objects": 7},
        "data/recipe.yml": b"- object: \xff", "scripts/empty.apex": " ",
        "scripts/binary.apex": b"\xff\xfe", "config/huge-scratch-def.json": " " * 1_000_001,
        "config/user-def.json": [1], "bin/install.sh": b"\xff sf org create scratch",
        f"{SETS}/Not an API name.permissionset-meta.xml": "", ".forceignore": "[",
    })  # fmt: skip

    done = init()

    for line in (
        "config/broken-scratch-def.json:1: it is not JSON: ",
        "config/list-scratch-def.json: it has no edition, snapshot or sourceOrg",
        "config/huge-scratch-def.json: it cannot be read: it has more than 1 MB",
        "data/plan-binary.json: it is not UTF-8 text",
        "scripts/empty.apex: the script is empty",
        "scripts/binary.apex: it is not UTF-8 text",
        "bin/install.sh: it is not UTF-8 text",
        "Not an API name.permissionset-meta.xml: its name is not the API name of a permission set",
    ):
        assert line in done.out


def test_links_pipes_and_folders_of_tools(make: Make, init: Init, tmp_path: Path) -> None:
    make({"node_modules/x/config/other-scratch-def.json": DEFINITION,
          "node_modules/x/a.apex": "x", ".git/b.apex": "x"})  # fmt: skip
    (tmp_path / "config/loop-scratch-def.json").symlink_to("loop-scratch-def.json")
    (tmp_path / "config/gone-scratch-def.json").symlink_to("nowhere")
    (tmp_path / "config/up").symlink_to("..")
    os.mkfifo(tmp_path / "config/pipe-scratch-def.json")
    (tmp_path / "config/zero-scratch-def.json").symlink_to("/dev/zero")

    done = init()

    assert "config/loop-scratch-def.json: it cannot be read: Too many levels" in done.out
    assert "config/gone-scratch-def.json: it cannot be read: No such file" in done.out
    assert "config/pipe-scratch-def.json: it cannot be read: it is a pipe" in done.out
    assert "config/zero-scratch-def.json: it cannot be read: it is a device" in done.out
    assert "node_modules" not in text() + done.out
    assert "b.apex" not in text() + done.out


def test_a_folder_that_cannot_be_read_is_named(
    make: Make, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the operating system's answer is imitated."""
    make({"secret/x.apex": "x"})
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)

    done = cli("init")

    assert done.code == 0
    assert "  secret: the folder cannot be read: Permission denied\n" in done.out


def test_a_failed_write_leaves_nothing(
    make: Make, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make({})

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)

    done = cli("init")

    assert done.code == 2
    assert "error: pool.yaml cannot be written: No space left on device" in done.err
    assert {path.name for path in tmp_path.iterdir()} == {
        "config", "force-app", "sfdx-project.json",
    }  # fmt: skip


def test_an_installation_key_of_a_script_is_not_copied(make: Make, cli: Cli) -> None:
    script = """\
sf org create scratch -f config/project-scratch-def.json
sf package install -p 04t5Y000000AbCdQAK -k Open-Sesame-1
sf project deploy start
sf data create record -s User -v "Password__c=Open-Sesame-2"
sf frobnicate --installation-key=Open-Sesame-3
"""
    make({"bin/install.sh": script})

    done = cli("init")

    assert pool()["steps"][0]["install_package"]["installation_key"] == "${INSTALLATION_KEY}"
    assert "export INSTALLATION_KEY=…   # the installation key of 04t5Y000000AbCdQAK" in done.out
    assert "Open-Sesame" not in Path("pool.yaml").read_text() + done.out + done.err


def test_a_document_with_endless_lines_is_read_in_time(make: Make, init: Init) -> None:
    lines = ["sf org create scratch -f config/project-scratch-def.json", "sf project deploy start"]
    lines += [f"sf apex run -f scripts/{n}.apex" for n in range(800)]
    lines += ["sf apex run -f " + "${{" * 100_000, "\\\n" * 10_000, "sf " * 100_000]
    make({"README.md": "\n".join(lines), "scripts/1.apex": "x"})

    init()

    assert {"run_apex": {"file": "scripts/1.apex"}} in pool()["steps"]


WORDS = [
    "yes", "No", "ON", "null", "~", "", " ", "true", ".inf", ".NaN", "1.0", "1_000", "0x1F", "0o7",
    "012", "1e5", "12:30", "2026-01-01", "-", "--- a", "...", "=", "<<", "a: b", "a #b", "a\n# b",
    "- a", "? a", "04t5Y000000AbCdQAK", "20h", "Acme@1.0", "../x", "/x", "@x", "`x", "%x", "é", "0",
]  # fmt: skip


@pytest.mark.parametrize("value", WORDS)
def test_a_text_stays_a_text(value: str) -> None:
    assert yaml.safe_load(f"{{ {scalar(value)}: [{scalar(value)}] }}") == {value: [value]}


def test_any_text_is_one_scalar_and_one_comment() -> None:
    """For every reader of YAML: the value stays the same, the comment stays a comment."""
    choices = "ab 01:#-'\"{}[],&*!|>%@`~\\\n\t\r\0\x85\u2028\ufeff\U0001f600é$\ufdd0"
    generator = random.Random(1)
    for _ in range(400):
        value = "".join(generator.choices(choices, k=generator.randint(0, 9)))
        lines = [*comment(value), *entry("key", {"a": value, value: [value]}, "")]
        read = yaml.safe_load("\n".join(lines))["key"]
        assert read == {"a": value, value: [value]} or "${" in value


def test_a_comment_stays_one_and_holds_no_credential() -> None:
    token = "00D000000000001!AQcAQH0dMHZfz972Szmpkb58urFRkgeBGsxL_QJWwYMfAbUeeG7c1E6"
    written = f"a\nb: c\x00\u2028 force://PlatformCLI::{token}@x " + "word " * 5000

    lines = list(comment(written, "  "))

    assert all(line.startswith("  # ") and line.isprintable() for line in lines)
    assert token not in "".join(lines)
    assert len("".join(lines)) < 3000


def test_a_pool_yaml_that_would_be_too_large_is_not_written(
    make: Make, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.draft.compose.SETTINGS", 500)
    make({})

    done = cli("init")

    assert done.code == 2
    assert "error: the pool.yaml for . would have more than" in done.err
    assert not Path("pool.yaml").exists()


def test_only_the_first_guesses_of_a_kind_are_written(make: Make, init: Init) -> None:
    make({f"scripts/{number}.apex": "x" for number in range(45)})

    done = init()

    assert Path("pool.yaml").read_text().count("# - run_apex:") == 40
    assert ".: 5 more guesses for run_apex are not shown" in done.out


def test_what_is_written_is_what_was_read(make: Make, init: Init) -> None:
    aliases = {"Acme: Billing #1 'x'": "04t5Y000000AbCdQAK"}
    directory = {
        "path": "force-app",
        "package": "App",
        "versionNumber": "1.0.0.NEXT",
        "dependencies": [{"package": next(iter(aliases))}],
    }
    make({"sfdx-project.json": json.dumps(
        {**PROJECT, "packageDirectories": [directory], "packageAliases": aliases})})  # fmt: skip

    init()

    assert "install_dependencies" in pool()["steps"][0]
