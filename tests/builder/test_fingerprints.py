"""A new version of provisioner keeps the fingerprints: otherwise it would rebuild every pool."""

from __future__ import annotations

import json
from pathlib import Path

from provisioner.builder.fingerprint import fingerprints
from provisioner.config.load import load

POOL = """\
dev_hub: { username: hub@acme.example, consumer_key: key, private_key: "${KEY}" }
pools:
  sample:
    size: 1
    definitions: [a.json, b.json]
    steps:
      - install_package: { version: 04t000000000001AAA }
      - deploy_source: src
      - assign_permission_sets: { sets: [B, A], licenses: [L] }
      - create_users: [agent.json]
      - load_data: data/plan.json
      - load_data: { csv: [data/Account.csv], object: Account }
      - load_data: { files: [a.json] }
      - run_apex: setup.apex
      - run_command: { command: [python, setup.apex] }
        when: { definition: [b] }
"""
FILES = {
    "a.json": '{"edition": "Developer", "features": ["API"]}',
    "b.json": '{"edition": "Enterprise"}',
    "agent.json": '{"profileName": "Standard User", "LastName": "Agent"}',
    "setup.apex": "System.debug('ready');\n",
    "data/plan.json": '[{"sobject": "Account", "files": ["Account.json"]}]',
    "data/Account.json": json.dumps(
        {"records": [{"attributes": {"type": "Account", "referenceId": "A1"}, "Name": "Acme"}]}
    ),
    "data/Account.csv": "Name\nAcme\n",
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
}


def test_the_fingerprints_are_those_of_earlier_versions(tmp_path: Path) -> None:
    for name, text in {**FILES, "pool.yaml": POOL}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = load(tmp_path / "pool.yaml", environ={"KEY": str(tmp_path / "a.json")})
    assert fingerprints(config, ["sample"]) == {
        ("sample", "a.json"): "5446b67f24ec7f13",
        ("sample", "b.json"): "c6d509cc9a193cd6",
    }
