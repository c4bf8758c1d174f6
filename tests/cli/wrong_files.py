"""Wrong files: what people get wrong, one thing at a time.

`wrong_files.txt` has what `check` prints about each. `python -m tests.cli.wrong_files` writes it;
read it before you commit it.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.cli.main import run
from provisioner.cli.new_keys import key_files, write_key_pair

GOOD = """\
dev_hub:
  username: hub@acme.example
  consumer_key: 3MVG9consumer
  private_key: server.key
pools:
  morning:
    size: 2
    definitions: [def.json]
"""
STEPS = f"{GOOD}    steps:\n"
DEFINITION = json.dumps({"edition": "Developer"})


@dataclass(frozen=True)
class Wrong:
    """A pool.yaml, and other files beside it."""

    text: str
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path, key: str) -> None:
        """Write the files, and those that all cases have, with the text of a private key."""
        files = {
            "server.key": key,
            "def.json": DEFINITION,
            "setup.apex": "Integer i = 1;",
            "mdapi/package.xml": PACKAGE,
            **self.files,
            "pool.yaml": self.text,
        }
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        (folder / "server.key").chmod(0o600)


PACKAGE = """\
<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
  <types><members>Sales_Rep</members><name>PermissionSet</name></types>
  <version>65.0</version>
</Package>
"""


def changed(old: str, new: str, **files: str) -> Wrong:
    """The good file with a part replaced."""
    assert old in GOOD
    return Wrong(GOOD.replace(old, new), _files(files))


def added(text: str, **files: str) -> Wrong:
    """The good file with text at its end."""
    return Wrong(f"{GOOD}{text}\n", _files(files))


def steps(text: str, **files: str) -> Wrong:
    """The good file with these steps, from line 10 and column 7."""
    body = "".join(f"      {line}\n" for line in text.splitlines())
    return Wrong(f"{STEPS}{body}", _files(files))


def definition(content: object) -> Wrong:
    """The good file, whose definition is this JSON, on one line."""
    text = content if isinstance(content, str) else json.dumps(content)
    return Wrong(GOOD, {"def.json": text})


def _files(files: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}


KEY = "-----BEGIN PRIVATE KEY-----"

YAML: dict[str, Wrong] = {
    "empty": Wrong(""),
    "only a comment": Wrong("# nothing\n"),
    "a list": Wrong("- a\n"),
    "a text": Wrong("hello\n"),
    "two documents": Wrong(f"{GOOD}---\na: 1\n"),
    "a tab": changed("  morning:", "\tmorning:"),
    "a colon too many": changed("size: 2", "size: 2: 3"),
    "no colon": changed("size: 2", "size 2"),
    "an open quote": changed("size: 2", 'size: "2'),
    "an unknown escape": changed("server.key", '"keys\\server.key"'),
    "an open bracket": changed("[def.json]", "[def.json"),
    "a wrong indentation": changed("    size: 2", "     size: 2"),
    "a start that YAML reserves": changed("hub@acme.example", "@acme"),
    "an unknown alias": changed("size: 2", "size: *two"),
    "a tag": changed("size: 2", "size: !!python/object:os.system 2"),
    "a duplicate key": changed("    size: 2", "    size: 2\n    size: 3"),
    "a key that is a list": added("? [a, b]\n: 1"),
    "a merge of no mapping": added("x-a: &a [1]\nlimits: { <<: *a }"),
    "a control character": changed("morning", "mor\x01ning"),
    "deep brackets": added(f"x-a: {'[' * 2000}"),
}

KEYS: dict[str, Wrong] = {
    "an unknown key": added("ledgr: devhub"),
    "an unknown key without a near one": added("limits: { zzz: 1 }"),
    "an unknown key of a pool": changed("size: 2", "size: 2\n    siez: 3"),
    "an unknown key of the hub": changed("username:", "user_name: x\n  username:"),
    "no hub": Wrong(GOOD[GOOD.index("pools") :]),
    "no username": changed("  username: hub@acme.example\n", ""),
    "no size": changed("    size: 2\n", ""),
    "no definitions": changed("    definitions: [def.json]\n", ""),
    "a hub of one word": Wrong("dev_hub: acme\n"),
    "pools as a list": Wrong(GOOD.replace("  morning:\n", "  - morning:\n")),
    "a pool without keys": Wrong(GOOD[: GOOD.index("    size")]),
    "a name with capitals": changed("morning", "Morning"),
    "an empty value": changed("size: 2", "size:"),
    "an empty list": changed("[def.json]", "[]"),
    "a single definition that is not a list": changed("[def.json]", "def.json"),
}

VALUES: dict[str, Wrong] = {
    "a number in quotes": changed("size: 2", 'size: "2"'),
    "a number in words": changed("size: 2", "size: two"),
    "a number out of range": changed("size: 2", "size: 2000"),
    "a negative number": changed("size: 2", "size: -1"),
    "an octal number": changed("size: 2", "size: 02"),
    "a flag in words": changed("size: 2", "size: 2\n    reuse: yes"),
    "a flag in quotes": changed("size: 2", 'size: 2\n    reuse: "true"'),
    "a duration without a unit": changed("size: 2", "size: 2\n    refresh_after: 20"),
    "a time of day": changed("size: 2", "size: 2\n    refresh_after: 20:30"),
    "a portion": changed("size: 2", "size: 2\n    swap: 120%"),
    "no username of Salesforce": changed("hub@acme.example", "acme"),
    "an unset variable": changed("3MVG9consumer", "${NOT_SET}"),
    "a variable without a name": changed("3MVG9consumer", "${1}"),
    "a login page": changed("server.key", "server.key\n  login_url: acme.lightning.force.com"),
    "a login over http": changed(
        "server.key", "server.key\n  login_url: http://login.salesforce.com"
    ),
    "an API version": changed("server.key", "server.key\n  api_version: 65"),
    "a choice": changed("server.key", "server.key\n  login_app: copied"),
    "a ledger": added("ledger: sqlit:///x.db"),
    "a ledger without a path": added("ledger: sqlite"),
    "a history shorter than the life of an org": added("keep_history: 30d"),
    "a project name": added("project: a b"),
    "a missing key file": changed("server.key", "servr.key"),
    "a folder for a file": changed("server.key", "mdapi"),
    "a missing definition": changed("[def.json]", "[dfe.json]"),
}

QUOTAS: dict[str, Wrong] = {
    "a maximum below the size": changed("size: 2", "size: 2\n    maximum: 1"),
    "a refresh after the end": changed("size: 2", "size: 2\n    refresh_after: 8d"),
    "a verification after the end": changed("size: 2", "size: 2\n    prove_after: 7d"),
    "orgs of one day": changed("size: 2", "size: 2\n    duration_days: 1"),
    "more swaps than orgs": changed("size: 2", "size: 2\n    swap: 3"),
    "more definitions than orgs": changed(
        "[def.json]", "[def.json, b.json, c.json]", b_dot_json=DEFINITION, c_dot_json=DEFINITION
    ),
    "a definition twice": changed("[def.json]", "[def.json, def.json]"),
}

STEP_CASES: dict[str, Wrong] = {
    "an unknown step": steps("- instal_package: { version: 04t000000000001 }"),
    "a step without options": steps("- run_apex"),
    "two kinds": steps("- run_apex: setup.apex\n  load_data: plan.json"),
    "an option beside the kind": steps("- install_package:\n  version: 04t000000000001"),
    "an unknown option": steps("- deploy_source: { path: mdapi, strcit: true }"),
    "an unknown definition": steps(
        "- run_apex: { file: setup.apex, when: { definition: [other] } }"
    ),
    "no version": steps("- install_package: { version: latest }"),
    "a retry of Apex": steps(
        "- load_data: { csv: a.csv, object: Account, retry: 2 }", a_dot_csv="Name\nA\n"
    ),
    "a step in quotes": steps('- "run_apex: setup.apex"'),
    "an empty script": steps("- run_apex: empty.apex", empty_dot_apex=""),
    "a folder without source": steps("- deploy_source: { path: data }", data__a="x"),
    "two forms of data": steps("- load_data: { plan: a.csv, csv: a.csv }", a_dot_csv="Name\nA\n"),
    "an upsert without its field": steps(
        "- load_data: { csv: a.csv, object: Account, operation: upsert }", a_dot_csv="Name\nA\n"
    ),
    "a row that is too short": steps(
        "- load_data: { csv: a.csv, object: Account }", a_dot_csv="Name,Type\nA\n"
    ),
    "an unknown persona": steps(
        "- assign_permission_sets: { sets: [Walkthroughs], users: [agent] }"
    ),
    "a name twice": steps("- assign_permission_sets: [Walkthroughs, Walkthroughs]"),
    "a permission set that nothing brings": steps(
        "- deploy_source: mdapi\n- assign_permission_sets: [Sales_Repp]"
    ),
    "a permission set before its source": steps(
        "- assign_permission_sets: [Sales_Rep]\n- deploy_source: mdapi"
    ),
    "a field that nothing brings": steps(
        "- load_data: { csv: a.csv, object: Account }", a_dot_csv="Name,Tier__c\nA,1\n"
    ),
}

DEFINITIONS: dict[str, Wrong] = {
    "no JSON": definition('{"edition": "Developer",}'),
    "no edition": definition({}),
    "an unknown feature": definition({"edition": "Developer", "features": ["Knowlege"]}),
    "a feature without its number": definition(
        {"edition": "Developer", "features": ["AddCustomApps"]}
    ),
    "a feature of another edition": definition(
        {"edition": "Group", "features": ["PersonAccounts"]}
    ),
    "an unknown setting": definition(
        {"edition": "Developer", "settings": {"chatterSettings": {"enableChater": True}}}
    ),
    "a snapshot with an edition": definition({"snapshot": "Nightly", "edition": "Developer"}),
    "old preferences": definition({"edition": "Developer", "orgPreferences": {"enabled": []}}),
    "an upper-case key": definition({"Edition": "Developer"}),
    "a country in words": definition({"edition": "Developer", "country": "USA"}),
}

SECRETS: dict[str, Wrong] = {
    "a private key": changed("server.key", f'"{KEY}\\nabc\\n-----END PRIVATE KEY-----"'),
    "an installation key": steps(
        "- install_package: { version: 04t000000000001, installation_key: hunter2 }"
    ),
    "a password in a URL": added("ledger: postgresql://ann:hunter2@db/pools"),
    "an auth URL": added("x-org: force://PlatformCLI::5Aep861hunter2@acme.my.salesforce.com"),
    "a session": added("x-session: 00D000000000001!AQEAQhunter2hunter2"),
    "a token in a command": steps(
        '- run_command: { command: [curl, -H, "Authorization: Bearer hunter2hunter2"] }'
    ),
    "a token beside a variable": steps(
        "- run_command:\n"
        "    command: [sh, -c, \"curl -H 'Authorization: Bearer hunter2hunter2' ${HOME}\"]"
    ),
    "a secret at a wrong key": changed("size: 2", "size: ghp_hunter2hunter2hunter2hunter2hunter2"),
    "a passphrase": changed("server.key", "server.key\n  private_key_passphrase: hunter2"),
}

ALL = {
    f"{group}: {name}": wrong
    for group, table in {
        "yaml": YAML,
        "keys": KEYS,
        "values": VALUES,
        "quotas": QUOTAS,
        "steps": STEP_CASES,
        "definitions": DEFINITIONS,
        "secrets": SECRETS,
    }.items()
    for name, wrong in table.items()
}

EXPECTED = Path(__file__).with_suffix(".txt")
_HEAD = """\
# What `check` prints about each case of wrong_files.py, and in brackets its exit code.
# `python -m tests.cli.wrong_files` writes this file.

"""


def report(cases: Mapping[str, tuple[int, str]]) -> str:
    """The text of the file: the name of each case, its exit code, and what was printed."""
    parts = [f"== {name} [{code}]\n{text}" for name, (code, text) in cases.items()]
    return _HEAD + "\n".join(parts)


def main() -> None:
    """Write what `check` prints today."""
    key = private_key()
    EXPECTED.write_text(report({name: checked(wrong, key) for name, wrong in ALL.items()}))


def private_key() -> str:
    """The text of a new key."""
    with tempfile.TemporaryDirectory() as folder:
        write_key_pair(key_files(Path(folder)))
        return (Path(folder) / "server.key").read_text()


def checked(wrong: Wrong, key: str) -> tuple[int, str]:
    """The exit code of `check`, and what it prints on stderr."""
    output = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        wrong.write(Path(folder), key)
        with contextlib.redirect_stderr(output):
            code = run(["check"])
        return code, output.getvalue().replace(folder, "FOLDER")


if __name__ == "__main__":
    main()
